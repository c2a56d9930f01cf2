#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qubes-xembed-sni between docked icons, of qubes-guid with a fake agent and of plain X clients, and a panel
that knows only StatusNotifierItem. Runs inside a session bus. Prints TAP. xembed_sni.py BIN TESTS [PATTERN...]"""
import colorsys
import contextlib
import os
import re
import signal
import struct
import subprocess
import sys
import time

BIN, TESTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
os.environ["GUID_BIN"] = BIN + "/qubes-guid"

# pylint: disable=wrong-import-position
from Xlib import X, Xatom
from Xlib.ext import xtest

from common import Scene, equal
from desktop import Desktop
from fakeagent import BUTTON, CONFIGURE, DESTROY
from gui import run
from t_tray import Tray, dock

SIDE = 22
ITEM = "org.kde.StatusNotifierItem"


def tinted(color, label=0x3465a4):
    """What qubes-guid makes of it: the label's hue and saturation."""
    def parts(c):
        return colorsys.rgb_to_hls((c >> 16) / 255, (c >> 8 & 255) / 255, (c & 255) / 255)
    hue, _, saturation = parts(label)
    return [round(255 * v) for v in colorsys.hls_to_rgb(hue, parts(color)[1], saturation)]


class Panel:
    """The watcher and host of items."""

    def __init__(self, host=True):
        self.p = subprocess.Popen([TESTS + "/sni-watcher"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        os.set_blocking(self.p.stdout.fileno(), False)
        self.text, self.items, self.signals = "", [], []
        assert Desktop.wait(lambda: self.look() or self.text)
        if host:
            self.host()

    def host(self, there=True):
        self.p.stdin.write(b"host\n" if there else b"no host\n")

    def look(self):
        data = (self.p.stdout.read() or b"").decode()
        self.text += data
        for line in data.splitlines():
            what, _, name = line.partition(" ")
            if what == "item":
                self.items.append(name)
            elif what == "gone":
                self.items.remove(name)
            elif name:
                self.signals.append((what, name))

    def have(self, n):
        def same():
            self.look()
            return len(self.items) == n
        assert Desktop.wait(same, 150), (n, self.items)
        return list(self.items)

    @staticmethod
    def call(name, method, *args):
        return subprocess.run(["gdbus", "call", "--session", "--dest", name, "--object-path", "/StatusNotifierItem",
                               "--method", method, *map(str, args)], check=True, capture_output=True, text=True,
                              timeout=100).stdout

    def get(self, name, key):
        return self.call(name, "org.freedesktop.DBus.Properties.Get", ITEM, key)

    def text_of(self, name, key):
        return re.fullmatch(r"\(<'(.*)'>,\)\n", self.get(name, key)).group(1)

    def pixels(self, name):
        """Width, and pixels as [A, R, G, B]."""
        m = re.fullmatch(r"\(<\[\((\d+), (\d+), \[byte (.*)\]\)\]>,\)\n", self.get(name, "IconPixmap"))
        assert m, self.get(name, "IconPixmap")[:200]
        values = [int(v, 16) for v in m.group(3).split(", ")]
        assert len(values) == int(m.group(1)) * int(m.group(2)) * 4
        return int(m.group(1)), [values[i:i + 4] for i in range(0, len(values), 4)]

    def color(self, name, x, y, wanted):
        """Waits until that pixel is [A, R, G, B], as nearly as can be computed."""
        def same():
            side, pixels = self.pixels(name)
            seen[:] = pixels[y * side + x]
            return all(abs(a - b) <= 2 for a, b in zip(seen, wanted))
        seen = []
        assert Desktop.wait(same), (seen, wanted)

    def click(self, name, method, x, y):
        self.call(name, ITEM + "." + method, x, y)

    def end(self):
        self.p.kill()
        self.p.wait()


class Stage:
    """A desktop with the program that is tested, and a panel."""

    def __init__(self, host=True):
        self.d = Desktop()
        self.panels, self.bridges, self.scene = [], [], None
        self.panel = self.new_panel(host)
        self.bridge = self.new_bridge()

    def new_panel(self, host=True):
        self.panels.append(Panel(host))
        return self.panels[-1]

    def new_bridge(self):
        p = subprocess.Popen([BIN + "/qubes-xembed-sni"], stderr=subprocess.PIPE,
                             env=dict(os.environ, DISPLAY=self.d.display_name))
        self.bridges.append(p)
        return p

    def icon(self, color=0x808080):
        """A qube's icon, and its item."""
        if not self.scene:
            self.scene = Scene(self.d)
        b = dock(self.scene, color)
        self.scene.a.dump(7, b)
        self.scene.a.damage(7, 0, 0, 24, 24)
        return b, self.panel.have(1)[0]

    def owner(self):
        return self.d.x.get_selection_owner(self.d.x.intern_atom("_NET_SYSTEM_TRAY_S0"))

    def is_tray(self):
        assert self.d.wait(self.owner)

    def end(self):
        for p in self.bridges + [panel.p for panel in self.panels]:
            p.kill()
            p.wait()
        if self.scene:
            self.scene.a.close()
        self.d.close()


@contextlib.contextmanager
def stage(host=True):
    s = Stage(host)
    try:
        yield s
    except Exception:
        s.bridge.kill()
        print("# " + s.bridge.stderr.read().decode().replace("\n", "\n# "))
        raise
    finally:
        s.end()


class Plain:
    """An icon of a program of dom0."""

    def __init__(self, d, color=0xff0000, side=24, depth=24, name="plain", qube=None, info=True, managed=False,
                 override=0):
        visual = next(v.visual_id for x in d.x.screen().allowed_depths if x.depth == depth
                      for v in x.visuals if v.visual_class == X.TrueColor)
        self.window = d.root.create_window(
            0, 0, side, side, 0, depth, visual=visual, background_pixel=color, border_pixel=0,
            colormap=d.root.create_colormap(visual, X.AllocNone), override_redirect=override,
            event_mask=X.StructureNotifyMask | X.ButtonPressMask | X.ButtonReleaseMask)
        self.window.set_wm_name(name)
        if qube:
            self.window.change_property(d.x.intern_atom("_QUBES_VMNAME"), Xatom.STRING, 8, qube.encode())
        if managed:
            atom = d.x.intern_atom("WM_STATE")
            self.window.change_property(atom, atom, 32, [1, 0])
        if info:
            atom = d.x.intern_atom("_XEMBED_INFO")
            self.window.change_property(atom, atom, 32, [0, 1])
        ask(d, self.window.id)


def ask(d, window):
    """Asks the tray to dock it."""
    tray = d.wait(lambda: d.x.get_selection_owner(d.x.intern_atom("_NET_SYSTEM_TRAY_S0")))
    d.client_message(tray, "_NET_SYSTEM_TRAY_OPCODE", 0, 0, window)
    d.x.sync()


def paint_root(d, color):
    d.root.change_attributes(background_pixel=color)
    d.root.clear_area(0, 0, *d.size)


def test_icon():
    """a qube's icon is an item, in the color of the qube"""
    with stage() as s:
        paint_root(s.d, 0x123456)
        b, name = s.icon()
        b.fill(0xc0c0c0, 12, 0, 12, 24)
        s.scene.a.damage(7, 12, 0, 12, 24)
        s.panel.color(name, 20, 12, [255] + tinted(0xc0c0c0))
        s.panel.color(name, 2, 12, [255] + tinted(0x808080))
        equal(s.panel.pixels(name)[0], SIDE)
        equal(s.panel.text_of(name, "Status"), "Active")
        assert s.d.image().all(0, 0, 60, 60, 0x123456), "it can be seen on the screen"


def test_border():
    """a border in the color of the qube is kept"""
    with stage() as s:
        s.scene = Scene(s.d, "--trayicon-mode=border1")
        _, name = s.icon(0x00ff00)
        s.panel.color(name, 0, 0, [255, 0x34, 0x65, 0xa4])
        s.panel.color(name, SIDE - 1, 12, [255, 0x34, 0x65, 0xa4])
        s.panel.color(name, 12, 12, [255, 0, 255, 0])


def test_changes():
    """what changes is told, but not how fast"""
    with stage() as s:
        b, name = s.icon()
        s.panel.color(name, 2, 2, [255] + tinted(0x808080))
        s.panel.look()
        s.panel.signals.clear()
        begin = time.monotonic()
        for i in range(100):
            b.fill(0x101010 * (i % 16))
            s.scene.a.damage(7, 0, 0, 24, 24)
            time.sleep(0.02)
        b.fill(0x404040)
        s.scene.a.damage(7, 0, 0, 24, 24)
        s.panel.color(name, 2, 2, [255] + tinted(0x404040))
        spent = time.monotonic() - begin
        s.panel.look()
        told = s.panel.signals.count(("NewIcon", name))
        assert 2 <= told <= spent / 0.2 + 2, (told, spent)
        s.panel.signals.clear()
        for _ in range(20):
            s.scene.a.damage(7, 0, 0, 24, 24)
            time.sleep(0.03)
        s.scene.alive()
        s.panel.color(name, 2, 2, [255] + tinted(0x404040))
        s.panel.look()
        equal(s.panel.signals, [], "the same picture again")


def test_title():
    """its title names the qube and is no markup"""
    with stage() as s:
        _, name = s.icon()
        s.scene.a.title(7, "<b>mail</b> & more")
        assert s.d.wait(lambda: s.panel.text_of(name, "Title") == "[work] (b)mail(/b) + more"), \
            s.panel.text_of(name, "Title")
        assert "[work] (b)mail" in s.panel.get(name, "ToolTip")
        s.panel.look()
        assert ("NewTitle", name) in s.panel.signals
        assert s.panel.text_of(name, "Id").startswith("work")


def pressed(s, button):
    """The next press and release that the qube is told of: where."""
    for kind in (4, 5):
        body = s.scene.a.wait_for(BUTTON, 7)
        t, x, y, _, detail = struct.unpack("<IiiII", body)
        equal((t, detail), (kind, button))
    return x, y


def test_clicks():
    """clicks reach the qube, with the icon where they were"""
    with stage() as s:
        paint_root(s.d, 0x123456)
        _, name = s.icon()
        s.scene.alive()
        s.scene.a.drain()
        for method, button, x, y in (("Activate", 1, 300, 400), ("ContextMenu", 3, 1279, 799),
                                     ("SecondaryActivate", 2, 500, 100)):
            s.panel.click(name, method, x, y)
            place = struct.unpack("<iiII", s.scene.a.wait_for(CONFIGURE, 7)[:16])
            equal(place, (min(x - SIDE // 2, 1280 - SIDE), min(y - SIDE // 2, 800 - SIDE), SIDE, SIDE))
            equal(pressed(s, button), (SIDE // 2, SIDE // 2))
        for delta, orientation, button in ((-1, "vertical", 4), (1, "vertical", 5), (120, "vertical", 4),
                                           (-120, "vertical", 5), (1, "horizontal", 7)):
            Panel.call(name, ITEM + ".Scroll", "--", delta, orientation)
            pressed(s, button)
        s.panel.click(name, "Activate", 300, 400)
        pressed(s, 1)
        assert s.d.image().all(200, 300, 200, 200, 0x123456), "it can be seen on the screen"


def test_smaller_screen():
    """a click is on the screen as it is now"""
    with stage() as s:
        _, name = s.icon()
        r = s.d.root.xrandr_get_screen_resources()
        s.d.x.xrandr_set_crtc_config(r.crtcs[0], r.config_timestamp, 0, 0, 0, 1, [])
        s.d.root.xrandr_set_screen_size(800, 600, 200, 150)
        s.d.x.sync()
        s.scene.alive()
        s.scene.a.drain()
        s.panel.click(name, "Activate", 799, 599)
        place = struct.unpack("<iiII", s.scene.a.wait_for(CONFIGURE, 7)[:16])
        equal(place[:2], (800 - SIDE, 600 - SIDE))


def test_compositor():
    """with a program that composes the screen"""
    with stage(host=False) as s:
        s.d.x.composite_query_version()
        s.d.root.composite_redirect_subwindows(1)
        s.d.x.sync()
        s.panel.host()
        _, name = s.icon()
        s.panel.color(name, 2, 2, [255] + tinted(0x808080))


def test_held():
    """a click counts when the buttons are up"""
    with stage() as s:
        _, name = s.icon()
        s.d.move(640, 480)
        xtest.fake_input(s.d.x, X.ButtonPress, 3)
        s.d.x.sync()
        s.scene.a.drain()
        s.panel.click(name, "ContextMenu", 0, 0)
        assert s.scene.a.wait_for(BUTTON, 7, timeout=0.3) is None
        xtest.fake_input(s.d.x, X.ButtonRelease, 3)
        s.d.x.sync()
        place = struct.unpack("<iiII", s.scene.a.wait_for(CONFIGURE, 7)[:16])
        equal(place[:2], (640 - SIDE // 2, 480 - SIDE // 2), "where the pointer is, for a panel that does not know")
        pressed(s, 3)


def test_end():
    """the item goes when the icon goes"""
    with stage() as s:
        _, name = s.icon()
        s.scene.a.send(DESTROY, 7)
        s.panel.have(0)
        s.scene.alive()
        s.d.stop(s.scene.p)
        equal(s.bridge.poll(), None)
        assert name


def test_real_tray():
    """a tray that takes the icons gets them, and is followed"""
    with stage() as s:
        s.icon()
        w = s.d.find(7)
        tray = Tray(s.d)
        s.panel.have(0)
        assert s.d.wait(lambda: tray.requested() == w.id)
        tray.embed(w)
        assert s.d.wait(lambda: s.d.viewable(w))
        equal(lambda: s.d.box(w)[:2], (610, 15))
        assert s.d.wait(lambda: s.d.pixel(620, 25) not in (0, 0x202020)), "its pixels are not on the screen"
        time.sleep(3)
        equal(s.owner(), tray.window)
        w.reparent(s.d.root, 0, 0)
        tray.window.destroy()
        s.d.x.sync()
        s.panel.color(s.panel.have(1)[0], 2, 2, [255] + tinted(0x808080))


def test_patience():
    """who is the tray stays it, and who comes at once becomes it"""
    with stage(host=False) as s:
        time.sleep(2.5)
        equal(s.owner(), X.NONE, "without a panel for items there is no tray")
        s.panel.host()
        time.sleep(0.5)
        tray = Tray(s.d)
        time.sleep(3)
        equal(s.owner(), tray.window)


def test_watcher():
    """it comes and goes with the panel"""
    with stage() as s:
        s.icon()
        w = s.d.find(7)
        s.panel.end()
        assert s.d.wait(lambda: s.owner() == X.NONE)
        assert s.d.wait(lambda: not s.d.viewable(w))
        equal(lambda: w.query_tree().parent, s.d.root)
        s.panel = s.new_panel()
        s.panel.color(s.panel.have(1)[0], 2, 2, [255] + tinted(0x808080))
        s.panel.host(False)
        s.panel.have(0)
        assert s.d.wait(lambda: s.owner() == X.NONE)
        s.panel.host()
        s.panel.have(1)


def test_killed():
    """the next one takes the icons over"""
    with stage() as s:
        s.icon()
        w = s.d.find(7)
        for sig, status in ((signal.SIGKILL, -9), (signal.SIGTERM, 0)):
            s.bridge.send_signal(sig)
            equal(s.bridge.wait(timeout=100), status)
            s.panel.have(0)
            assert s.d.wait(lambda: not s.d.viewable(w)), "it is left on the screen"
            s.bridge = s.new_bridge()
            s.panel.color(s.panel.have(1)[0], 2, 2, [255] + tinted(0x808080))


def test_plain():
    """icons of other programs: any size, transparent ones"""
    with stage() as s:
        s.is_tray()
        large = Plain(s.d, 0x0000ff, side=300, name="large")
        s.panel.color(s.panel.have(1)[0], SIDE - 1, SIDE - 1, [255, 0, 0, 255])
        equal(s.panel.text_of(s.panel.items[0], "Title"), "large")
        large.window.configure(width=500, height=10)
        s.d.x.sync()
        equal(lambda: s.d.box(large.window)[2:], (SIDE, SIDE))
        clear = Plain(s.d, 0x80400000, depth=32, name="clear")
        name = [n for n in s.panel.have(2) if s.panel.text_of(n, "Title") == "clear"][0]
        s.panel.color(name, 5, 5, [128, 128, 0, 0])
        clear.window.unmap()
        s.d.x.sync()
        s.panel.have(1)
        clear.window.map()
        s.d.x.sync()
        s.panel.have(2)
        large.window.destroy()
        s.d.x.sync()
        s.panel.have(1)


def test_many():
    """more icons than are shown"""
    with stage() as s:
        s.is_tray()
        icons = [Plain(s.d, 0x010101 * i) for i in range(80)]
        s.panel.have(64)
        time.sleep(0.5)
        s.panel.have(64)
        for i in icons:
            i.window.destroy()
        s.d.x.sync()
        s.panel.have(0)
        Plain(s.d)
        s.panel.have(1)


def said(s):
    """What it has said, by its end."""
    s.bridge.terminate()
    equal(s.bridge.wait(timeout=100), 0)
    return s.bridge.stderr.read().decode()


def test_share():
    """no qube takes the places of others"""
    with stage() as s:
        s.is_tray()
        icons = []
        for n, q in enumerate("abcd"):
            icons += [Plain(s.d, name=q, qube=q) for i in range(20)]
            assert s.d.wait(lambda: s.panel.look() or len(s.panel.items) >= (n + 1) * 8)
        Plain(s.d, name="late", qube="fifth")
        Plain(s.d, name="own")
        titles = sorted(s.panel.text_of(n, "Title") for n in s.panel.have(4 * 8 + 2))
        equal([t for t in titles if t in ("own", "[fifth] late")], ["[fifth] late", "own"])
        equal([t[1] for t in titles[:-2]], sorted("abcd" * 8))
        time.sleep(0.5)
        s.panel.have(4 * 8 + 2)
        # Where one goes there is a place.
        shown = [i for i in icons if s.d.box(i.window)[2:] == (SIDE, SIDE)]
        equal(len(shown), 4 * 8)
        shown[0].window.destroy()
        s.d.x.sync()
        s.panel.have(4 * 8 + 1)
        Plain(s.d, name="new", qube="a")
        s.panel.have(4 * 8 + 2)
        lines = said(s).splitlines()
        equal(len(lines), 1, lines)
        assert "is not shown" in lines[0], lines


def test_share_of_all():
    """qubes together do not take the places of dom0"""
    with stage() as s:
        s.is_tray()
        for q in range(13):
            for _ in range(8):
                Plain(s.d, name="x", qube="q%d" % q)
            s.panel.have(min(q + 1, 12) * 8)
        own = Plain(s.d, 0x00ff00, name="own")
        s.panel.have(12 * 8 + 1)
        s.panel.color(s.panel.items[-1], 2, 2, [255, 0, 255, 0])
        assert own


def test_items_in_turn():
    """a qube that makes and destroys icons does not keep the panel busy"""
    with stage() as s:
        s.is_tray()
        own = Plain(s.d, name="own")
        s.panel.have(1)
        kept = Plain(s.d, name="kept", qube="evil")
        s.panel.have(2)
        begin, before = time.monotonic(), s.panel.text.count("item ")
        while time.monotonic() < begin + 4:
            icons = [Plain(s.d, name="x", qube="evil") for _ in range(5)]
            time.sleep(0.2)
            for i in icons:
                i.window.destroy()
        s.d.x.sync()
        s.panel.have(2)
        made, spent = s.panel.text.count("item ") - before, time.monotonic() - begin
        print("# %d items in %.1f s" % (made, spent))
        assert 1 <= made <= spent / 0.25 + 1, (made, spent)
        Plain(s.d, name="late", qube="evil")
        s.panel.have(3)
        assert own and kept


def test_no_icons():
    """what is no icon is left where it is"""
    with stage() as s:
        s.is_tray()
        _, own = s.icon()
        s.scene.a.create(50, 10, 10, 50, 50)
        s.scene.a.map(50)
        ordinary = s.d.find(50)
        s.scene.a.create(51, 10, 10, 50, 50, 1)
        s.scene.a.map(51, override=1)
        menu = s.d.find(51)
        assert s.d.wait(lambda: s.d.viewable(ordinary) and s.d.viewable(menu))
        strange = [ordinary, ordinary.query_tree().parent, menu, Plain(s.d, info=False, managed=True).window,
                   Plain(s.d, info=False, override=1).window, Plain(s.d, info=False, qube="work").window,
                   s.owner(), s.d.root,
                   s.d.find(7).query_tree().parent]
        before = [(w, w.query_tree().parent) for w in strange]
        for w in strange:
            ask(s.d, w.id)
        ask(s.d, 0)
        ask(s.d, 0x7fffff)
        time.sleep(0.5)
        equal(s.panel.have(1), [own])
        equal([(w, w.query_tree().parent) for w in strange], before)
        assert s.d.viewable(ordinary) and s.d.viewable(menu)
        # An icon of an old program, which does not say so.
        Plain(s.d, name="old", info=False)
        s.panel.have(2)


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_confined():
    """it is confined, and ends in its own way"""
    with stage() as s:
        s.is_tray()
        now = status(s.bridge.pid)
        equal((now["NoNewPrivs"], now["CapEff"]), ("1", "0" * 16))
        if "QUBES_NO_SECCOMP" not in os.environ:
            equal(now["Seccomp"], "2")
        Plain(s.d)
        s.panel.have(1)
        bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE,
                               text=True)
        try:
            other = subprocess.Popen([BIN + "/qubes-xembed-sni"], stderr=subprocess.PIPE, text=True, env=dict(
                os.environ, DISPLAY=s.d.display_name, DBUS_SESSION_BUS_ADDRESS=bus.stdout.readline().strip()))
            s.bridges.append(other)
            assert s.d.wait(lambda: "NoNewPrivs" in status(other.pid) and status(other.pid)["NoNewPrivs"] == "1")
            time.sleep(0.5)
        finally:
            bus.kill()
            bus.wait()
        equal(other.wait(timeout=100), 1)
        s.d.xserver.kill()
        equal(s.bridge.wait(timeout=100), 1)
        assert "the X server has gone" in s.bridge.stderr.read().decode()


def resident(pid):
    """KiB."""
    return int(status(pid)["VmRSS"].split()[0])


def test_flood():
    """a client that does with icons what it likes, as fast as it can"""
    with stage() as s:
        s.is_tray()
        other = Plain(s.d, 0x0000ff, name="other")
        s.panel.have(1)
        before, windows = resident(s.bridge.pid), len(s.d.root.query_tree().children)
        floods = [subprocess.Popen([TESTS + "/tray-flood", "evil%d" % i, "12", str(i + 1)], stdout=subprocess.PIPE,
                                   text=True, env=dict(os.environ, DISPLAY=s.d.display_name)) for i in range(2)]
        try:
            for i in range(8):
                if i == 4:
                    s.panel.end()
                    assert s.d.wait(lambda: s.owner() == X.NONE)
                    s.panel = s.new_panel()
                    s.is_tray()
                    ask(s.d, other.window.id)
                begin = time.monotonic()
                other.window.change_attributes(background_pixel=i * 30)
                other.window.clear_area(0, 0, 100, 100)
                s.d.x.sync()

                def mine():
                    s.panel.look()
                    for n in list(s.panel.items):
                        with contextlib.suppress(subprocess.CalledProcessError, AssertionError, AttributeError):
                            if s.panel.text_of(n, "Title") == "other":
                                return n
                    return None
                name = s.d.wait(mine)
                s.panel.color(name, 2, 2, [255, 0, 0, i * 30])
                spent = time.monotonic() - begin
                assert len(s.panel.items) <= 2 * 8 + 1, s.panel.items
                print("# answered after %.1f s, %d KiB" % (spent, resident(s.bridge.pid)))
                time.sleep(0.5)
            for p in floods:
                equal(p.wait(timeout=100), 0)
                print("# %s steps" % p.stdout.read().strip())
        finally:
            for p in floods:
                p.kill()
                p.wait()
        name, = s.panel.have(1)
        equal(s.panel.text_of(name, "Title"), "other")
        equal(s.bridge.poll(), None)
        equal(lambda: len(s.d.root.query_tree().children), windows)
        if "QUBES_NO_SECCOMP" not in os.environ:
            assert resident(s.bridge.pid) < before + 16384, (before, resident(s.bridge.pid))


def test_usage():
    """what goes wrong at the start is said"""
    def fails(status, text, *args, **env):
        r = subprocess.run([BIN + "/qubes-xembed-sni", *args], env=dict(os.environ, **env), capture_output=True,
                           text=True, timeout=100, check=False)
        equal(r.returncode, status)
        assert text in r.stderr, r.stderr
    fails(2, "Usage", "x")
    fails(1, "no display", DISPLAY=":97531")
    d = Desktop()
    try:
        fails(1, "no session bus", DISPLAY=d.display_name, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
    finally:
        d.close()


def main():
    tests = [(f.__doc__, f) for n, f in globals().items() if n.startswith("test_") and
             (not sys.argv[3:] or any(p in n for p in sys.argv[3:]))]
    failed = [name for number, (name, f) in enumerate(tests) if not run(number + 1, name, f)]
    print("1..%d" % len(tests))
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
