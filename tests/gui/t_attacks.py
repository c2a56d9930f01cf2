# SPDX-License-Identifier: GPL-2.0-or-later
"""An agent that breaks the protocol, or uses it against the user."""
import fcntl
import os
import random
import signal
import socket
import struct
import tempfile
import time

from Xlib.protocol import rq

import common
from common import BLUE, FRAME, GREEN, RED, equal, idle, mode_args, scene, worker_of
from fakeagent import (Buffer, CLIPBOARD_DATA, CLOSE, CONFIGURE, CREATE, CURSOR, DESTROY, DOCK, DUMP,
                       DUMP_ACK, FLAGS, Gone, HINTS, KEYPRESS, MAP, MEMFD, MFNDUMP, PAGE, SEAL_GROW,
                       SEAL_SEAL, SEAL_SHRINK, SHMIMAGE, UNMAP, WMCLASS, WMNAME)

W, H = 1280, 800


def fatal_after(act, **kw):
    """The daemon must end cleanly after act(agent); another qube's daemon must not mind."""
    with scene(**kw) as s:
        p2, a2 = s.d.session(*mode_args(), domid=6, name="other", color="red")
        b2 = a2.show(3, 500, 400, 60, 60, GREEN)
        s.a.create(1, 10, 10, 50, 50)
        try:
            act(s.a)
        except Gone:
            pass
        text = s.fatal()
        assert s.d.wait(lambda: not s.d.find_now("work", 1)), "the window is still there"
        assert not os.path.exists(s.d.path("run/qubes/guid-running.5"))
        assert p2.poll() is None
        b2.fill(RED)
        a2.damage(3, 0, 0, 60, 60)
        assert s.d.wait(lambda: s.d.pixel(530, 430) == RED)
        a2.close()
        return text


def asks_after(act, **kw):
    """The user must be asked, and when the request is ignored all goes on."""
    with scene(**kw) as s:
        s.a.create(1, 10, 10, 50, 50)
        act(s.a)
        assert s.d.wait(lambda: "work" in s.d.dialogs()), "not asked"
        s.alive()


def test_unknown_window():
    for kind, body in ((MAP, b"\0" * 8), (SHMIMAGE, b"\0" * 16), (DESTROY, b""),
                       (CONFIGURE, b"\0" * 20), (WMNAME, b"\0" * 128)):
        fatal_after(lambda a, k=kind, b=body: a.send(k, 99, b))


def test_unknown_type():
    for kind in (0, 123, 129, 138, 150, KEYPRESS, CLOSE, DUMP_ACK, 0xffffffff):
        fatal_after(lambda a, k=kind: a.send(k, 1, b""))


def test_duplicate_create():
    fatal_after(lambda a: a.create(1, 0, 0, 5, 5))


def test_lengths():
    sizes = {CREATE: 24, DESTROY: 0, MAP: 8, UNMAP: 0, CONFIGURE: 20, SHMIMAGE: 16, WMNAME: 128,
             DOCK: 0, HINTS: 36, FLAGS: 8, WMCLASS: 128, CURSOR: 4}
    for kind, size in sizes.items():
        for length in {size + 1, size - 1 if size else 4, 0xffffffff}:
            fatal_after(lambda a, k=kind, n=length, z=size:
                        a.send(k, 2 if k == CREATE else 1, b"\0" * z, length=n))


def test_lengths_before_1_6():
    with scene(version=(1, 5)) as s:
        s.a.create(1, 10, 10, 50, 50)
        s.a.send(MAP, 1, b"\0" * 8, length=77)
        assert s.d.shown(1)
        s.alive()


def test_dump_limits():
    head = struct.pack
    for body in (head("<IIII", 0, 32, 32, 24), head("<IIII", 0, 16385, 1, 24) + b"\0" * 4 * 17,
                 head("<IIII", 0, 1, 6145, 24) + b"\0" * 4 * 17, head("<IIII", 7, 1, 1, 24),
                 head("<IIII", 0, 1, 1, 24) + b"\0" * 3, head("<III", 0, 1, 1)):
        fatal_after(lambda a, b=body: a.send(DUMP, 1, b))
    fatal_after(lambda a: a.send(DUMP, 1, b"\0" * 16, length=16 + 4 * 98304 + 4))
    fatal_after(lambda a: a.send(MFNDUMP, 1, struct.pack("<7I", 0, 1, 1, 24, 0, 1, 0) + b"\0" * 4))


def test_invalid_requests_are_asked_about():
    asks_after(lambda a: a.create(2, 0, 0, -1, 5))
    asks_after(lambda a: a.create(2, 0, 0, 5, 0x80000000))
    asks_after(lambda a: a.configure(1, 0, 0, 0, 5))
    asks_after(lambda a: a.flags(1, 3, 1))
    asks_after(lambda a: a.send(CURSOR, 1, struct.pack("<I", 0x19a)))
    asks_after(lambda a: a.send(CURSOR, 1, struct.pack("<I", 5)))


def test_terminate():
    with scene() as s:
        with open(s.d.path("answer"), "w") as f:
            f.write("0")
        s.a.create(1, 10, 10, 50, 50)
        s.a.flags(1, 3, 1)
        s.fatal()
        assert s.d.wait(lambda: "qvm-kill work" in s.d.dialogs()), s.d.dialogs()


def test_nothing_is_handled_while_asking():
    with scene() as s:
        s.d._fake_program("zenity", 'while [ ! -e "$GUITEST_ANSWER" ]; do sleep 0.05; done; exit 1\n')
        s.a.show(1, 10, 10, 50, 50, GREEN)
        s.a.flags(1, 3, 1)
        s.a.create(2, 10, 10, 50, 50)
        assert s.d.wait(lambda: idle(worker_of(s.p))), "busy while the user thinks"
        assert not s.d.find_now("work", 2)
        # The screen is still repaired meanwhile.
        cover = s.d.root.create_window(0, 0, 100, 100, 0, 24, background_pixel=RED,
                                       override_redirect=1)
        cover.map()
        s.d.x.sync()
        cover.destroy()
        s.d.x.sync()
        assert s.d.wait(lambda: s.d.pixel(30, 30) == GREEN)
        assert not s.d.find_now("work", 2)
        open(s.d.path("answer"), "w").close()
        assert s.d.find(2)


def test_clamping():
    with scene() as s:
        s.a.create(1, -99999, 99999, 99999, 99999)
        w = s.d.find(1)
        equal(lambda: s.d.box(w), (-16384, 6144, 16384, 6144))
        s.a.create(2, 5, 5, 0, 0)
        equal(lambda: s.d.box(s.d.find(2)), (5, 5, 1, 1))


def test_truncated():
    with scene() as s:
        s.a.create(1, 10, 10, 50, 50)
        s.a.raw(struct.pack("<III", WMNAME, 1, 128) + b"half")
        s.a.sock.close()
        s.d.wait(lambda: not s.d.find_now("work", 1))
        time.sleep(0.2)
        assert s.p.poll() is None or s.p.poll() >= 0


def test_stalled_in_a_message():
    with scene() as s:
        s.a.show(1, 100, 100, 200, 200, GREEN)
        s.d.shown(1)
        s.a.raw(struct.pack("<III", WMNAME, 1, 128) + b"half")
        time.sleep(0.2)
        cover = s.d.root.create_window(100, 100, 100, 100, 0, 24, background_pixel=RED,
                                       override_redirect=1)
        cover.map()
        s.d.x.sync()
        cover.destroy()
        s.d.x.sync()
        assert s.d.wait(lambda: s.d.pixel(150, 150) == GREEN)
        s.d.move(150, 150)
        assert s.a.wait_for(127, 1), "events do not reach a slow agent"
        s.a.raw(b"x" * 124)
        s.alive()


def test_reader_refuses():
    """A qube that never reads must not fill dom0's memory."""
    with scene() as s:
        s.a.create(1, 10, 10, 50, 50)
        s.a.send(DOCK, 1)
        # Each of these is answered: icons do not move.
        refused = struct.pack("<III", CONFIGURE, 1, 20) + struct.pack("<iiIII", 1, 1, 5, 5, 0)
        try:
            for _ in range(1000):
                s.a.raw(refused * 1000)
                if s.p.poll() is not None:
                    break
        except (Gone, OSError):
            pass
        text = s.fatal()
        assert "does not read" in text, text
        assert s.d.wait(lambda: "work" in s.d.dialogs())


def test_flood_of_windows():
    """Windows that come and go faster than X can tell: nothing piles up."""
    with scene() as s:
        both = (struct.pack("<III", CREATE, 2, 24) + struct.pack("<iiIIII", 0, 0, 5, 5, 0, 0) +
                struct.pack("<III", DESTROY, 2, 0))
        for _ in range(100):
            s.a.raw(both * 100)
            s.a.poll(0)
            s.a.received = []
        s.alive()


def test_id_reuse():
    with scene() as s:
        for _ in range(200):
            s.a.create(5, 1, 1, 9, 9)
            s.a.map(5)
            s.a.send(DESTROY, 5)
        s.alive()


def test_window_limit():
    def act(a):
        for i in range(2, 40):
            a.create(i, 0, 0, 5, 5)
        a.drain(0.3)
    text = fatal_after(act, config="windows_count_limit = 20;")
    assert "20 windows" in text, text


def test_random_messages():
    rng = random.Random(int(os.environ.get("GUI_SEED", "1")))
    kinds = [CREATE, DESTROY, MAP, UNMAP, CONFIGURE, SHMIMAGE, WMNAME, DOCK, HINTS, FLAGS, WMCLASS,
             CURSOR, CLIPBOARD_DATA, DUMP, MFNDUMP]
    sizes = {CREATE: 24, DESTROY: 0, MAP: 8, UNMAP: 0, CONFIGURE: 20, SHMIMAGE: 16, WMNAME: 128,
             DOCK: 0, HINTS: 36, FLAGS: 8, WMCLASS: 128, CURSOR: 4}
    for _ in range(int(os.environ.get("GUI_FUZZ", "15"))):
        with scene() as s:
            with open(s.d.path("answer"), "w") as f:
                f.write("1")
            try:
                for n in range(3000):
                    kind = rng.choice(kinds[:12]) if rng.random() < 0.995 else rng.choice(kinds)
                    size = sizes.get(kind, rng.randrange(60))
                    body = bytes(rng.choice((0, 0, 0, 1, 2, 50, 200, 255)) for _ in range(size))
                    if kind == FLAGS:
                        body = struct.pack("<II", rng.randrange(8), 0)
                    if kind == CURSOR:
                        body = struct.pack("<I", 0x100 + rng.randrange(0x9a))
                    if kind in (CREATE, CONFIGURE) and rng.random() < 0.9:
                        body = struct.pack("<iiII", rng.randrange(-99, 999), rng.randrange(-99, 999),
                                           rng.randrange(1, 999), rng.randrange(1, 999)) + body[16:]
                    s.a.send(kind, 1000 + n if kind == CREATE else rng.randrange(1000, 1000 + n + 2),
                             body)
            except (Gone, OSError):
                pass
            time.sleep(0.05)
            status = s.p.poll()
            assert status is None or status > 0, status
            assert "signal" not in s.stderr(), s.stderr()


# --- the side channel ---

def bad_memfd(act):
    return fatal_after(act)


def test_memfd_not_sealed():
    def act(a):
        b = Buffer(50, 50, GREEN, seals=0)
        a.dump(1, b)
    assert "sealed" in bad_memfd(act)


def test_memfd_sealed_more():
    with scene() as s:
        s.a.create(1, 10, 10, 50, 50)
        s.a.dump(1, Buffer(50, 50, GREEN, seals=SEAL_SHRINK | SEAL_GROW | SEAL_SEAL))
        equal(s.a.wait_for(DUMP_ACK, 1), b"")


def test_memfd_regular_file():
    with tempfile.TemporaryFile(dir="/var/tmp") as f, tempfile.TemporaryFile(dir="/dev/shm") as g:
        for t in (f, g):
            t.truncate(PAGE * 4)

            def act(a, t=t):
                a.dump_memfd(1, a.pass_fd(t.fileno(), PAGE * 4), 50, 50)
            bad_memfd(act)
    r, w = os.pipe()
    bad_memfd(lambda a: a.dump_memfd(1, a.pass_fd(r, PAGE * 4), 50, 50))
    os.close(r), os.close(w)


def test_memfd_tokens():
    def reused(a):
        b = Buffer(50, 50, GREEN)
        t = a.pass_fd(b.fd, b.size)
        a.dump_memfd(1, t, 50, 50)
        a.dump_memfd(1, t, 50, 50)

    def twice(a):
        b = Buffer(50, 50, GREEN)
        a.pass_fd(b.fd, b.size, token=5)
        a.pass_fd(b.fd, b.size, token=5)

    def many(a):
        b = Buffer(5, 5, GREEN)
        for _ in range(65):
            a.pass_fd(b.fd, b.size)

    bad_memfd(lambda a: a.dump_memfd(1, 77, 50, 50))
    bad_memfd(reused)
    bad_memfd(twice)
    bad_memfd(many)
    b = Buffer(5, 5)
    bad_memfd(lambda a: a.pass_fd(b.fd, PAGE, token=0))


def test_memfd_one_too_many():
    """When it comes long after those that may be."""
    with scene() as s:
        b = Buffer(5, 5, GREEN)
        for _ in range(64):
            s.a.pass_fd(b.fd, b.size)
        # No window at all: nothing of X's is to wake the daemon later.
        s.a.create(7, 10, 10, 50, 50)
        s.a.send(DESTROY, 7)
        assert s.a.wait_for(DESTROY, 7) is not None
        s.a.pass_fd(b.fd, b.size)
        s.fatal()


def test_memfd_far_ahead():
    """An agent that does not wait for acknowledgements: what counts is what no message uses."""
    with scene() as s:
        s.p.send_signal(signal.SIGSTOP)
        worker = worker_of(s.p)
        os.kill(worker, signal.SIGSTOP)
        b = Buffer(20, 20, GREEN)
        s.a.sock.settimeout(None)  # else Python waits for a socket that is almost empty
        for i in range(90):
            # In one piece: what waits in a socket is counted in pieces, too.
            token = s.a.pass_fd(b.fd, b.size)
            s.a.raw(struct.pack("<III", CREATE, 10 + i, 24) + struct.pack("<iiIIII", 5 * i, 100, 20, 20, 0, 0) +
                    struct.pack("<III", DUMP, 10 + i, 40) +
                    struct.pack("<IIIIIIQII", MEMFD, 20, 20, 32, token, 80, 0, 0, 0))
        os.kill(worker, signal.SIGCONT)
        s.p.send_signal(signal.SIGCONT)
        assert s.a.wait_for(DUMP_ACK, 99) is not None, s.stderr()
        s.alive()


def late_descriptor():
    """Whether it was accepted; None if it was too late, since this machine is busy."""
    with scene() as s:
        s.a.create(1, 10, 10, 50, 50)
        b = Buffer(50, 50, GREEN)
        since = time.monotonic()
        s.a.dump_memfd(1, 1, 50, 50)
        time.sleep(0.03)
        try:
            s.a.pass_fd(b.fd, b.size, token=1)
        except Gone:
            pass
        in_time = time.monotonic() - since < 0.1
        return s.a.wait_for(DUMP_ACK, 1) == b"" or (False if in_time else None)


def test_memfd_late_descriptor():
    """It may come until 100 ms after the message that needs it."""
    for _ in range(50):
        accepted = late_descriptor()
        if accepted is not None:
            break
    assert accepted


def test_memfd_packets():
    b = Buffer(50, 50, GREEN)
    bad_memfd(lambda a: a.pass_fd([b.fd, b.fd], b.size))
    bad_memfd(lambda a: a.pass_fd([], b.size))
    bad_memfd(lambda a: a.pass_fd([b.fd] * 20, b.size))
    bad_memfd(lambda a: a.pass_fd(b.fd, b.size, magic=1))
    bad_memfd(lambda a: a.side.send(b"short"))
    bad_memfd(lambda a: a.side.send(b"x" * 100))


def test_memfd_fields():
    def dump(**kw):
        def act(a):
            b = Buffer(50, 50, GREEN)
            a.dump_memfd(1, a.pass_fd(b.fd, b.size), **dict({"width": 50, "height": 50}, **kw))
        return act
    for kw in ({"offset": 4}, {"offset": 1 << 40}, {"offset": PAGE * 50}, {"stride": 204},
               {"stride": 0}, {"flags": 1}, {"reserved": 1}, {"width": 16385}, {"height": 6145},
               {"height": 500}, {"width": 0}, {"bpp": 16}):
        bad_memfd(dump(**kw))
    b = Buffer(50, 50)
    bad_memfd(lambda a: a.dump_memfd(1, a.pass_fd(b.fd, PAGE), 50, 50))
    bad_memfd(lambda a: a.send(DUMP, 1, struct.pack("<6I", MEMFD, 50, 50, 32, 1, 200)))


def test_memfd_without_side_channel():
    fatal_after(lambda a: a.dump_memfd(1, 1, 50, 50), side_channel=False)


def test_damage_channel():
    """What comes there is painted, whatever else comes, and however much."""
    with scene(damage_channel=True) as s:
        b = s.a.show(1, 100, 100, 64, 64, GREEN)
        s.d.shown(1)
        s.a.show(7, 300, 100, 64, 64, GREEN, override=1)
        w = s.d.shown(7)
        x, y = s.d.box(w)[:2]
        for color in (RED, GREEN, RED):
            b.fill(color)
            s.a.tell((1, 0, 0, 64, 64))
            assert s.d.wait(lambda c=color: s.d.pixel(130, 130) == c)
        # Of no window, of none that was mapped, beyond all bounds.
        s.a.create(2, 10, 10, 50, 50)
        big = 0xffffffff
        s.a.tell((99, 0, 0, 9, 9), (2, 0, 0, 9, 9), (1, -5, -5, 9, 9), (1, 1 << 30, 0, big, big),
                 (1, 0, 0, 0, 0), (7, 0, 0, big, big), (0, 0, 0, 9, 9))
        for _ in range(2000):
            try:
                s.a.told.send(struct.pack("<IiiII", 7, 0, 0, 9999, 9999) * 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
        s.alive()
        assert s.d.wait(lambda: not s.d.image().frame(x, y, 64, 64, 2, BLUE))
        # Announced, by itself and with what follows; and never to come.
        for color in (GREEN, RED):
            b.fill(color)
            s.a.tell((0, 0, 0, 0, 0))
            s.a.tell((0, 0, 0, 0, 0), (1, 0, 0, 64, 64))
            assert s.d.wait(lambda c=color: s.d.pixel(130, 130) == c)
        s.a.tell((0, 0, 0, 0, 0))
        assert s.d.wait(lambda: idle(worker_of(s.p))), "does not sleep any more"
        # It may end by itself.
        s.a.told.close()
        b.fill(GREEN)
        s.a.damage(1, 0, 0, 64, 64)
        assert s.d.wait(lambda: s.d.pixel(130, 130) == GREEN)


def test_damage_channel_packets():
    for data in b"x", b"x" * 19, b"x" * 21, b"x" * 340, b"x" * 5000:
        assert "damage" in fatal_after(lambda a, d=data: a.told.send(d), damage_channel=True)


def test_memfd_punched_hole():
    with scene() as s:
        b = s.a.show(1, 100, 100, 64, 64, GREEN)
        s.d.shown(1)
        assert s.d.wait(lambda: s.d.pixel(110, 110) == GREEN)
        fallocate_punch(b.fd, 0, b.size)
        s.a.damage(1, 0, 0, 64, 64)
        assert s.d.wait(lambda: s.d.pixel(110, 110) == 0)
        s.alive()


def fallocate_punch(fd, offset, length):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.fallocate(fd, 3, ctypes.c_long(offset), ctypes.c_long(length)) == 0


def test_memfd_is_read_only_for_x():
    with scene() as s:
        s.a.show(1, 100, 100, 64, 64, GREEN)
        found = False
        pid = s.d.xserver.pid
        with open("/proc/%d/maps" % pid) as f:
            for line in f:
                if "memfd:image" in line:
                    found = True
                    assert line.split()[1].startswith("r--"), line
        assert found


# --- the screen ---

def big(percent):
    """Height that makes a full-width window of that share of the screen."""
    return H * percent // 100


def is_override(s, remote):
    w = s.d.shown(remote)
    assert w, "not shown"
    return bool(w.get_attributes().override_redirect)


def test_menu_too_large():
    with scene() as s:
        s.a.show(1, 0, 0, W, big(90), GREEN, override=1)
        assert is_override(s, 1)
        s.a.send(UNMAP, 1)
        s.a.show(2, 0, 0, W, big(90) + 1, GREEN, override=1)
        assert not is_override(s, 2)
        s.a.send(UNMAP, 2)
        s.a.create(3, 0, 0, 50, 50, 0)
        s.a.configure(3, 0, 0, W, H)
        s.a.map(3, 0, 1)
        assert not is_override(s, 3)


def test_menu_grows():
    with scene() as s:
        s.a.show(1, 0, 0, 300, 300, GREEN, override=1)
        assert is_override(s, 1)
        s.a.configure(1, 0, 0, W, H)
        assert s.d.wait(lambda: not is_override(s, 1))
        b = Buffer(W, H, GREEN)
        s.a.dump(1, b)
        s.a.damage(1, 0, 0, W, H)
        if common.FRAMED:
            assert s.d.wait(lambda: not s.d.image().frame(0, 0, W, H, FRAME, BLUE))
        s.a.configure(1, 0, 0, 100, 100)
        s.alive()
        assert not is_override(s, 1)


def test_menus_cover_together():
    with scene() as s:
        s.a.show(1, 0, 0, W, H // 2, GREEN, override=1)
        assert is_override(s, 1)
        s.a.show(2, 0, H // 2, W, H // 2, GREEN, override=1)
        assert not is_override(s, 2)
        s.a.show(4, 0, H - 1, W, H // 2, GREEN, override=1)
        assert not is_override(s, 4), "will be moved onto the screen"
        # What lies on the first one covers no more.
        s.a.show(3, 10, 10, 100, 100, GREEN, override=1)
        assert is_override(s, 3)


class SetMonitor(rq.Request):
    """Without outputs (python-xlib's own cannot be sent)."""
    _request = rq.Struct(rq.Card8("opcode"), rq.Opcode(43), rq.RequestLength(), rq.Window("window"), rq.Card32("name"),
                         rq.Card8("primary"), rq.Card8("automatic"), rq.Card16("outputs"), rq.Int16("x"), rq.Int16("y"),
                         rq.Card16("width"), rq.Card16("height"), rq.Card32("mm_width"), rq.Card32("mm_height"))


def set_monitor(s, name, x, y, width, height):
    SetMonitor(display=s.d.x.display, opcode=s.d.x.display.get_extension_major("RANDR"), window=s.d.root,
               name=s.d.x.intern_atom(name), primary=0, automatic=0, outputs=0, x=x, y=y, width=width, height=height,
               mm_width=300, mm_height=200)
    s.d.x.sync()


def test_menu_covers_monitor():
    with scene() as s:
        set_monitor(s, "left", 0, 0, W // 2, H)
        set_monitor(s, "right", W // 2, 0, W // 2, H)
        s.a.show(1, W // 2, 0, W // 2, big(90), GREEN, override=1)
        assert is_override(s, 1)
        # The rest, with a second one; and a little of each, until it moves.
        s.a.show(2, W // 2, big(90), W // 2, H - big(90), GREEN, override=1)
        assert not is_override(s, 2)
        s.a.send(UNMAP, 1)
        s.a.send(UNMAP, 2)
        s.a.show(3, W // 4, 0, W // 2, H, GREEN, override=1)
        assert is_override(s, 3)
        s.a.configure(3, 0, 0, W // 2, H)
        assert s.d.wait(lambda: not is_override(s, 3))
        # The monitor goes, and comes back.
        s.d.root.xrandr_delete_monitor(s.d.x.intern_atom("right"))
        s.d.x.sync()
        s.a.show(4, W // 2, 0, W // 2, H, GREEN, override=1)
        assert is_override(s, 4)
        set_monitor(s, "right", W // 2, 0, W // 2, H)
        assert s.d.wait(lambda: not is_override(s, 4))
        s.alive()


def test_frame_around_monitor():
    """Where there is no monitor no frame is seen. The window manager's is its own affair."""
    with scene() as s:
        set_monitor(s, "middle", 300, 200, 500, 400)
        s.a.show(1, 400, 300, 100, 100, GREEN)
        w = s.d.shown(1)
        if not common.FRAMED:
            s.a.configure(1, 250, 150, 600, 500)
            equal(lambda: s.d.box(w), (250, 150, 600, 500))
            return
        fits = (300 + FRAME, 200 + FRAME, 500 - 2 * FRAME, 400 - 2 * FRAME)
        for box in ((250, 150, 600, 500), (0, 0, W, H), (300, 200, 500, 400)):
            s.a.configure(1, *box)
            assert s.a.wait_for(CONFIGURE, 1, match=lambda b: b[:16] == struct.pack("<iiII", *fits))
            s.a.configure(1, *fits)
            assert s.d.wait(lambda: not s.d.image().frame(300, 200, 500, 400, FRAME, BLUE)), box
        # Of one that covers less, some of the frame is seen: it stays.
        s.a.configure(1, 250, 210, 600, 500)
        assert s.d.wait(lambda: not s.d.image().frame(250 - FRAME, 210 - FRAME, 600 + 2 * FRAME,
                                                      500 + 2 * FRAME, FRAME, BLUE))


def test_menu_swarm():
    with scene() as s:
        for i in range(70):
            s.a.show(10 + i, 10 + i, 10, 20, 20, GREEN, override=1, wait=False)
        assert is_override(s, 10) and not is_override(s, 79)


def test_menu_not_toggled_while_mapped():
    with scene() as s:
        s.a.show(1, 10, 10, 50, 50, GREEN)
        s.d.shown(1)
        s.a.map(1, 0, 1)
        s.a.configure(1, 20, 20, 50, 50, 1)
        s.alive()
        assert not is_override(s, 1)


def test_menu_options():
    for args, config in ((("--override-redirect=disabled",), ""),
                         ((), 'override_redirect = "disabled";')):
        with scene(*args, config=config) as s:
            s.a.show(1, 10, 10, 50, 50, GREEN, override=1)
            assert not is_override(s, 1)
    with scene(config="override_redirect_protection = false;") as s:
        s.a.show(1, 0, 0, W, H, GREEN, override=1)
        assert is_override(s, 1)


def test_menu_is_told_its_place():
    """Its agent knows where a menu is: what opens beside it does so in the right place."""
    with scene() as s:
        told = struct.pack("<iiIII", 1080, 0, 200, 150, 0)
        s.a.create(7, 1200, -50, 200, 150, 1)
        assert s.a.wait_for(CONFIGURE, 7, match=lambda b: b == told)
        # What is told is not waited for: the menu may go on at once.
        s.a.configure(7, 300, 200, 200, 150)
        s.a.map(7, 0, 1)
        w = s.d.shown(7)
        assert s.d.wait(lambda: s.d.box(w) == (300, 200, 200, 150))
        s.a.configure(7, 1100, 700, 200, 150)
        assert s.a.wait_for(CONFIGURE, 7, match=lambda b: b == struct.pack("<iiIII", 1080, 650, 200,
                                                                           150, 0))
        assert s.d.wait(lambda: s.d.box(w) == (1080, 650, 200, 150))
        # In place already, or wholly off the screen: nothing to tell.
        s.a.create(8, 10, 10, 100, 100, 1)
        s.a.create(9, 2000, 10, 100, 100, 1)
        s.alive()
        assert not [m for m in s.a.received if m[0] == CONFIGURE and m[1] in (8, 9)]


def test_menu_on_screen():
    with scene() as s:
        for n, (x, y, wanted) in enumerate((((-50), 100, (0, 100)), (100, -50, (100, 0)),
                                            (W - 60, 100, (W - 100, 100)),
                                            (100, H - 60, (100, H - 100)))):
            s.a.show(10 + n, x, y, 100, 100, GREEN, override=1)
            w = s.d.shown(10 + n)
            equal(lambda: s.d.box(w), wanted + (100, 100), "menu at %d,%d" % (x, y))
            assert s.d.wait(lambda: not s.d.image().frame(*wanted, 100, 100, 2, BLUE))
            s.a.send(UNMAP, 10 + n)
        s.a.show(20, 100, 100, 100, 100, GREEN, override=1)
        w = s.d.shown(20)
        s.a.configure(20, -30, -30, 100, 100)
        assert s.d.wait(lambda: s.d.box(w) == (0, 0, 100, 100)), s.d.box(w)
        w.configure(x=W - 20)
        s.d.x.sync()
        assert s.d.wait(lambda: s.d.box(w)[0] == W - 100), s.d.box(w)
        s.a.show(21, -500, 100, 100, 100, GREEN, override=1)
        equal(lambda: s.d.box(s.d.shown(21)), (-500, 100, 100, 100), "entirely off the screen")
        s.a.show(22, 100, -150, 100, 100, GREEN, override=1)
        equal(lambda: s.d.box(s.d.shown(22)), (100, -150, 100, 100), "entirely above the screen")


def test_menu_below_screen_locker():
    for name, below in (("xscreensaver", True), ("other", False)):
        with scene() as s:
            locker = s.d.root.create_window(0, 0, W, H, 0, 24, background_pixel=0x123456,
                                            override_redirect=1)
            locker.set_wm_class(name, "X")
            locker.map()
            s.d.x.sync()
            s.a.show(1, 10, 10, 50, 50, GREEN, override=1)
            assert s.d.shown(1)
            s.alive()
            kids = [k.id for k in s.d.root.query_tree().children]
            equal(kids.index(s.d.find(1).id) < kids.index(locker.id), below, name)
            assert s.d.wait(lambda: (s.d.pixel(30, 30) == 0x123456) == below)


def test_window_cannot_hide_its_frame():
    """Without a window manager's help: whatever geometry the qube gives."""
    if not common.FRAMED:
        return "the window manager's business"
    for x, y, width, height in ((-20, -20, W + 40, H + 40), (0, 0, W, H), (-100, 50, 300, 300),
                                (50, -100, 300, 300), (W - 50, 50, 300, 300),
                                (50, H - 50, 300, 300), (-3, -3, 100, 100)):
        with scene() as s:
            s.a.show(1, x, y, width, height, GREEN)
            w = s.d.shown(1)
            s.alive()
            top = s.d.top(w)[0]
            bx, by, bw, bh = s.d.box(top)
            assert bx >= 0 and by >= 0 and bx + bw <= W and by + bh <= H, s.d.box(top)
            assert s.d.wait(lambda: not s.d.image().frame(bx, by, bw, bh, FRAME, BLUE))
            told = s.a.wait_for(CONFIGURE, 1)
            equal(struct.unpack("<iiII", told[:16]), s.d.box(w), "told")
            # Echo, then try again by CONFIGURE.
            s.a.configure(1, *s.d.box(w))
            s.a.configure(1, x - 1, y - 1, width, height)
            s.a.wait_for(CONFIGURE, 1)
            s.alive()
            bx, by, bw, bh = s.d.box(top)
            assert bx >= 0 and by >= 0 and bx + bw <= W and by + bh <= H, s.d.box(top)
            assert s.d.wait(lambda: not s.d.image().frame(bx, by, bw, bh, FRAME, BLUE))
    return None


def test_title_cannot_fake_another_qube():
    if not common.FRAMED:
        return "the window manager's business"
    with scene(config="allow_utf8_titles = true;") as s:
        for title in ("[dom0] root", "\u202e]krow[", "\u2066[vault]", "\x00[vault]"):
            s.a.create(50, 10, 10, 50, 50)
            s.a.title(50, title)
            w = s.d.find(50)
            s.alive()
            client = s.d.top(w)[1]
            text = s.d.text(client, "_NET_WM_NAME")
            assert text.startswith("[work] "), text
            assert not any(c in text for c in "\u202e\u2066"), text
            s.a.send(DESTROY, 50)
            s.alive()
    return None


def test_worker_is_confined():
    with scene() as s:
        children = open("/proc/%d/task/%d/children" % (s.p.pid, s.p.pid)).read().split()
        equal(len(children), 1)
        with open("/proc/%s/status" % children[0]) as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        equal(status["Seccomp"], "2")
        equal(status["NoNewPrivs"], "1")
        for k in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            equal(int(status[k], 16), 0, k)
        with open("/proc/self/uid_map") as f:
            if os.getuid() == 0 and int(f.read().split()[2]) > 65534:
                assert status["Uid"].split()[0] != "0"
