# SPDX-License-Identifier: GPL-2.0-or-later
"""A private dom0 for GUI tests: X server, window manager, daemon, policy, dialogs; and eyes."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import zlib

from Xlib import X, Xatom, display, error
from Xlib.ext import xtest
from Xlib.protocol import event

from fakeagent import Agent

BIN = os.environ.get("GUID_BIN", "build/bin/qubes-guid")
COLORS = {"red": 0xcc0000, "blue": 0x3465a4, "yellow": 0xedd400, "black": 0x000000}
# marco needs the settings' schemas of mate-settings-daemon-common and mate-desktop-common.
START = {"xfwm4": ["dbus-run-session", "--", "xfwm4", "--compositor=off"],
         "marco": ["dbus-run-session", "--", "marco", "--no-composite"],
         "kwin_x11": ["dbus-run-session", "--", "kwin_x11"]}


class Desktop:
    """One X server. Everything lives below one temporary folder and dies with it."""

    def __init__(self, size=(1280, 800), manager=None):
        self.root_dir = tempfile.mkdtemp(prefix="guitest-")
        self.size = size
        self.daemons = []
        self.manager = self.xserver = self.x = self.policy_socket = None
        try:
            self._begin(manager)
        except BaseException:
            self.close()
            raise

    def _begin(self, manager):
        self.vchan = self.path("vchan")
        for d in ("vchan", "run/qubes", "etc/qubes-rpc", "etc/qubes", "var/log/qubes", "bin"):
            os.makedirs(self.path(d))
        open(self.path("etc/qubes-release"), "w").close()
        # The daemon prefers programs beside itself: these are ours.
        self.bin = shutil.copy(BIN, self.path("bin/qubes-guid"))
        # And no other dialog program of this machine is found: only what the fakes below use.
        os.makedirs(self.path("tools"))
        for tool in ("cat", "head", "sleep"):
            os.symlink(shutil.which(tool), self.path("tools", tool))
        self.policy_answer = b"result=allow\n"
        self.policy_requests = []
        self._start_policy()
        self._fake_program("zenity", 'printf "%s\\n" "$*" >>"$GUITEST_LOG"\n'
                           'exit "$(cat "$GUITEST_ANSWER" 2>/dev/null || echo 1)"\n')
        self._fake_program("qvm-kill", 'printf "qvm-kill %s\\n" "$*" >>"$GUITEST_LOG"\n')
        self._start_x()
        if manager:
            self._start_manager(manager)

    def path(self, *parts):
        return os.path.join(self.root_dir, *parts)

    def _fake_program(self, name, body):
        p = self.path("bin", name)
        with open(p, "w") as f:
            f.write("#!/bin/sh\n" + body)
        os.chmod(p, 0o755)

    def _start_x(self):
        r, w = os.pipe()
        self.xserver = subprocess.Popen(
            ["Xvfb", "-displayfd", str(w), "-screen", "0", "%dx%dx24" % self.size, "-nolisten",
             "tcp", "-noreset", "-r"], pass_fds=(w,), stderr=subprocess.DEVNULL)
        os.close(w)
        number = b""
        while not number.endswith(b"\n"):
            c = os.read(r, 16)
            if not c:
                raise RuntimeError("Xvfb did not start")
            number += c
        os.close(r)
        self.display_name = ":" + number.decode().strip()
        self.x = display.Display(self.display_name)
        self.root = self.x.screen().root

    def _configure_twm(self):
        """As it comes, but it does not ask where a window is to be, with everything stopped meanwhile."""
        with open("/etc/X11/twm/system.twmrc") as f, open(self.path(".twmrc"), "w") as own:
            own.write("RandomPlacement\n" + f.read())

    def _start_manager(self, manager):
        if manager == "twm":
            self._configure_twm()
        command = START.get(manager, [manager])
        env = dict(os.environ, DISPLAY=self.display_name, HOME=self.root_dir, NO_AT_BRIDGE="1",
                   GSETTINGS_BACKEND="memory", KWIN_COMPOSE="N")
        self.manager = subprocess.Popen(command, env=env, start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # They forget windows that come while they start: the work area is their last step.
        atom = self.x.intern_atom("_NET_WORKAREA")
        self.wait(lambda: manager in ("twm", "kwin_x11") or self.root.get_full_property(atom, X.AnyPropertyType))
        tried = []
        managed = self.wait(lambda: self.manager.poll() is not None or self._manages(tried), 200.0)
        assert self.manager.poll() is None, "%s ended, status %d" % (manager, self.manager.poll())
        assert managed, "%s took over none of %d windows" % (manager, len(tried))
        # Only now: if one were gone when its turn comes, twm would ask the user where to put it.
        frames = [w.query_tree().parent for w in tried]
        for w in tried:
            w.destroy()
        self.x.sync()
        self.wait(lambda: not any(self.viewable(f) for f in frames if f != self.root))

    def _manages(self, tried):
        """Whether a window that is mapped is taken over. One that was forgotten never is; but a slow
        window manager gets less and less of them to do."""
        def taken(w):
            return w.query_tree().parent != self.root and self.viewable(w)
        if not any(taken(w) for w in tried):
            w = self.root.create_window(500, 300, 50, 40, 0, X.CopyFromParent)
            w.set_wm_normal_hints(flags=1 | 2, x=500, y=300)  # placed by the user: nobody is asked
            w.map()
            self.x.sync()
            tried.append(w)
        return self.wait(lambda: taken(tried[-1]), 2.0 ** len(tried))

    def _start_policy(self):
        s = socket.socket(socket.AF_UNIX)
        s.bind(self.path("etc/qubes-rpc/policy.EvalSimple"))
        s.listen(8)
        self.policy_socket = s

        def serve():
            while True:
                try:
                    c, _ = s.accept()
                except OSError:
                    return
                with c:
                    try:
                        request = b"".join(iter(lambda: c.recv(4096), b""))
                        answer = self.policy_answer  # once the request is seen, it is another's
                        self.policy_requests.append(request)
                        c.sendall(answer)
                    except OSError:
                        pass  # who asks need not stay

        threading.Thread(target=serve, daemon=True).start()

    def env(self):
        e = dict(os.environ, DISPLAY=self.display_name, QUBES_ROOT=self.root_dir,
                 VCHAN_SOCKET_DIR=self.vchan, VCHAN_DOMAIN="0",
                 PATH=self.path("bin") + ":" + self.path("tools"),
                 GUITEST_LOG=self.path("dialogs.log"), GUITEST_ANSWER=self.path("answer"))
        for k in ("DBUS_SESSION_BUS_ADDRESS", "KDE_SESSION_UID"):
            e.pop(k, None)
        return e

    def dialogs(self):
        try:
            with open(self.path("dialogs.log")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def guid(self, *args, domid=5, name="work", color="0x3465a4", label=6, config="", fore=True):
        conf = self.path("etc/qubes/guid-%d.conf" % domid)
        conf_arg = []
        if config:
            with open(conf, "w") as f:
                f.write("global: { %s };\n" % config)
            conf_arg = ["-C", conf]
        log = open(self.path("guid.%s.err" % name), "ab")
        p = subprocess.Popen([self.bin, "-d", str(domid), "-N", name, "-c", color, "-l", str(label)] +
                             (["-f"] if fore else []) + conf_arg + list(args), env=self.env(),
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.daemons.append(p)
        p.log_path = self.path("guid.%s.err" % name)
        return p

    def session(self, *args, domid=5, version=(1, 8), side_channel=True, damage_channel=False, **kw):
        """A daemon and an agent that have shaken hands."""
        a = Agent(self.vchan, domid, version, side_channel, damage_channel)
        p = self.guid(*args, domid=domid, **kw)
        a.greeting = a.handshake()
        return p, a

    def stop(self, p, sig=signal.SIGTERM):
        if p.poll() is None:
            p.send_signal(sig)
        return p.wait(timeout=100)

    def close(self):
        for p in self.daemons:
            self._end(p, p.terminate)
        if self.policy_socket:
            self.policy_socket.close()
        try:
            if self.x:
                self.x.close()
        except error.ConnectionClosedError:
            pass
        if self.manager:
            self._end_group(self.manager)
        if self.xserver:
            self._end(self.xserver, self.xserver.terminate)
        shutil.rmtree(self.root_dir, ignore_errors=True)

    def _end_group(self, p):
        """With all that it has started: what keeps xfwm4's settings writes as it ends."""
        def kill(sig):
            try:
                os.killpg(p.pid, sig)
            except ProcessLookupError:
                return False
            return True
        self._end(p, lambda: kill(signal.SIGTERM))
        if not self.wait(lambda: not kill(0), 60):
            kill(signal.SIGKILL)

    @staticmethod
    def _end(p, ask):
        if p.poll() is not None:
            return
        ask()
        try:
            p.wait(timeout=60)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()

    # --- eyes ---

    @staticmethod
    def wait(f, timeout=100.0):
        until = time.monotonic() + timeout
        while True:
            try:
                r = f()
            except error.XError:
                r = None  # somebody destroyed a window meanwhile
            if r or time.monotonic() > until:
                return r
            time.sleep(0.01)

    def prop(self, window, name, kind=X.AnyPropertyType):
        try:
            p = window.get_full_property(self.x.intern_atom(name), kind)
        except error.XError:
            return None
        return p.value if p else None

    def text(self, window, name):
        v = self.prop(window, name)
        return v.decode("utf-8", "replace") if isinstance(v, bytes) else v

    def atoms(self, window, name):
        return {self.x.get_atom_name(a) for a in (self.prop(window, name) or [])}

    def _tree(self, window, depth):
        try:
            kids = window.query_tree().children
        except error.XError:
            return
        for k in reversed(kids):  # the newest first
            yield k
            if depth:
                yield from self._tree(k, depth - 1)

    def find_now(self, name, remote):
        for w in self._tree(self.root, 4):
            ids = self.prop(w, "_QUBES_VMWINDOWID")
            if ids is not None and list(ids) == [remote] and self.text(w, "_QUBES_VMNAME") == name:
                return w
        return None

    def find(self, remote, name="work", timeout=100.0):
        return self.wait(lambda: self.find_now(name, remote), timeout)

    @staticmethod
    def exists(window):
        try:
            return window.get_geometry() is not None
        except error.XError:
            return False

    def viewable(self, window):
        try:
            return window.get_attributes().map_state == X.IsViewable
        except error.XError:
            return False

    def shown(self, remote, name="work"):
        w = self.find(remote, name)
        return w if w and self.wait(lambda: self.viewable(w)) else None

    def box(self, window):
        """x, y, width, height on the screen."""
        g = window.get_geometry()
        t = window.translate_coords(self.root, 0, 0)
        return (-t.x, -t.y, g.width, g.height)

    def top(self, window):
        """The ancestor that is the root's child, and the daemon's top-level for it."""
        w, client = window, window
        while True:
            parent = w.query_tree().parent
            if parent == self.root:
                return w, client
            if self.prop(parent, "_QUBES_FRAME_OF") is not None:
                client = parent
            w = parent

    def image(self, x=0, y=0, width=None, height=None):
        width, height = width or self.size[0], height or self.size[1]
        raw = self.root.get_image(x, y, width, height, X.ZPixmap, 0xffffffff).data
        return Image(raw if isinstance(raw, bytes) else raw.encode("latin1"), width, height)

    def pixel(self, x, y):
        return self.image(x, y, 1, 1).at(0, 0)

    def screenshot(self, path):
        self.image().save(path)

    # --- hands ---

    def move(self, x, y):
        xtest.fake_input(self.x, X.MotionNotify, x=x, y=y)
        self.x.sync()

    def click(self, x, y, button=1):
        self.move(x, y)
        xtest.fake_input(self.x, X.ButtonPress, button)
        xtest.fake_input(self.x, X.ButtonRelease, button)
        self.x.sync()

    def keycode(self, keysym):
        return self.x.keysym_to_keycode(keysym)

    def keys(self, *keysyms):
        """Presses all, releases in reverse."""
        codes = [self.keycode(k) for k in keysyms]
        for c in codes:
            xtest.fake_input(self.x, X.KeyPress, c)
        for c in reversed(codes):
            xtest.fake_input(self.x, X.KeyRelease, c)
        self.x.sync()

    def focus(self, window):
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self.x.sync()

    def client_message(self, window, kind, *data, to_root=False):
        ev = event.ClientMessage(window=window, client_type=self.x.intern_atom(kind),
                                 data=(32, (list(data) + [0] * 5)[:5]))
        if to_root:
            self.root.send_event(ev, event_mask=X.SubstructureNotifyMask |
                                 X.SubstructureRedirectMask)
        else:
            window.send_event(ev)
        self.x.sync()


class Image:
    def __init__(self, raw, width, height):
        self.raw, self.width, self.height = raw, width, height

    def at(self, x, y):
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None  # a window that is on its way may be partly off the screen
        i = (y * self.width + x) * 4
        b, g, r = self.raw[i:i + 3]
        return r << 16 | g << 8 | b

    def save(self, path):
        """As a PNG file."""
        def chunk(kind, data):
            body = kind + data
            return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

        rows = bytearray()
        for y in range(self.height):
            row = self.raw[y * self.width * 4:(y + 1) * self.width * 4]
            rgb = bytearray(self.width * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            rows += b"\0" + rgb
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" +
                    chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)) +
                    chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))

    def all(self, x, y, width, height, color):
        return all(self.at(i, j) == color for j in range(y, y + height)
                   for i in range(x, x + width))

    def frame(self, x, y, width, height, thickness, color):
        """The sides of a rectangle that are not of that colour throughout."""
        sides = {"top": (x, y, width, thickness),
                 "bottom": (x, y + height - thickness, width, thickness),
                 "left": (x, y, thickness, height),
                 "right": (x + width - thickness, y, thickness, height)}
        return [s for s, r in sides.items() if not self.all(*r, color)]


__all__ = ["Desktop", "Agent", "Image", "X", "Xatom", "COLORS"]
