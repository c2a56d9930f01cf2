# SPDX-License-Identifier: GPL-2.0-or-later
"""Handshake, properties, life of windows, pixels."""
import os
import struct
import subprocess

from common import BLUE, FRAMED, GREEN, RED, WHITE, desktop, equal, mode_args, scene
import common
from desktop import Agent, BIN, X
from fakeagent import (ATTENTION, Buffer, CONFIGURE, DESTROY, DUMP_ACK, MAP, SHMIMAGE, UNMAP)


def test_handshake():
    with scene(size=(1277, 803)) as s:
        equal(s.a.greeting, (0x10008, 1280, 803, 24, 1280 * 803 * 4 // 1024 + 1), "greeting")


def test_old_versions():
    for agent, wanted in (((1, 3), None), ((1, 4), 0x10004), ((1, 77), 0x10008)):
        with scene(version=agent) as s:
            equal(s.a.greeting[0], wanted, "negotiated with %d.%d" % agent)
            s.a.show(1, 10, 10, 50, 50, GREEN, wait=False)
            assert s.d.shown(1)


def test_wrong_major():
    for version in ((2, 0), (0, 9)):
        with desktop() as d:
            a = Agent(d.vchan, 5, version)
            p = d.guid()
            a.accept()
            a.sock.sendall(struct.pack("<I", version[0] << 16 | version[1]))
            assert p.wait(timeout=120) > 0
            assert d.wait(lambda: "work" in d.dialogs()), d.dialogs()
            a.close()


def test_options():
    def run(*args):
        return subprocess.run([BIN] + list(args), stdin=subprocess.DEVNULL, timeout=150,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    equal(run("--help").returncode, 0)
    v = run("--version")
    assert v.returncode == 0 and b"1.8" in v.stdout
    for bad in (["-d", "5"], ["-N", "work"], ["-d", "0", "-N", "w"], ["-d", "32752", "-N", "w"],
                ["-d", "x", "-N", "w"], ["-d", "5", "-d", "6", "-N", "w"], ["-d", "5", "-N", "a b"],
                ["-d", "5", "-N", "1a"], ["-d", "5", "-N", "x-dm"], ["-d", "5", "-N", "none"],
                ["-d", "5", "-N", "a" * 32], ["-d", "5", "-N", "w", "extra"],
                ["-d", "5", "-N", "w", "--"], ["-d", "5", "-N", "w", "-a"],
                ["-d", "5", "-N", "w", "--max-clipboard-size=255"],
                ["-d", "5", "-N", "w", "--max-clipboard-size=256001"],
                ["-d", "5", "-N", "w", "--override-redirect=maybe"],
                ["-d", "5", "-N", "w", "--trayicon-mode=pink"],
                ["-d", "5", "-N", "w", "-p", "NOVALUE"],
                ["-d", "5", "-N", "w", "-C", "/" + "a" * 64]):
        r = run(*bad)
        assert r.returncode == 1 and r.stderr, (bad, r)


def test_config_errors():
    with desktop() as d:
        for text in ("global: { secure_copy_sequence = \"Ctrl-nosuchkey\"; };", "global: { oops",
                     "global: { override_redirect = \"never\"; };"):
            path = d.path("etc/qubes/bad.conf")
            with open(path, "w") as f:
                f.write(text)
            r = subprocess.run([BIN, "-d", "5", "-N", "w", "-C", path, "-f"], env=d.env(),
                               stderr=subprocess.PIPE, timeout=150, check=False)
            assert r.returncode == 1 and b"bad.conf" in r.stderr, r


def test_pid_file():
    with scene() as s:
        path = s.d.path("run/qubes/guid-running.5")
        with open(path) as f:
            equal(int(f.read()), s.p.pid, "pid")
        equal(s.d.stop(s.p), 0, "status after SIGTERM")
        assert not os.path.exists(path)


def test_properties():
    with scene("-p", "TEST_STRING=s:hello", "-p", "TEST_NUMBERS=c:1,2,3") as s:
        s.a.create(7, 10, 20, 30, 40)
        w = s.d.find(7)
        s.alive()
        equal(lambda: list(s.d.prop(w, "_QUBES_LABEL")), [6], "label")
        equal(lambda: list(s.d.prop(w, "_QUBES_LABEL_COLOR")), [BLUE], "colour")
        equal(lambda: s.d.text(w, "_QUBES_VMNAME"), "work")
        equal(lambda: s.d.text(w, "WM_CLIENT_MACHINE"), os.uname().nodename)
        equal(lambda: s.d.atoms(w, "WM_PROTOCOLS"), {"WM_DELETE_WINDOW", "_NET_WM_PING"})
        equal(lambda: s.d.text(w, "TEST_STRING"), "hello")
        equal(lambda: list(s.d.prop(w, "TEST_NUMBERS")), [1, 2, 3])
        equal(list(s.d.prop(w, "_NET_WM_PID")), [s.p.pid])  # as in the pid file
        equal(lambda: s.d.box(w), (10, 20, 30, 40), "geometry")
        assert not s.d.viewable(w)
        top, client = s.d.top(w)
        equal(top.id == w.id, not common.FRAMED, "is its own top-level")
        equal(lambda: s.d.text(client, "_QUBES_VMNAME"), "work")
        equal(lambda: list(s.d.prop(client, "_QUBES_LABEL_COLOR")), [BLUE], "colour of the frame")


def test_title_sanitised():
    for config, title, wanted in (
            ("", b"plain", "plain"), ("", b"a\x1b]0;x\x07\n\x7fb", "a_]0;x___b"),
            ("", "\u017c\u20ac".encode(), "_____"), ("", "cut\u2026".encode(), "cut..."),
            ("allow_utf8_titles = true", "\u017c\u20ac\u2026".encode(), "\u017c\u20ac\u2026"),
            ("allow_utf8_titles = true", b"\xc0\xaf\xed\xa0\x80x", "_____x"),
            ("", b"A" * 128, "A" * 127)):
        with scene(config=config) as s:
            s.a.create(7, 10, 20, 30, 40)
            s.a.title(7, title)
            w = s.d.find(7)
            assert s.d.wait(lambda: s.d.text(w, "_NET_WM_NAME") == wanted), \
                (title, s.d.text(w, "_NET_WM_NAME"))
            _, client = s.d.top(w)
            if common.FRAMED:
                equal(lambda: s.d.text(client, "_NET_WM_NAME"), "[work] " + wanted)


def test_title_prefix():
    with scene("-T") as s:
        s.a.create(7, 10, 20, 30, 40)
        s.a.title(7, "hi")
        w = s.d.find(7)
        assert s.d.wait(lambda: s.d.text(w, "_NET_WM_NAME") == "[work] hi")
        equal(lambda: s.d.text(s.d.top(w)[1], "WM_NAME"), "[work] hi")


def test_class():
    with scene() as s:
        s.a.create(7, 10, 20, 30, 40)
        s.a.wmclass(7, "Term\n", "xscreensaver")
        w = s.d.find(7)
        assert s.d.wait(lambda: s.d.text(w, "WM_CLASS") == "work:xscreensaver\0work:Term_\0")
        equal(lambda: s.d.text(s.d.top(w)[1], "WM_CLASS"), "work:xscreensaver\0work:Term_\0")
        s.a.map(7)
        s.a.wmclass(7, "Other", "other")
        s.alive()
        equal(lambda: s.d.text(w, "WM_CLASS"), "work:xscreensaver\0work:Term_\0")


def test_hints():
    with scene() as s:
        s.a.create(7, 10, 20, 30, 40)
        s.a.hints(7, 16 | 32 | 64 | 256, 10, 10, 200, 100, 7, 9, 4, 4)
        w = s.d.find(7)
        s.alive()
        equal(lambda: s.d.prop(w, "WM_NORMAL_HINTS")[0], 16 | 32 | 64 | 256)
        equal(lambda: list(s.d.prop(w, "WM_NORMAL_HINTS")[5:11]), [10, 10, 200, 100, 7, 9])
        if common.FRAMED:
            top = s.d.top(w)[1]
            equal(lambda: list(s.d.prop(top, "WM_NORMAL_HINTS")[5:11]),
                  [18, 18, 208, 108, 7, 9], "with the frame")
        for bad in ((16, 99999, 1), (32, 0, 0, 0, 10), (64, 0, 0, 0, 0, 0, 1), (0xfffffe00,),
                    (16 | 32, 50, 50, 10, 10)):
            s.a.hints(7, *bad)
            s.alive()
            equal(lambda: s.d.prop(w, "WM_NORMAL_HINTS")[0], 0, "flags of %r" % (bad,))


def test_transient():
    with scene() as s:
        p2, a2 = s.d.session(*mode_args(), domid=6, name="personal", color="0xedd400")
        s.a.show(1, 10, 10, 50, 50, GREEN)
        a2.show(9, 300, 10, 50, 50, GREEN)
        s.a.create(2, 10, 100, 50, 50)
        s.a.map(2, transient=1)
        w1, w2 = s.d.shown(1), s.d.shown(2)
        equal(lambda: list(s.d.prop(w2, "WM_TRANSIENT_FOR")), [w1.id])
        if common.FRAMED:
            equal(lambda: list(s.d.prop(s.d.top(w2)[1], "WM_TRANSIENT_FOR")), [s.d.top(w1)[1].id])
        s.a.create(3, 10, 200, 50, 50)
        s.a.map(3, transient=9)
        s.alive()
        assert s.d.prop(s.d.shown(3), "WM_TRANSIENT_FOR") is None
        s.a.send(DESTROY, 1)
        s.alive()
        assert s.d.wait(lambda: s.d.prop(w2, "WM_TRANSIENT_FOR") is None)
        a2.close()


def test_pixels():
    with scene() as s:
        b = s.a.show(7, 100, 80, 300, 200, GREEN)
        s.d.shown(7)
        assert s.d.wait(lambda: s.d.image().all(100, 80, 300, 200, GREEN))
        b.fill(RED, 10, 20, 30, 40)
        s.a.damage(7, 10, 20, 30, 40)
        assert s.d.wait(lambda: s.d.image().all(110, 100, 30, 40, RED))
        s.alive()
        i = s.d.image()
        assert i.all(100, 80, 10, 200, GREEN) and i.all(140, 80, 260, 200, GREEN)


def test_offset_in_buffer():
    with scene() as s:
        b = Buffer(60, 50, GREEN, offset=8192)
        s.a.create(7, 100, 80, 60, 50)
        s.a.map(7)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 60, 50)
        s.d.shown(7)
        assert s.d.wait(lambda: s.d.image().all(100, 80, 60, 50, GREEN))


def test_expose():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        s.d.shown(7)
        cover = s.d.root.create_window(120, 100, 50, 50, 0, 24, background_pixel=RED,
                                       override_redirect=1)
        cover.map()
        s.d.x.sync()
        assert s.d.wait(lambda: s.d.pixel(130, 110) == RED)
        cover.destroy()
        s.d.x.sync()
        assert s.d.wait(lambda: s.d.image().all(100, 80, 200, 150, GREEN))


def test_image_smaller_than_window():
    with scene() as s:
        b = Buffer(50, 40, GREEN)
        s.a.create(7, 100, 80, 200, 150)
        s.a.map(7)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 200, 150)
        s.d.shown(7)
        assert s.d.wait(lambda: s.d.image().all(100, 80, 50, 40, GREEN))
        assert s.d.wait(lambda: s.d.image().all(150, 80, 150, 150, WHITE))


def test_resize_by_agent():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.a.configure(7, 120, 90, 300, 250)
        b = Buffer(300, 250, RED)
        s.a.dump(7, b)
        s.a.damage(7, 0, 0, 300, 250)
        assert s.d.wait(lambda: s.d.box(w) == (120, 90, 300, 250)), s.d.box(w)
        assert s.d.wait(lambda: s.d.image().all(120, 90, 300, 250, RED))


def test_resize_by_user():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.a.drain()
        w.configure(x=130, y=140, width=220, height=160)
        s.d.x.sync()
        geometry = struct.pack("<iiIII", 130, 140, 220, 160, 0)
        equal(s.a.wait_for(CONFIGURE, 7), geometry, "told")
        # Until that is echoed, other wishes are answered with it.
        s.a.configure(7, 5, 6, 70, 80)
        equal(s.a.wait_for(CONFIGURE, 7), geometry, "told again")
        assert s.d.wait(lambda: s.d.box(w) == (130, 140, 220, 160)), s.d.box(w)
        s.a.configure(7, 130, 140, 220, 160)
        s.a.configure(7, 150, 160, 170, 180)
        assert s.d.wait(lambda: s.d.box(w) == (150, 160, 170, 180)), s.d.box(w)


def test_unmap_destroy():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.a.send(UNMAP, 7)
        assert s.d.wait(lambda: not s.d.viewable(w))
        s.a.map(7)
        assert s.d.wait(lambda: s.d.viewable(w))
        s.a.send(DESTROY, 7)
        equal(s.a.wait_for(DESTROY, 7), b"", "acknowledgement")
        assert s.d.wait(lambda: not s.d.find_now("work", 7))
        s.a.show(7, 10, 10, 20, 20, RED)
        assert s.d.shown(7)


def test_acknowledgements_by_version():
    for version, ack in (((1, 6), False), ((1, 7), True)):
        with scene(version=version) as s:
            s.a.show(7, 10, 10, 20, 20, GREEN, wait=False)
            s.d.shown(7)
            got = s.a.wait_for(DUMP_ACK, 7, timeout=100 if ack else 0.2) is not None
            equal(got, ack, "ack in %d.%d" % version)
    with scene(version=(1, 4)) as s:
        s.a.create(7, 10, 10, 20, 20)
        s.a.send(DESTROY, 7)
        equal(s.a.wait_for(DESTROY, 7, timeout=0.3), None)


def test_wm_maps_unmapped():
    with scene() as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.a.send(UNMAP, 7)
        s.d.wait(lambda: not s.d.viewable(w))
        s.a.drain()
        s.d.top(w)[1].map()
        s.d.x.sync()
        assert s.a.wait_for(MAP, 7)


def test_invisible():
    with scene("-I") as s:
        s.a.show(7, 100, 80, 200, 150, GREEN)
        s.alive()
        assert not s.d.viewable(s.d.find(7))


def test_many_windows():
    with scene() as s:
        buffers = [s.a.show(i, (i % 20) * 60, (i // 20) * 50, 40, 30, GREEN, wait=False)
                   for i in range(1, 301)]
        for n in range(5000):
            i = n % 300 + 1
            s.a.damage(i, n % 20, n % 10, 10, 10)
        s.alive()
        assert s.d.shown(300)
        for b in buffers:
            b.close()


def test_screen_window():
    with scene() as s:
        s.a.create(0, 0, 0, 1280, 800)
        b = Buffer(1280, 800, GREEN)
        b.fill(RED, 100, 100, 50, 50)
        s.a.dump(0, b)
        s.a.create(7, 90, 90, 100, 100)
        s.a.map(7)
        s.a.damage(7, 0, 0, 100, 100)
        assert s.d.shown(7)
        assert s.d.wait(lambda: s.d.image().all(100, 100, 50, 50, RED))
        assert s.d.wait(lambda: s.d.pixel(95, 95) == GREEN)
