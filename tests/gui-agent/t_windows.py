# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows, their images and what is asked of them."""
import os

from Xlib import X, Xatom, display, error, protocol

import fakedaemon as fd
from qube import Skip, eq


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
