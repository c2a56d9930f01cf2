#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A qube's windows as the user sees them: qubes-gui-agent and qubes-guid between two real X
servers, a window manager on dom0's. Prints TAP. test_pixels.py BINDIR [NAME...]"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from Xlib import X, display, error, protocol

from qube import DOMID, Qube, Skip, asleep, eq, free_display

COLOR = 0x3465a4


class Screen:
    """dom0: an X server with openbox, and the daemon of one qube."""

    def __init__(self, bindir, qube):
        self.bindir, self.qube = bindir, qube
        self.root_dir = tempfile.mkdtemp(prefix="gui-pixels.")
        for d in "run/qubes", "var/log/qubes", "etc/qubes":
            os.makedirs(os.path.join(self.root_dir, d))
        self.guid = self.wm = self.x = self.log = None
        try:
            self.begin()
        except BaseException:
            self.stop()
            raise

    def begin(self):
        for _ in range(5):  # somebody else may take the display meanwhile
            self.name = free_display()
            if self.start_x():
                break
        else:
            raise RuntimeError("Xvfb does not start")
        self.env = dict(os.environ, DISPLAY=self.name, QUBES_ROOT=self.root_dir, VCHAN_SOCKET_DIR=self.qube.dir,
                        VCHAN_DOMAIN="0", HOME=self.root_dir)
        self.wm = subprocess.Popen(["openbox", "--sm-disable"], env=self.env, stderr=subprocess.DEVNULL)
        self.dpy = display.Display(self.name)
        self.root = self.dpy.screen().root
        check = self.dpy.intern_atom("_NET_SUPPORTING_WM_CHECK")
        assert eventually(lambda: self.root.get_full_property(check, X.AnyPropertyType)), "no window manager"
        # Its last step.
        area = self.dpy.intern_atom("_NET_WORKAREA")
        assert eventually(lambda: self.root.get_full_property(area, X.AnyPropertyType)), "no work area"
        # It says so before it looks at requests, and may forget those until then.
        assert eventually(self.manages), "the window manager does not manage windows"
        self.start_guid()

    def start_x(self):
        r, w = os.pipe()
        self.x = subprocess.Popen(["Xvfb", self.name, "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset", "-r",
                                   "-displayfd", str(w)], pass_fds=[w], stderr=subprocess.DEVNULL)
        os.close(w)
        with open(r, "rb") as pipe:
            return pipe.readline()

    def manages(self):
        w = self.root.create_window(500, 300, 50, 40, 0, X.CopyFromParent)
        w.map()
        self.dpy.sync()
        managed = eventually(lambda: w.query_tree().parent != self.root, 3)
        w.destroy()
        self.dpy.sync()
        return managed

    def start_guid(self):
        self.log = open(os.path.join(self.root_dir, "guid.log"), "a+")
        self.guid = subprocess.Popen([self.bindir + "/qubes-guid", "-d", str(DOMID), "-N", "work", "-c", hex(COLOR),
                                      "-l", "6", "-f", "-v"], env=self.env, stdin=subprocess.DEVNULL,
                                     stdout=self.log, stderr=self.log, start_new_session=True)

    def stop(self):
        started = [p for p in (self.guid, self.wm, self.x) if p]
        for p in started:
            if p.poll() is None:
                p.terminate()
        for p in started:
            try:
                p.wait(100)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        text = ""
        if self.log:
            self.log.seek(0)
            text = self.log.read()
            self.log.close()
        shutil.rmtree(self.root_dir)
        return text

    def all(self, win=None, depth=0):
        win = win or self.root
        yield win
        if depth < 6:
            try:
                for child in win.query_tree().children:
                    yield from self.all(child, depth + 1)
            except error.XError:
                pass

    def of(self, win, seconds=150):
        """dom0's window for a window of the qube, once it is viewable; None if there is none."""
        atom = self.dpy.intern_atom("_QUBES_VMWINDOWID")
        end = time.monotonic() + seconds
        while True:
            for w in self.all():
                try:
                    p = w.get_full_property(atom, X.AnyPropertyType)
                    if p and p.value[0] == win.id and w.get_attributes().map_state == X.IsViewable:
                        return w
                except error.XError:
                    pass
            if time.monotonic() > end:
                return None
            time.sleep(0.02)

    def pids(self):
        """All that has a part in showing the qube's windows."""
        pids = [self.x.pid, self.wm.pid, self.guid.pid, self.qube.x.pid, self.qube.agent.pid]
        with open("/proc/%d/task/%d/children" % (self.guid.pid, self.guid.pid)) as f:
            return pids + [int(p) for p in f.read().split()]

    def settle(self):
        """Until nobody has had anything to do for a while."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            before = asleep(self.pids())
            time.sleep(0.15)
            if before and before == asleep(self.pids()):
                return

    def settled(self, win, seconds=150):
        """The same, once the window manager has put it where it stays."""
        local = self.of(win, seconds)
        self.settle()
        return local

    def named(self, title):
        """Windows of dom0 with that title."""
        found = []
        for w in self.all():
            try:
                if w.get_wm_name() == title:
                    found.append(w)
            except error.XError:
                pass  # gone meanwhile
        return found

    def top(self, win):
        """What the window manager manages of dom0's window for a window of the qube."""
        return self.of(win).query_tree().parent

    def activate(self, win):
        """Gives a window of the qube the keyboard, and waits until it has it."""
        active, top = self.dpy.intern_atom("_NET_ACTIVE_WINDOW"), self.top(win)
        self.root.send_event(protocol.event.ClientMessage(window=top, client_type=active, data=(32, [2, 0, 0, 0, 0])),
                             event_mask=X.SubstructureNotifyMask | X.SubstructureRedirectMask)
        self.dpy.flush()

        def has_it():
            p = self.root.get_full_property(active, X.AnyPropertyType)
            return p and p.value[0] == top.id
        assert eventually(has_it), "the window manager does not activate the window"
        self.settle()

    def place(self, win):
        g = win.get_geometry()
        t = self.root.translate_coords(win, 0, 0)
        return t.x, t.y, g.width, g.height

    def pixels(self, x, y, w, h):
        return pixels(self.root, x, y, w, h)

    def xdotool(self, *args):
        subprocess.run(["xdotool", *map(str, args)], env=self.env, check=True, timeout=200, stderr=subprocess.DEVNULL)


def pixels(drawable, x, y, w, h):
    """Rows of pixels without the unused byte."""
    data = drawable.get_image(x, y, w, h, X.ZPixmap, 0xffffffff).data
    out = bytearray(data)
    out[3::4] = bytes(len(out) // 4)
    return bytes(out)


def eventually(condition, seconds=150):
    """The condition may look at windows that go meanwhile, or are still partly off the screen."""
    end = time.monotonic() + seconds
    while True:
        try:
            result = condition()
        except error.XError:
            result = None
        if result or time.monotonic() > end:
            return result
        time.sleep(0.03)


def same(s, q, win):
    """Is the whole content of dom0's window what the qube's window holds?"""
    local = s.of(win, 0)
    if not local:
        return False
    x, y, w, h = s.place(local)
    g = win.get_geometry()
    if (w, h) != (g.width, g.height):
        return False
    return s.pixels(x, y, w, h) == pixels(win, 0, 0, w, h)


def solid(data):
    return len({data[i:i + 4] for i in range(0, len(data), 4)}) == 1 and int.from_bytes(data[:3], "little")


def frame_width(s, local, outside):
    """Thickness of the label's frame around (outside) or inside the window; all sides alike."""
    x, y, w, h = s.place(local)
    n = 0
    while n < 10:
        i = -(n + 1) if outside else n
        sides = [(x + i, y + i, w - 2 * i, 1), (x + i, y + h - 1 - i, w - 2 * i, 1),
                 (x + i, y + i, 1, h - 2 * i), (x + w - 1 - i, y + i, 1, h - 2 * i)]
        if {solid(s.pixels(*side)) for side in sides} != {COLOR}:
            return n
        n += 1
    return n


def pattern(q, win):
    """Something in which every shift and swap shows."""
    g = win.get_geometry()
    gc = win.create_gc()
    for i in range(40):
        gc.change(foreground=(i * 0x061733 + 0x102030) & 0xffffff)
        win.fill_rectangle(gc, i * g.width // 40, (i * 37) % g.height, g.width // 20 + 1, g.height // 5 + 1)
        win.line(gc, 0, i * 9, g.width, g.height - i * 7)
    q.dpy.sync()


def shown(s, q, **kw):
    win = q.window(x=kw.pop("x", 150), y=kw.pop("y", 160), w=kw.pop("w", 300), h=kw.pop("h", 200), **kw)
    assert s.settled(win), "the window does not appear in dom0"
    return win


def test_frame(s, q):
    """a window is framed in the label's colour on four sides, its content inside"""
    win = shown(s, q, title="framed")
    pattern(q, win)
    assert eventually(lambda: same(s, q, win)), "content differs"
    local = s.of(win)
    assert eventually(lambda: frame_width(s, local, True) >= 2), "frame of %d pixels" % frame_width(s, local, True)
    eq(frame_width(s, local, False), 0)


def test_menu(s, q):
    """a menu is framed inside its own edge"""
    win = q.window(200, 200, 120, 80, color=0x00ff00, override_redirect=1)
    local = s.of(win)
    assert local
    assert eventually(lambda: frame_width(s, local, False) == 2)
    eq(s.place(local), (200, 200, 120, 80))
    assert eventually(lambda: solid(s.pixels(202, 202, 116, 76)) == 0x00ff00)


def test_updates(s, q):
    """what is drawn in the qube is seen in dom0"""
    win = shown(s, q, title="updates")
    gc = win.create_gc()
    for i in range(60):
        gc.change(foreground=i * 0x040302)
        win.fill_rectangle(gc, i * 4, i * 2, 30, 20)
        q.dpy.flush()
        time.sleep(0.005)
    q.dpy.sync()
    assert eventually(lambda: same(s, q, win))


def test_keyboard(s, q):
    """what is typed in dom0 reaches the program in the qube"""
    out = os.path.join(q.dir, "typed")
    t = subprocess.Popen(["xterm", "-T", "typing", "-e", "head -n 1 > " + out], env=q.env, stderr=subprocess.DEVNULL)
    try:
        def of_xterm():
            return next((w for w in q.root.query_tree().children if w.get_wm_name() == "typing"), None)
        win = eventually(of_xterm)
        assert win, "xterm has no window"
        assert s.settled(win), "the window does not appear in dom0"
        s.activate(win)
        text = "Hello, World! {}[]~|\\ 1234 aAzZ"
        s.xdotool("type", "--delay", "15", text)
        s.xdotool("key", "Return")
        assert eventually(lambda: os.path.exists(out) and os.path.getsize(out)), "nothing was typed"
        with open(out) as f:
            eq(f.read(), text + "\n")
    finally:
        t.kill()
        t.wait()


def menus(s):
    """Viewable windows of the qube that no window manager manages."""
    atom, found = s.dpy.intern_atom("_QUBES_VMWINDOWID"), []
    for w in s.root.query_tree().children:
        try:
            a = w.get_attributes()
            if a.override_redirect and a.map_state == X.IsViewable and w.get_full_property(atom, X.AnyPropertyType):
                found.append(w)
        except error.XError:
            pass
    return found


def test_popup(s, q):
    """a program's popup menu opens, is framed, and takes the click"""
    t = subprocess.Popen(["xterm", "-T", "popup", "-geometry", "80x30+100+100"], env=q.env, stderr=subprocess.DEVNULL)
    try:
        def local():
            return (s.named("[work] popup") or [None])[0]
        assert eventually(local)
        s.settle()
        x, y, w, _ = s.place(local())
        s.xdotool("mousemove", x + 300, y + 40, "keydown", "ctrl", "mousedown", 2)
        menu = eventually(lambda: menus(s))
        assert menu, "no menu"
        picture = os.environ.get("PICTURES")
        if picture:
            subprocess.run(["import", "-window", "root", picture + "/menu-open.png"], env=s.env, check=False)
        assert eventually(lambda: frame_width(s, menu[0], False) == 2)
        mx, my, mw, _ = s.place(menu[0])
        s.settle()
        row = mx + 10, my + 48, mw - 20, 12
        plain = s.pixels(*row)

        def chosen():
            # A menu that has just come may not look at the pointer yet.
            s.xdotool("mousemove", mx + mw // 2, my + 53, "mousemove", mx + mw // 2, my + 55)
            return eventually(lambda: s.pixels(*row) != plain, 1)
        # The first entry is the scroll bar's: the window gets 14 pixels or so wider.
        assert eventually(chosen), "the entry under the pointer does not show it"
        s.xdotool("mouseup", 2, "keyup", "ctrl")
        assert eventually(lambda: not menus(s)), "the menu stays"
        assert eventually(lambda: local() and s.place(local())[2] > w), "the menu's entry was not chosen"
    finally:
        t.kill()
        t.wait()


def test_pointer(s, q):
    """clicks in dom0 arrive at the same place of the window"""
    win = shown(s, q, title="pointer")
    x, y, _, _ = s.place(s.of(win))
    s.xdotool("mousemove", x + 33, y + 44, "click", 1)
    e = q.event(X.ButtonPress)
    eq((e.window.id, e.event_x, e.event_y, e.detail), (win.id, 33, 44, 1))
    s.xdotool("mousemove", x + 299, y + 199)
    e = q.event(X.MotionNotify, match=lambda e: e.event_x == 299)
    eq(e.event_y, 199)
    s.xdotool("click", 5)
    eq(q.event(X.ButtonPress, match=lambda e: e.detail == 5).window.id, win.id)
    s.xdotool("mousemove", 1399, 899)
    q.event(X.LeaveNotify)


def test_window_manager(s, q):
    """a window moved and resized by dom0's window manager follows in the qube"""
    win = shown(s, q, title="managed")
    local = s.of(win)
    top = s.top(win).id
    s.xdotool("windowmove", top, 400, 300, "windowsize", top, 500, 350)
    assert eventually(lambda: s.place(local)[2:] != (300, 200))
    s.settle()
    pattern(q, win)
    assert eventually(lambda: same(s, q, win)), "content differs after the resize"

    def where():
        t = q.root.translate_coords(win, 0, 0)
        return t.x, t.y
    assert eventually(lambda: where() == s.place(local)[:2]), (where(), s.place(local))
    assert eventually(lambda: frame_width(s, local, True) >= 2)
    s.settle()
    win.configure(width=260, height=240)
    q.dpy.sync()
    assert eventually(lambda: s.place(local)[2:] == (260, 240))
    pattern(q, win)
    assert eventually(lambda: same(s, q, win))


def test_close(s, q):
    """closing in dom0 asks the program"""
    win = shown(s, q, title="closing", protocols=["WM_DELETE_WINDOW"])
    local = s.of(win)
    top = s.top(win)
    assert local.id != top.id
    close = s.dpy.intern_atom("_NET_CLOSE_WINDOW")
    s.root.send_event(protocol.event.ClientMessage(window=top, client_type=close, data=(32, [0, 2, 0, 0, 0])),
                      event_mask=X.SubstructureNotifyMask | X.SubstructureRedirectMask)
    s.dpy.flush()
    e = q.event(X.ClientMessage)
    eq((e.window.id, e.data[1][0]), (win.id, q.atom("WM_DELETE_WINDOW")))
    assert s.of(win, 0), "the window is closed before the program did it"


def test_guid_killed(s, q):
    """after kill -9 of the daemon the next one shows every window again"""
    wins = [shown(s, q, x=100 + 60 * i, y=100 + 60 * i, title="w%d" % i) for i in range(4)]
    os.killpg(s.guid.pid, 9)
    s.guid.wait()
    assert eventually(lambda: not s.of(wins[0], 0))
    s.log.close()
    s.start_guid()
    for win in wins:
        assert s.of(win), "a window is missing"
    s.settle()
    pattern(q, wins[3])
    s.xdotool("windowraise", s.top(wins[3]).id)
    assert eventually(lambda: same(s, q, wins[3]))


def test_agent_killed(s, q):
    """after kill -9 of the agent the next one shows every window again"""
    win = shown(s, q, title="survivor")
    q.agent.kill()
    q.agent.wait()
    assert eventually(lambda: not s.of(win, 0)), "a window without an agent stays"
    os.unlink(q.ready)
    q.start_agent()
    assert s.of(win), "the window does not come back"
    pattern(q, win)
    assert eventually(lambda: same(s, q, win))


def test_restack(s, q):
    """overlapping windows: each shows its own content, the upper one its frame"""
    low = shown(s, q, title="low", color=0x111111)
    high = shown(s, q, x=200, y=220, title="high", color=0xeeeeee)
    pattern(q, high)
    s.xdotool("windowraise", s.top(high).id)
    assert eventually(lambda: same(s, q, high))
    assert eventually(lambda: frame_width(s, s.of(high), True) >= 2)
    s.xdotool("windowraise", s.top(low).id)
    assert eventually(lambda: same(s, q, low))


def test_large_frames(s, q):
    """full-screen frames drawn as fast as can be end up right"""
    win = shown(s, q, x=20, y=40, w=1300, h=800, title="large")
    gc = win.create_gc()
    for i in range(100):
        gc.change(foreground=i * 0x020406)
        win.fill_rectangle(gc, 0, 0, 1300, 800)
    pattern(q, win)
    assert eventually(lambda: same(s, q, win))


def memory_of_windows(pid, what):
    """Inodes of the window memory that a process has open or mapped."""
    found = set()
    if what == "maps":
        with open("/proc/%d/maps" % pid) as f:
            return {line.split()[4] for line in f if "memfd:qubes-window" in line}
    for fd in os.listdir("/proc/%d/fd" % pid):
        path = "/proc/%d/fd/%s" % (pid, fd)
        try:
            if "memfd:qubes-window" in os.readlink(path):
                found.add(str(os.stat(path).st_ino))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


def test_shared_windows(s, q):
    """what the qube's X server draws a window into is what dom0's X server reads, at every size"""
    if not q.shares:
        raise Skip("the X server's module is not built")
    win = shown(s, q, title="shared")
    for size in (400, 300), (500, 350), (320, 200):
        win.configure(width=size[0], height=size[1])
        q.dpy.sync()
        assert eventually(lambda: s.place(s.of(win))[2:] == size)
        pattern(q, win)
        assert eventually(lambda: same(s, q, win))
        assert eventually(lambda: len(memory_of_windows(q.x.pid, "maps")) == 1)
        drawn = memory_of_windows(q.x.pid, "maps")
        assert eventually(lambda: memory_of_windows(q.agent.pid, "fd") == drawn), "the agent has a copy"
        assert eventually(lambda: memory_of_windows(s.x.pid, "maps") == drawn), "dom0 has another"
    win.destroy()
    q.dpy.sync()
    for pid, what in (q.x.pid, "maps"), (q.x.pid, "fd"), (q.agent.pid, "fd"), (s.x.pid, "maps"):
        assert eventually(lambda: not memory_of_windows(pid, what)), "memory is left behind"


def test_copied_windows(s, q):
    """an X server without the module has its windows copied"""
    win = shown(s, q, x=20, y=40, w=1300, h=800, title="copied")
    pattern(q, win)
    assert eventually(lambda: same(s, q, win))
    win.configure(width=600, height=500)
    q.dpy.sync()
    assert eventually(lambda: s.place(s.of(win))[2:] == (600, 500))
    pattern(q, win)
    assert eventually(lambda: same(s, q, win))


test_copied_windows.server = "Xorg-plain"


def test_told_by_x(s, q):
    """what is drawn into a shared window is shown without the agent"""
    if not q.shares:
        raise Skip("the X server's module is not built")
    win = shown(s, q, title="told")
    pattern(q, win)
    assert eventually(lambda: same(s, q, win))
    gc = win.create_gc()
    q.agent.send_signal(signal.SIGSTOP)
    try:
        for i in range(5):
            gc.change(foreground=0x123456 + i * 0x202020)
            win.fill_rectangle(gc, 20 + 30 * i, 30, 25, 40)
            q.dpy.sync()
            assert eventually(lambda: same(s, q, win)), "nobody tells what was drawn"
    finally:
        q.agent.send_signal(signal.SIGCONT)
    # A smaller one is not shared: the agent goes on; and the other way round.
    for size in (60, 50), (400, 300):
        win.configure(width=size[0], height=size[1])
        q.dpy.sync()
        assert eventually(lambda: s.place(s.of(win))[2:] == size)
        for i in range(5):
            gc.change(foreground=0x654321 + i * 0x101010)
            win.fill_rectangle(gc, 5 + 8 * i, 10, 10, 20)
            q.dpy.sync()
            assert eventually(lambda: same(s, q, win))


def test_told_flood(s, q):
    """a window that floods does not keep others waiting, and ends up right"""
    wins = [shown(s, q, x=20 + 60 * i, y=60 + 60 * i, title="w%d" % i) for i in range(3)]
    gc = wins[0].create_gc()
    for i in range(3000):
        gc.change(foreground=i * 0x010203 & 0xffffff)
        wins[i % 2].fill_rectangle(gc, i % 90, i % 70, 40, 30)
        q.dpy.flush()
    pattern(q, wins[2])
    assert eventually(lambda: same(s, q, wins[2]))
    for w in wins[:2]:
        s.xdotool("windowraise", s.top(w).id)
        assert eventually(lambda: same(s, q, w))


def test_small_updates(s, q):
    """small things drawn over each other, in any rhythm, end up right"""
    win = shown(s, q, title="small")
    gc = win.create_gc()
    for i in range(300):
        for k in range(1 + i % 4):
            gc.change(foreground=(i * 4 + k) * 0x010307)
            win.fill_rectangle(gc, 10 + i * 7 % 90, 10 + i * 5 % 70, 40, 30)
        q.dpy.sync()
        time.sleep((0, 0.0005, 0.003)[i % 3])
    assert eventually(lambda: same(s, q, win))


def main():
    bindir, only = os.path.abspath(sys.argv[1]), sys.argv[2:]
    server = os.environ.get("QUBE_X") or (
        "Xorg" if os.path.exists("/usr/lib/xorg/modules/drivers/dummy_drv.so") else "Xvfb")
    print("# X server of the qube: " + server)
    tests = [(n[5:], f) for n, f in globals().items() if n.startswith("test_") and (not only or n[5:] in only)]
    failed = 0
    for i, (name, f) in enumerate(tests, 1):
        q = s = note = None
        skip, logs = "", []
        try:
            wanted = getattr(f, "server", server)
            q = Qube(bindir + "/qubes-gui-agent", server if server == "Xvfb" else wanted)
            s = Screen(bindir, q)
            q.daemon = NoDaemon()
            f(s, q)
        except Skip as e:
            skip = " # SKIP " + str(e)
        except Exception:  # pylint: disable=broad-except
            note = traceback.format_exc()
            picture = os.environ.get("PICTURES")
            if s and picture:
                subprocess.run(["import", "-window", "root", "%s/%s.png" % (picture, name)], env=s.env, check=False)
        finally:
            if q:
                logs.append("agent (status %s): %s" % q.stop())
            if s:
                logs.append("daemon: " + s.stop())
        if any("ERROR: AddressSanitizer" in t or "runtime error" in t for t in logs):
            note = note or "sanitizer"
        if note:
            failed += 1
            print("not ok %d - %s: %s" % (i, name, f.__doc__))
            for line in "\n".join([note] + logs).split("\n"):
                print("# " + line)
        else:
            print("ok %d - %s: %s%s" % (i, name, f.__doc__, skip))
        sys.stdout.flush()
    print("1..%d" % len(tests))
    return failed != 0


class NoDaemon:
    """In the place of the fake daemon: there is a real one."""

    @staticmethod
    def pump(seconds=0):
        time.sleep(seconds)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
