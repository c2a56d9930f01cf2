# SPDX-License-Identifier: GPL-2.0-or-later
"""Input: what the user does in a window reaches that qube, and no other."""
import struct

from Xlib import XK

import common
from common import GREEN, equal, mode_args, scene
from desktop import X
from fakeagent import BUTTON, CLOSE, CROSSING, CURSOR, FOCUS, KEYMAP, KEYPRESS, MOTION


def test_keys():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.d.move(150, 100)
        s.d.focus(w)
        s.a.drain()
        s.d.keys(XK.XK_a)
        code = s.d.keycode(XK.XK_a)
        for kind in (2, 3):
            body = s.a.wait_for(KEYPRESS, 7)
            assert body, "no key"
            t, x, y, state, detail = struct.unpack("<IiiII", body)
            equal((t, x, y, state, detail), (kind, 50, 20, 0, code))


def test_keys_with_pointer_elsewhere():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.d.move(600, 500)
        s.d.focus(s.d.top(w)[1])
        s.a.drain()
        s.d.keys(XK.XK_Shift_L, XK.XK_a)
        body = s.a.wait_for(KEYPRESS, 7, match=lambda b: b[16] == s.d.keycode(XK.XK_a))
        equal(struct.unpack("<IiiII", body)[:4], (2, 500, 420, 1))


def test_buttons():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        s.d.shown(7)
        s.d.click(130, 95, 3)
        for kind in (4, 5):
            t, x, y, _, button = struct.unpack("<IiiII", s.a.wait_for(BUTTON, 7))
            equal((t, x, y, button), (kind, 30, 15, 3))


def test_motion_and_crossing():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        s.d.shown(7)
        s.d.move(10, 10)
        s.a.drain()
        s.d.move(130, 95)
        assert s.a.wait_for(KEYMAP, 0)
        body = struct.unpack("<IiiIIII", s.a.wait_for(CROSSING, 7))
        equal(body[:3], (7, 30, 15))
        s.d.move(140, 99)
        assert s.a.wait_for(MOTION, 7, match=lambda b: struct.unpack("<ii", b[:8]) == (40, 19))
        s.d.move(10, 10)
        equal(struct.unpack("<IiiIIII", s.a.wait_for(CROSSING, 7))[0], 8)


def test_focus():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.d.move(600, 600)
        s.a.drain()
        for target in (w, s.d.top(w)[1]):
            s.d.focus(target)
            equal(struct.unpack("<III", s.a.wait_for(FOCUS, 7))[:2], (9, 0))
            s.d.root.set_input_focus(X.RevertToNone, X.CurrentTime)
            s.d.x.sync()
            equal(struct.unpack("<III", s.a.wait_for(FOCUS, 7))[0], 10)


def test_keymap_before_focus():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.d.move(600, 600)
        s.a.drain()
        code = s.d.keycode(XK.XK_b)
        from Xlib.ext import xtest
        xtest.fake_input(s.d.x, X.KeyPress, code)
        s.d.focus(w)
        keymap = s.a.wait_for(KEYMAP, 0)
        equal(len(keymap), 32)
        assert keymap[code // 8] & 1 << code % 8
        xtest.fake_input(s.d.x, X.KeyRelease, code)
        s.d.x.sync()


def test_close():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        delete = s.d.x.intern_atom("WM_DELETE_WINDOW")
        for target in {w.id: w, s.d.top(w)[1].id: s.d.top(w)[1]}.values():
            s.d.client_message(target, "WM_PROTOCOLS", delete)
            equal(s.a.wait_for(CLOSE, 7), b"")


def test_ping_is_answered():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        client = s.d.top(s.d.shown(7))[1]
        s.d.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        s.d.x.sync()
        ping = s.d.x.intern_atom("_NET_WM_PING")
        s.d.client_message(client, "WM_PROTOCOLS", ping, 4711, client.id)

        def answered():
            while s.d.x.pending_events():
                e = s.d.x.next_event()
                if e.type == X.ClientMessage and e.data[1][0] == ping:
                    return e.data[1][1] == 4711 and e.window.id == s.d.root.id
            return False
        assert s.d.wait(answered)


def test_cursor():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        for c in (0, 0x100 + 68, 0x101, 0x199):
            s.a.send(CURSOR, 7, struct.pack("<I", c))
        s.alive()
        equal(s.d.dialogs(), "")


def test_two_qubes():
    with scene() as s:
        _, a2 = s.d.session(*mode_args(), domid=6, name="personal", color="0xedd400")
        s.a.show(7, 100, 80, 200, 150, GREEN)
        a2.show(7, 500, 80, 200, 150, GREEN)
        w2 = s.d.shown(7, "personal")
        assert s.d.shown(7)
        s.d.move(550, 120)
        s.d.focus(w2)
        s.a.drain()
        s.d.keys(XK.XK_x)
        s.d.click(551, 121)
        assert a2.wait_for(KEYPRESS, 7) and a2.wait_for(BUTTON, 7)
        equal([k for k, _, _ in s.a.drain() if k in (KEYPRESS, BUTTON)], [])
        a2.close()


def test_delayed_events():
    with scene(config="events_max_delay = 60;") as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.d.move(150, 100)
        s.d.focus(w)
        s.a.drain(0.3)
        word = [XK.XK_h, XK.XK_e, XK.XK_l, XK.XK_o]
        for k in word:
            s.d.keys(k)
        got = [struct.unpack("<IiiII", s.a.wait_for(KEYPRESS, 7)) for _ in range(8)]
        equal([g[4] for g in got if g[0] == 2], [s.d.keycode(k) for k in word], "order")


def test_frame_starts_resize():
    if not common.FRAMED:
        return "no frame"
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        s.d.shown(7)
        s.d.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        s.d.x.sync()
        s.a.drain()
        s.d.click(98, 150)
        kind = s.d.x.intern_atom("_NET_WM_MOVERESIZE")

        def asked():
            while s.d.x.pending_events():
                e = s.d.x.next_event()
                if e.type == X.ClientMessage and e.client_type == kind:
                    return e.data[1][2] == 7
            return False
        assert s.d.wait(asked)
        equal([k for k, _, _ in s.a.drain() if k == BUTTON], [], "not the qube's business")
        return None
