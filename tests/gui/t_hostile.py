# SPDX-License-Identifier: GPL-2.0-or-later
"""Tricks with windows: whatever a qube does, its pixels touch nothing but its own frames.

The screen is looked at while the qube is busy. Its content, and what is shown before there is any,
have colours of their own (one byte tells), so that a glance finds every pixel of it whose neighbour
is neither content nor frame.
"""
import os
import random
import re
import struct
import time

import common
from common import equal, need, scene
from fakeagent import Buffer, CONFIGURE, DESTROY, DOCK, UNMAP

CONTENT, BACKGROUND = 0x00ff00, 0x00fe00
W, H = 640, 400
# Not twm: it asks where a window is to be, and stops everything meanwhile.
MANAGERS = ("openbox", "xfwm4") + common.MORE_MANAGERS
CONFIG = 'window_background_color = "0x00fe00";'

# By the green byte: content, frame (of work), anything else.
CLASSES = bytes(b"C"[0] if i >= 0xfe else b"L"[0] if i == 0x65 else b"."[0] for i in range(256))
BAD = re.compile(rb"(?=C\.|\.C|^C|C$)")


def leaks(image):
    """Where content is that has something else than content and frame beside it."""
    t = image.raw[1::4].translate(CLASSES)
    w, h = image.width, image.height

    def ours(x, y):
        return 0 <= x < w and 0 <= y < h and image.at(x, y) in (CONTENT, BACKGROUND)

    for y in range(h):
        for m in BAD.finditer(t[y * w:y * w + w]):
            if ours(m.start(), y) or ours(m.start() + 1, y):
                return "%d,%d" % (m.start(), y)
    for x in range(w):
        for m in BAD.finditer(t[x::w]):
            if ours(x, m.start()) or ours(x, m.start() + 1):
                return "%d,%d" % (x, m.start())
    return None


class Storm:
    """An agent that does things at random, faster than anybody looks."""

    def __init__(self, s, seed, override):
        self.s, self.a = s, s.a
        self.rng = random.Random(seed)
        self.override = override
        # One window manager's title bar may lie on another window's content: only one window then.
        managed = s.d.manager is not None
        self.ids = 1 if managed and not override else 8
        # And none that is made an ordinary window; without our frame that has none at all.
        self.small = override and (managed or not common.FRAMED)
        self.buffer = Buffer(1000, 700, CONTENT)
        self.there = {}

    def box(self):
        r = self.rng
        kind = 6 if self.small else r.randrange(6)
        if kind == 6:
            return r.randrange(W), r.randrange(H), r.randrange(1, 100), r.randrange(1, 80)
        if kind == 0:  # huge
            return r.randrange(-50, 50), r.randrange(-50, 50), r.randrange(500, 900), \
                r.randrange(300, 600)
        if kind == 1:  # over an edge
            return r.choice((-40, W - 40, -5, W - 5)), r.choice((-40, H - 40, -5, H - 5)), \
                r.randrange(50, 300), r.randrange(50, 300)
        if kind == 2:  # far away
            return r.choice((-16384, 16000, -2000)), r.choice((-6000, 6000)), 300, 300
        if kind == 3:  # tiny
            return r.randrange(W), r.randrange(H), r.randrange(1, 7), r.randrange(1, 7)
        return r.randrange(W), r.randrange(H), r.randrange(20, 400), r.randrange(20, 300)

    def image(self, i):
        width, height = self.rng.choice(((1000, 700), (300, 200), (20, 20)))
        self.a.dump_memfd(i, self.a.pass_fd(self.buffer.fd, self.buffer.size), width, height)
        self.a.damage(i, 0, 0, 1000, 700)

    def step(self):
        r = self.rng
        i = r.randrange(1, self.ids + 1)
        if i not in self.there:
            self.a.create(i, *self.box(), self.override)
            self.there[i] = False
        action = r.randrange(12)
        if action < 2:
            self.a.map(i, r.randrange(10), self.override)
        elif action == 2:
            self.a.send(UNMAP, i)
        elif action == 3:
            self.a.send(DESTROY, i)
            del self.there[i]
            return
        elif action < 8:
            # Until the daemon's own request is answered, nothing else counts.
            body = self.a.wait_for(CONFIGURE, i, timeout=0)
            if body:
                self.a.configure(i, *struct.unpack("<iiII", body[:16]))
            self.a.configure(i, *self.box())
        elif action == 8:
            self.a.hints(i, r.randrange(64) << 2 & 0x3ff, r.choice((0, 5, 1000, 16000)),
                         r.choice((0, 5, 1000, 6000)), r.choice((1, 5, 1000, 16000)),
                         r.choice((1, 5, 1000, 6000)), r.choice((1, 50, 5000)), 1,
                         r.choice((0, 900)), r.choice((0, 900)))
        elif action == 9:
            self.a.flags(i, r.choice((1, 2, 4)))
        else:
            self.image(i)

    def run(self, looks, steps, until=60):
        end = time.monotonic() + until
        for n in range(looks):
            for _ in range(self.rng.randrange(steps)):
                self.step()
            self.a.poll(0)
            if len(self.a.received) > 5000:
                self.a.received = [m for m in self.a.received if m[0] == CONFIGURE][-500:]
            where = leaks(self.s.d.image())
            # A window manager moves and resizes before the daemon hears of it: then it is
            # mended as soon as the daemon had its turn, whatever else the qube has sent.
            if where and self.s.d.manager and self.s.d.wait(lambda: not leaks(self.s.d.image())):
                where = None
            if where and "SCREENSHOTS" in os.environ:
                self.s.d.screenshot(os.environ["SCREENSHOTS"] + "/leak.png")
            assert not where, "look %d: content is not framed at %s" % (n, where)
            if time.monotonic() > end:
                break
        self.s.alive()


def storm(override, manager=None, looks=40, steps=12):
    with scene(size=(W, H), config=CONFIG, manager=manager) as s:
        seed = int(os.environ.get("GUI_SEED", "1"))
        Storm(s, seed, override).run(looks * int(os.environ.get("GUI_STORMS", "1")), steps)


def test_storm_of_menus():
    storm(1)


def test_storm_of_windows():
    if not common.FRAMED:
        return "the window manager's business"
    return storm(0)


def under(manager, override):
    def f():
        if not common.FRAMED:
            return "the window manager's business"
        return storm(override, manager)
    return need(manager)(f)


for m in MANAGERS:
    globals()["test_storm_of_windows_" + m] = under(m, 0)
    globals()["test_storm_of_menus_" + m] = under(m, 1)


# --- one trick at a time ---

def framed(s, w):
    """The whole frame of a managed window is on the screen, around its content."""
    x, y, width, height = s.d.box(s.d.top(w)[1])
    return (x >= 0 and y >= 0 and x + width <= W and y + height <= H and
            not s.d.image().frame(x, y, width, height, common.FRAME, common.BLUE))


def test_size_that_fits_nowhere():
    """Smallest sizes and increments that a window manager would believe."""
    if not common.FRAMED:
        return "the window manager's business"
    for manager in MANAGERS:
        with scene(size=(W, H), config=CONFIG, manager=manager) as s:
            for n, hint in enumerate(((4 << 2, 16384, 6144), (0x100, 0, 0, 0, 0, 0, 0, 9000, 6000),
                                      (0x150, 900, 900, 0, 0, 700, 700, 3000, 3000))):
                i = 1 + n
                s.a.create(i, 10, 10, 600, 390)
                s.a.hints(i, *hint)
                s.a.map(i)
                w = s.d.shown(i)
                assert w and s.d.wait(lambda w=w: framed(s, w)), (manager, hint, s.d.box(w))
                s.a.configure(i, *s.d.box(w))
                s.a.configure(i, 0, 0, 3000, 2000)
                s.alive()
                assert s.d.wait(lambda w=w: framed(s, w)), (manager, hint, s.d.box(w))
                s.a.send(UNMAP, i)
    return None


def test_window_nobody_sees():
    """It would take what is typed."""
    if not common.FRAMED:
        return "the window manager's business"
    for manager in (None, "openbox"):
        with scene(size=(W, H), config=CONFIG, manager=manager) as s:
            s.a.create(1, -5000, 20, 100, 100)
            s.a.hints(1, 1 | 4)
            s.a.map(1)
            w = s.d.shown(1)
            assert s.d.wait(lambda: framed(s, w)), s.d.box(w)
            for place in ((3000, 30), (-16384, -6144), (50, H + 1)):
                s.a.configure(1, *s.d.box(w))
                s.a.configure(1, *place, 100, 100)
                s.alive()
                assert s.d.wait(lambda: framed(s, w)), (place, s.d.box(w))
    return None


def test_circle_of_dialogs():
    """A window manager that follows it never ends."""
    with scene(size=(W, H), manager="openbox") as s:
        for i in range(1, 6):
            s.a.create(i, 10, 10, 50, 50)
        for i in range(1, 6):
            s.a.map(i, i % 5 + 1)
        s.a.create(9, 10, 10, 50, 50)
        s.a.map(9, 9)
        tops = {}
        for i in (1, 2, 3, 4, 5, 9):
            w = s.d.shown(i)
            assert w, "the window manager does not answer"
        s.alive()
        for i in (1, 2, 3, 4, 5, 9):
            w = s.d.find(i)
            client = s.d.top(w)[1] if common.FRAMED else w
            leader = s.d.prop(client, "WM_TRANSIENT_FOR")
            tops[client.id] = leader[0] if leader is not None and len(leader) else 0
        for start in tops:
            seen, at = set(), start
            while at:
                assert at not in seen, "a circle"
                seen.add(at)
                at = tops.get(at, 0)


def test_another_qubes_window_as_leader():
    with scene(size=(W, H)) as s:
        p2, a2 = s.d.session(*common.mode_args(), domid=6, name="vault", color="black")
        a2.show(77, 300, 100, 100, 100, common.WHITE)
        other = s.d.shown(77, "vault")
        s.a.create(1, 10, 10, 50, 50)
        s.a.map(1, other.id)
        w = s.d.shown(1)
        s.alive()
        assert s.d.prop(w, "WM_TRANSIENT_FOR") is None
        s.a.create(2, 10, 10, 50, 50)
        s.a.map(2, s.d.top(other)[1].id)
        w = s.d.shown(2)
        s.alive()
        assert s.d.prop(w, "WM_TRANSIENT_FOR") is None
        assert p2.poll() is None
        a2.close()


def test_imitation_by_pieces():
    """A dialog put together from menus without a frame between them: there is one."""
    with scene(size=(W, H), config=CONFIG) as s:
        for n in range(48):
            s.a.show(1 + n, 100 + n % 8 * 25, 100 + n // 8 * 20, 25, 20, CONTENT, override=1,
                     wait=False)
        assert s.d.shown(48)
        s.alive()

        def lines():
            i = s.d.image()
            return all(i.all(100 + n % 8 * 25, 100 + n // 8 * 20, 25, 2, common.BLUE) and
                       i.all(100 + n % 8 * 25, 100 + n // 8 * 20, 2, 20, common.BLUE)
                       for n in range(48))
        assert s.d.wait(lines)
        assert not leaks(s.d.image())


def test_menu_on_the_frame_of_another():
    """Moved along the edge of another qube's window as fast as it goes."""
    with scene(size=(W, H), config=CONFIG) as s:
        _, a2 = s.d.session(*common.mode_args(), domid=6, name="vault", color="red")
        a2.show(7, 100, 100, 300, 200, 0x123456)
        s.d.shown(7, "vault")
        s.a.show(1, 90, 90, 30, 30, CONTENT, override=1)
        s.d.shown(1)
        for look in range(25):
            for n in range(40):
                s.a.configure(1, 80 + (look * 40 + n) * 7 % 320, 90 + n % 3, 20 + n % 30, 20)
                s.a.damage(1, 0, 0, 100, 100)
            assert not leaks(s.d.image()), look
        a2.close()


def test_every_byte_alone():
    """Messages that come in pieces of one byte."""
    with scene(size=(W, H)) as s:
        sock, parts = s.a.sock, []
        s.a.sock = type("Part", (), {"sendall": staticmethod(parts.append)})()
        buffer = Buffer(80, 60, CONTENT)
        s.a.create(1, 50, 50, 80, 60)
        s.a.title(1, "slow")
        s.a.wmclass(1, "Slow", "slow")
        s.a.hints(1, 4)
        s.a.map(1)
        s.a.dump(1, buffer)
        s.a.damage(1, 0, 0, 80, 60)
        s.a.sock = sock
        for byte in b"".join(parts):
            sock.sendall(bytes((byte,)))
        w = s.d.shown(1)
        assert w and s.d.wait(lambda: s.d.pixel(90, 80) == CONTENT)
        equal(lambda: s.d.text(w, "WM_NAME"), "slow")


def test_docks_without_end():
    """Icons that push those of other qubes out of the panel."""
    with scene(size=(W, H)) as s:
        from t_tray import Tray  # pylint: disable=import-outside-toplevel
        tray = Tray(s.d)
        for i in range(1, 100):
            s.a.create(i, 0, 0, 24, 24)
            s.a.send(DOCK, i)
            s.a.send(DOCK, i)
        s.alive()
        s.d.x.sync()
        asked = []
        while True:
            window = tray.requested()
            if not window:
                break
            asked.append(window)
        assert 0 < len(asked) <= 20 and len(set(asked)) == len(asked), len(asked)


def test_icon_of_a_dead_tray():
    """X gives the icons of a tray that dies to the root window, without any frame."""
    with scene(size=(W, H)) as s:
        from t_tray import dock, embedded  # pylint: disable=import-outside-toplevel
        b = dock(s)
        _, w = embedded(s, b)
        w.reparent(s.d.root, 100, 100)
        w.map()
        s.d.x.sync()
        assert s.d.wait(lambda: not s.d.viewable(w)), "it stays"
        embedded(s, b)


def test_buffer_changes_while_shown():
    """Pages that vanish under X, images smaller than their window, windows that go meanwhile."""
    with scene(size=(W, H), config=CONFIG) as s:
        from t_attacks import fallocate_punch  # pylint: disable=import-outside-toplevel
        for n in range(60):
            b = Buffer(200, 150, CONTENT)
            if n % 3:
                s.a.create(1, 50, 50, 200, 150, n & 1)
                s.a.map(1, 0, n & 1)
            else:
                s.a.create(1, 20, 20, 90, 90)
                s.a.map(1)
            s.a.dump(1, b)
            for _ in range(20):
                s.a.damage(1, 0, 0, 200, 150)
            fallocate_punch(b.fd, 0, b.size)
            if n % 5 == 0:
                s.a.dump(1, Buffer(10, 10, CONTENT))
            s.a.send(DESTROY, 1)
            b.close()
        s.alive()
        assert s.d.xserver.poll() is None


def test_focus_can_be_guarded():
    """
    What window managers look at before they give a new window the focus: when the user did
    something with its qube last, which was at its daemon's start when never, and its group.
    """
    with scene(size=(W, H)) as s:
        s.a.show(1, 10, 10, 50, 50, CONTENT)
        s.a.show(2, 90, 10, 50, 50, CONTENT)
        groups = set()
        for i in (1, 2):
            w = s.d.shown(i)
            top = s.d.top(w)[1]
            s.alive()
            time_of = s.d.prop(top, "_NET_WM_USER_TIME")
            assert time_of is not None and time_of[0], "no time"
            hints = s.d.prop(top, "WM_HINTS")
            assert hints is not None and hints[0] & 64, "no group"
            groups.add(hints[8])
        equal(len(groups), 1, "groups")
