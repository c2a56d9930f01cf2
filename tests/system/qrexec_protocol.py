# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol of qrexec by hand: agents and daemons of other versions, peers that talk nonsense,
and the start of a daemon. A part of qrexec_calls.py."""
import os, signal, socket, struct, time
from qrexec_env import USER, eventually, result
from qrexec_parts import RPC, dom0, eq, ok, read_all, vm, w


def msg(kind, body=b""):
    return struct.pack("<LL", kind, len(body)) + body


def recv_exact(c, n):
    data = b""
    while len(data) < n:
        part = c.recv(n - len(data))
        if not part:
            raise EOFError("%r" % data)
        data += part
    return data


def recv_msg(c):
    kind, n = struct.unpack("<LL", recv_exact(c, 8))
    return kind, recv_exact(c, n)


def vchan_server(server, client, port):
    s = socket.socket(socket.AF_UNIX)
    path = w.path("vchan/vchan.%d.%d.%d.sock" % (server, client, port))
    if os.path.exists(path):
        os.unlink(path)
    s.bind(path)
    os.chmod(path, 0o777)
    s.listen(4)
    s.settimeout(150)
    return s


def vchan_client(server, client, port):
    path = w.path("vchan/vchan.%d.%d.%d.sock" % (server, client, port))
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(150)

    def attempt():
        try:
            s.connect(path)
            return True
        except OSError:
            return False
    if not eventually(15, attempt):
        raise EOFError("no channel " + path)
    return s


def field(text, n):
    return text.encode().ljust(n, b"\0")


def test_versions():
    """A fake agent of each version, and what the daemon says to it."""
    trigger = {2: (0x210, field("test.Both", 64) + field("vault", 32) + field("SOCKET5", 32)),
               3: (0x212, field("vault", 64) + field("SOCKET5", 32) + b"test.Both\0"),
               4: (0x213, bytes(64) + field("vault", 64) + field("SOCKET5", 32) + b"test.Both\0")}
    for version in (2, 3, 4, 9):
        s = vchan_server(50, 0, 512)
        w.daemon(50, "fake", wait=False)
        a, _ = s.accept()
        a.settimeout(150)
        a.sendall(msg(0x300, struct.pack("<L", version)))
        eq("version %d: the daemon answers with the number it got" % version,
           (0x300, struct.pack("<L", version)), recv_msg(a))
        a.sendall(msg(*trigger[min(version, 4)]))
        kind, body = recv_msg(a)
        domain, port = struct.unpack("<LL", body[:8])
        eq("version %d: a request is answered" % version, (0x202, 43, b"SOCKET5"),
           (kind, domain, body[8:].rstrip(b"\0")))
        # The vault's agent comes to us; a data peer of version 2 takes small messages only.
        d = vchan_server(50, 43, port)
        c, _ = d.accept()
        c.settimeout(150)
        c.sendall(msg(0x300, struct.pack("<L", min(version, 3))))
        recv_msg(c)
        c.sendall(msg(0x190, b"y" * 4096) * 4 + msg(0x190))
        sizes, got, code = [], b"", None
        while code is None:
            kind, body = recv_msg(c)
            if kind == 0x191:
                got += body
                sizes.append(len(body))
            elif kind == 0x193:
                code = struct.unpack("<i", body)[0]
        eq("version %d: the data comes back, in messages of the right size" % version,
           (b"y" * 16384 + b"end\n", True, 0), (got, version > 2 or max(sizes) <= 4096, code))
        c.close()
        d.close()
        # Wrong for this version: the daemon ends, and only it.
        a.sendall(msg(*trigger[4 if version == 2 else 2]))
        ok(eventually(5, lambda: w.procs["daemon", 50].poll() == 1),
           "version %d: a request of another version ends the daemon" % version)
        a.close()
        s.close()
    s = vchan_server(50, 0, 512)
    w.daemon(50, "fake", wait=False)
    a, _ = s.accept()
    a.sendall(msg(0x300, struct.pack("<L", 1)))
    eq("version 1 is too old", 1, w.procs["daemon", 50].wait(100))
    ok("protocol 1, the oldest supported is 2: update" in w.logged("daemon.50"), "and the log "
       "says what to do")
    a.close()
    s.close()
    del w.procs["daemon", 50]


def test_chunks():
    """Data messages above the limit of the version, and other nonsense, end the call."""
    for version, size, good in ((2, 4096, True), (2, 4097, False), (3, 65536, True),
                                (3, 65537, False)):
        s = vchan_server(51, 0, 512)
        w.daemon(51, "fake", wait=False)
        a, _ = s.accept()
        a.settimeout(150)
        a.sendall(msg(0x300, struct.pack("<L", 4)))
        recv_msg(a)
        w.up(51)
        p = w.client("-d", "fake", RPC + "x dom0", stdin=-1)
        kind, body = recv_msg(a)
        c = vchan_client(0, 51, struct.unpack("<LL", body[:8])[1])
        c.sendall(msg(0x300, struct.pack("<L", version)))
        recv_msg(c)
        try:
            c.sendall(msg(0x191, b"z" * size) + msg(0x191) + msg(0x192) +
                      msg(0x193, struct.pack("<i", 0)))
        except OSError:
            pass
        code, out, err = result(p)
        eq("version %d: %d bytes in one message are %s" % (version, size,
                                                          "taken" if good else "refused"),
           (0, size) if good else (255, 0), (code, len(out)))
        c.close()
        a.close()
        s.close()
        w.kill("daemon", 51)


def test_old_daemon():
    """Our agent with a daemon that knows only an older version."""
    w.agent(52)
    for version, kind, size in ((2, 0x210, 128), (3, 0x212, 96 + 10), (4, 0x213, 160 + 10)):
        d = vchan_client(52, 0, 512)
        eq("the agent starts with its version", (0x300, struct.pack("<L", 4)), recv_msg(d))
        d.sendall(msg(0x300, struct.pack("<L", version)))
        p = w.client_vm(52, "vault", "test.Both")
        got = recv_msg(d)
        eq("a request for a daemon of version %d" % version, (kind, size), (got[0], len(got[1])))
        at = {2: 96, 3: 64, 4: 128}[version]
        d.sendall(msg(0x203, got[1][at:at + 32]))
        eq("and its refusal", 126, result(p)[0])
        d.close()
    w.kill("agent", 52, signal.SIGTERM)


def test_flighty_agent():
    s = vchan_server(53, 0, 512)
    w.daemon(53, "flighty", wait=False)
    for _ in range(5):
        a, _ = s.accept()
        a.close()
    a, _ = s.accept()
    a.sendall(msg(0x300, struct.pack("<L", 4)))
    ok(w.up(53), "an agent that goes away before its HELLO may come back")
    a.close()
    eventually(5, lambda: not os.path.exists(w.root + "/run/qubes/qrexec.53"))
    a, _ = s.accept()
    a.settimeout(150)
    a.sendall(msg(0x300, struct.pack("<L", 4)))
    recv_msg(a)
    ok(w.up(53), "and after it too")
    count = 0
    a.close()
    end = time.monotonic() + 1
    s.settimeout(0.2)
    while time.monotonic() < end:
        try:
            a, _ = s.accept()
            count += 1
            a.close()
        except OSError:
            pass
    ok(count < 30, "one that only comes and goes is not run after", count)
    s.close()
    w.kill("daemon", 53)


def test_slow_failure():
    """A target that takes its time, and then does not meet the caller after all."""
    s = vchan_server(54, 0, 512)
    w.daemon(54, "slow", wait=False)
    a, _ = s.accept()
    a.settimeout(150)
    a.sendall(msg(0x300, struct.pack("<L", 4)))
    recv_msg(a)
    ok(w.up(54), "a target that is slow")
    p = w.client_vm(42, "slow", "test.Both")
    kind, body = recv_msg(a)
    eq("is called", (0x200, 42), (kind, struct.unpack("<L", body[:4])[0]))
    time.sleep(2)
    ok(p.poll() is None, "it is waited for")
    since = time.monotonic()
    a.sendall(msg(0x211, body[:8]))
    code, _, err = result(p)
    ok(code == 125 and "ended the call" in err, "until it fails", (code, err))
    took = time.monotonic() - since
    ok(took < 60, "and not much longer", took)
    a.close()
    s.close()
    w.kill("daemon", 54)


def local_client(domain):
    c = socket.socket(socket.AF_UNIX)
    c.settimeout(150)
    c.connect(w.root + "/run/qubes/qrexec.%d" % domain)
    return c


def closed(c):
    """The daemon hung up, after its HELLO at most."""
    try:
        data = read_all(c)
    except ConnectionResetError:
        data = b""
    c.close()
    return data in (b"", msg(0x300, struct.pack("<L", 3)))


def test_local_clients():
    hello = msg(0x300, struct.pack("<L", 3))
    command = (USER + ":true\0").encode()
    bad = {"a HELLO of version 2": msg(0x300, struct.pack("<L", 2)),
           "no HELLO": msg(0x200, struct.pack("<LL", 0, 0) + command),
           "an unknown request": hello + msg(0x299, struct.pack("<LL", 0, 0) + command),
           "a data message": hello + msg(0x190, b"x"),
           "a request that is too long": hello + struct.pack("<LL", 0x200, 65536),
           "one without a command": hello + msg(0x200, struct.pack("<LL", 0, 0)),
           "an empty command": hello + msg(0x200, struct.pack("<LL", 0, 0) + b"\0"),
           "a command without its NUL": hello + msg(0x200, struct.pack("<LL", 0, 0) + b"x:true"),
           "one with two": hello + msg(0x200, struct.pack("<LL", 0, 0) + b"x:\0true\0"),
           "an answer to no request": hello + msg(0x202, struct.pack("<LL", 43, 514) + b"S1\0"),
           "one with a wrong port": hello + msg(0x202, struct.pack("<LL", 43, 99) + b"S1\0")}
    wrong = []
    for what, data in bad.items():
        c = local_client(43)
        try:
            c.sendall(data)
        except OSError:
            pass
        if not closed(c):
            wrong.append(what)
    ok(not wrong, "malformed requests of local clients end their connections", "\n".join(wrong))
    idle = [local_client(43) for _ in range(255)]
    time.sleep(0.1)
    eq("beside 255 that say nothing there is room for one more", (0, "ok\n"),
       dom0("-d", "vault", USER + ":echo ok")[:2])
    for c in idle:
        c.close()
    eq("the daemon goes on", (0, "ok\n"), dom0("-d", "vault", USER + ":echo ok")[:2])


def test_agent_clients():
    """Programs of the qube that talk nonsense to the agent."""
    def talk(data):
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(150)
        c.connect(w.path("agent.42"))
        try:
            c.sendall(data)
        except OSError:
            pass
        try:
            return read_all(c)
        except ConnectionResetError:
            return b""
    eq("malformed requests to an agent are hung up on", [b""] * 4,
       [talk(d) for d in (msg(0x200, b"x"), msg(0x213, b"x"), struct.pack("<LL", 0x213, 1 << 31),
                          msg(0x212, bytes(100)))])
    eq("the agent goes on", (0, "end\n"), vm(42, "vault", "test.Both")[:2])


def test_startup():
    since = time.monotonic()
    p = w.popen([w.path("bin/qrexec-daemon"), "-q", "--uuid=0000-60", "60", "late", USER], 0,
                env={"QREXEC_STARTUP_NOWAIT": "1"}, stderr=-1)
    eq("QREXEC_STARTUP_NOWAIT: the start does not wait", (0, True),
       (p.wait(100), time.monotonic() - since < 100))
    with open(w.root + "/run/qubes/qrexec.60.pid") as f, open("/proc/%s/cmdline" % f.read().strip()) as c:
        ok("late" in c.read().split("\0"), "but the daemon can be found after it")
    code, _, err = result(w.popen([w.path("bin/qrexec-daemon"), "-q", "--uuid=0000-60", "60", "late",
                                   USER], 0, env={"QREXEC_STARTUP_NOWAIT": "1"}, stderr=-1))
    ok(code == 1 and "its log tells why" in err, "a start that fails is told without waiting, too", err)
    w.agent(60)
    ok(w.up(60), "and the agent may come later")
    with open(w.root + "/run/qubes/qrexec.60.pid") as f:
        os.kill(int(f.read()), signal.SIGTERM)
    w.kill("agent", 60, signal.SIGTERM)
    p = w.popen([w.path("bin/qrexec-daemon"), "-q", "--uuid=0-61", "61", "never", USER], 0,
                env={"QREXEC_STARTUP_TIMEOUT": "1"}, stderr=-1)
    code, _, err = result(p)
    ok(code == 3 and "never did not connect in time" in err, "the timeout names the qube", err)
    code, _, err = result(w.popen([w.path("bin/qrexec-daemon"), "--uuid=0-42", "-D", "42", "work",
                                   USER], 0, stderr=-1))
    ok(code == 1 and "42 is running already" in err, "a second daemon of a qube does not start", err)
