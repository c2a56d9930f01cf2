# SPDX-License-Identifier: GPL-2.0-or-later
"""For tests of qrexec: qubes that are only an agent each, their daemons, a policy program,
all meeting in one folder. No containers, no root; as root everything runs as nobody."""
import os, pwd, shutil, signal, subprocess, sys, tempfile, time

BUILD = os.environ.get("QUBES_BUILD") or os.path.join(os.path.dirname(__file__), "../../build")
BIN = os.path.join(os.path.abspath(BUILD), "bin")
ROOT = os.geteuid() == 0
NOBODY = 65534
USER = pwd.getpwuid(NOBODY).pw_name if ROOT else pwd.getpwuid(os.geteuid()).pw_name


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, text, why=None):
        self.n += 1
        print("%sok %d - %s" % ("" if good else "not ", self.n, text), flush=True)
        if not good:
            self.failed += 1
            for line in str(why or "").splitlines():
                print("# " + line, flush=True)
        return good

    def eq(self, text, wanted, got):
        return self.ok(wanted == got, text, "wanted %r\ngot    %r" % (wanted, got))

    def finish(self):
        print("1..%d" % self.n)
        sys.exit(1 if self.failed else 0)


def eventually(seconds, fn):
    """fn's first true value within that time, which is an idle machine's: one with other things
    to do gets ten times as much. Else its last."""
    end = time.monotonic() + 10 * seconds
    while True:
        value = fn()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.005)


def alive(pid):
    """False for zombies too: who has to reap them is not always us."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(pid):
    with open("/proc/%d/stat" % pid) as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def children_of(pid):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if parent_of(int(name)) == pid and alive(int(name)):
                    found.append(int(name))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


class World:
    def __init__(self):
        self.t = tempfile.mkdtemp(prefix="qrexec-test.")
        os.chmod(self.t, 0o755)
        self.root = self.t + "/root"
        for d in ("vchan", "rpc", "conf", "log", "x", "root/run/qubes", "root/var/log/qubes",
                  "root/etc/qubes-rpc", "root/etc/qubes/rpc-config"):
            os.makedirs(os.path.join(self.t, d))
        # Our own copies: nobody need not be able to enter the build's folder.
        os.mkdir(self.t + "/bin")
        for name in ("agent", "client", "client-vm", "daemon", "fork-server"):
            shutil.copy(BIN + "/qrexec-" + name, self.t + "/bin")
        if ROOT:
            for d, _, _ in os.walk(self.t):
                os.chown(d, NOBODY, NOBODY)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("QREXEC") and k != "DISPLAY"}
        self.env.update(QUBES_ROOT=self.root, VCHAN_SOCKET_DIR=self.t + "/vchan",
                        QREXEC_STARTUP_TIMEOUT="200")
        self.procs = {}
        self.links = {}
        self.allow_all()

    def path(self, *parts):
        return os.path.join(self.t, *parts)

    def popen(self, argv, domain, env=None, **kw):
        e = dict(self.env, VCHAN_DOMAIN=str(domain), **(env or {}))
        if ROOT:
            kw.update(user=NOBODY, group=NOBODY, extra_groups=[])
        return subprocess.Popen(argv, env=e, cwd=self.t, **kw)

    def log(self, name):
        return open(self.path("log", name), "ab")

    def logged(self, name):
        try:
            with open(self.path("log", name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def write(self, path, text, mode=0o644):
        full = self.path(path)
        with open(full + ".new", "w") as f:
            f.write(text)
        os.chmod(full + ".new", mode)
        os.rename(full + ".new", full)
        return full

    def service(self, name, script, dom0=True, vm=True):
        if vm:
            self.write("rpc/" + name, "#!/bin/sh\n" + script, 0o755)
        if dom0:
            self.write("root/etc/qubes-rpc/" + name, "#!/bin/sh\n" + script, 0o755)

    def policy(self, script):
        self.write("policy", "#!/bin/sh\n" + script, 0o755)

    def allow_all(self, **more):
        extra = "".join("\\n%s=%s" % kv for kv in more.items())
        self.policy("printf 'result=allow\\nautostart=False\\nuser=%s\\ntarget=%%s\\n"
                    "requested_target=%%s%s\\n' \"$3\" \"$3\"\n" % (USER, extra))

    def agent(self, domain, *options):
        with self.log("agent.%d" % domain) as log:
            self.procs["agent", domain] = self.popen(
                [self.path("bin") + "/qrexec-agent", "-a", self.path("agent.%d" % domain),
                 *(options or ("-S",))], domain, stderr=log, stdin=subprocess.DEVNULL,
                env={"QREXEC_SERVICE_PATH": self.path("rpc"),
                     "QUBES_RPC_CONFIG_PATH": self.path("conf")})

    def link(self, domain):
        """What tells one link by uuid from the next; None where there is none."""
        try:
            st = os.lstat(self.root + "/run/qubes/qrexec.uuid:0000-%d" % domain)
        except FileNotFoundError:
            return None
        return st.st_ino, st.st_ctime_ns

    def daemon(self, domain, name, wait=True):
        self.links[domain] = self.link(domain)  # of one that was killed
        with self.log("daemon.%d" % domain) as log:
            self.procs["daemon", domain] = self.popen(
                [self.path("bin") + "/qrexec-daemon", "-D", "-q", "--uuid=0000-%d" % domain,
                 "--policy-program=" + self.path("policy"), str(domain), name, USER], 0,
                stderr=log, stdin=subprocess.DEVNULL)
        return not wait or self.up(domain)

    def up(self, domain):
        # The link by uuid is made last.
        return eventually(20, lambda: self.link(domain) not in (None, self.links.get(domain)))

    def pid(self, kind, domain):
        return self.procs[kind, domain].pid

    def kill(self, kind, domain, sig=signal.SIGKILL):
        p = self.procs.pop((kind, domain))
        p.send_signal(sig)
        return p.wait(200)

    def client(self, *args, **kw):
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        return self.popen([self.path("bin") + "/qrexec-client", *args], 0, **kw)

    def client_vm(self, domain, *args, **kw):
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        return self.popen([self.path("bin") + "/qrexec-client-vm", "-a", self.path("agent.%d" % domain),
                           *args], domain, **kw)

    def close(self):
        for p in self.procs.values():
            if p.poll() is None:
                p.terminate()
        for p in self.procs.values():
            try:
                p.wait(50)
            except subprocess.TimeoutExpired:
                p.kill()
        shutil.rmtree(self.t, ignore_errors=True)


def result(p, data=b"", timeout=300):
    """(exit code, output, error output) of a started client."""
    try:
        out, err = p.communicate(data if p.stdin else None, timeout)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        return "timeout", out.decode("latin-1"), err.decode("latin-1")
    return p.returncode, (out or b"").decode("latin-1"), (err or b"").decode("latin-1")
