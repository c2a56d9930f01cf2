#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of the time a hostile qube has a part of a frame hidden under a window manager.

hidden.py [MANAGER [SECONDS [SEED [LONGEST PAUSE, s]]]]     (xfwm4 20 1 0.2)
GUID_BIN: the daemon. Prints the share, and the longest times with what the qube did before.
"""
import random
import struct
import sys
import threading
import time

from Xlib import X, display, error

from common import GREEN, scene
from fakeagent import Buffer, CONFIGURE, FULLSCREEN, UNMAP
from t_manager import start

W, H = 1280, 800
SCREEN = (0, 0, W, H)
EDGES = ((W - 304, 300, 300, 200), (400, H - 204, 300, 200), (W - 304, H - 204, 300, 200), (4, 4, 300, 200))


def clip(a, b):
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


class Looker(threading.Thread):
    """Looks at the windows of one moment, again and again."""

    def __init__(self, name, content):
        super().__init__(daemon=True)
        self.x = display.Display(name)
        self.content, self.done = content, False
        self.looks, self.seconds, self.hidden = 0, 0.0, []

    def boxes(self):
        """Of the content and what it is in, up to the root's child."""
        w, out, root = self.x.create_resource_object("window", self.content), [], self.x.screen().root
        while w.id != root.id:
            g, t = w.get_geometry(), w.translate_coords(root, 0, 0)
            if w.get_attributes().map_state != X.IsViewable:
                return None
            out.append((-t.x, -t.y, -t.x + g.width, -t.y + g.height))
            w = w.query_tree().parent
        return out

    def sides(self):
        """Those on which content is cut off, or has no frame beside it."""
        self.x.grab_server()
        try:
            boxes = self.boxes()
        except error.XError:
            boxes = None
        finally:
            self.x.ungrab_server()
            self.x.flush()
        if not boxes:
            return None
        content, seen, frame = boxes[0], SCREEN, SCREEN
        for b in boxes:
            seen = clip(seen, b)
        for b in boxes[1:]:
            frame = clip(frame, b)
        if seen[0] >= seen[2] or seen[1] >= seen[3]:
            return ""
        return "".join(name for i, name in enumerate("LTRB") if seen[i] != content[i] or frame[i] == content[i])

    def run(self):
        last, before = time.monotonic(), ""
        while not self.done:
            sides = self.sides()
            now = time.monotonic()
            if sides is not None:
                self.looks += 1
                self.seconds += now - last
                if sides and before:
                    self.hidden[-1][1] = now - self.hidden[-1][0]
                elif sides:
                    self.hidden.append([last, now - last, sides])
                before = sides
            last = now
            time.sleep(0.001)


class Attacker:
    def __init__(self, s, seed):
        self.a, self.r, self.log = s.a, random.Random(seed), []
        self.buffer, self.send = Buffer(1300, 900, GREEN), s.a.send
        s.a.send = self.logged

    def logged(self, kind, window, body=b"", length=None):
        self.log.append((time.monotonic(), kind, struct.unpack("<%di" % (len(body) // 4), body)))
        self.send(kind, window, body, length)

    def answer(self):
        self.a.poll(0)
        wanted = [m[2] for m in self.a.received if m[0] == CONFIGURE]
        self.a.received = []
        if wanted and self.r.random() < 0.9:
            self.a.configure(7, *struct.unpack("<iiII", wanted[-1][:16]))

    def box(self):
        r = self.r
        return r.choice((
            (r.randrange(-50, 50), r.randrange(-50, 50), r.randrange(900, 1500), r.randrange(500, 900)),
            (r.choice((-40, W - 40, -5, W - 5)), r.choice((-40, H - 40, -5, H - 5)), r.randrange(50, 500),
             r.randrange(50, 500)),
            r.choice(EDGES), (100, 100, 1176, 696),
            (r.randrange(W), r.randrange(H), r.randrange(20, 600), r.randrange(20, 500))))

    def step(self):
        r, kind = self.r, self.r.randrange(6)
        self.answer()
        if kind == 0:
            self.a.hints(7, 4 | 16, 10, 10)
            self.a.configure(7, *r.choice(EDGES))
            time.sleep(r.uniform(0, 0.03))
            self.a.hints(7, 4 | 16 | r.choice((0, 64, 256)), r.choice((500, 900)), r.choice((400, 600)), 0, 0,
                         r.choice((7, 700)), r.choice((9, 500)), r.choice((0, 1000)), 0)
        elif kind == 1:
            self.a.flags(7, *r.choice(((FULLSCREEN, 0), (0, FULLSCREEN))))
        elif kind == 2:
            self.a.hints(7, 4 | 16 | 32, r.choice((10, 300)), r.choice((10, 200)), r.choice((100, 400, 1300)),
                         r.choice((100, 400, 900)))
        elif kind == 3:
            self.a.send(UNMAP, 7)
        self.a.configure(7, *self.box())
        if kind == 3:
            self.a.map(7)
        if r.random() < 0.1:
            self.a.dump(7, self.buffer)
            self.a.damage(7, 0, 0, 1300, 900)


def main(manager="xfwm4", seconds="20", seed="1", pause="0.2"):
    with scene(size=(W, H), manager=manager) as s:
        attacker = Attacker(s, int(seed))
        looker = Looker(s.d.display_name, start(s).id)
        looker.start()
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            attacker.step()
            time.sleep(attacker.r.choice((0, 0.01, 0.1, 0.3, 1)) * float(pause))
            content = s.d.find_now("work", 7)
            if content:
                looker.content = content.id
        looker.done = True
        looker.join(60)
    share = sum(h[1] for h in looker.hidden) / max(looker.seconds, 0.001)
    print("%s: %.2f %% of %.0f s, %d times, %d looks" % (manager, 100 * share, looker.seconds, len(looker.hidden),
                                                        looker.looks))
    for at, length, sides in sorted(looker.hidden, key=lambda h: -h[1])[:3]:
        print("%.0f ms, %s, after (ms before, message):" % (1000 * length, sides))
        for when, kind, body in attacker.log:
            if at - 0.5 < when <= at + length:
                print("  %5.0f %d %s" % (1000 * (at - when), kind, " ".join(map(str, body))))


if __name__ == "__main__":
    main(*sys.argv[1:])
