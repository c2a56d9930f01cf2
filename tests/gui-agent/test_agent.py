#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qubes-gui-agent between a real X server and an independent implementation of the daemon's
end. Prints TAP. test_agent.py AGENT [NAME...]"""
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from Xlib import X, Xatom, display, error, protocol
from Xlib.ext import randr  # pylint: disable=unused-import

import fakedaemon as fd
from fakedaemon import Daemon

DOMID = 5


class Skip(Exception):
    pass


def free_display():
    """A display that nobody uses, not even in another mount namespace."""
    with open("/proc/net/unix") as f:
        used = f.read()
    while True:
        n = random.randrange(100, 1000)
        if "X11-unix/X%d\n" % n not in used and not os.path.exists("/tmp/.X%d-lock" % n):
            return ":%d" % n


def asleep(pids):
    """How often each of these processes was put to sleep, which they all are now; else None. While it
    stays the same there was nothing for any of them to do."""
    counts = []
    for pid in pids:
        try:
            with open("/proc/%d/status" % pid) as f:
                status = dict(line.split(":", 1) for line in f if ":" in line)
        except (FileNotFoundError, ProcessLookupError):
            status = {"State": "X"}
        state = status["State"].split()[0]
        if state not in "SXZ":
            return None
        counts.append((pid, state, status.get("voluntary_ctxt_switches")))
    return counts


class Qube:
    """An X server, an agent, and a client's connection. The server: Xorg, with the module that shares what
    windows are drawn into if there is one; Xorg-plain; or Xvfb."""

    def __init__(self, agent, server):
        self.dir = tempfile.mkdtemp(prefix="gui-agent.")
        open(self.dir + "/X.err", "w").close()
        self.ready = os.path.join(self.dir, "ready")
        self.shares = server == "Xorg" and os.path.exists(os.path.dirname(agent) + "/libqubespixels.so")
        if server.startswith("Xorg"):
            conf = os.path.join(os.path.dirname(__file__), "../../templates/vm/gui/xorg-qubes.conf")
            argv = ["/usr/lib/xorg/Xorg", "-config", os.path.abspath(conf), "-novtswitch", "-sharevts", "-noreset",
                    "-logfile", self.dir + "/Xorg.log", "-extension", "GLX", "-background", "none"]
            if self.shares:
                argv += ["-modulepath", os.path.abspath(os.path.dirname(agent)) + ",/usr/lib/xorg/modules"]
        else:
            argv = ["Xvfb", "-screen", "0", "1920x1200x24", "-noreset"]
        self.x = self.agent = self.log = self.daemon = None
        self.agent_path = agent
        try:
            self.begin(server, argv)
        except BaseException:
            print("# X server:", self.x and self.x.poll(), repr(open(self.dir + "/X.err").read()), repr(self.stop()))
            raise

    def begin(self, server, argv):
        for _ in range(5):  # somebody else may take the display meanwhile
            self.display = free_display()
            if self.start_x(argv):
                break
        else:
            raise RuntimeError("%s does not start" % server)
        self.env = dict(os.environ, DISPLAY=self.display, VCHAN_DOMAIN=str(DOMID), VCHAN_SOCKET_DIR=self.dir)
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.start_agent()
        self.dpy = display.Display(self.display)
        self.root = self.dpy.screen().root

    def start_x(self, argv):
        r, w = os.pipe()
        with open(self.dir + "/X.err", "w") as err:
            self.x = subprocess.Popen(argv[:1] + [self.display] + argv[1:] + ["-nolisten", "tcp", "-displayfd", str(w)],
                                      pass_fds=[w], stdout=subprocess.DEVNULL, stderr=err)
        os.close(w)
        with open(r, "rb") as pipe:
            return pipe.readline()

    def start_agent(self):
        self.agent = subprocess.Popen([self.agent_path, "-vv", "-r", self.ready, "-m", self.dir + "/monitors"], env=self.env, stderr=self.log)
        end = time.monotonic() + 100
        while not os.path.exists(self.ready):
            assert self.agent.poll() is None and time.monotonic() < end, "the agent is not ready"
            time.sleep(0.01)

    def connect(self, **kw):
        if self.daemon:
            self.daemon.close()
        self.daemon = Daemon(self.dir, DOMID, **kw)
        return self.daemon

    def stop(self):
        status, text = None, ""
        for p in self.agent, self.x:
            if p and p.poll() is None:
                p.terminate()
        if self.agent:
            status = self.agent.wait(100)
        if self.x:
            self.x.wait(100)
        if self.log:
            self.log.seek(0)
            text = self.log.read()
            self.log.close()
        shutil.rmtree(self.dir)
        return status, text

    # --- a client ---

    def window(self, x=10, y=20, w=200, h=100, title=None, color=0x336699, depth=None, map_it=True, protocols=(),
               dpy=None, **kw):
        dpy = dpy or self.dpy
        root = dpy.screen().root
        args = dict(background_pixel=color, event_mask=X.KeyPressMask | X.KeyReleaseMask | X.ButtonPressMask |
                    X.ButtonReleaseMask | X.PointerMotionMask | X.EnterWindowMask | X.LeaveWindowMask |
                    X.FocusChangeMask | X.StructureNotifyMask | X.PropertyChangeMask)
        args.update(kw)
        win = root.create_window(x, y, w, h, args.pop("border_width", 0), depth or X.CopyFromParent,
                                 args.pop("window_class", X.InputOutput), args.pop("visual", X.CopyFromParent), **args)
        if title:
            win.set_wm_name(title)
        if protocols:
            win.set_wm_protocols([dpy.intern_atom(p) for p in protocols])
        if map_it:
            win.map()
        dpy.sync()
        return win

    def shown(self, win, image=True):
        """Waits until the daemon has the window, and (image) an image of it."""
        self.dpy.flush()

        def there():
            w = self.daemon.windows.get(win.id)
            return w is not None and w.mapped and (not image or w.image is not None)
        assert self.daemon.until(there), "the window does not appear: %r" % self.daemon.log[-5:]
        self.settle()
        return self.daemon.windows[win.id]

    def settle(self, seconds=0.06):
        """Until neither the X server nor the agent has had anything to do for a while."""
        end = time.monotonic() + 30
        while True:
            before = asleep([self.x.pid, self.agent.pid])
            came = self.daemon.pump(seconds)
            if (not came and before and before == asleep([self.x.pid, self.agent.pid])) or time.monotonic() > end:
                return

    def event(self, kind, seconds=150, match=lambda e: True):
        """The next event of that kind for the client."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while self.dpy.pending_events():
                e = self.dpy.next_event()
                if e.type == kind and match(e):
                    return e
            self.daemon.pump(0.01)
        raise AssertionError("no event %d" % kind)

    def no_event(self, kind, seconds=0.2):
        try:
            self.event(kind, seconds)
        except AssertionError:
            return
        raise AssertionError("unwanted event %d" % kind)

    def drop_events(self):
        self.settle()
        self.dpy.sync()
        while self.dpy.pending_events():
            self.dpy.next_event()

    def fill(self, win, x, y, w, h, color):
        gc = win.create_gc(foreground=color)
        win.fill_rectangle(gc, x, y, w, h)
        gc.free()
        self.dpy.flush()

    def atom(self, name):
        return self.dpy.intern_atom(name)


def eq(got, want):
    assert got == want, "got %r, wanted %r" % (got, want)


# --- the tests: each gets a Qube with a connected daemon -------------------------------


def test_handshake(q):
    """the screen gets the daemon's size"""
    eq(q.daemon.agent_version, 0x10008)
    assert q.daemon.until(lambda: (q.root.get_geometry().width, q.root.get_geometry().height) == (1280, 800))


def monitors(q):
    """x, y, width, height of each, as programs see them."""
    return [(m.x, m.y, m.width_in_pixels, m.height_in_pixels) for m in q.root.xrandr_get_monitors().monitors]


def need_outputs(q):
    if len(q.root.xrandr_get_screen_resources_current().outputs) < 2:
        raise Skip("this X server has one output")


def tell(q, text):
    """As the service qubes.SetMonitorLayout does."""
    with open(q.dir + "/new", "w") as f:
        f.write(text)
    os.rename(q.dir + "/new", q.dir + "/monitors")


def size(q):
    g = q.root.get_geometry()
    return g.width, g.height


def test_monitors(q):
    """dom0's monitors are the qube's, and change with them"""
    need_outputs(q)
    assert q.daemon.until(lambda: size(q) == (1280, 800))
    one, two = (0, 0, 800, 600), (800, 100, 640, 480)
    tell(q, "800 600 0 0 211 158\n640 480 800 100\n")
    assert q.daemon.until(lambda: monitors(q) == [one, two]), monitors(q)
    eq(size(q), (1440, 600))
    # The other way round, and the second one larger.
    tell(q, "1024 768 0 0\n800 600 1024 0\n")
    assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1024, 768), (1024, 0, 800, 600)]), monitors(q)
    eq(size(q), (1824, 768))
    # What is not a layout changes nothing; nor does a wish for the impossible end anything.
    for bad in ("", "x\n", "800 600 0\n", "0 600 0 0\n", "800 600 -1 0\n", "20000 10 0 0\n", "1 1 0 0\n" * 17,
                "9" * 5000):
        tell(q, bad)
    q.settle(0.3)
    eq(len(monitors(q)), 2)
    tell(q, "1280 1024 0 0\n")
    assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1280, 1024)]), monitors(q)
    # A daemon with a screen of that size keeps it, one with another has one monitor.
    tell(q, "640 800 0 0\n640 800 640 0\n")
    assert q.daemon.until(lambda: len(monitors(q)) == 2)
    q.connect()
    q.settle()
    eq(monitors(q), [(0, 0, 640, 800), (640, 0, 640, 800)])
    q.connect(width=1600, height=900)
    assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1600, 900)]), monitors(q)


def test_many_monitors(q):
    """more monitors than most people have"""
    need_outputs(q)
    assert q.daemon.until(lambda: size(q) == (1280, 800))
    tell(q, "".join("200 150 %d 0 53 40\n" % (200 * i) for i in range(9)))
    assert q.daemon.until(lambda: monitors(q) == [(200 * i, 0, 200, 150) for i in range(9)]), monitors(q)


def xsettings(q):
    owner = q.dpy.get_selection_owner(q.atom("_XSETTINGS_S0"))
    if not owner:
        return {}
    data = owner.get_full_property(q.atom("_XSETTINGS_SETTINGS"), q.atom("_XSETTINGS_SETTINGS")).value
    _, _, n = struct.unpack_from("=B3xII", data)
    at, out = 12, {}
    for _ in range(n):
        kind, length = struct.unpack_from("=BxH", data, at)
        eq(kind, 0)
        name = data[at + 4:at + 4 + length].decode()
        at += 4 + (length + 3) // 4 * 4
        out[name] = struct.unpack_from("=II", data, at)[1]
        at += 8
    eq(at, len(data))
    return out


def resources(q):
    p = q.root.get_full_property(Xatom.RESOURCE_MANAGER, Xatom.STRING)
    return p.value.decode() if p else ""


def test_scale(q):
    """dom0's resolution is the qube's, and changes with it"""
    assert q.daemon.until(lambda: size(q) == (1280, 800))
    tell(q, "800 600 0 0 211 158 96\n")
    assert q.daemon.until(lambda: size(q) == (800, 600))
    eq((xsettings(q), resources(q)), ({}, ""))
    q.root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, b"XTerm.a:\tb\nXft.dpi:\t100\nlast: 1")
    q.dpy.sync()
    tell(q, "800 600 0 0 105 79 192\n")
    assert q.daemon.until(lambda: xsettings(q)), "no settings"
    eq(xsettings(q), {"Gdk/UnscaledDPI": 96 * 1024, "Gdk/WindowScalingFactor": 2, "Xft/DPI": 192 * 1024})
    eq(resources(q), "XTerm.a:\tb\nlast: 1\nXft.dpi:\t192\n")
    tell(q, "800 600 0 0 140 105 144\n")
    assert q.daemon.until(lambda: xsettings(q)["Xft/DPI"] == 144 * 1024)
    eq(xsettings(q)["Gdk/WindowScalingFactor"], 1)
    # Without a resolution: that of the monitor, as it is said to be; nothing for an ordinary one.
    tell(q, "800 600 0 0 101 76\n")
    assert q.daemon.until(lambda: xsettings(q)["Xft/DPI"] == 192 * 1024)
    tell(q, "800 600 0 0 211 158\n")
    assert q.daemon.until(lambda: xsettings(q)["Xft/DPI"] == 96 * 1024)
    eq(xsettings(q)["Gdk/WindowScalingFactor"], 1)


def test_properties(q):
    """a window comes with title, class, hints, place and pixels"""
    win = q.window(30, 40, 200, 100, map_it=False)
    win.set_wm_class("name", "Class")
    win.change_property(q.atom("_NET_WM_NAME"), q.atom("UTF8_STRING"), 8, "caf\u00e9 \u2603".encode())
    win.set_wm_name("not this")
    win.set_wm_normal_hints(flags=16 | 64, min_width=50, min_height=60, width_inc=7, height_inc=8)
    q.settle()
    assert win.id not in q.daemon.windows, "a window that was never mapped is no business of dom0"
    win.map()
    q.dpy.flush()
    w = q.shown(win)
    eq((w.x, w.y, w.w, w.h, w.override_redirect, w.transient_for), (30, 40, 200, 100, False, 0))
    eq(w.title, "caf\u00e9 \u2603".encode())
    eq(w.wm_class, (b"name", b"Class"))
    eq(w.hints[0:3] + w.hints[5:7], (16 | 64, 50, 60, 7, 8))
    eq(w.image_size, (200, 100))
    eq({w.pixel(x, y) for x in (0, 199) for y in (0, 99)}, {0x336699})
    win.change_property(q.atom("_NET_WM_NAME"), q.atom("UTF8_STRING"), 8, b"new")
    q.dpy.flush()
    assert q.daemon.until(lambda: w.title == b"new")
    order = [m.kind for m in q.daemon.log if m.window == win.id]
    assert order.index(fd.CREATE) < order.index(fd.WMCLASS) < order.index(fd.MAP) < order.index(fd.SHMIMAGE)


def test_damage(q):
    """what is drawn is passed on, and only that"""
    win = q.window(title="damage")
    w = q.shown(win)
    w.damage.clear()
    q.fill(win, 20, 30, 11, 12, 0xff8800)
    assert q.daemon.until(lambda: w.damage)
    q.settle()
    # At once, and perhaps again when the X server has been asked whether that was all.
    eq(set(w.damage), {(20, 30, 11, 12)})
    assert len(w.damage) <= 2, w.damage
    eq([w.pixel(*p) for p in ((20, 30), (30, 41), (19, 30), (31, 41), (30, 42))],
       [0xff8800, 0xff8800, 0x336699, 0x336699, 0x336699])


def test_child_windows(q):
    """what a child window draws is part of the picture"""
    win = q.window(title="parent")
    child = win.create_window(50, 10, 30, 40, 0, X.CopyFromParent, background_pixel=0x00ff00)
    child.map()
    q.dpy.flush()
    w = q.shown(win)
    assert q.daemon.until(lambda: w.pixel(50, 10) == 0x00ff00 and w.pixel(79, 49) == 0x00ff00)
    eq((w.pixel(49, 10), w.pixel(80, 49)), (0x336699, 0x336699))
    assert child.id not in q.daemon.windows


def test_off_screen(q):
    """a window that is partly off the screen is complete for the daemon"""
    win = q.window(-50, 750, 200, 100, title="off", color=0x123456)
    w = q.shown(win)
    eq({w.pixel(x, y) for x in (0, 199) for y in (0, 99)}, {0x123456})


def test_covered(q):
    """a window that is covered by another in the qube is complete for the daemon"""
    low = q.window(title="low", color=0x0000aa)
    q.window(title="high", color=0xaa0000)
    w = q.shown(low)
    q.fill(low, 0, 0, 10, 10, 0x00ff00)
    assert q.daemon.until(lambda: w.pixel(5, 5) == 0x00ff00)
    eq(w.pixel(50, 50), 0x0000aa)


def test_border(q):
    """a border of the qube's making is taken off"""
    win = q.window(title="border", border_width=7)
    w = q.shown(win)
    assert q.daemon.until(lambda: win.get_geometry().border_width == 0)
    q.settle()
    eq((w.w, w.h, w.image_size), (200, 100, (200, 100)))


def test_client_resize(q):
    """a window resized by its client gets a new image"""
    win = q.window(title="resize")
    w = q.shown(win)
    win.configure(x=70, y=80, width=321, height=123)
    q.dpy.flush()
    assert q.daemon.until(lambda: w.image_size == (321, 123))
    eq((w.x, w.y, w.w, w.h), (70, 80, 321, 123))
    assert q.daemon.until(lambda: w.pixel(320, 122) == 0x336699)
    for i in range(100):
        win.configure(width=100 + i, height=300 - i)
    q.dpy.flush()
    assert q.daemon.until(lambda: w.image_size == (199, 201) and w.pixel(198, 200) == 0x336699)


def test_daemon_configure(q):
    """a window moved and resized by dom0 follows, and says so exactly"""
    win = q.window(title="configured")
    w = q.shown(win)
    q.drop_events()
    q.daemon.log.clear()
    q.daemon.configure(win.id, 111, 122, 333, 144)
    e = q.event(X.ConfigureNotify)
    eq((e.x, e.y, e.width, e.height), (111, 122, 333, 144))
    assert q.daemon.until(lambda: w.image_size == (333, 144))
    q.settle()
    echoes = [m.i32()[:4] for m in q.daemon.log if m.kind == fd.CONFIGURE]
    eq(echoes, [(111, 122, 333, 144)])
    q.daemon.log.clear()
    q.daemon.configure(win.id, 111, 122, 333, 144)
    assert q.daemon.until(lambda: any(m.kind == fd.CONFIGURE for m in q.daemon.log)), "no echo when nothing changes"
    for bad in ((0, 0, 0, 10), (0, 0, 100000, 10), (70000, 0, 10, 10)):
        q.daemon.configure(win.id, *bad)
    q.settle()
    eq(q.agent.poll(), None)


def test_override_redirect(q):
    """menus and dialogs: override-redirect and transient-for are passed on"""
    main = q.window(title="main")
    dialog = q.window(title="dialog", map_it=False)
    dialog.set_wm_transient_for(main)
    dialog.map()
    menu = q.window(override_redirect=1)
    eq(q.shown(dialog).transient_for, main.id)
    eq(q.shown(menu).override_redirect, True)
    eq(q.shown(main).override_redirect, False)


def test_unmap_destroy(q):
    """windows that go are taken away"""
    win = q.window(title="going")
    w = q.shown(win)
    win.unmap()
    q.dpy.flush()
    assert q.daemon.until(lambda: not w.mapped)
    win.map()
    q.dpy.flush()
    q.shown(win)
    win.destroy()
    q.dpy.flush()
    assert q.daemon.until(lambda: win.id not in q.daemon.windows)


def test_id_reuse(q):
    """an id is used again only after the daemon has let go of it"""
    def one_client(title):
        dpy = display.Display(q.display)
        return dpy, q.window(title=title, dpy=dpy)
    dpy, win = one_client("first")
    q.shown(win)
    q.daemon.ack = False
    dpy.close()
    assert q.daemon.until(lambda: win.id not in q.daemon.windows)
    dpy, again = one_client("second")
    eq(again.id, win.id)
    q.settle(0.2)
    assert win.id not in q.daemon.windows, "the id came back before the acknowledgement"
    q.daemon.ack = True
    q.daemon.send(fd.DESTROY, win.id)
    eq(q.shown(again).title, b"second")
    dpy.close()


def test_input_only(q):
    """invisible windows are not shown"""
    win = q.root.create_window(0, 0, 50, 50, 0, 0, X.InputOnly)
    win.map()
    q.dpy.sync()
    q.settle(0.2)
    assert win.id not in q.daemon.windows


def test_alpha(q):
    """windows with an alpha channel have their colours"""
    visual = next((v.visual_id for d in q.dpy.screen().allowed_depths if d.depth == 32 for v in d.visuals), None)
    if visual is None:
        raise Skip("no 32-bit visual")
    colormap = q.root.create_colormap(visual, X.AllocNone)
    win = q.window(depth=32, visual=visual, colormap=colormap, border_pixel=0, color=0x80204060)
    eq(q.shown(win).pixel(100, 50), 0x204060)


def test_keys(q):
    """keys arrive, with the modifiers that the user holds"""
    win = q.window(title="keys")
    q.shown(win)
    q.daemon.focus(win.id)
    q.event(X.FocusIn)
    q.daemon.tap(38)
    e = q.event(X.KeyPress)
    eq((e.detail, e.state), (38, 0))
    eq(q.event(X.KeyRelease).detail, 38)
    # Shift and Control are held in dom0, but their key presses went elsewhere.
    q.daemon.tap(39, 0x5)
    eq(q.event(X.KeyPress, match=lambda e: e.detail == 39).state & 0xff, 0x5)
    # And let go elsewhere.
    q.daemon.tap(40, 0)
    eq(q.event(X.KeyPress, match=lambda e: e.detail == 40).state & 0xff, 0)
    # Caps Lock toggles.
    q.daemon.tap(41, 0x2)
    eq(q.event(X.KeyPress, match=lambda e: e.detail == 41).state & 0xff, 0x2)
    q.daemon.tap(42, 0)
    eq(q.event(X.KeyPress, match=lambda e: e.detail == 42).state & 0xff, 0)
    # An ordinary shifted letter: shift, letter, letter up, shift up.
    for code, state, press in ((50, 0, True), (43, 1, True), (43, 1, False), (50, 1, False)):
        q.daemon.key(code, state, press)
    eq(q.event(X.KeyPress, match=lambda e: e.detail == 43).state, 1)


def test_keymap(q):
    """keys that were let go elsewhere are released"""
    win = q.window(title="keymap")
    q.shown(win)
    q.daemon.focus(win.id)
    q.daemon.key(38)
    q.event(X.KeyPress)
    q.daemon.send(fd.KEYMAP, 0, bytes(32))
    eq(q.event(X.KeyRelease).detail, 38)
    assert not any(q.dpy.query_keymap())


def test_no_repeat(q):
    """the qube's X server does not repeat keys"""
    eq(q.dpy.get_keyboard_control().global_auto_repeat, 0)


def test_pointer(q):
    """the pointer goes to the window that the user sees under it"""
    low = q.window(100, 100, title="low")
    high = q.window(100, 100, title="high")
    q.shown(low), q.shown(high)
    q.drop_events()
    q.daemon.motion(low.id, 15, 25)
    e = q.event(X.MotionNotify)
    eq((e.window.id, e.event_x, e.event_y), (low.id, 15, 25))
    q.daemon.button(low.id, 15, 25, 3)
    e = q.event(X.ButtonPress)
    eq((e.window.id, e.detail, e.event_x), (low.id, 3, 15))
    q.daemon.button(low.id, 16, 26, 3, False)
    e = q.event(X.ButtonRelease)
    eq((e.detail, e.event_x, e.event_y), (3, 16, 26))
    q.daemon.button(high.id, 1, 2, 4)
    eq(q.event(X.ButtonPress).window.id, high.id)
    q.daemon.button(high.id, 1, 2, 4, False)
    for bad in ((0, 0, 0), (0, 0, 300), (-2**31, 2**31 - 1, 1)):
        q.daemon.button(high.id, *bad)
        q.daemon.button(high.id, *bad, press=False)
    q.settle()
    eq(q.agent.poll(), None)


def test_drag(q):
    """while a button is held, a menu that has opened stays above the window of the press"""
    win = q.window(100, 100, title="main")
    q.shown(win)
    q.daemon.crossing(win.id, True, 10, 10)
    q.daemon.button(win.id, 10, 10)
    q.event(X.ButtonPress)  # so that the window was raised before there is a menu
    q.daemon.crossing(win.id, False, 10, 10)
    menu = q.window(105, 105, 100, 60, override_redirect=1)
    q.shown(menu)
    q.drop_events()
    for x in 20, 30:
        q.daemon.send(fd.MOTION, win.id, x, 20, 0x100, 0)
    q.settle()
    order = [w.id for w in q.root.query_tree().children]
    assert order.index(menu.id) > order.index(win.id)
    q.daemon.send(fd.BUTTON, win.id, 5, 30, 20, 0x100, 1)
    q.daemon.motion(win.id, 30, 20)
    assert q.daemon.until(lambda: q.root.query_tree().children[-1].id == win.id)


def test_race(q):
    """when client and dom0 resize at the same time, nothing old is told after the answer"""
    win = q.window(title="race")
    q.shown(win)
    for i in range(50):
        q.daemon.log.clear()
        win.configure(width=300 + i)
        q.dpy.flush()
        q.daemon.configure(win.id, 10, 20, 200, 100 + i)
        assert q.daemon.until(lambda i=i: any(m.i32()[:4] == (10, 20, 200, 100 + i) for m in q.daemon.log
                                              if m.kind == fd.CONFIGURE))
        q.settle(0.01)
        told = [m.i32()[:4] for m in q.daemon.log if m.kind == fd.CONFIGURE]
        eq(told.count((10, 20, 200, 100 + i)), 1)


def test_choice(q):
    """what a client chose while dom0 resized its window is asked for again when dom0 did not look at it"""
    win = q.window(title="choice")
    w = q.shown(win)

    def told():
        return [m.i32()[:4] for m in q.daemon.log if m.kind == fd.CONFIGURE]
    x, y = w.x, w.y
    win.configure(width=499)
    q.dpy.flush()
    assert q.daemon.until(lambda: told()[-1:] == [(x, y, 499, 100)])
    # Moved by dom0 before that arrived, and then told again.
    q.daemon.log.clear()
    for _ in range(2):
        q.daemon.configure(win.id, x + 5, y, 481, 100)
    assert q.daemon.until(lambda: told()[-1:] == [(x + 5, y, 499, 100)]), told()
    eq(told()[0], (x + 5, y, 481, 100))
    # That is refused, which is the end of it.
    for _ in range(3):
        q.daemon.log.clear()
        q.daemon.configure(win.id, x + 5, y, 481, 100)
        assert q.daemon.until(told)
        q.settle()
        eq(told(), [(x + 5, y, 481, 100)])
    eq(win.get_geometry().width, 481)


def test_crossing(q):
    """a window learns that the pointer has left, and come back"""
    win = q.window(title="crossing")
    q.shown(win)
    q.daemon.crossing(win.id, True, 50, 50)
    eq(q.event(X.EnterNotify).window.id, win.id)
    q.daemon.crossing(win.id, False, 50, 50)
    eq(q.event(X.LeaveNotify).window.id, win.id)
    q.daemon.crossing(win.id, True, 60, 60)
    eq(q.event(X.EnterNotify).window.id, win.id)


def test_focus(q):
    """focus in and out, by the window's input model"""
    plain = q.window(title="plain")
    asks = q.window(title="asks", protocols=["WM_TAKE_FOCUS"], map_it=False)
    asks.set_wm_hints(flags=1, input=0)
    asks.map()
    q.shown(plain), q.shown(asks)
    q.drop_events()
    q.daemon.focus(plain.id)
    eq(q.event(X.FocusIn).window.id, plain.id)
    active = q.atom("_NET_ACTIVE_WINDOW")
    assert q.daemon.until(lambda: q.root.get_full_property(active, X.AnyPropertyType).value[0] == plain.id)
    q.daemon.focus(plain.id, False)
    eq(q.event(X.FocusOut).window.id, plain.id)
    q.daemon.focus(asks.id)
    e = q.event(X.ClientMessage)
    eq((e.window.id, e.data[1][0]), (asks.id, q.atom("WM_TAKE_FOCUS")))
    q.no_event(X.FocusIn)


def test_close(q):
    """closing asks the window, or ends its client"""
    polite = q.window(title="polite", protocols=["WM_DELETE_WINDOW"])
    q.shown(polite)
    q.daemon.send(fd.CLOSE, polite.id)
    eq(q.event(X.ClientMessage).data[1][0], q.atom("WM_DELETE_WINDOW"))
    other = display.Display(q.display)
    deaf = q.window(title="deaf", dpy=other)
    q.shown(deaf)
    q.daemon.send(fd.CLOSE, deaf.id)
    assert q.daemon.until(lambda: deaf.id not in q.daemon.windows)
    try:
        other.close()
    except error.ConnectionClosedError:
        pass


def flags(q, win):
    return [m.u32() for m in q.daemon.log if m.kind == fd.FLAGS and m.window == win.id]


def ask_state(q, win, action, name):
    q.root.send_event(protocol.event.ClientMessage(window=win, client_type=q.atom("_NET_WM_STATE"),
                                                   data=(32, [action, q.atom(name), 0, 1, 0])),
                      event_mask=X.SubstructureNotifyMask | X.SubstructureRedirectMask)
    q.dpy.flush()


def test_flags(q):
    """fullscreen and the like are asked for and confirmed"""
    win = q.window(title="flags", map_it=False)
    state, full = q.atom("_NET_WM_STATE"), q.atom("_NET_WM_STATE_FULLSCREEN")
    other = q.atom("_NET_WM_STATE_MODAL")
    win.change_property(state, Xatom.ATOM, 32, [full, other])
    win.map()
    q.shown(win)
    eq(flags(q, win), [(1, 0)])
    q.daemon.send(fd.FLAGS, win.id, 0, 1)
    assert q.daemon.until(lambda: list(win.get_full_property(state, X.AnyPropertyType).value) == [other])
    ask_state(q, win, 2, "_NET_WM_STATE_FULLSCREEN")
    assert q.daemon.until(lambda: flags(q, win)[1:] == [(1, 0)])
    q.daemon.send(fd.FLAGS, win.id, 1, 0)
    assert q.daemon.until(lambda: full in win.get_full_property(state, X.AnyPropertyType).value)
    ask_state(q, win, 2, "_NET_WM_STATE_FULLSCREEN")
    assert q.daemon.until(lambda: flags(q, win)[-1] == (0, 1))
    ask_state(q, win, 1, "_NET_WM_STATE_DEMANDS_ATTENTION")
    assert q.daemon.until(lambda: flags(q, win)[-1] == (2, 0))
    q.root.send_event(protocol.event.ClientMessage(window=win, client_type=q.atom("WM_CHANGE_STATE"),
                                                   data=(32, [3, 0, 0, 0, 0])), event_mask=X.SubstructureNotifyMask)
    q.dpy.flush()
    assert q.daemon.until(lambda: flags(q, win)[-1] == (4, 0))
    q.daemon.send(fd.FLAGS, win.id, 4, 0)

    def wm_state():
        return (win.get_wm_state() or {"state": None})["state"]
    assert q.daemon.until(lambda: wm_state() == 3)
    q.daemon.send(fd.MAP, win.id, 0, 0)
    assert q.daemon.until(lambda: wm_state() == 1)


def answers(q):
    return [m for m in q.daemon.log if m.kind == fd.CLIPBOARD_DATA]


def serve(q, win, data, targets=("UTF8_STRING",), chunk=None):
    """Owns the clipboard and answers requests until the daemon has an answer."""
    q.daemon.log.clear()
    clip = q.atom("CLIPBOARD")
    win.set_selection_owner(clip, X.CurrentTime)
    q.dpy.sync()
    q.settle()  # the agent has heard of it
    q.daemon.log.clear()
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    end = time.monotonic() + 150
    left, prop, requestor = None, None, None
    while not answers(q) and time.monotonic() < end:
        q.daemon.pump(0.01)
        while q.dpy.pending_events():
            e = q.dpy.next_event()
            if e.type == X.SelectionRequest:
                ok = e.target in [q.atom(t) for t in targets]
                prop, requestor = e.property, e.requestor
                if ok and chunk:
                    left = data
                    requestor.change_attributes(event_mask=X.PropertyChangeMask)
                    requestor.change_property(prop, q.atom("INCR"), 32, [len(data)])
                elif ok:
                    requestor.change_property(prop, e.target, 8, data)
                requestor.send_event(protocol.event.SelectionNotify(
                    time=e.time, requestor=requestor, selection=e.selection, target=e.target,
                    property=prop if ok else X.NONE))
            elif e.type == X.PropertyNotify and left is not None and e.window == requestor and e.atom == prop \
                    and e.state == X.PropertyDelete:
                requestor.change_property(prop, q.atom("UTF8_STRING"), 8, left[:chunk])
                left = left[chunk:] if left else None
            q.dpy.flush()
    assert answers(q), "no answer"
    return answers(q)[0]


def test_copy(q):
    """the clipboard goes to the daemon when it asks"""
    win = q.window(title="copy")
    q.shown(win)
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    assert q.daemon.until(lambda: answers(q))
    eq((answers(q)[0].body, answers(q)[0].window), (b"", win.id))
    eq(serve(q, win, "caf\u00e9".encode()).body, "caf\u00e9".encode())
    eq(serve(q, win, b"caf\xe9", ["STRING"]).body, "caf\u00e9".encode())
    eq(serve(q, win, b"x", ["image/png"]).body, b"")
    eq(serve(q, win, b"0123456789" * 1000, chunk=3000).body, b"0123456789" * 1000)
    eq(len(serve(q, win, b"a" * 256000).body), 256000)
    eq(len(serve(q, win, b"a" * 256001).body), 256001)
    eq(len(serve(q, win, b"a" * 262000).body), 256001)
    eq(len(serve(q, win, b"a" * 400000, chunk=60000).body), 256001)
    # An owner that never answers: an empty answer after a while.
    q.daemon.log.clear()
    win.set_selection_owner(q.atom("CLIPBOARD"), X.CurrentTime)
    q.dpy.sync()
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    assert q.daemon.until(lambda: answers(q))
    eq(answers(q)[0].body, b"")


def request(q, win, selection, target):
    prop = q.atom("TEST")
    win.convert_selection(q.atom(selection), q.atom(target), prop, X.CurrentTime)
    q.dpy.flush()
    e = q.event(X.SelectionNotify)
    if e.property == X.NONE:
        return None
    return win.get_full_property(prop, X.AnyPropertyType).value


def test_paste(q):
    """what the daemon gives becomes the clipboard, until another client takes it"""
    win = q.window(title="paste")
    q.shown(win)
    text = "p\u00e4ste".encode() * 40000
    q.daemon.send(fd.CLIPBOARD_DATA, 0, text)
    assert q.daemon.until(lambda: q.dpy.get_selection_owner(q.atom("CLIPBOARD")))
    eq(bytes(request(q, win, "CLIPBOARD", "UTF8_STRING")), text)
    eq(bytes(request(q, win, "PRIMARY", "STRING")), text)
    assert q.atom("UTF8_STRING") in request(q, win, "CLIPBOARD", "TARGETS")
    eq(request(q, win, "CLIPBOARD", "image/png"), None)
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    assert q.daemon.until(lambda: answers(q))
    eq(answers(q)[0].body, text)
    win.set_selection_owner(q.atom("PRIMARY"), X.CurrentTime)
    q.dpy.sync()
    eq(bytes(request(q, win, "CLIPBOARD", "UTF8_STRING")), text)
    eq(serve(q, win, b"other").body, b"other")


def test_cursor(q):
    """the pointer's shape is told"""
    font = q.dpy.open_font("cursor")

    def cursor(glyph):
        return font.create_glyph_cursor(font, glyph, glyph + 1, (0, 0, 0), (65535, 65535, 65535))
    text = q.window(title="text", cursor=cursor(152))
    hand = q.window(title="hand", cursor=cursor(60))
    plain = q.window(title="plain")
    for win, want in ((text, 0x100 + 152), (hand, 0x100 + 60), (plain, 0x100 + 68), (text, 0x100 + 152)):
        w = q.shown(win)
        q.daemon.crossing(win.id, True, 50, 50)
        assert q.daemon.until(lambda w=w, want=want: w.cursor == want), "%s: 0x%x" % (w.title, w.cursor)
        q.daemon.crossing(win.id, False, 50, 50)
    text.change_attributes(cursor=cursor(60))
    q.daemon.crossing(text.id, True, 50, 50)
    q.dpy.flush()
    assert q.daemon.until(lambda: q.shown(text).cursor == 0x100 + 60)


def test_reconnect(q):
    """a new daemon gets every window, with its pixels"""
    wins = [q.window(i * 5, i * 5, title="w%d" % i, color=i * 3) for i in range(100)]
    for win in wins:
        q.shown(win)
    hidden = q.window(title="hidden")
    q.shown(hidden)
    hidden.unmap()
    q.dpy.sync()
    q.settle()
    first = q.daemon
    assert first.unconsumed_max <= 32, "%d descriptors on the way" % first.unconsumed_max
    q.connect()
    for i, win in enumerate(wins):
        eq(q.shown(win).pixel(100, 50), i * 3)
    assert hidden.id not in q.daemon.windows
    assert q.daemon.unconsumed_max <= 32
    # A daemon that is slow to acknowledge gets no more than it can hold.
    q.connect(ack=False)
    def with_image():
        return sum(w.image is not None for w in q.daemon.windows.values())
    assert q.daemon.until(lambda: with_image() == 32)
    q.settle(0.2)
    eq(with_image(), 32)
    for i in list(q.daemon.windows):
        q.daemon.send(fd.ACK, i)
    q.daemon.ack = True
    assert q.daemon.until(lambda: all(w.image for w in q.daemon.windows.values()))


def test_versions(q):
    """older daemons are spoken to as they can; impossible ones do no harm"""
    win = q.window(title="old")
    q.connect(minor=4)
    q.shown(win)
    win.destroy()
    q.dpy.flush()
    assert q.daemon.until(lambda: win.id not in q.daemon.windows)
    for minor in (3, 9, 0x10000):
        try:
            q.connect(minor=minor)
            q.daemon.pump(100)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            continue
        raise AssertionError("1.%d was accepted" % minor)
    q.connect(side=False)
    again = q.window(title="again")
    q.shown(again, image=False)
    q.connect()
    q.shown(again)


def test_flood(q):
    """a client that floods is merged; what it drew last is shown"""
    win = q.window(0, 0, 400, 400, title="flood")
    w = q.shown(win)
    w.damage.clear()
    # Another process, so that it runs beside our reading.
    drawn, result = os.pipe()
    pid = os.fork()
    if pid == 0:
        dpy = display.Display(q.display)
        mine = dpy.create_resource_object("window", win.id)
        gc = mine.create_gc()
        end, n = time.monotonic() + 1, 0
        while time.monotonic() < end:
            for _ in range(50):
                n += 1
                gc.change(foreground=n & 0xffffff)
                mine.fill_rectangle(gc, n % 390, n % 380, 10, 10)
            dpy.flush()
        gc.change(foreground=0xabcdef)
        mine.fill_rectangle(gc, 0, 0, 400, 400)
        dpy.sync()
        os.write(result, b"%d" % n)
        os._exit(0)
    os.close(result)
    began = time.monotonic()
    while time.monotonic() < began + 1.3:
        q.daemon.pump(0.05)
    os.waitpid(pid, 0)
    assert q.daemon.until(lambda: {w.pixel(x, y) for x in (0, 399) for y in (0, 399)} == {0xabcdef})
    with open(drawn, "rb") as pipe:
        n = int(pipe.read())
    # It draws fifty at once, of which a quick machine tells two or three times; how often in a second
    # is the machine's affair.
    assert len(w.damage) < n / 4, "%d updates of %d rectangles" % (len(w.damage), n)


def test_stalled(q):
    """a daemon that does not read costs no memory, and misses nothing in the end"""
    win = q.window(0, 0, 300, 300, title="stalled")
    w = q.shown(win)

    def rss():
        with open("/proc/%d/statm" % q.agent.pid) as f:
            return int(f.read().split()[1]) * 4
    before = rss()
    gc = win.create_gc()
    for i in range(400):
        gc.change(foreground=i)
        for k in range(40):
            win.fill_rectangle(gc, k * 7, i % 290, 5, 5)
        win.set_wm_name("title %d" % i)
        q.dpy.sync()
    last = q.window(title="last")
    gc.change(foreground=0xfedcba)
    win.fill_rectangle(gc, 0, 0, 300, 300)
    q.dpy.sync()
    assert rss() - before < 8000, "%d KiB more" % (rss() - before)
    q.shown(last)
    assert q.daemon.until(lambda: w.pixel(0, 0) == w.pixel(299, 299) == 0xfedcba and w.title == b"title 399")


def test_side_channel(q):
    """other users of the qube get no pixels"""
    if os.geteuid() != 0:
        raise Skip("needs root")
    path = os.path.join(q.dir, "vchan.%d.0.6000.fds.sock" % DOMID)
    os.chmod(q.dir, 0o755)
    thief, result = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            q.daemon.close()  # the daemon's end is not this process's to keep open
            os.setgid(65534)
            os.setuid(65534)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.connect(path)
            os.write(result, b"c")
            s.settimeout(60)
            try:
                _, fds, _, _ = socket.recv_fds(s, 64, 4)
            except OSError:
                fds = []
            os.write(result, b"stolen" if fds else b"nothing")
        finally:
            os._exit(0)
    os.close(result)
    eq(os.read(thief, 1), b"c")
    q.connect()
    q.shown(q.window(title="secret"))
    q.connect()
    eq(os.read(thief, 16), b"nothing")
    os.waitpid(pid, 0)


def test_large(q):
    """a window larger than the protocol's limit is cut, not refused"""
    win = q.window(0, 0, 17000, 50, title="large")
    w = q.shown(win)
    eq(w.image_size, (16384, 50))
    eq(w.pixel(16383, 49), 0x336699)


def test_reparent(q):
    """windows that become children of others, and come back"""
    holder = q.window(title="holder")
    win = q.window(title="moved")
    q.shown(win)
    win.reparent(holder, 0, 0)
    q.dpy.flush()
    assert q.daemon.until(lambda: win.id not in q.daemon.windows)
    win.reparent(q.root, 5, 6)
    win.map()
    q.dpy.flush()
    w = q.shown(win)
    eq((w.x, w.y), (5, 6))


def test_many(q):
    """windows that come and go quickly leave nothing behind"""
    q.shown(q.window(title="first")).damage.clear()
    before = len(os.listdir("/proc/%d/fd" % q.agent.pid))
    for _ in range(5):
        wins = [q.window(title="w") for _ in range(40)]
        q.daemon.pump(0.01)
        for win in wins:
            win.destroy()
        q.dpy.sync()
    assert q.daemon.until(lambda: len(q.daemon.windows) == 1)
    q.settle()
    after = os.listdir("/proc/%d/fd" % q.agent.pid)
    assert len(after) == before, [os.readlink("/proc/%d/fd/%s" % (q.agent.pid, i)) for i in after]


def dock(q, color=0x336699):
    """A client's icon that asks to be docked: its window, and the tray's."""
    tray = q.dpy.get_selection_owner(q.atom("_NET_SYSTEM_TRAY_S0"))
    icon = q.window(w=16, h=16, color=color, map_it=False)
    tray.send_event(protocol.event.ClientMessage(window=tray, client_type=q.atom("_NET_SYSTEM_TRAY_OPCODE"),
                                                 data=(32, [0, 0, icon.id, 0, 0])))
    q.dpy.flush()
    return icon, tray


def docked(q, n):
    """Waits for n docked windows that are shown; returns them by their ids."""
    def them():
        return {k: w for k, w in q.daemon.windows.items() if w.docked and w.mapped and w.image}
    assert q.daemon.until(lambda: len(them()) == n), q.daemon.log[-5:]
    return them()


def test_tray(q):
    """icons dock, follow the size of dom0's tray, and go"""
    icon, tray = dock(q)
    eq(list(tray.get_full_property(q.atom("_NET_SYSTEM_TRAY_VISUAL"), Xatom.VISUALID).value), [q.dpy.screen().root_visual])
    (box, w), = docked(q, 1).items()
    assert icon.id not in q.daemon.windows
    eq((w.w, w.h), (24, 24))
    e = q.event(X.ClientMessage)
    eq((e.client_type, list(e.data[1])[1:4]), (q.atom("_XEMBED"), [0, 0, box]))
    assert q.daemon.until(lambda: w.image and w.pixel(12, 12) == 0x336699)
    # dom0's tray has another size and a place.
    q.daemon.configure(box, 500, 700, 22, 20)
    assert q.daemon.until(lambda: (w.x, w.y, w.w, w.h) == (500, 700, 22, 20))
    q.event(X.ConfigureNotify, match=lambda e: (e.width, e.height) == (22, 20))
    q.drop_events()
    q.daemon.button(box, 5, 6)
    e = q.event(X.ButtonPress)
    eq((e.window.id, e.event_x, e.event_y, e.root_x, e.root_y), (icon.id, 5, 6, 505, 706))
    q.daemon.button(box, 5, 6, press=False)
    # A second one, which leaves for the desktop; the first ends.
    other, _ = dock(q, 0x112233)
    docked(q, 2)
    other.reparent(q.root, 5, 5)
    other.map()
    q.dpy.flush()
    assert q.daemon.until(lambda: other.id in q.daemon.windows)
    docked(q, 1)
    icon.destroy()
    q.dpy.flush()
    docked(q, 0)


def test_tray_nonsense(q):
    """what is no icon, and too many"""
    dock(q)
    (box, _), = docked(q, 1).items()
    tray = q.dpy.get_selection_owner(q.atom("_NET_SYSTEM_TRAY_S0"))
    for what in (0, 0x12345, q.root.id, tray.id, box):
        tray.send_event(protocol.event.ClientMessage(window=tray, client_type=q.atom("_NET_SYSTEM_TRAY_OPCODE"),
                                                     data=(32, [0, 0, what, 0, 0])))
    q.dpy.sync()
    docked(q, 1)
    for _ in range(80):
        dock(q)
    q.dpy.sync()
    assert q.daemon.until(lambda: sum(w.docked for w in q.daemon.windows.values()) >= 60)
    q.settle()
    assert sum(w.docked for w in q.daemon.windows.values()) <= 64
    q.shown(q.window(title="still there"))


def test_x_server_dies(q):
    """without its X server the agent ends"""
    q.x.kill()
    eq(q.agent.wait(150), 1)


def test_second_agent(q):
    """a second agent on the same display gives up and says why"""
    r = subprocess.run([q.agent_path], env=dict(q.env, VCHAN_DOMAIN="6"), stderr=subprocess.PIPE, timeout=100)
    eq(r.returncode, 1)
    assert b"composes" in r.stderr, r.stderr


def test_options(q):
    """help, wrong options, no display"""
    def run(*args, **env):
        return subprocess.run([q.agent_path, *args], env=dict(q.env, **env), capture_output=True, timeout=100)
    eq(run("--help").returncode, 0)
    assert b"Usage" in run("--help").stdout
    eq(run("--version").returncode, 0)
    for bad in (["-d", "x"], ["-d", "-1"], ["-d", "99999"], ["extra"], ["--what"]):
        eq(run(*bad).returncode, 2)
    r = run("-D", ":9999", VCHAN_DOMAIN="7")
    eq((r.returncode, r.stderr), (1, b"qubes-gui-agent: cannot connect to the X server :9999\n"))
    eq(run(VCHAN_SOCKET_DIR="/nonexistent").returncode, 1)


def main():
    agent, only = sys.argv[1], sys.argv[2:]
    server = "Xorg" if os.path.exists("/usr/lib/xorg/modules/drivers/dummy_drv.so") else "Xvfb"
    if os.environ.get("QUBE_X"):
        server = os.environ["QUBE_X"]
    print("# X server of the qube: " + server)
    tests = [(n[5:], f) for n, f in globals().items() if n.startswith("test_") and (not only or n[5:] in only)]
    failed = 0
    for i, (name, f) in enumerate(tests, 1):
        q = note = None
        try:
            q = Qube(agent, server)
            q.connect()
            f(q)
        except Skip as e:
            note = " # SKIP " + str(e)
        except Exception:  # pylint: disable=broad-except
            note = traceback.format_exc()
        finally:
            status, text = q.stop() if q else ("", "")
        signalled = q and (status not in (0, 1) or "ERROR: " in text or "runtime error" in text)
        if (note and not note.startswith(" #")) or signalled:
            failed += 1
            print("not ok %d - %s: %s" % (i, name, f.__doc__))
            for line in ((note or "") + "\nagent (status %s):\n%s" % (status, text)).split("\n"):
                print("# " + line)
        else:
            print("ok %d - %s: %s%s" % (i, name, f.__doc__, note or ""))
        sys.stdout.flush()
    print("1..%d" % len(tests))
    return failed != 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(1))
    sys.exit(main())
