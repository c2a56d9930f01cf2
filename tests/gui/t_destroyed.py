# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows of ours that another program of dom0 destroys: the qube need not know."""
import struct

from Xlib import X

import common
from common import BLUE, FRAME, GREEN, RED, equal, idle, scene, worker_of
from fakeagent import BUTTON, Buffer, CLOSE, DESTROY, FLAGS, FULLSCREEN, MINIMIZE, UNMAP
from t_manager import asked_to_map, each_manager, echo, flags_sent, frame_visible, start
from t_tray import Tray, dock, embedded

HAND = 0x100 + 58
BOX = (200, 150, 300, 200)


def anew(s, remote, *old):
    """The window that has taken the place of those."""
    ids = [w.id for w in old]

    def look():
        w = s.d.find_now("work", remote)
        return w if w and w.id not in ids and s.d.viewable(w) else None
    w = s.d.wait(look)
    assert w, "it is gone for good"
    return w


def complete(s, w, box=BOX, color=GREEN):
    """In its place, with its content, and framed unless the window manager would do that."""
    x, y, width, height = box
    n = FRAME if common.FRAMED else 0
    equal(lambda: s.d.box(w), box)

    def painted():
        i = s.d.image()
        return (i.all(x, y, width, height, color) and
                not (n and i.frame(x - n, y - n, width + 2 * n, height + 2 * n, n, BLUE)))
    assert s.d.wait(painted), "not painted"


def show(s):
    s.b = Buffer(*BOX[2:], GREEN)
    s.a.create(7, *BOX)
    s.a.title(7, "hello")
    s.a.wmclass(7, "Term", "term")
    s.a.hints(7, 4 | 16, 50, 40)
    s.a.map(7)
    s.a.dump(7, s.b)
    s.a.damage(7, 0, 0, *BOX[2:])
    w = s.d.shown(7)
    complete(s, w)
    return w


def properties(s, w):
    top = s.d.top(w)[1]
    return [[s.d.text(x, "WM_NAME"), s.d.text(x, "WM_CLASS"), list(s.d.prop(x, "WM_NORMAL_HINTS")),
             list(s.d.prop(x, "_QUBES_LABEL_COLOR")), s.d.atoms(x, "WM_PROTOCOLS")] for x in (w, top)]


def destroy(s, *windows):
    for w in windows:
        w.destroy()
    s.d.x.flush()


def test_window():
    """The content, its frame, or both; and what came instead."""
    with scene() as s:
        w = show(s)
        before = properties(s, w)
        for which in (lambda w, top: (w,), lambda w, top: (top,), lambda w, top: (w, top)):
            top = s.d.top(w)[1]
            destroy(s, *which(w, top))
            new = anew(s, 7, w)
            complete(s, new)
            equal(lambda n=new: properties(s, n), before)
            assert not s.d.exists(w) and not s.d.exists(top)
            w = new
        # Nothing of all that concerns the qube, whose window goes on.
        s.a.drain()
        s.d.move(*BOX[:2])
        s.d.click(250, 200)
        body = s.a.wait_for(BUTTON, 7)
        equal(struct.unpack("<IiiII", body)[1:3], (50, 50))
        s.b.fill(RED)
        s.a.damage(7, 0, 0, *BOX[2:])
        complete(s, w, BOX, RED)
        s.a.configure(7, 300, 250, *BOX[2:])
        complete(s, w, (300, 250) + BOX[2:], RED)
        s.a.send(UNMAP, 7)
        assert s.d.wait(lambda: not s.d.viewable(w))
        s.a.send(DESTROY, 7)
        assert s.a.wait_for(DESTROY, 7) is not None
        assert s.d.wait(lambda: not s.d.find_now("work", 7))
        s.alive()


def test_menu():
    with scene() as s:
        s.a.show(7, *BOX, GREEN, override=1)
        w = s.d.shown(7)
        destroy(s, w)
        w = anew(s, 7, w)
        equal(s.d.box(w), BOX)
        equal(w.get_attributes().override_redirect, 1)
        assert s.d.wait(lambda: not s.d.image().frame(*BOX, 2, BLUE) and
                        s.d.image().all(BOX[0] + 2, BOX[1] + 2, BOX[2] - 4, BOX[3] - 4, GREEN))


def test_unmapped_window():
    """It does not come back before the qube shows it."""
    with scene() as s:
        w = show(s)
        s.a.send(UNMAP, 7)
        assert s.d.wait(lambda: not s.d.viewable(w))
        destroy(s, s.d.top(w)[1])
        new = s.d.wait(lambda: (lambda n: n if n and n.id != w.id else None)(s.d.find_now("work", 7)))
        s.alive()
        assert not s.d.viewable(new)
        s.a.map(7)
        s.a.dump(7, s.b)
        s.a.damage(7, 0, 0, *BOX[2:])
        complete(s, new)


def test_leader_and_dialog():
    with scene() as s:
        leader = show(s)
        s.a.create(8, 600, 400, 100, 80)
        s.a.map(8, 7)
        dialog = s.d.shown(8)

        def related(a, b):
            return all(list(s.d.prop(i, "WM_TRANSIENT_FOR")) == [j.id] for i, j in
                       ((b, a if common.FRAMED else s.d.top(a)[1]), (s.d.top(b)[1], s.d.top(a)[1])))
        equal(lambda: related(leader, dialog), True)
        destroy(s, s.d.top(leader)[1])
        leader = anew(s, 7, leader)
        equal(lambda: related(leader, dialog), True)
        destroy(s, dialog)
        dialog = anew(s, 8, dialog)
        equal(lambda: related(leader, dialog), True)


def test_cursor():
    with scene() as s:
        w = show(s)
        s.d.x.xfixes_query_version()

        def shape():
            r = s.d.x.xfixes_get_cursor_image(s.d.root)
            return bytes(b for v in r.cursor_image for b in struct.pack("<I", v & 0xffffffff))
        s.d.move(300, 250)
        plain = shape()
        s.a.send(148, 7, struct.pack("<I", HAND))
        assert s.d.wait(lambda: shape() != plain)
        hand = shape()
        destroy(s, s.d.top(w)[1])
        anew(s, 7, w)
        equal(shape, hand)


def test_states():
    """A window that was minimised is not; one that was full screen still is."""
    with scene() as s:
        s.a.create(7, *BOX)
        s.a.flags(7, FULLSCREEN)
        s.a.map(7)
        w = s.d.shown(7)
        both = {"_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"}
        equal(lambda: s.d.atoms(s.d.top(w)[1], "_NET_WM_STATE"), both)
        destroy(s, s.d.top(w)[1])
        w = anew(s, 7, w)
        equal(lambda: s.d.atoms(s.d.top(w)[1], "_NET_WM_STATE"), both)
    with scene() as s:
        w = show(s)
        client = s.d.top(w)[1]
        client.change_property(s.d.x.intern_atom("_NET_WM_STATE"), 4, 32,
                               [s.d.x.intern_atom("_NET_WM_STATE_HIDDEN")])
        s.d.x.sync()
        equal(flags_sent(s, lambda on, off: True), (MINIMIZE, 0))
        destroy(s, client)
        anew(s, 7, w)
        equal(flags_sent(s, lambda on, off: True), (0, MINIMIZE))


def test_fight():
    """Somebody who destroys it whenever it is shown: that ends, and the qube is asked to close it."""
    with scene() as s:
        w = show(s)
        s.a.show(8, 600, 400, 100, 80, GREEN)
        assert s.d.shown(8)
        times = 0
        while s.a.wait_for(CLOSE, 7, timeout=0) is None:
            times += 1
            assert times < 20, "it goes on"
            destroy(s, s.d.top(w)[1])
            s.alive()
            w = s.d.find_now("work", 7)
        assert times > 2, times
        assert "destroyed by another program again" in s.stderr(), s.stderr()
        assert s.d.wait(lambda: idle(worker_of(s.p))), "it goes on"
        assert not s.d.find_now("work", 7)
        # What the qube does with it meanwhile is of no effect,
        s.a.title(7, "still here")
        s.a.configure(7, 300, 250, *BOX[2:])
        s.a.damage(7, 0, 0, *BOX[2:])
        s.a.flags(7, FULLSCREEN)
        s.a.flags(7, 0, FULLSCREEN)
        s.alive()
        assert s.d.viewable(s.d.find(8)), "another window"
        # until it shows the window again.
        s.a.send(UNMAP, 7)
        s.a.map(7)
        s.a.dump(7, s.b)
        s.a.damage(7, 0, 0, *BOX[2:])
        w = s.d.shown(7)
        complete(s, w, (300, 250) + BOX[2:])
        equal(s.d.text(w, "WM_NAME"), "still here")


def test_icon():
    """In a tray that dies with all that is in it; and one that comes later."""
    with scene() as s:
        b = dock(s)
        s.alive()
        tray, w = embedded(s, b)
        for n in range(3):
            if n:
                destroy(s, w)
            else:
                destroy(s, tray.window)
                tray = Tray(s.d)
            assert s.d.wait(tray.requested), "it does not ask to be docked"
            new = s.d.wait(lambda: (lambda i: i if i.id != w.id else None)(s.d.find_now("work", 7)))
            tray.embed(new)
            w = anew(s, 7, w)
            assert s.d.wait(lambda: s.d.pixel(620, 25) not in (0x808080, 0x202020, 0xffffff)), "not painted"
        # A tray that has none of it: the icon is left alone until there is another tray.
        seen = 0
        while seen < 50:
            w = s.d.find_now("work", 7)
            if not w:
                break
            destroy(s, w)
            s.alive()
            seen += 1
        assert seen < 20, "it goes on"
        assert s.a.wait_for(CLOSE, 7, timeout=0) is None
        tray.window.destroy()
        tray = Tray(s.d)
        assert s.d.wait(tray.requested)
        w = s.d.find(7)
        tray.embed(w)
        assert s.d.wait(lambda: s.d.viewable(w))


def test_with_the_managers_frame():
    """A window manager that destroys its own window around one of the qube's."""
    with scene() as s:
        m, client = asked_to_map(s)
        frame = m.manage(client)
        w = s.d.shown(7)
        frame.destroy()
        s.d.x.sync()
        again = m.event(X.MapRequest).window
        assert again != client
        m.manage(again)
        new = anew(s, 7, w)
        if common.FRAMED:
            assert s.d.wait(lambda: frame_visible(s, new)), s.d.box(new)
        # Now one that the qube has taken away and given again, before the window manager knew.
        s.a.send(UNMAP, 7)
        s.a.map(7)
        s.alive()
        destroy(s, again)
        again = m.event(X.MapRequest, lambda e: e.window != again).window
        m.manage(again)
        anew(s, 7, new)


@each_manager
def destroyed(s, _manager):
    w = start(s)
    place = s.d.box(w)
    for which in (0, 1):
        destroy(s, s.d.top(w)[1] if which and common.FRAMED else w)
        new = anew(s, 7, w)
        assert s.d.wait(lambda n=new: s.d.top(n)[0].id != s.d.top(n)[1].id), "not managed"
        if common.FRAMED:
            assert s.d.wait(lambda n=new: frame_visible(s, n) or (echo(s) and frame_visible(s, n))), s.d.box(new)
            equal(lambda n=new: s.d.text(s.d.top(n)[1], "WM_NAME"), "[work] hello")
        equal(lambda n=new: s.d.box(n), place)
        s.alive()
        w = new
