# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes that a qube asks for so that a window manager hides a part of its frame."""
import random
import os
import struct
import time

from Xlib import X

import common
from common import FRAME, GREEN, equal, need, scene
from fakeagent import CONFIGURE
from t_manager import asked_to_map, echo_now, managed, start

W, H = 1280, 800
MIN_SIZE, RESIZE_INC, BASE_SIZE = 16, 64, 256
EDGES = ((W - 304, 300, 300, 200), (400, H - 204, 300, 200), (W - 304, H - 204, 300, 200))


def told(s, client):
    """Smallest size, increments and base size, as the window manager reads them, without frame."""
    v = s.d.prop(client, "WM_NORMAL_HINTS")
    f = 2 * FRAME
    return (v[5] - f, v[6] - f), (v[9], v[10]), (v[15] - f, v[16] - f)


def on_screen(s, client):
    """At one moment."""
    s.d.x.grab_server()
    x, y, width, height = s.d.box(client)
    s.d.x.ungrab_server()
    s.d.x.flush()
    return x >= 0 and y >= 0 and x + width <= W and y + height <= H


def ask(s, *box):
    """What the daemon wants is agreed to, as far as it is known; then the qube wants something else."""
    echo_now(s)
    s.a.configure(7, *box)


def hurry(manager):
    def f():
        if not common.FRAMED:
            return "no frame"
        rng = random.Random(int(os.environ.get("GUI_SEED", "1")))
        with scene(size=(W, H), manager=manager) as s:
            client = s.d.top(start(s))[1]
            for n in range(30):
                s.a.hints(7, 4 | MIN_SIZE, 10, 10)
                ask(s, *rng.choice(EDGES))
                time.sleep(rng.uniform(0, 0.03))
                # What they make of it: none of their steps is to be seen beyond the edge.
                s.a.hints(7, 4 | MIN_SIZE | rng.choice((0, RESIZE_INC, BASE_SIZE)),
                          rng.choice((500, 900)), rng.choice((400, 600)), 0, 0,
                          rng.choice((7, 700)), rng.choice((9, 500)), rng.choice((0, 1000)), 0)
                if rng.random() < 0.8:  # openbox believes that with the next request only
                    ask(s, *rng.choice(EDGES))
                for _ in range(4):
                    assert on_screen(s, client), (n, s.d.box(client))
                    time.sleep(rng.uniform(0, 0.01))
            s.alive()
        return None
    return need(manager)(f)


for m in ("openbox", "xfwm4") + common.MORE_MANAGERS:
    globals()["test_smallest_sizes_in_a_hurry_" + m] = hurry(m)


def test_smallest_size_that_is_believed():
    """No smallest size is told that is larger than the window is."""
    if not common.FRAMED:
        return "no frame"
    with scene(size=(W, H)) as s:
        m, client, frame, w = managed(s)
        s.a.hints(7, 4 | MIN_SIZE, 250, 100)
        equal(lambda: told(s, client)[0], (250, 100))
        s.a.hints(7, 4 | MIN_SIZE | RESIZE_INC | BASE_SIZE, 500, 100, 0, 0, 400, 7, 350, 20)
        equal(lambda: told(s, client), ((300, 100), (1, 7), (300, 20)))
        # It asks for that much, and the window manager has not come to it.
        s.a.configure(7, 100, 100, 800, 600)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client)
        equal((asked.width, asked.height), (800 + 2 * FRAME, 600 + 2 * FRAME))
        time.sleep(0.7)
        s.alive()
        equal(told(s, client)[0], (300, 100))
        frame.configure(x=asked.x, y=asked.y, width=asked.width, height=asked.height + 20)
        client.configure(width=asked.width, height=asked.height)
        m.tell(client, asked.x, asked.y + 20)
        equal(lambda: s.d.box(w)[2:], (800, 600))
        equal(lambda: told(s, client), ((500, 100), (400, 7), (350, 20)))
        # Smaller than it says that it can be: it is no longer told so before that is asked for.
        s.a.drain()
        s.a.configure(7, *s.d.box(w))
        s.a.configure(7, W - 304, 300, 250, 200)
        m.event(X.ConfigureRequest, lambda e: e.window == client and e.width == 250 + 2 * FRAME)
        equal(told(s, client), ((250, 100), (1, 7), (250, 20)))
    return None


def test_many_hints():
    """The last ones count, however many there were."""
    with scene(size=(W, H)) as s:
        s.a.show(7, 200, 150, 300, 200, GREEN)
        client = s.d.top(s.d.shown(7))[1]
        for n in range(500):
            s.a.hints(7, 4 | MIN_SIZE, 10 + n % 200, 10 + n % 100)
        s.a.hints(7, 4 | MIN_SIZE, 77, 66)
        extra = 0 if common.FRAMED else 2 * FRAME
        equal(lambda: told(s, client)[0], (77 - extra, 66 - extra))


def test_content_waits_for_its_place():
    """A window manager that shows a new window where it likes cuts off nothing but its frame."""
    if not common.FRAMED:
        return "no frame"
    with scene(size=(W, H)) as s:
        m, client = asked_to_map(s, old=True)
        since = time.monotonic()
        frame = m.manage(client, at=(W - 200, 150))
        w = s.d.shown(7)
        s.alive()
        x, _, width, _ = s.d.box(w)
        assert x + width <= W or time.monotonic() > since + 2, (x, width)
        asked = m.event(X.ConfigureRequest, lambda e: e.window == client)
        equal(asked.x, W - 300 - 2 * FRAME)
        frame.configure(x=asked.x, y=asked.y)
        m.tell(client, asked.x, asked.y + 20)
        equal(lambda: s.d.box(w)[2:], (300, 200))
    return None


def test_content_waits_for_its_frame():
    """It does not grow in a window manager's window that has not grown yet: that would cut it off."""
    if not common.FRAMED:
        return "no frame"
    with scene(size=(W, H)) as s:
        m, client, frame, w = managed(s)
        for n in range(50):
            since = time.monotonic()
            width, before = 400 + n + 2 * FRAME, s.d.box(w)[2:]
            s.a.configure(7, 200, 170, 400 + n, 300)
            m.event(X.ConfigureRequest, lambda e, v=width: e.window == client and e.width == v)
            client.configure(width=width, height=300 + 2 * FRAME)
            m.tell(client, 196, 166)
            # A window manager that is later than that had its time.
            in_time = time.monotonic() < since + 0.15
            s.alive()
            small = s.d.box(w)[2:]
            if in_time and time.monotonic() < since + 2:
                equal(small, before)
                break
        frame.configure(width=600, height=400)
        s.d.x.sync()
        equal(lambda: s.d.box(w)[2:], (400 + n, 300))
    return None
