# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of helper supervision. Started by qubesd-helpers.sh."""
import os, re, shutil, signal, subprocess, sys, tempfile, threading, time
from qubesd_env import BUILD, Qubesd, Stream, Tap

tap = Tap()
ok, eq = tap.ok, tap.eq

# Forks, holds its pid file as a record lock; the first process ends as the file "mode" says.
FAKE_QREXEC = r'''#!%s
import fcntl, os, sys, time
root = os.environ["QUBES_ROOT"]
args = [a for a in sys.argv[1:] if not a.startswith("--")]
args.remove(next(a for a in args if ":" in a))
xid, name, user = args
mode = open(root + "/mode").read().strip()
with open(root + "/calls", "a") as f:
    f.write("%%s nowait=%%s timeout=%%s\n" %% (" ".join(sys.argv[1:]),
            os.environ.get("QREXEC_STARTUP_NOWAIT"), os.environ.get("QREXEC_STARTUP_TIMEOUT")))
if mode == "refuse":
    sys.stderr.write("no vchan today\n")
    sys.exit(1)
if mode == "no-agent":
    sys.exit(3)
if mode == "slow":
    time.sleep(60)
r, w = os.pipe()
if os.fork():
    os.read(r, 1)
    os._exit(0)
os.setsid()
fd = os.open(root + "/run/qubes/qrexec.%%s.pid" %% xid, os.O_RDWR | os.O_CREAT, 0o644)
fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.write(fd, b"%%d\n" %% os.getpid())
link = root + "/run/qubes/qrexec." + name
if os.path.islink(link):
    os.unlink(link)
os.symlink("qrexec." + xid, link)
os.write(w, b"x")
time.sleep(100)
'''


def pid_of(path):
    """Who holds the lock: as pidfile_holder() does, by the number that is in it."""
    try:
        pid = int(open(path).read())
        os.kill(pid, 0)
        return pid if open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] != "Z" else 0
    except (OSError, ValueError):
        return 0


def eventually(cond, seconds=8):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cond():
            return True
        time.sleep(0.02)
    return False


def images(q):
    """But for revisions, of which a run makes one."""
    return [i for i in q.images() if "@" not in i]


class Place:
    def __init__(self):
        self.bindir = tempfile.mkdtemp(prefix="qubesd-bin-")
        shutil.copy(BUILD + "/bin/qubesd", self.bindir)
        os.symlink(BUILD + "/bin/qubesdb-daemon", self.bindir + "/qubesdb-daemon")
        with open(self.bindir + "/qrexec-daemon", "w") as f:
            f.write(FAKE_QREXEC % sys.executable)
        os.chmod(self.bindir + "/qrexec-daemon", 0o755)
        self.q = Qubesd(bindir=self.bindir, env={"QUBESD_TEST_DAEMONS": "1"})
        for xid in range(1, 60):  # where the vchans of qubes meet
            os.makedirs("%s/run/qubes/vchan/%d" % (self.q.root, xid), exist_ok=True)
        self.mode("ok")

    def mode(self, text):
        open(self.q.root + "/mode", "w").write(text)

    def calls(self):
        return open(self.q.root + "/calls").read().splitlines()

    def qrexec(self, xid):
        return pid_of("%s/run/qubes/qrexec.%s.pid" % (self.q.root, xid))

    def qubesdb(self, name):
        return pid_of("%s/run/qubes/qubesdb.%s.pid" % (self.q.root, name))

    def read(self, key):
        r = subprocess.run([BUILD + "/bin/qubesdb-read", "-d", "work", key], capture_output=True,
                           text=True, env=dict(os.environ, QUBES_ROOT=self.q.root))
        return r.stdout.rstrip("\n") if r.returncode == 0 else None

    def xid(self):
        return self.q.get("admin.vm.property.Get", "work", "xid").split()[-1]

    def remove(self):
        for f in os.listdir(self.q.root + "/run/qubes"):
            pid = pid_of(self.q.root + "/run/qubes/" + f) if f.endswith(".pid") else 0
            if pid and f != "qubesd.pid":
                os.kill(pid, signal.SIGKILL)
        self.q.remove()
        shutil.rmtree(self.bindir)


def starting(p):
    q = p.q
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=blue")
    q.call("admin.vm.feature.Set", "tpl", "qrexec", "1")
    q.call("admin.vm.property.Set", "work", "qrexec_timeout", "7")
    eq(q.get("admin.vm.Start", "work"), "", "start")
    xid, uuid = p.xid(), q.get("admin.vm.property.Get", "work", "uuid").split()[-1]
    eq(p.calls()[-1], "--uuid=%s --user %d:%d %s work user nowait=None timeout=7" %
       (uuid, os.getuid(), os.getgid(), xid), "qrexec-daemon's arguments")
    ok(p.qrexec(xid) and p.qubesdb("work"), "both helpers run")
    eq((p.read("/name"), p.read("/type"), p.read("/qubes-base-template")), ("work", "AppVM", "tpl"),
       "keys in QubesDB")
    q.call("admin.vm.feature.Set", "work", "service.cups", "1")
    ok(eventually(lambda: p.read("/qubes-service/cups") == "1"), "a service shows up while it runs")
    q.call("admin.vm.feature.Remove", "work", "service.cups")
    ok(eventually(lambda: p.read("/qubes-service/cups") is None), "and goes away")
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=mute label=blue")
    q.call("admin.vm.feature.Set", "mute", "qrexec", "")
    q.call("admin.vm.Start", "mute")
    ok("nowait=1" in p.calls()[-1], "a qube without agent is not waited for")
    q.call("admin.vm.Kill", "mute")


def supervision(p):
    q, xid = p.q, p.xid()
    first = p.qrexec(xid)
    os.kill(first, signal.SIGKILL)
    ok(eventually(lambda: p.qrexec(xid) not in (0, first)), "qrexec-daemon comes back")
    ok(eventually(lambda: q.state("work") == "Running"), "the qube is Running again")
    first = p.qubesdb("work")
    os.kill(first, signal.SIGKILL)
    ok(eventually(lambda: p.qubesdb("work") not in (0, first)), "qubesdb-daemon comes back")
    ok(eventually(lambda: p.read("/name") == "work"), "with its keys")
    eq(p.read("/qubes-random-seed"), None, "but for the seed, which was given once")
    # One that keeps dying is not started without end.
    p.mode("refuse")
    before = len(p.calls())
    os.kill(p.qrexec(xid), signal.SIGKILL)
    time.sleep(2)
    tries = len(p.calls()) - before
    ok(2 <= tries <= 5, "one that keeps failing is started ever more slowly", tries)
    eq(q.state("work"), "Transient", "meanwhile the qube is Transient")
    p.mode("ok")
    ok(eventually(lambda: q.state("work") == "Running", 10), "until it works")


def failing(p):
    q = p.q
    q.call("admin.vm.Kill", "work")
    ok(not p.qubesdb("work") and p.xid() == "-1", "helpers end with the qube")
    before = images(q)
    for mode, want in (("refuse", "no vchan today"), ("no-agent", "did not answer within 7 seconds")):
        p.mode(mode)
        ev = Stream(q)
        ok(want in q.message("admin.vm.Start", "work"), "start fails: " + want)
        lines = ev.take("domain-shutdown")
        ok(any("work domain-start-failed reason=" in l for l in lines) and
           lines[-1] == "work domain-shutdown", "and is told of", lines)
        ev.close()
        eq((q.state("work"), p.qubesdb("work"), images(q)), ("Halted", 0, before),
           "nothing of it stays")
    p.mode("slow")
    q.call("admin.vm.property.Set", "work", "qrexec_timeout", "60")
    got = []
    t = threading.Thread(target=lambda: got.append(q.message("admin.vm.Start", "work")))
    t.start()
    ok(eventually(lambda: q.state("work") == "Transient"), "Transient while it starts")
    begin = time.monotonic()
    eq(q.get("admin.vm.Kill", "work"), "", "killed while it starts")
    t.join(10)
    ok(got and "stopped while it was starting" in got[0] and time.monotonic() - begin < 5,
       "the start says so at once", got)
    eq((q.state("work"), images(q)), ("Halted", before), "and nothing stays")
    p.mode("ok")
    name = q.get("admin.vm.CreateDisposable", "dvm")
    p.mode("refuse")
    ok(q.message("admin.vm.Start", name), "a disposable that does not start")
    ok(eventually(lambda: q.get("admin.vm.List", name) == "[QubesVMNotFoundError]"), "is removed")
    p.mode("ok")


def kill_qubesd(p):
    """This hypervisor forgets its domains with the connection: they ended while we were away."""
    q = p.q
    eq(q.get("admin.vm.Start", "work"), "", "start")
    disposable = q.get("admin.vm.CreateDisposable", "dvm")
    q.call("admin.vm.Start", disposable)
    xid, qdb = p.xid(), p.qubesdb("work")
    ok(p.qrexec(xid) and qdb, "runs")
    q.stop(signal.SIGKILL)
    ok(p.qrexec(xid) and p.qubesdb("work") == qdb, "helpers outlive qubesd")
    q.start()
    ok(eventually(lambda: not p.qubesdb("work") and not p.qrexec(xid)),
       "helpers of a qube that ended meanwhile are ended, too")
    ok(eventually(lambda: not [i for i in q.images() if "dirty" in i]), "its images are put away")
    ok(eventually(lambda: q.get("admin.vm.List", disposable) == "[QubesVMNotFoundError]"),
       "its disposable is removed")
    eq(q.get("admin.vm.Start", "work"), "", "it starts again")
    q.call("admin.vm.Kill", "work")


def main():
    p = Place()
    try:
        p.q.start().furnish()
        for part in (starting, supervision, failing, kill_qubesd):
            part(p)
        eq(p.q.stop(), 0, "ends well")
        log = p.q.logged()
        ok("Sanitizer" not in log and "runtime error" not in log, "nothing was reported by checkers",
           log[-3000:])
    finally:
        p.remove()
    return tap.end()


sys.exit(main())
