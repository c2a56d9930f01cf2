# SPDX-License-Identifier: GPL-2.0-or-later
"""Under window managers: frames, titles, states."""
import os
import random
import struct
import time

from Xlib import X, Xatom, protocol

import common
from common import BLUE, FRAME, GREEN, equal, need, scene
from fakeagent import (ATTENTION, Buffer, CLOSE, CONFIGURE, CROSSING, FLAGS, FULLSCREEN, MAP,
                       MINIMIZE, UNMAP)

MANAGERS = ("openbox", "xfwm4", "twm") + common.MORE_MANAGERS


def flags_sent(s, match, timeout=100):
    body = s.a.wait_for(FLAGS, 7, timeout=timeout,
                        match=lambda b: match(*struct.unpack("<II", b)))
    return body and struct.unpack("<II", body)


def echo(s):
    """Answers the daemon's CONFIGUREs as an agent does; repaints."""
    last = None
    for _ in range(20):
        body = s.a.wait_for(CONFIGURE, 7, timeout=0.2)
        if body is None:
            break
        last = struct.unpack("<iiII", body[:16])
        s.a.configure(7, *last)
    if last:
        b = Buffer(last[2], last[3], GREEN)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, last[2], last[3])
    return last


def echo_now(s):
    """Agrees to what the daemon wants, as far as it is known."""
    s.a.poll(0)
    wanted = [m[2] for m in s.a.received if m[0] == CONFIGURE]
    s.a.received = [m for m in s.a.received if m[0] != CONFIGURE]
    if wanted:
        s.a.configure(7, *struct.unpack("<iiII", wanted[-1][:16]))


def start(s, *hints):
    s.b = Buffer(300, 200, GREEN)
    s.a.create(7, 200, 150, 300, 200)
    s.a.title(7, "hello")
    s.a.wmclass(7, "Term", "term")
    s.a.hints(7, *(hints or (5,)))
    s.a.map(7)
    s.a.dump(7, s.b)
    s.a.damage(7, 0, 0, 300, 200)
    w = s.d.shown(7)
    assert w
    assert s.d.wait(lambda: s.d.top(w)[0].id != s.d.top(w)[1].id), "not managed"
    time.sleep(0.2)
    echo(s)
    return w


def frame_visible(s, w):
    x, y, width, height = s.d.box(w)
    i = s.d.image()
    return (not i.frame(x - FRAME, y - FRAME, width + 2 * FRAME, height + 2 * FRAME, FRAME, BLUE)
            and i.at(x, y) == GREEN and i.at(x + width - 1, y + height - 1) == GREEN)


def framed(s, w):
    """The qube goes along with what it is told, until the frame is around what it painted."""
    return s.d.wait(lambda: frame_visible(s, w) or (echo(s) and frame_visible(s, w)))


def insist(s, done, *box):
    """
    The qube wants a window to be so. What it is told meanwhile, perhaps of something before, is to be
    confirmed first, as an agent does.
    """
    s.a.configure(7, *box)

    def agreed():
        if not done() and echo(s):
            s.a.configure(7, *box)
        return done()
    return s.d.wait(agreed)


def with_managers(*managers, **kw):
    def each(f):
        def make(manager):
            @need(manager)
            def g():
                with scene(manager=manager, **kw) as s:
                    return f(s, manager)
            return g
        for m in managers:
            f.__globals__["test_%s_%s" % (f.__name__, m)] = make(m)
        return f
    return each


each_manager = with_managers(*MANAGERS)
STATEFUL = ("openbox", "xfwm4") + common.MORE_MANAGERS  # twm knows no states


@each_manager
def frame(s, manager):
    if not common.FRAMED:
        return "the window manager draws it"
    w = start(s)
    assert s.d.wait(lambda: frame_visible(s, w)), s.d.box(w)
    top, client = s.d.top(w)
    assert top.id != client.id, "not managed"
    equal(lambda: s.d.text(client, "WM_NAME"), "[work] hello")
    # Resized by the user: the window manager's way is a ConfigureRequest.
    client.configure(width=428, height=328)
    s.d.x.sync()
    assert s.d.wait(lambda: (echo(s) or ())[2:] == (420, 320)), "the qube is not told"
    assert s.d.wait(lambda: frame_visible(s, w)), s.d.box(w)
    # Resized by the qube.
    assert insist(s, lambda: s.d.box(w)[2:] == (250, 180), *s.d.box(w)[:2], 250, 180), s.d.box(w)
    b = Buffer(250, 180, GREEN)
    s.a.dump(7, b)
    s.a.damage(7, 0, 0, 250, 180)
    assert s.d.wait(lambda: frame_visible(s, w)), s.d.box(w)
    return None


@each_manager
def position_known_to_qube(s, manager):
    w = start(s)
    s.a.drain()
    client = s.d.top(w)[1]
    client.configure(x=333, y=222)
    s.d.x.sync()
    told = []

    def agreed():
        told.append(echo(s))
        return [t for t in told if t][-1:] == [s.d.box(w)]
    assert s.d.wait(agreed), (told, s.d.box(w))


@each_manager
def close(s, manager):
    w = start(s)
    client = s.d.top(w)[1]
    s.d.client_message(client, "WM_PROTOCOLS", s.d.x.intern_atom("WM_DELETE_WINDOW"))
    equal(s.a.wait_for(CLOSE, 7), b"")
    s.a.send(UNMAP, 7)
    assert s.d.wait(lambda: not s.d.viewable(w))
    s.a.map(7)
    assert s.d.wait(lambda: s.d.viewable(w))


@each_manager
def hostile_geometry(s, manager):
    """The qube may not push its frame off the screen, nor cover the screen."""
    if not common.FRAMED:
        return "the window manager draws it"
    w = start(s)
    for g in ((-20, -40, 1340, 880), (0, 0, 1280, 800), (-200, -200, 400, 400),
              (1200, 700, 300, 300), (-16384, -6144, 16384, 6144 + 800)):
        s.a.configure(7, *g)
        b = Buffer(min(g[2], 1400), min(g[3], 900), GREEN)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 1400, 900)
        time.sleep(0.2)
        echo(s)
        s.alive()

        def harmless():
            x, y, width, height = s.d.box(s.d.top(w)[1])
            if x + width <= 0 or y + height <= 0 or x >= 1280 or y >= 800:
                return True
            return (x >= 0 and y >= 0 and x + width <= 1280 and y + height <= 800 and
                    frame_visible(s, w))
        assert s.d.wait(lambda: harmless() or (echo(s) and harmless())), (g, s.d.box(s.d.top(w)[1]))
    return None


def state(s, w, action, *names):
    client = s.d.top(w)[1]
    s.d.client_message(client, "_NET_WM_STATE", action, *[s.d.x.intern_atom(n) for n in names],
                       to_root=True)


@with_managers(*STATEFUL)
def fullscreen_refused(s, _manager):
    w = start(s)
    s.a.flags(7, FULLSCREEN)
    assert flags_sent(s, lambda on, off: on & FULLSCREEN), "not confirmed"
    s.alive()
    both = {"_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"}
    assert s.d.wait(lambda: both <= s.d.atoms(w, "_NET_WM_STATE"))
    assert "_NET_WM_STATE_FULLSCREEN" not in s.d.atoms(w, "_NET_WM_STATE")
    if common.FRAMED:
        assert framed(s, w), s.d.box(w)
    s.a.flags(7, 0, FULLSCREEN)
    assert flags_sent(s, lambda on, off: off & FULLSCREEN)
    assert s.d.wait(lambda: not s.d.atoms(w, "_NET_WM_STATE") &
                    {"_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"})


@with_managers(*STATEFUL)
def back_from_maximised(s, _manager):
    """It goes back to its size and place, also when the qube did something just before."""
    both = ("_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ")
    w = start(s)
    before = s.d.box(w)
    for i in range(6):
        if i % 2:
            s.a.hints(7, 5, 20 + i, 20)
            s.alive()
            state(s, w, 1, *both)
        else:
            s.a.flags(7, FULLSCREEN)
        assert s.d.wait(lambda: s.d.box(w)[2] > 1200), (i, s.d.box(w))
        echo(s)
        if i % 2:
            state(s, w, 0, *both)
        else:
            s.a.flags(7, 0, FULLSCREEN)
        equal(lambda: (echo(s), s.d.box(w))[1], before, "time %d" % i)
        time.sleep(0.3)
        echo(s)
        equal(s.d.box(w), before, "stays, time %d" % i)


@with_managers(*STATEFUL, config="allow_fullscreen = true;")
def fullscreen_allowed(s, _manager):
    w = start(s)
    s.a.flags(7, FULLSCREEN)
    assert flags_sent(s, lambda on, off: on & FULLSCREEN)
    assert s.d.wait(lambda: "_NET_WM_STATE_FULLSCREEN" in s.d.atoms(w, "_NET_WM_STATE"))
    s.a.flags(7, 0, FULLSCREEN)
    assert flags_sent(s, lambda on, off: off & FULLSCREEN)


@with_managers(*STATEFUL)
def fullscreen_by_user(s, _manager):
    w = start(s)
    state(s, w, 1, "_NET_WM_STATE_FULLSCREEN")
    assert flags_sent(s, lambda on, off: on & FULLSCREEN)
    equal(lambda: s.d.box(s.d.top(w)[1]), (0, 0, 1280, 800))
    if common.FRAMED:
        assert framed(s, w), "even then"
    state(s, w, 0, "_NET_WM_STATE_FULLSCREEN")
    assert flags_sent(s, lambda on, off: off & FULLSCREEN)
    # The qube may always leave it.
    state(s, w, 1, "_NET_WM_STATE_FULLSCREEN")
    assert flags_sent(s, lambda on, off: on & FULLSCREEN)
    s.a.flags(7, 0, FULLSCREEN)
    assert flags_sent(s, lambda on, off: off & FULLSCREEN)


@need("openbox")
def test_fullscreen_before_map():
    for config, wanted in (("", "_NET_WM_STATE_MAXIMIZED_VERT"),
                           ("allow_fullscreen = true;", "_NET_WM_STATE_FULLSCREEN")):
        with scene(manager="openbox", config=config) as s:
            s.a.create(7, 200, 150, 300, 200)
            s.a.flags(7, FULLSCREEN)
            s.a.map(7)
            w = s.d.shown(7)
            assert s.d.wait(lambda: wanted in s.d.atoms(w, "_NET_WM_STATE")), \
                s.d.atoms(w, "_NET_WM_STATE")


@with_managers(*STATEFUL)
def minimize(s, _manager):
    w = start(s)
    s.a.flags(7, MINIMIZE)
    assert flags_sent(s, lambda on, off: on & MINIMIZE)
    client = s.d.top(w)[1]
    # Not its frame only: the window manager hears of what is mapped when it was not.
    assert s.d.wait(lambda: client.get_attributes().map_state == X.IsUnmapped)
    client.map()
    s.d.x.sync()
    assert flags_sent(s, lambda on, off: off & MINIMIZE)
    assert s.d.wait(lambda: s.d.viewable(w))
    # Withdrawn while iconified: it must not come back.
    s.a.flags(7, MINIMIZE)
    assert flags_sent(s, lambda on, off: on & MINIMIZE)
    s.a.send(UNMAP, 7)
    s.alive()
    wm_state = s.d.wait(lambda: (s.d.prop(s.d.top(w)[1], "WM_STATE") or [0])[0] == 0)
    assert wm_state


class SlowManager:
    """A window manager that does what it is asked to when the test says so. An old one tells no work area."""

    def __init__(self, d, old=False):
        self.d = d
        if not old:
            for name, value in (("_NET_CURRENT_DESKTOP", [0]), ("_NET_WORKAREA", [0, 0, *d.size])):
                d.root.change_property(d.x.intern_atom(name), Xatom.CARDINAL, 32, value)
        d.root.change_attributes(event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        d.x.sync()

    def event(self, kind, match=lambda e: True):
        """The next event of that kind. Those before it are gone."""
        def look():
            while self.d.x.pending_events():
                e = self.d.x.next_event()
                if e.type & 0x7f == kind and match(e):
                    return e
            return None
        e = self.d.wait(look)
        assert e, "event %d does not come" % kind
        return e

    def set_state(self, client, state):
        atom = self.d.x.intern_atom("WM_STATE")
        client.change_property(atom, atom, 32, [state, X.NONE])
        return atom

    def manage(self, client, state_first=True, at=None):
        g = client.get_geometry()
        x, y = at or (g.x, g.y)
        frame = self.d.root.create_window(
            x, y, g.width, g.height + 20, 0, X.CopyFromParent,
            event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        client.change_attributes(event_mask=X.PropertyChangeMask)
        client.reparent(frame, 0, 20)
        if state_first:
            self.set_state(client, 1)
        client.map()
        frame.map()
        if not state_first:
            self.d.x.sync()
            time.sleep(0.05)
            self.set_state(client, 1)
        self.d.x.sync()
        return frame

    def tell(self, client, x, y):
        """Where the client is on the screen, as window managers do (ICCCM 4.1.5)."""
        g = client.get_geometry()
        client.send_event(protocol.event.ConfigureNotify(
            event=client, window=client, above_sibling=X.NONE, x=x, y=y, width=g.width,
            height=g.height, border_width=0, override=0), event_mask=X.StructureNotifyMask)
        self.d.x.sync()

    def let_go(self, client, frame, mapped=False):
        """What came before is answered: what counts comes now."""
        if mapped:  # as one does that was asked between making the frame and mapping
            client.map()
        else:
            client.unmap()
        client.reparent(self.d.root, 200, 150)
        frame.destroy()
        atom = self.set_state(client, 0)
        self.d.x.sync()

        def withdrawn(e):
            return e.window == client and e.atom == atom and withdrawn.count.pop() == 0
        withdrawn.count = [0, 1]  # the one of manage() first
        self.event(X.PropertyNotify, withdrawn)


def asked_to_map(s, old=False):
    """A window manager that does what the test says, when it says so; and a window that it is to map."""
    m = SlowManager(s.d, old)
    s.alive()  # that manager is known
    s.a.show(7, 200, 150, 300, 200, GREEN)
    return m, m.event(X.MapRequest).window


def managed(s):
    """The same, when that was done, and the qube has agreed."""
    m, client = asked_to_map(s)
    frame = m.manage(client)
    m.tell(client, 196, 166)
    w = s.d.shown(7)
    s.a.configure(7, *struct.unpack("<iiII", s.a.wait_for(CONFIGURE, 7)[:16]))
    equal(lambda: s.d.box(w), (200, 170, 300, 200))
    return m, client, frame, w


def test_mapped_again():
    """Before a slow window manager has let go of the window, mapping it is asking for nothing."""
    with scene() as s:
        m, client = asked_to_map(s)
        frame = m.manage(client)
        assert s.d.wait(lambda: s.d.viewable(client))
        for mapped in (False, True, False):
            s.a.send(UNMAP, 7)
            s.a.map(7)
            s.alive()  # all of that was done
            m.let_go(client, frame, mapped)
            equal(m.event(X.MapRequest).window, client)
            frame = m.manage(client)
            assert s.d.wait(lambda: s.d.viewable(client))
        # What is not wanted any more stays away.
        s.a.send(UNMAP, 7)
        s.a.map(7)
        s.a.send(UNMAP, 7)
        s.alive()
        m.let_go(client, frame)
        s.alive()
        assert not s.d.viewable(client)


def test_mapped_too_late():
    """A window that is gone when the window manager comes to show it does not stay."""
    for state_first in (True, False):
        with scene() as s:
            m, client = asked_to_map(s)
            s.a.send(UNMAP, 7)
            s.alive()
            m.event(X.UnmapNotify, lambda e: e.window == client and e.send_event)
            m.manage(client, state_first)  # this one took no notice
            m.event(X.UnmapNotify, lambda e: e.window == client and e.send_event)
            assert s.d.wait(lambda: not s.d.viewable(client)), "it stays"


def test_gone_before_mapped():
    """twm destroys a window that it is to withdraw when it has not come to map it: it is asked afterwards."""
    with scene() as s:
        m, client = asked_to_map(s, old=True)

        def withdrawn(e):
            return e.window == client and e.send_event
        s.a.send(UNMAP, 7)
        s.alive()
        while s.d.x.pending_events():
            e = s.d.x.next_event()
            assert e.type & 0x7f != X.UnmapNotify or not withdrawn(e), "too early"
        frame = m.manage(client)
        m.event(X.UnmapNotify, withdrawn)
        assert s.d.wait(lambda: not s.d.viewable(client)), "it stays"
        # Not mapped in the frame, which goes: when it is out of that.
        s.a.map(7)
        s.alive()
        client.reparent(s.d.root, 200, 150)
        frame.destroy()
        m.set_state(client, 0)
        equal(m.event(X.MapRequest, lambda e: e.window == client).parent, s.d.root)
        # One that is wanted again before it was mapped stays.
        s.a.send(UNMAP, 7)
        s.a.map(7)
        s.alive()
        m.manage(client)
        s.alive()
        assert s.d.wait(lambda: s.d.viewable(client))


@need("twm")
def test_blink_on_purpose_twm():
    """However fast a window comes and goes, twm hardly ever destroys it: the qube would be asked to close it."""
    rng = random.Random(int(os.environ.get("GUI_SEED", "1")))
    with scene(manager="twm") as s:
        start(s)
        for _ in range(150):
            for act in (lambda: s.a.send(UNMAP, 7), lambda: s.a.map(7)):
                act()
                time.sleep(rng.choice((0, rng.uniform(0, 0.02))))
            echo_now(s)
        assert s.d.wait(lambda: s.d.viewable(s.d.find(7))), "it stays hidden"
        s.alive()
        assert not [k for k, _, _ in s.a.received if k == CLOSE]
        assert s.stderr().count("destroyed") < 5  # hundreds, if it were asked too early


@each_manager
def flash(s, _manager):
    """Windows that go as soon as they come."""
    for i in range(20, 30):
        s.a.create(i, 200, 150, 300, 200)
        s.a.hints(i, 5)
        s.a.map(i)
        s.a.send(UNMAP, i)
    start(s)  # the window manager has come to those, too
    for i in range(20, 30):
        w = s.d.find(i)
        assert s.d.wait(lambda w=w: not s.d.viewable(w)), "it stays"


def test_mapped_again_despite_manager():
    """One that never lets go of it does not keep the window from its user."""
    with scene() as s:
        m, client = asked_to_map(s)
        m.manage(client)
        assert s.d.wait(lambda: s.d.viewable(client))
        s.a.send(UNMAP, 7)
        s.a.map(7)
        equal(m.event(X.MapRequest).window, client)


def test_late_answers():
    """A window manager that is late goes through places that nobody wants any more: where it ends counts."""
    if not common.FRAMED:
        return "no frame"
    with scene() as s:
        m, client = asked_to_map(s)
        frame = m.manage(client)
        w = s.d.shown(7)

        def put(y):
            frame.configure(x=150, y=y)
            m.tell(client, 150, y + 20)
        for x in range(50, 100):
            since = time.monotonic()
            s.a.configure(7, x, 150, 300, 200)
            for i in range(8):
                put(s.d.size[1] - 60 + i)
                s.alive()
            while s.d.x.pending_events():
                s.d.x.next_event()
            # Later, it is the user who may put it there.
            if time.monotonic() < since + 2:
                break
        wanted = m.event(X.ConfigureRequest)
        put(wanted.y)
        assert s.d.wait(lambda: frame_visible(s, w)), s.d.box(w)
    return None


def test_answer_out_of_time():
    """What a window manager has not come to do yet is not what it refuses to do."""
    if not common.FRAMED:
        return "no frame"
    with scene() as s:
        m, client, frame, w = managed(s)
        s.a.configure(7, 400, 300, 300, 200)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client)
        equal((asked.x, asked.y), (396, 276))
        time.sleep(1)  # by then it is looked where the window is
        s.alive()
        while s.d.x.pending_events():
            e = s.d.x.next_event()
            assert e.type != X.ConfigureRequest or e.window != client, "asked for something else"
        frame.configure(x=asked.x, y=asked.y)
        m.tell(client, 396, 296)
        equal(s.d.box(w), (400, 300, 300, 200))
        s.alive()
        told = s.a.wait_for(CONFIGURE, 7, timeout=0)
        assert told is None, "the qube is told %r" % (struct.unpack("<iiIII", told),)
    return None


def test_border_that_is_not_seen():
    """What marco has around its frames for the pointer is not counted, as marco does not."""
    if not common.FRAMED:
        return "no frame"
    with scene() as s:
        m, client = asked_to_map(s)
        client.change_property(s.d.x.intern_atom("_NET_FRAME_EXTENTS"), Xatom.CARDINAL, 32, [0, 0, 15, 0])
        m.manage(client)  # 20 pixels above it
        m.tell(client, 196, 166)
        s.d.shown(7)
        s.a.configure(7, *struct.unpack("<iiII", s.a.wait_for(CONFIGURE, 7)[:16]))
        s.a.configure(7, 400, 300, 300, 200)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client)
        equal((asked.x, asked.y), (400 - FRAME, 300 - FRAME - 15))
    return None


def test_borders_after_being_maximised():
    """What a maximised window lacks of its frame is there again when the qube asks for another size."""
    if not common.FRAMED:
        return "no frame"
    with scene() as s:
        m, client = asked_to_map(s)
        frame = m.manage(client)
        w = s.d.shown(7)

        def put(x, y, width, height, border):
            frame.configure(x=x, y=y, width=width, height=height)
            client.configure(x=border, y=20, width=width - 2 * border, height=height - 20 - border)
            m.tell(client, x + border, y + 20)
            equal(lambda: s.d.box(client)[:3], (x + border, y + 20, width - 2 * border))
            s.alive()
            told = [b for k, _, b in s.a.received if k == CONFIGURE]
            s.a.received = []
            for b in told[-1:]:
                s.a.configure(7, *struct.unpack("<iiII", b[:16]))
            s.alive()

        put(196, 166, 318, 233, 5)
        s.a.configure(7, 400, 300, 300, 200)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client and e.width == 308)
        equal((asked.x, asked.y), (400 - FRAME - 5, 300 - FRAME - 20))
        put(asked.x, asked.y, 318, 233, 5)
        put(0, 0, *s.d.size, 0)
        s.a.configure(7, s.d.size[0] - 304, s.d.size[1] - 204, 300, 200)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client and e.width == 308)
        equal((asked.x, asked.y), (s.d.size[0] - 318, s.d.size[1] - 233))
        assert s.d.viewable(w)
    return None


def test_room_for_the_next_frame():
    """A window that the window manager has let go of, but that is mapped again, leaves room for a frame."""
    if not common.FRAMED:
        return "no frame"
    with scene() as s:
        m, client, _, _ = managed(s)  # 20 pixels above it
        client.reparent(s.d.root, 196, 166)
        s.d.x.sync()
        s.alive()
        for body in [b for k, _, b in s.a.received if k == CONFIGURE][-1:]:
            s.a.configure(7, *struct.unpack("<iiII", body[:16]))
        s.a.received = []
        s.a.configure(7, 300, s.d.size[1] - 100, 300, 200)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client and e.x == 300 - FRAME)
        equal(asked.y, s.d.size[1] - 20 - 200 - 2 * FRAME)
    return None


@each_manager
def blink(s, _manager):
    start(s)

    def managed():
        w = s.d.find_now("work", 7)
        return w and s.d.viewable(w) and (s.d.prop(s.d.top(w)[1], "WM_STATE") or [0])[0] == 1

    for _ in range(5):
        s.a.send(UNMAP, 7)
        s.a.map(7)
        s.alive()
        assert s.d.wait(managed), "it stays hidden"
    s.a.send(UNMAP, 7)
    assert s.d.wait(lambda: not s.d.viewable(s.d.find(7)))


def test_attention():
    with scene(manager="openbox") as s:
        start(s)
        s.a.show(8, 600, 500, 100, 100, GREEN)
        w = s.d.shown(8)
        # What has the focus has the attention.
        equal(lambda: list(s.d.prop(s.d.root, "_NET_ACTIVE_WINDOW")), [s.d.top(w)[1].id])
        s.a.flags(7, ATTENTION)
        assert flags_sent(s, lambda on, off: on & ATTENTION)
        s.a.flags(7, 0, ATTENTION)
        assert flags_sent(s, lambda on, off: off & ATTENTION)


def test_states_without_manager():
    """A window manager's property is believed, whoever runs it."""
    with scene() as s:
        s.a.show(7, 100, 100, 200, 200, GREEN)
        w = s.d.shown(7)
        client = s.d.top(w)[1]
        atom = s.d.x.intern_atom("_NET_WM_STATE")
        client.change_property(atom, 4, 32, [s.d.x.intern_atom("_NET_WM_STATE_FULLSCREEN")])
        s.d.x.sync()
        equal(flags_sent(s, lambda on, off: True), (FULLSCREEN, 0))
        assert s.d.wait(lambda: "_NET_WM_STATE_FULLSCREEN" in s.d.atoms(w, "_NET_WM_STATE"))
        client.delete_property(atom)
        s.d.x.sync()
        equal(flags_sent(s, lambda on, off: True), (0, FULLSCREEN))
        equal(MAP, 132), equal(CROSSING, 127), equal(X.IsViewable, 2)


@each_manager
def hostile_first_geometry(s, manager):
    """A new window that leaves no room for the title bar."""
    if not common.FRAMED:
        return "the window manager draws it"
    for n, g in enumerate(((0, 0, 1280, 800), (-4, -24, 1288, 830), (1000, 600, 500, 500))):
        i = 20 + n
        s.a.create(i, *g)
        s.a.hints(i, 1 | 4)
        s.a.map(i)
        w = s.d.shown(i)
        time.sleep(0.4)

        def inside():
            x, y, width, height = s.d.box(s.d.top(w)[1])
            return x >= 0 and y >= 0 and x + width <= 1280 and y + height <= 800
        assert s.d.wait(inside), (g, s.d.box(s.d.top(w)[1]))
        told = s.a.wait_for(CONFIGURE, i)
        assert told
        s.a.send(UNMAP, i)
    return None
