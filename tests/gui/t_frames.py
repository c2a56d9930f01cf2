# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames: on all four sides, whatever the qube does."""
import struct

import common
from common import BLUE, FRAME, GREEN, RED, WHITE, equal, scene
from desktop import X, Xatom
from fakeagent import Buffer, CONFIGURE, UNMAP


def framed_inside(s, x, y, width, height, color=BLUE):
    """Exactly two pixels of frame inside the box."""
    i = s.d.image()
    return (not i.frame(x, y, width, height, 2, color) and
            i.all(x + 2, y + 2, width - 4, 1, GREEN) and
            i.all(x + 2, y + height - 3, width - 4, 1, GREEN) and
            i.all(x + 2, y + 2, 1, height - 4, GREEN) and
            i.all(x + width - 3, y + 2, 1, height - 4, GREEN))


def framed_outside(s, x, y, width, height, color=BLUE):
    """The frame's pixels around the box, and content inside it."""
    i = s.d.image()
    return (not i.frame(x - FRAME, y - FRAME, width + 2 * FRAME, height + 2 * FRAME, FRAME, color)
            and i.all(x, y, width, height, GREEN))


def test_menu():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN, override=1)
        w = s.d.shown(7)
        equal(lambda: s.d.box(w), (100, 80, 200, 150))
        equal(w.get_attributes().override_redirect, 1)
        assert s.d.wait(lambda: framed_inside(s, 100, 80, 200, 150))


def test_menu_overpainting():
    with scene() as s:
        b = s.a.show(7, 100, 80, 200, 150, GREEN, override=1)
        s.d.shown(7)
        assert s.d.wait(lambda: framed_inside(s, 100, 80, 200, 150))
        for r in ((0, 0, 200, 150), (0, 0, 200, 2), (0, 0, 2, 150), (198, 0, 2, 150),
                  (0, 148, 200, 2), (0, 0, 1, 1), (199, 149, 1, 1), (1, 1, 198, 148),
                  (0, 0, 9999, 9999), (5, 0, 10, 1), (0, 5, 1, 10), (150, 100, 5000, 5000)):
            s.a.damage(7, *r)
        s.alive()
        assert s.d.wait(lambda: framed_inside(s, 100, 80, 200, 150))
        b.close()


def test_menu_without_content():
    with scene() as s:
        s.a.create(7, 100, 80, 200, 150, 1)
        s.a.map(7, 0, 1)
        s.d.shown(7)
        assert s.d.wait(lambda: not s.d.image().frame(100, 80, 200, 150, 2, BLUE))
        assert s.d.wait(lambda: s.d.image().all(102, 82, 196, 146, WHITE))


def test_menu_expose_and_resize():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN, override=1)
        s.d.shown(7)
        cover = s.d.root.create_window(90, 70, 50, 50, 0, 24, background_pixel=RED,
                                       override_redirect=1)
        cover.map()
        s.d.x.sync()
        cover.destroy()
        s.d.x.sync()
        assert s.d.wait(lambda: framed_inside(s, 100, 80, 200, 150))
        for width, height in ((260, 190), (120, 70), (300, 60)):
            s.a.configure(7, 100, 80, width, height)
            b = Buffer(width, height, GREEN)
            s.a.dump(7, b)
            s.a.damage(7, 0, 0, width, height)
            assert s.d.wait(lambda w=width, h=height: framed_inside(s, 100, 80, w, h)), \
                (width, height)


def test_menu_tiny():
    for width, height in ((1, 1), (4, 4), (4, 50), (50, 3), (5, 5)):
        with scene() as s:
            s.a.show(7, 100, 80, width, height, GREEN, override=1)
            s.d.shown(7)
            if width > 4 and height > 4:
                assert s.d.wait(lambda: s.d.pixel(102, 82) == GREEN)
            assert s.d.wait(lambda: not s.d.image().frame(100, 80, width, height,
                                                          min(2, width, height), BLUE))
            if width <= 4 or height <= 4:
                assert s.d.wait(lambda: s.d.image().all(100, 80, width, height, BLUE))


def test_managed():
    if not common.FRAMED:
        return "the window manager draws it"
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN, title="hello")
        w = s.d.shown(7)
        equal(lambda: s.d.box(w), (100, 80, 200, 150))
        top, client = s.d.top(w)
        equal(top.id, client.id)
        equal(lambda: s.d.box(top), (96, 76, 208, 158))
        assert s.d.wait(lambda: framed_outside(s, 100, 80, 200, 150))
        s.a.configure(7, 150, 120, 250, 90)
        b = Buffer(250, 90, GREEN)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 250, 90)
        assert s.d.wait(lambda: framed_outside(s, 150, 120, 250, 90))
        return None


def test_managed_exact_without_frame():
    if common.FRAMED:
        return "for --wm-draws-frame"
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        equal(s.d.top(w)[0].id, w.id)
        equal(lambda: s.d.box(w), (100, 80, 200, 150))
        assert s.d.wait(lambda: s.d.image().all(100, 80, 200, 150, GREEN))
        return None


def test_colors():
    for color, rgb in (("0xcc0000", 0xcc0000), ("0x000000", 0), ("yellow", 0xffff00),
                       ("0xedd400", 0xedd400)):
        with scene(color=color) as s:
            s.a.show(7, 100, 80, 100, 100, GREEN, override=1)
            s.a.show(8, 300, 80, 100, 100, GREEN)
            s.d.shown(7), s.d.shown(8)
            assert s.d.wait(lambda c=rgb: framed_inside(s, 100, 80, 100, 100, c)), color
            if common.FRAMED:
                assert s.d.wait(lambda c=rgb: framed_outside(s, 300, 80, 100, 100, c)), color


def test_menu_becomes_window_and_back():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN, override=1)
        w = s.d.shown(7)
        s.a.send(UNMAP, 7)
        s.d.wait(lambda: not s.d.viewable(w))
        b = Buffer(200, 150, GREEN)
        s.a.map(7)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 200, 150)
        assert s.d.wait(lambda: s.d.viewable(w))
        equal(w.get_attributes().override_redirect, 0)
        if common.FRAMED:
            assert s.d.wait(lambda: framed_outside(s, 100, 80, 200, 150))
        s.a.send(UNMAP, 7)
        s.d.wait(lambda: not s.d.viewable(w))
        s.a.map(7, 0, 1)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 200, 150)
        assert s.d.wait(lambda: s.d.viewable(w))
        equal(s.d.top(w)[0].id, w.id)
        assert s.d.wait(lambda: framed_inside(s, 100, 80, 200, 150))


def set_dpi(s, dpi):
    s.d.root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, b"a: b\nXft.dpi:\t%d\n" % dpi)
    s.d.x.sync()


def test_high_resolution():
    """Frames are as much wider as everything else is larger, and follow."""
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN, override=1)
        s.a.show(8, 400, 80, 200, 150, GREEN)
        s.d.shown(7), s.d.shown(8)
        for dpi, scale in ((192, 2), (300, 3), (144, 1)):
            set_dpi(s, dpi)
            assert s.d.wait(lambda n=2 * scale: not s.d.image().frame(100, 80, 200, 150, n, BLUE)), dpi
            assert s.d.wait(lambda n=2 * scale: s.d.image().all(100 + n, 80 + n, 200 - 2 * n, 150 - 2 * n, GREEN)), dpi
            if common.FRAMED:
                n = FRAME * scale
                assert s.d.wait(lambda n=n: not s.d.image().frame(400 - n, 80 - n, 200 + 2 * n, 150 + 2 * n, n,
                                                                  BLUE)), dpi
            assert s.d.wait(lambda: s.d.image().all(400, 80, 200, 150, GREEN)), dpi
            equal(lambda: s.d.box(s.d.find(8)), (400, 80, 200, 150))
        # A window that appears now has the frame of now; one at the edge keeps its frame on the screen.
        set_dpi(s, 192)
        s.a.show(9, 100, 400, 200, 150, GREEN, override=1)
        s.d.shown(9)
        assert s.d.wait(lambda: not s.d.image().frame(100, 400, 200, 150, 4, BLUE))
        if common.FRAMED:
            s.a.configure(8, FRAME * 2, FRAME * 2, 200, 150)
            assert s.d.wait(lambda: s.d.box(s.d.find(8))[0] == FRAME * 2)
            set_dpi(s, 288)
            assert s.a.wait_for(CONFIGURE, 8, match=lambda b: b[:8] == struct.pack("<ii", FRAME * 3, FRAME * 3))
            assert s.d.wait(lambda: not s.d.image().frame(0, 0, 200 + FRAME * 6, 150 + FRAME * 6, FRAME * 3, BLUE))
