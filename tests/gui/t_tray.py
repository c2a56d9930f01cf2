# SPDX-License-Identifier: GPL-2.0-or-later
"""Tray icons, with a tray made of a socket window."""
import struct

from Xlib import X
from Xlib.protocol import event

from common import BLUE, GREEN, WHITE, equal, scene
from fakeagent import Buffer, CLOSE, CONFIGURE, DOCK, FOCUS, MAP, UNMAP


class Tray:
    """The least that a tray must do."""

    def __init__(self, d):
        self.d = d
        self.selection = d.x.intern_atom("_NET_SYSTEM_TRAY_S0")
        self.window = d.root.create_window(600, 10, 200, 40, 0, 24, background_pixel=0x202020,
                                           override_redirect=1,
                                           event_mask=X.SubstructureNotifyMask)
        self.window.map()
        self.window.set_selection_owner(self.selection, X.CurrentTime)
        d.x.sync()
        d.client_message(d.root, "MANAGER", 0, self.selection, self.window.id, to_root=False)
        ev = event.ClientMessage(window=d.root, client_type=d.x.intern_atom("MANAGER"),
                                 data=(32, [0, self.selection, self.window.id, 0, 0]))
        d.root.send_event(ev, event_mask=X.StructureNotifyMask)
        d.x.sync()

    def requested(self):
        """The id of a window that asks to be docked, or None."""
        opcode = self.d.x.intern_atom("_NET_SYSTEM_TRAY_OPCODE")
        while self.d.x.pending_events():
            e = self.d.x.next_event()
            if e.type == X.ClientMessage and e.client_type == opcode and e.data[1][1] == 0:
                return e.data[1][2]
        return None

    def embed(self, window):
        window.reparent(self.window, 10, 5)
        self.d.client_message(window, "_XEMBED", 0, 0, 0, self.window.id, 0)


def dock(s, color=0x808080):
    s.a.create(7, 0, 0, 24, 24)
    b = Buffer(24, 24, color)
    s.a.send(DOCK, 7)
    return b


def embedded(s, b):
    tray = Tray(s.d)
    assert s.d.wait(tray.requested)
    w = s.d.find(7)
    tray.embed(w)
    assert s.d.wait(lambda: s.d.viewable(w))
    s.a.dump(7, b)
    s.a.damage(7, 0, 0, 24, 24)
    return tray, w


def test_dock():
    with scene() as s:
        tray = Tray(s.d)
        b = dock(s)
        wid = s.d.wait(tray.requested)
        w = s.d.find(7)
        equal(wid, w.id)
        equal(lambda: list(s.d.prop(w, "_XEMBED_INFO")), [0, 1])
        tray.embed(w)
        assert s.d.wait(lambda: s.d.viewable(w))
        equal(struct.unpack("<iiII", s.a.wait_for(CONFIGURE, 7)[:16]), (610, 15, 24, 24))
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 24, 24)
        # Grey becomes the label's blue of the same lightness.
        assert s.d.wait(lambda: s.d.pixel(620, 25) not in (0x808080, 0x202020, WHITE))
        assert s.d.wait(lambda: s.d.pixel(620, 25) & 0xff > s.d.pixel(620, 25) >> 16)


def test_tray_that_closes_its_icons():
    """GTK's trays do so at their end. The qube's program goes on, and docks into the next."""
    with scene() as s:
        b = dock(s)
        s.alive()
        tray, w = embedded(s, b)
        s.a.drain()
        s.d.client_message(w, "WM_PROTOCOLS", s.d.x.intern_atom("WM_DELETE_WINDOW"), to_root=False)
        w.reparent(s.d.root, 0, 0)
        w.unmap()
        tray.window.destroy()
        s.d.x.sync()
        s.alive()
        assert CLOSE not in [kind for kind, _, _ in s.a.drain()], "the qube's program was told to close its icon"
        tray = Tray(s.d)
        equal(s.d.wait(tray.requested), w.id)


def test_size():
    """Panels made with GTK take an icon's least size for the size it wants."""
    with scene() as s:
        for remote, size, wanted in ((7, (24, 22), [24, 22]), (8, (300, 16), [64, 16])):
            s.a.create(remote, 0, 0, *size)
            s.a.hints(remote, 0x10, 1, 1)
            s.a.send(DOCK, remote)
            w = s.d.find(remote)
            s.alive()
            hints = s.d.prop(w, "WM_NORMAL_HINTS")
            equal((hints[0] & 0x10, list(hints[5:7])), (0x10, wanted))
            s.a.hints(remote, 0)
            s.alive()
            equal(list(s.d.prop(w, "WM_NORMAL_HINTS")[5:7]), wanted)


def test_dock_before_tray():
    with scene() as s:
        b = dock(s)
        s.alive()
        embedded(s, b)


def test_no_resize_no_unmap():
    with scene() as s:
        b = dock(s)
        s.alive()
        _, w = embedded(s, b)
        s.a.drain()
        s.a.configure(7, 0, 0, 500, 500)
        body = s.a.wait_for(CONFIGURE, 7)
        equal(struct.unpack("<iiII", body[:16])[2:], (24, 24))
        s.a.send(UNMAP, 7)
        s.a.map(7, 0, 1)
        s.alive()
        assert s.d.viewable(w)
        equal(lambda: s.d.box(w), (610, 15, 24, 24))
        equal(w.get_attributes().override_redirect, 0)


def test_borders():
    for mode, edge in (("border1", 0), ("border2", 1), ("tint+border1", 0)):
        with scene("--trayicon-mode=" + mode) as s:
            b = dock(s, GREEN)
            s.alive()
            embedded(s, b)
            assert s.d.wait(lambda e=edge: not s.d.image().frame(
                610 + e, 15 + e, 24 - 2 * e, 24 - 2 * e, 1, BLUE)), mode
            if mode.startswith("border"):
                assert s.d.wait(lambda: s.d.pixel(622, 27) == GREEN)


def test_background():
    with scene("--trayicon-mode=bg") as s:
        b = dock(s, 0x404040)
        b.fill(GREEN, 5, 5, 10, 10)
        s.alive()
        embedded(s, b)
        assert s.d.wait(lambda: s.d.image().all(615, 20, 10, 10, GREEN))
        assert s.d.wait(lambda: s.d.pixel(611, 16) == WHITE)


def test_mapped_is_not_docked():
    with scene() as s:
        s.a.show(7, 100, 100, 50, 50, GREEN)
        s.d.shown(7)
        tray = Tray(s.d)
        s.a.send(DOCK, 7)
        s.alive()
        equal(tray.requested(), None)


def test_focus_message():
    with scene() as s:
        b = dock(s)
        s.alive()
        _, w = embedded(s, b)
        s.a.drain()
        s.d.client_message(w, "_XEMBED", 0, 4, 0, 0, 0)
        equal(struct.unpack("<III", s.a.wait_for(FOCUS, 7)), (9, 0, 3))
        equal(MAP, 132)
