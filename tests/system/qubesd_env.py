# SPDX-License-Identifier: GPL-2.0-or-later
"""A qubesd of its own below a temporary folder, and a client that speaks bytes."""
import os, shutil, signal, socket, subprocess, sys, tempfile, threading, time

BUILD = os.path.abspath(sys.argv[1])
SANITIZED = b"__asan_init" in open(BUILD + "/bin/qubesd", "rb").read()


class Tap:
    n = failed = 0

    def ok(self, cond, what, note=None):
        self.n += 1
        if not cond:
            self.failed += 1
        print(("ok" if cond else "not ok"), self.n, "-", what, flush=True)
        if not cond and note is not None:
            for line in str(note).splitlines()[:20]:
                print("#", line)

    def eq(self, got, want, what):
        self.ok(got == want, what, "wanted %r\ngot    %r" % (want, got))

    def end(self):
        print("1..%d" % self.n)
        return 1 if self.failed else 0


def raw(path, data, timeout=150):
    """Sends data, closes the sending half, returns everything that comes back."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(path)
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass
    out = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return out
            out += part
    except ConnectionResetError:
        return out
    finally:
        s.close()


def eventually(cond, seconds=80):
    """Generous: it is only used up when something is wrong."""
    end = time.monotonic() + seconds
    while not cond():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Qubesd:
    def __init__(self, root=None, bindir=None, env=None):
        self.root = root or tempfile.mkdtemp(prefix="qubesd-test-")
        self.bin = (bindir or BUILD + "/bin") + "/qubesd"
        self.env = dict(os.environ, **(env or {}))
        self.env.pop("QUBES_ROOT", None)
        if SANITIZED:
            # The connection to libvirt, and what its client library keeps, stay to the end.
            with open(self.root + "/lsan", "w") as f:
                f.write("leak:hv_link_new\nleak:libvirt\n")
            self.env["ASAN_OPTIONS"] = "detect_leaks=1:exitcode=99:fast_unwind_on_malloc=0"
            self.env["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=%s/lsan" % self.root
        self.proc = None
        self.log = self.root + "/log"

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen(
                [self.bin, "--root", self.root, "--libvirt", "test:///default"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        end = time.monotonic() + 120
        while wait and self.proc.poll() is None and not self.answers():
            assert time.monotonic() < end, "qubesd does not answer: " + self.logged()[-2000:]
            time.sleep(0.02)
        return self

    def answers(self):
        try:
            return raw(self.sock(), b"admin.vm.List dom0 name dom0\0").startswith(b"0\0")
        except OSError:
            return False

    def sock(self, kind=""):
        return "%s/run/qubesd.%ssock" % (self.root, kind)

    def stop(self, sig=signal.SIGTERM):
        self.proc.send_signal(sig)
        return self.proc.wait(120)

    def remove(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def logged(self):
        return open(self.log, errors="replace").read()

    def call(self, method, dest="dom0", arg="", payload=b"", src="dom0"):
        """The reply's bytes."""
        kind = "internal." if method.startswith("internal.") else \
            "misc." if method.startswith("qubes.") else ""
        if isinstance(payload, str):
            payload = payload.encode()
        head = "%s+%s %s name %s\0" % (method, arg, src, dest)
        return raw(self.sock(kind), head.encode() + payload)

    def get(self, *a, **k):
        """The body of a success; an exception's type in brackets otherwise."""
        r = self.call(*a, **k)
        if r.startswith(b"0\0"):
            return r[2:].decode()
        if r.startswith(b"2\0"):
            return "[%s]" % r.split(b"\0")[1].decode()
        return repr(r)

    def message(self, *a, **k):
        r = self.call(*a, **k).split(b"\0")
        return r[3].decode() if r[0] == b"2" else ""

    def state(self, name):
        """An exception's type in brackets for one that is gone."""
        line = self.get("admin.vm.List", name)
        return line.split(" state=")[1].split()[0] if " state=" in line else line

    def images(self):
        base = self.root + "/var/lib/qubes/"
        found = []
        for top in ("appvms", "vm-templates"):
            for folder, _, files in os.walk(base + top):
                found += [os.path.relpath(folder + "/" + f, base) for f in files]
        return sorted(found)

    def furnish(self):
        """A template, a netvm, a disposable template; kernels to choose from."""
        for version in ("1.0", "2.0"):
            folder = self.root + "/var/lib/qubes/vm-kernels/" + version
            os.makedirs(folder, exist_ok=True)
            for name in ("vmlinuz", "initramfs", "modules.img"):
                open(folder + "/" + name, "w").close()
        for c in (("admin.property.Set", "dom0", "default_kernel", "1.0"),
                  ("admin.vm.Create.TemplateVM", "dom0", "", "name=tpl label=black"),
                  ("admin.property.Set", "dom0", "default_template", "tpl"),
                  ("admin.vm.Create.AppVM", "dom0", "tpl", "name=net label=red"),
                  ("admin.vm.property.Set", "net", "provides_network", "True"),
                  ("admin.vm.property.Set", "net", "netvm", ""),
                  ("admin.vm.Create.AppVM", "dom0", "tpl", "name=dvm label=red"),
                  ("admin.vm.property.Set", "dvm", "template_for_dispvms", "True"),
                  ("admin.property.Set", "dom0", "default_dispvm", "dvm")):
            reply = self.call(*c)
            assert reply == b"0\0", (c, reply)
        return self


class Stream:
    """A client of admin.Events; lines are "subject event key=value ..."."""
    marks = 0

    def __init__(self, q, dest="dom0", src="dom0", method="admin.Events"):
        self.q = q
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(q.sock())
        self.s.sendall(("%s+ %s name %s\0" % (method, src, dest)).encode())
        self.s.shutdown(socket.SHUT_WR)
        self.lines, self.closed = [], False
        self.lock = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.wait(lambda l: l)

    def _read(self):
        buf = b""
        while True:
            try:
                part = self.s.recv(65536)
            except OSError:
                part = b""
            with self.lock:
                if not part:
                    self.closed = True
                    self.lock.notify_all()
                    return
                buf += part
                while True:
                    line, buf = self._one(buf)
                    if line is None:
                        break
                    self.lines.append(line)
                self.lock.notify_all()

    @staticmethod
    def _one(buf):
        part = buf.split(b"\0")
        i = 3
        while i < len(part) - 1 and part[i]:
            i += 2
        if i >= len(part) - 1 or part[0] != b"1":
            return None, buf
        words = [part[1].decode(), part[2].decode()]
        words += ["%s=%s" % (part[k].decode(), part[k + 1].decode()) for k in range(3, i, 2)]
        return " ".join(words), b"\0".join(part[i + 1:])

    def wait(self, cond, seconds=100):
        end = time.monotonic() + seconds
        with self.lock:
            while not cond(self.lines) and not self.closed:
                if not self.lock.wait(end - time.monotonic()):
                    return False
            return bool(cond(self.lines))

    def take(self, until=None):
        """Lines so far, and forgets them: up to the line that ends the wait; or all that has
        happened, for which it makes something happen and waits for that."""
        mark = None
        if not until:
            Stream.marks += 1
            mark = "mark-%d" % Stream.marks
            self.q.call("admin.vm.feature.Set", "dom0", mark, "1")
            until = "dom0 domain-feature-set:" + mark
        self.wait(lambda l: any(until in x for x in l))
        if mark:
            self.q.call("admin.vm.feature.Remove", "dom0", mark)
            self.wait(lambda l: any("dom0 domain-feature-delete:" + mark in x for x in l))
        with self.lock:
            lines, self.lines = self.lines, []
        return [l for l in lines if not (mark and mark in l)]

    def close(self):
        self.s.close()
