# SPDX-License-Identifier: GPL-2.0-or-later
"""Icons of the qube's tray."""
from Xlib import X, Xatom, protocol

import fakedaemon as fd
from qube import docked, eq


def dock(q, color=0x336699):
    """A client's icon that asks to be docked: its window, and the tray's."""
    tray = q.dpy.get_selection_owner(q.atom("_NET_SYSTEM_TRAY_S0"))
    icon = q.window(w=16, h=16, color=color, map_it=False)
    tray.send_event(protocol.event.ClientMessage(window=tray, client_type=q.atom("_NET_SYSTEM_TRAY_OPCODE"),
                                                 data=(32, [0, 0, icon.id, 0, 0])))
    q.dpy.flush()
    return icon, tray


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


def test_tray_closes(q):
    """the daemon's wish to close an icon, which is that of a tray that ends, ends nobody"""
    dock(q)
    (box, _), = docked(q, 1).items()
    q.daemon.send(fd.CLOSE, box)
    dock(q, 0x112233)
    docked(q, 2)


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
