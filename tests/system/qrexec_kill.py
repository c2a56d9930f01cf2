# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of everything that takes part in a call, at many points of a transfer. Who is part
of the call: both ends end within a second, with the right exit code. Who is not: the call goes
on to its end. Always: what arrived is what was sent, up to the cut, and the next call works.
Started by qrexec-kill.sh. $QREXEC_KILLS: how many rounds (1)."""
import os, random, re, signal, threading, time
from qrexec_env import USER, Tap, World, alive, children_of, eventually, parent_of, result

LIMIT_S = 1.0
# A slow or busy machine may take long to let a process run at all: as long as so many whole
# calls take at that moment is no failure.
SLACK_CALLS = 50
ROUNDS = int(os.environ.get("QREXEC_KILLS", "1"))
PATTERN = random.Random(1).randbytes(1 << 20)
POINTS = [0, 1, 7, 8, 4087, 4096, 65528, 65536, 65537, 131072, 524288, 1048577, 3000001, 20000003]

tap = Tap()
w = World()
slowest = 0.0
fork_server = None

w.service("test.Cat", "exec cat\n")
# The test itself is at the other end of the service's standard input or output.
w.service("test.Give", 'cd "$(dirname "$0")"; t=%s; echo $$ >$t/x/pid.$1.new; '
          'mv $t/x/pid.$1.new $t/x/pid.$1; exec cat $t/x/fifo.$1\n' % w.t)
w.service("test.Take", 'cd "$(dirname "$0")"; t=%s; echo $$ >$t/x/pid.$1.new; '
          'mv $t/x/pid.$1.new $t/x/pid.$1; exec cat >$t/x/fifo.$1\n' % w.t)


def pattern(at, n):
    at %= len(PATTERN)
    out = PATTERN[at:at + n]
    while len(out) < n:
        out += PATTERN[:n - len(out)]
    return out


class Reader(threading.Thread):
    """Reads to the end and compares."""

    def __init__(self, fd):
        super().__init__(daemon=True)
        self.fd, self.n, self.bad = fd, 0, False
        self.start()

    def run(self):
        try:
            while part := os.read(self.fd, 65536):
                self.bad = self.bad or part != pattern(self.n, len(part))
                self.n += len(part)
        except OSError:
            pass
        os.close(self.fd)


class Writer(threading.Thread):
    """Writes up to `limit` bytes (None: no limit) and closes when told to."""

    def __init__(self, fd, limit):
        super().__init__(daemon=True)
        self.fd, self.n, self.limit = fd, 0, limit
        self.more = threading.Event()
        self.start()

    def run(self):
        try:
            while True:
                left = 65536 if self.limit is None else min(65536, self.limit - self.n)
                if left <= 0:
                    if self.more.wait(300) and self.n >= self.limit:
                        break
                    continue
                self.n += os.write(self.fd, pattern(self.n, left))
        except OSError:
            pass
        os.close(self.fd)

    def finish(self, more):
        self.limit = self.n + more if self.limit is None else self.limit + more
        self.more.set()


def met(client):
    """Whether the client has the connection that carries the call's data."""
    try:
        own = {os.readlink(f.path) for f in os.scandir("/proc/%d/fd" % client)}
    except OSError:
        return False
    with open("/proc/net/unix") as f:
        sockets = [line.split() for line in f if "/vchan." in line]
    return any(s[5] == "03" and "socket:[%s]" % s[6] in own for s in sockets)


class Call:
    """A transfer that has come to `point` bytes; it stops there if held."""
    count = 0

    def __init__(self, route, way, point, held):
        Call.count += 1
        self.point = point
        self.id = "%d" % Call.count
        fifo = w.path("x", "fifo." + self.id)
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)
        service = ("test.Take+" if way == "in" else "test.Give+") + self.id
        mine, theirs = os.pipe()
        errors = open(w.path("x", "err." + self.id), "wb")
        if way == "in":
            self.p = start(route, service, stdin=mine, stdout=-3, stderr=errors)
            os.close(mine)
            source, sink = theirs, os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            self.pid = self.service_pid()
            eventually(10, lambda: os.path.exists("/proc/%d/fd/1" % self.pid) and
                       os.readlink("/proc/%d/fd/1" % self.pid) == fifo)
            os.set_blocking(sink, True)
        else:
            self.p = start(route, service, stdin=-1, stdout=theirs, stderr=errors)
            os.close(theirs)
            source, sink = os.open(fifo, os.O_WRONLY), mine
            self.pid = self.service_pid()
        errors.close()
        os.unlink(fifo)
        self.relay = parent_of(self.pid)
        self.writer = Writer(source, point if held else None)
        self.reader = Reader(sink)
        # The service may run before its caller has come to the channel.
        self.arrived = eventually(20, lambda: self.reader.n >= point and met(self.p.pid))

    def said(self):
        with open(w.path("x", "err." + self.id), "rb") as f:
            return f.read()

    def service_pid(self):
        name = w.path("x", "pid." + self.id)
        if not eventually(20, lambda: os.path.exists(name)):
            raise RuntimeError("the service did not start")
        with open(name) as f:
            return int(f.read())

    def close(self):
        self.writer.finish(0)
        for pid in (self.pid, self.p.pid):
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.p.wait()


def start(route, service, **kw):
    source, target = route
    if source == 0:
        return w.client("-d", NAMES[target], "%s:QUBESRPC %s dom0" % (USER, service), **kw)
    return w.client_vm(source, NAMES[target], service, **kw)


NAMES = {0: "dom0", 42: "work", 43: "vault", 44: "session"}
FORK_SERVER = w.path("fs.%s")


def fork_servers():
    found = set()
    for name in os.listdir("/proc"):
        try:
            if os.readlink("/proc/%d/exe" % int(name)) == w.path("bin/qrexec-fork-server"):
                found.add(int(name))
        except (OSError, ValueError):
            pass
    return found


def start_fork_server():
    """It goes to the background: its number is the one that was not there before."""
    global fork_server
    before = fork_servers()
    with w.log("fork-server") as log:
        w.popen([w.path("bin/qrexec-fork-server"), FORK_SERVER % USER], 44, stderr=log,
                env={"QREXEC_SERVICE_PATH": w.path("rpc"), "USER": USER}).wait(100)
    fork_server = next(iter(fork_servers() - before))


def next_call(route):
    """A whole call on the same way, within five seconds of trying."""
    def once():
        p = start(route, "test.Cat", stdin=-1)
        return result(p, b"next", 50)[:2] == (0, "next")
    return eventually(5, once)


def spawner_of(domain):
    """The process that the daemon hears from: the same program, but not its child. An older
    one may have left processes of calls."""
    def started(pid):
        with open("/proc/%d/stat" % pid) as f:
            return int(f.read().rsplit(")", 1)[1].split()[19])
    with open("/proc/%d/cmdline" % w.pid("daemon", domain)) as f:
        line = f.read()
    since = started(w.pid("daemon", domain))
    same = set()
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%d/cmdline" % int(name)) as f:
                if f.read() == line:
                    same.add(int(name))
        except (OSError, ValueError):
            pass
    same.discard(w.pid("daemon", domain))
    for p in same:
        try:
            if parent_of(p) not in same and started(p) >= since:
                return p
        except (FileNotFoundError, ProcessLookupError):
            pass
    return None


def within(took, what, route):
    """Was it soon enough? What was wrong. Calls one more on the way to measure the machine."""
    global slowest
    slowest = max(slowest, took)
    if took < LIMIT_S:
        return []
    since = time.monotonic()
    next_call(route)
    one_call = time.monotonic() - since
    print("# %s after %.2f s, a call takes %.2f s" % (what, took, one_call))
    return [] if took < SLACK_CALLS * one_call else ["%s after %.2f s" % (what, took)]


def kill_part(call, role):
    """Kills one that carries the call. What was wrong."""
    pid = {"client": call.p.pid, "relay": call.relay, "service": call.pid}[role]
    wanted = {"client": -9, "relay": 255, "service": 137}[role]
    wrong = []
    os.kill(pid, signal.SIGKILL)
    since = time.monotonic()
    code = None
    try:
        code = call.p.wait(150)
    except Exception:
        pass
    wrong += within(time.monotonic() - since, "the client ended", call.route)
    if role == "relay" and code == 125 and call.point == 0:
        # It may be that the two ends have not said HELLO.
        if not re.search(b": (no data|the service did not open its data) channel", call.said()):
            wrong.append("the client did not say so: %r" % call.said())
        wanted = 125
    elif role == "relay" and not call.said().endswith(
            b": the connection was lost before the end\n"):
        wrong.append("the client did not say so: %r" % call.said())
    if code != wanted:
        wrong.append("the client's exit code is %s instead of %s" % (code, wanted))
    if role != "service":
        # It sees its input end, or its output break with the next byte.
        since = time.monotonic()
        call.writer.finish(1)
        if not eventually(15, lambda: not alive(call.pid)):
            wrong.append("the service lives on")
        wrong += within(time.monotonic() - since, "the service ended", call.route)
    call.reader.join(50)
    return wrong


def kill_other(call, role):
    """Kills one that the call does not need any more. What was wrong."""
    source, target = call.route
    wrong = []
    if role == "both daemons":
        w.kill("daemon", source)
        w.kill("daemon", target)
        w.daemon(source, NAMES[source])
        w.daemon(target, NAMES[target])
    elif role == "spawner":
        pid = spawner_of(source)
        if not pid:
            return ["there is no spawner"]
        os.kill(pid, signal.SIGKILL)
        if w.procs.pop(("daemon", source)).wait(150) != 1:
            wrong.append("the daemon without a spawner did not end with 1")
        w.daemon(source, NAMES[source])
    elif role == "fork server":
        os.kill(fork_server, signal.SIGKILL)
        eventually(5, lambda: not alive(fork_server))
        start_fork_server()
    else:
        kind, end = role.split()
        domain = source if end == "source" else target
        w.kill(kind, domain)
        if kind == "agent":
            start_agent(domain)
        else:
            w.daemon(domain, NAMES[domain])
    call.writer.finish(100001)
    try:
        code = call.p.wait(150)
    except Exception:
        code = None
    call.reader.join(150)
    if code != 0:
        wrong.append("the client's exit code is %s" % code)
    if call.reader.n != call.writer.n:
        wrong.append("%d of %d bytes arrived" % (call.reader.n, call.writer.n))
    return wrong


def start_agent(domain):
    if domain == 44:
        w.agent(domain, "-s", FORK_SERVER)
    else:
        w.agent(domain)


def one(route, way, role, point, held):
    text = "%s to %s, %s, %s at %d bytes: kill %s" % (
        NAMES[route[0]], NAMES[route[1]], way, "held" if held else "flowing", point, role)
    try:
        call = Call(route, way, point, held)
    except Exception as e:
        tap.ok(False, text, "the call did not start: %s" % e)
        return
    call.route = route
    wrong = [] if call.arrived else ["only %d bytes arrived" % call.reader.n]
    if role in ("client", "relay", "service"):
        wrong += kill_part(call, role)
    else:
        wrong += kill_other(call, role)
    if call.reader.bad:
        wrong.append("what arrived is not what was sent")
    call.close()
    if not next_call(route):
        wrong.append("the next call fails")
    tap.ok(not wrong, text, "\n".join(wrong))


def kill_one(role, route):
    """Kills one that is there before the call is, and starts it again."""
    source, target = route
    if role == "spawner":
        pid = spawner_of(source)
        if pid:
            os.kill(pid, signal.SIGKILL)
            w.procs.pop(("daemon", source)).wait(150)
            w.daemon(source, NAMES[source])
        return
    kind, end = role.split()
    domain = source if end == "source" else target
    w.kill(kind, domain)
    if kind == "agent":
        start_agent(domain)
    else:
        w.daemon(domain, NAMES[domain])


def early(route, role, delay):
    """Kills one while the call is being set up: it fails at once or works."""
    p = start(route, "test.Cat", stdin=-1)
    time.sleep(delay)
    since = time.monotonic()
    kill_one(role, route)
    code, out, err = result(p, b"hello", 150)
    took = time.monotonic() - since
    good = (code, out) == (0, "hello") or (code in (125, 126, 255) and err.count("\n") <= 2)
    good = good and not within(took, "it ended", route)
    good = good and next_call(route)
    tap.ok(good, "%s to %s: kill %s %.1f ms after the start" %
           (NAMES[route[0]], NAMES[route[1]], role, delay * 1000),
           "%s %r %r after %.2f s" % (code, out, err, took))


EARLY = [((42, 43), "agent target"), ((42, 43), "daemon target"), ((42, 43), "agent source"),
         ((42, 43), "daemon source"), ((42, 43), "spawner"), ((0, 43), "agent target"),
         ((0, 43), "daemon target"), ((42, 0), "spawner"), ((42, 0), "daemon source"),
         ((42, 0), "agent source")]
PARTS = [(route, way, role)
         for route in ((0, 43), (42, 43), (42, 0), (0, 44), (42, 44))
         for way in ("in", "out")
         for role in ("client", "relay", "service")]
OTHERS = [((42, 43), "in", "daemon source"), ((42, 43), "out", "daemon target"),
          ((42, 43), "in", "agent source"), ((42, 43), "out", "agent target"),
          ((42, 43), "out", "both daemons"), ((42, 0), "in", "spawner"),
          ((42, 0), "out", "daemon source"), ((42, 0), "in", "agent source"),
          ((0, 43), "in", "daemon target"), ((0, 43), "out", "agent target"),
          ((0, 44), "in", "fork server"), ((42, 44), "out", "fork server")]


def main():
    for d in (42, 43, 44):
        if d == 44:
            start_fork_server()
        start_agent(d)
        w.daemon(d, NAMES[d])
    points = random.Random(os.environ.get("QREXEC_KILL_SEED", "7"))
    for _ in range(ROUNDS):
        for route, way, role in PARTS + OTHERS:
            one(route, way, role, points.choice(POINTS), points.random() < 0.5)
        for route, role in EARLY:
            early(route, role, points.random() * 0.02)
    agents = [w.pid("agent", d) for d in (42, 43, 44)]
    tap.ok(eventually(10, lambda: not any(children_of(p) for p in agents)),
           "no process of a call is left behind")
    left = lambda: [f for f in os.listdir(w.path("vchan")) if ".512." not in f]
    tap.ok(eventually(5, lambda: not left()), "and no channel", left())
    print("# slowest end: %.2f s" % slowest)


try:
    main()
finally:
    if fork_server and alive(fork_server):
        os.kill(fork_server, signal.SIGKILL)
    w.close()
tap.finish()
