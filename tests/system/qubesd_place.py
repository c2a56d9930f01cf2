# SPDX-License-Identifier: GPL-2.0-or-later
"""A qubesd whose qubes have daemons: the real qubesdb-daemon, and a qrexec-daemon that obeys."""
import os, shutil, signal, subprocess, sys, tempfile, time
from qubesd_env import BUILD, Qubesd, eventually

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
    time.sleep(600)
r, w = os.pipe()
if os.fork():
    os.read(r, 1)
    os._exit(0)
os.setsid()
fd = os.open(root + "/run/qubes/qrexec.%%s.pid" %% xid, os.O_RDWR | os.O_CREAT, 0o644)
fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.ftruncate(fd, 0)  # the number of the one before may have been longer
os.write(fd, b"%%d\n" %% os.getpid())
link = root + "/run/qubes/qrexec." + name
if os.path.islink(link):
    os.unlink(link)
os.symlink("qrexec." + xid, link)
os.write(w, b"x")
time.sleep(3600)
'''


def pid_of(path):
    """Who holds the lock: as pidfile_holder() does, by the number that is in it."""
    try:
        pid = int(open(path).read())
        os.kill(pid, 0)
        return pid if open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] != "Z" else 0
    except (OSError, ValueError):
        return 0


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
