# SPDX-License-Identifier: GPL-2.0-or-later
"""Receivers that lie or die: the sender says it in one line, and a move removes nothing."""
import errno
import os
import socket
import subprocess
import threading

from common import BIN, END, clean, copy_program, crc, fresh, listing, one_line, verdict


def send(reply, *files, args=(), hang_up=True, env=(), program="qfile-agent"):
    """Runs the sender on files; reply(bytes it sent) makes the answer. (status, stderr, bytes)"""
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    p = subprocess.Popen([os.path.join(BIN, program), *args, "--", *files], stdin=a, stdout=c,
                         stderr=subprocess.PIPE, env=dict(os.environ, **dict(env)))
    a.close()
    c.close()
    got = bytearray()

    def serve():
        while not got.endswith(END):
            data = d.recv(1 << 20)
            if not data:
                break
            got.extend(data)
            if callable(reply) and reply(None):
                break
        try:
            b.sendall(reply(bytes(got)) or b"" if callable(reply) else reply)
            if hang_up:
                b.close()
        except OSError:
            pass
    t = threading.Thread(target=serve, daemon=True)
    t.start()
    _, err = p.communicate(timeout=300)
    t.join(100)  # it sees what the sender's end has left
    d.close()
    b.close()
    return p.returncode, err, bytes(got)


def tree():
    top = fresh("verdicts")
    os.mkdir(os.path.join(top, "d"))
    for name in ("d/a", "d/b", "c"):
        with open(os.path.join(top, name), "w", encoding="ascii") as f:
            f.write(name)
    os.symlink("a", os.path.join(top, "d", "l"))
    return top


def good():
    top = tree()
    status, err, got = send(lambda b: b is not None and verdict(0, crc(b), b"c"), top + "/d", top + "/c")
    assert (status, err) == (0, b""), (status, err)
    assert got.endswith(END) and got.count(b"d/b\0d/b") == 1 and got.count(b"d\0") == 2
    status, err, got = send(lambda b: b is not None and verdict(0, crc(b))[:16], top + "/c")
    assert (status, err) == (0, b""), "a verdict without a name is one too"


def fails(reply, words, hang_up=True):
    top = tree()
    status, err, _ = send(reply, top + "/d", hang_up=hang_up)
    line = one_line(err)
    assert status == 1 and words in line, (status, line)


def wrong_sum():
    fails(lambda b: b is not None and verdict(0, crc(b) ^ 1), "something else than was sent")
    fails(lambda b: b is not None and verdict(0, crc(b) | 1 << 40), "without saying why")


CODES = {errno.EEXIST: "there already", errno.EILSEQ: "not accepted", errno.ENOLINK: "lead out",
         errno.EDQUOT: "larger", errno.ENOSPC: "no space", errno.EACCES: "Permission denied",
         31415926: "ended early", 0xffffffff: "unknown error", 0: "something else"}


def codes():
    for code, words in CODES.items():
        fails(verdict(code, 1, b"d/a"), words)


def names():
    """A hostile name does nothing to the terminal."""
    for name in (b"a\x1b]0;x\x07\nb", b"\xff" * 200, b"x" * 16000, "a\u202eb".encode()):
        fails(verdict(errno.EEXIST, 0, name), "there already")
    fails(verdict(errno.EEXIST)[:16] + b"\xff\xff\xff\xff", "there already")
    fails(verdict(errno.EEXIST, 0, b"abc")[:-1], "there already")


def early():
    """A refusal in the middle ends a large transfer at once."""
    top = fresh("early")
    with open(top + "/large", "wb") as f:
        f.truncate(1 << 40)
    status, err, got = send(lambda b: True if b is None else verdict(errno.ENOSPC, 0, b"large"),
                            top + "/large", hang_up=False)
    assert status == 1 and "no space" in one_line(err) and len(got) < 1 << 24


def silent():
    fails(b"", "without saying why")
    fails(b"\0" * 10, "without saying why")


class Move:
    """qvm-move in a folder where qrexec-client-vm is what a test wants it to be."""

    def __init__(self, client):
        self.top = tree()
        self.bin = fresh("bin")
        copy_program("qvm-copy", self.bin)
        for name in ("qvm-move", "qvm-move-to-vm", "qvm-copy-to-vm"):
            os.symlink("qvm-copy", os.path.join(self.bin, name))
        copy_program("qfile-agent", self.bin)
        path = os.path.join(self.bin, "qrexec-client-vm")
        with open(path, "w", encoding="ascii") as f:
            f.write("#!/usr/bin/python3\nimport os,subprocess,sys,zlib,struct\n"
                    "args=sys.argv[sys.argv.index('--')+1:]\n" + client)
        os.chmod(path, 0o755)
        self.root = fresh("root")

    def run(self, name, *args):
        p = subprocess.run([os.path.join(self.bin, name), *args], cwd=self.top, timeout=300,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           env=dict(os.environ, QUBES_ROOT=self.root))
        return p.returncode, p.stderr + p.stdout


ACCEPT = """
p=subprocess.Popen(args[2:],stdin=subprocess.PIPE,stdout=subprocess.PIPE)
data=b''
while not data.endswith(bytes(32)):
    more=p.stdout.read1(1<<20)
    if not more: break
    data+=more
%s
p.stdin.write(struct.pack('<IIQ',0,0,(zlib.crc32(data)&0xffffffff)%s)); p.stdin.close()
sys.exit(p.wait())
"""


def move_confirmed():
    m = Move(ACCEPT % ("open('asked','w').write(' '.join(args[:2]))", ""))
    status, out = m.run("qvm-move", "d", "c")
    assert (status, out) == (0, b""), (status, out)
    assert set(os.listdir(m.top)) == {"asked"}
    with open(m.top + "/asked", encoding="ascii") as f:
        assert f.read() == "@default qubes.Filecopy"


def move_kept(client, words=None, statuses=(1,)):
    m = Move(client)
    before = listing(m.top)
    status, out = m.run("qvm-move-to-vm", "vault", "d", "c")
    assert status in statuses, (status, out)
    assert listing(m.top) == before, "something was removed"
    if words:
        assert words in one_line(out), out


def move_not_confirmed():
    move_kept(ACCEPT % ("", "^1"), "something else")
    move_kept("print('Request refused',file=sys.stderr); sys.exit(126)", "Request refused", (126,))
    move_kept("os.kill(os.getpid(),9)", statuses=(137,))
    move_kept("p=subprocess.Popen(args[2:],stdin=subprocess.DEVNULL,stdout=subprocess.DEVNULL)\n"
              "sys.exit(p.wait())", "without saying why")


def move_changed():
    """What changed while it was sent stays, and so does what came meanwhile."""
    m = Move(ACCEPT % ("open('d/a','a').write('more'); open('d/new','w')", ""))
    status, out = m.run("qvm-move", "d", "c")
    assert status == 1 and b"d/a" in out and b"d/new" in out and b"changed meanwhile" in out, out
    assert set(listing(m.top)) == {"d", "d/a", "d/new"}


def move_left_out():
    m = Move(ACCEPT % ("", ""))
    os.mkfifo(m.top + "/d/fifo")
    os.symlink("/etc/passwd", m.top + "/d/l2")
    status, out = m.run("qvm-move", "--ignore-symlinks", "--", "d")
    assert status == 1 and set(listing(m.top)) == {"c", "d", "d/fifo", "d/l", "d/l2"}, out


def looked_at_first():
    """What a receiver would refuse is known before anybody is asked."""
    for make, words in ((lambda t: os.symlink("/etc", t + "/d/bad"), "d/bad"),
                        (lambda t: os.symlink("../x", t + "/d/bad"), "d/bad"),
                        (lambda t: os.rename(t + "/c", t + "/c2"), "No such file")):
        m = Move("open('asked','w')")
        make(m.top)
        status, out = m.run("qvm-copy", "d", "c")
        assert status == 1 and words in one_line(out), out
        assert not os.path.exists(m.top + "/asked")
    for name in (".", "..", "/", "d/.."):
        status, out = m.run("qvm-copy", name)
        assert status == 1 and "cannot copy" in one_line(out), out


def odd_names():
    m = Move(ACCEPT % ("open('asked','w').write(' '.join(args[:2]))", ""))
    with open(os.fsencode(m.top) + b"/d/\xff\n", "w", encoding="ascii"):
        pass
    status, out = m.run("qvm-copy-to-vm", "--", "vault", "d/")
    assert (status, out) == (0, b""), (status, out)
    with open(m.top + "/asked", encoding="ascii") as f:
        assert f.read() == "vault qubes.Filecopy+allow-all-names"


def usage():
    m = Move("open('asked','w')")
    for name, args in (("qvm-copy", ()), ("qvm-copy-to-vm", ("vault",)), ("qvm-move", ("--nosuch", "c")),
                       ("qvm-copy-to-vm", ("--", "-x", "c"))):
        status, out = m.run(name, *args)
        assert status == 1 and out.startswith(b"usage: " + name.encode()), (status, out)
    status, out = m.run("qvm-copy", "--help")
    assert status == 0 and b"--ignore-symlinks" in out
    assert not os.path.exists(m.top + "/asked")


def progress():
    top = tree()
    r, w = os.pipe()
    os.set_inheritable(w, True)
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    q = subprocess.Popen([BIN + "/qfile-agent", top + "/d"], stdin=a, stdout=c, pass_fds=(w,),
                         stderr=subprocess.PIPE,
                         env=dict(os.environ, PROGRESS_TYPE="gui", SAVED_FD_1=str(w)))
    os.close(w)
    a.close()
    c.close()
    got = b""
    while not got.endswith(END):
        got += d.recv(65536)
    b.sendall(verdict(0, crc(got)))
    assert q.wait(60) == 0
    q.stderr.close()
    with os.fdopen(r) as f:
        lines = f.read().split()
    assert lines[0] == "0" and lines[-1] == str(len(got)), lines
    # Who closes the window that shows it wants no more.
    r, w = os.pipe()
    os.close(r)
    p = subprocess.run([BIN + "/qfile-agent", top + "/d"], stdin=subprocess.PIPE, pass_fds=(w,), timeout=300,
                       stdout=subprocess.DEVNULL, check=False,
                       env=dict(os.environ, PROGRESS_TYPE="gui", SAVED_FD_1=str(w)))
    os.close(w)
    assert p.returncode == 32
    status, err, got = send(lambda s: s is not None and verdict(0, crc(s)), top + "/d",
                            env={"PROGRESS_TYPE": "console", "FILECOPY_TOTAL_BYTES": "2048"})
    assert status == 0 and err.endswith(b"/2 KiB\n") and err.startswith(b"sent 0/2 KiB\r"), err


def tree_checks():
    top = tree()
    run = lambda *a: subprocess.run([BIN + "/qubes-fs-tree-check", *a], stdout=subprocess.PIPE, check=False,
                                    stderr=subprocess.PIPE, timeout=300)
    allow = ("--allow-symlinks", "--allow-directories")
    p = run(*allow, "--machine", "--", top + "/d", top + "/c")
    assert (p.returncode, p.stdout, p.stderr) == (0, b"8\n", b""), p
    assert run("--", top + "/d").returncode == 1
    assert run("--allow-directories", top + "/d").returncode == 1
    assert run("--allow-directories", "--ignore-symlinks", top + "/d").returncode == 0
    with open(os.fsencode(top) + b"/d/\xff", "w", encoding="ascii"):
        pass
    p = run(*allow, "--machine-readable", "--", top + "/d")
    assert (p.returncode, p.stdout, p.stderr) == (2, b"7\n", b""), p
    p = run(*allow, "--", top + "/d")
    assert p.returncode == 2 and p.stdout == b"" and one_line(p.stderr)
    assert run(*allow, "--allow-all-names", top + "/d").returncode == 0
    assert run().returncode == 1
    clean(top)


def tests():
    yield "a good one", good
    yield "a wrong checksum", wrong_sum
    yield "every code has its words", codes
    yield "names are made harmless", names
    yield "an early refusal", early
    yield "no verdict", silent
    yield "a confirmed move removes", move_confirmed
    yield "a move that is not confirmed removes nothing", move_not_confirmed
    yield "what changed meanwhile stays", move_changed
    yield "what was left out stays", move_left_out
    yield "qvm-copy looks first", looked_at_first
    yield "qvm-copy asks for all names when it needs them", odd_names
    yield "qvm-copy's options", usage
    yield "progress", progress
    yield "qubes-fs-tree-check", tree_checks
