# SPDX-License-Identifier: GPL-2.0-or-later
"""Two qubes and a dom0, each only its qrexec programs, meeting in one folder."""
import getpass
import os
import subprocess
import time

from common import BIN, copy_program, fresh, start

POLICY = """#!/bin/sh
printf 'result=allow\\nautostart=False\\nuser=%s\\ntarget=%%s\\nrequested_target=%%s\\n' vault vault
""" % getpass.getuser()


def wait_for(what, seconds=200):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited %d s for nothing" % seconds
        time.sleep(0.02)


class Qubes:
    """work (42) and vault (43); what arrives in vault is in self.home."""

    def __init__(self):
        self.top = fresh("qubes")
        self.home = self.dir("home")
        self.rpc, self.root, self.vchan = self.dir("rpc"), self.dir("root"), self.dir("vchan")
        self.dir("root/run"), self.dir("root/run/qubes"), self.dir("root/var"), self.dir("conf")
        self.env = {"QUBES_ROOT": self.root, "VCHAN_SOCKET_DIR": self.vchan}
        self.script("policy", POLICY)
        self.script("rpc/qubes.Filecopy", "#!/bin/sh\nHOME=%s exec %s/qfile-unpacker \"$@\"\n"
                    % (self.home, BIN))
        self.programs()
        self.log = open(os.path.join(self.top, "log"), "wb")
        for domid, name in ((42, "work"), (43, "vault")):
            self.start("qrexec-agent", "-S", "-a", self.path("agent.%d" % domid), domain=domid,
                       QREXEC_SERVICE_PATH=self.rpc, QUBES_RPC_CONFIG_PATH=self.path("conf"))
            self.start("qrexec-daemon", "-D", "-q", "--uuid=0000-%d" % domid,
                       "--policy-program=" + self.path("policy"), str(domid), name, getpass.getuser())
            # The link by uuid is made last, when others can call it.
            wait_for(lambda d=domid: os.path.lexists(self.root + "/run/qubes/qrexec.uuid:0000-%d" % d))

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def dir(self, name):
        os.mkdir(self.path(name))
        return self.path(name)

    def script(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(self.path(name), 0o755)

    def programs(self):
        """qvm-copy of work, and of dom0, next to clients that find this system."""
        for place in ("bin", "dom0"):
            self.dir(place)
            copy_program("qvm-copy", self.path(place))
            copy_program("qfile-agent", self.path(place))
            for name in ("qvm-move", "qvm-copy-to-vm", "qvm-move-to-vm"):
                os.symlink("qvm-copy", self.path(place, name))
        self.script("bin/qrexec-client-vm", "#!/bin/sh\nVCHAN_DOMAIN=42 exec %s/qrexec-client-vm -a %s \"$@\"\n"
                    % (BIN, self.path("agent.42")))
        copy_program("qrexec-client", self.path("dom0"))

    def start(self, name, *args, domain=0, **env):
        return start(os.path.join(BIN, name), *args, stderr=self.log, stdin=subprocess.DEVNULL,
                     env={**self.env, "VCHAN_DOMAIN": str(domain), **env})

    def environment(self, place):
        """dom0 is where qubesd's socket is."""
        sock = self.root + "/run/qubesd.sock"
        if place == "dom0":
            open(sock, "w", encoding="ascii").close()
        elif os.path.exists(sock):
            os.unlink(sock)
        return {**os.environ, **self.env, "VCHAN_DOMAIN": "0", "PATH": "/usr/bin:/bin"}

    def copy(self, name, *args, place="bin", timeout=600, cwd="/"):
        p = subprocess.run([self.path(place, name), *args], env=self.environment(place), timeout=timeout,
                           check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd)
        return p.returncode, p.stdout

    def begin(self, name, *args, place="bin"):
        return start(self.path(place, name), *args, env=self.environment(place),
                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def incoming(self, name, caller="work"):
        return os.path.join(self.home, "QubesIncoming", caller, name)

    def pids(self, program):
        """Processes of that program, of this system."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                exe = os.readlink("/proc/%s/exe" % pid)
                with open("/proc/%s/environ" % pid, "rb") as f:
                    mine = self.top.encode() in f.read()
            except OSError:
                continue
            if mine and os.path.basename(exe) == program:
                found.append(int(pid))
        return found
