# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys, pointer, focus and cursor."""
from Xlib import X

import fakedaemon as fd
from qube import eq


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
