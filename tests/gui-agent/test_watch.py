#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a session tells its qubes: qubes-gui-watch on an X server whose monitors, resolution and
keyboard change. Prints TAP. test_watch.py BIN [NAME...]"""
import contextlib
import os
import select
import signal
import subprocess
import sys
import time

from Xlib import Xatom
from Xlib.ext import randr  # pylint: disable=unused-import

from qube import Qube, eq, monitors, need_outputs, run_tests, tell


class Watch:
    """The program, and the last line of each kind."""

    def __init__(self, path, q):
        self.p = subprocess.Popen([path], env=q.env, stdout=subprocess.PIPE)
        self.told, self.count, self.data = {}, {}, b""

    def until(self, kind, text, seconds=200):
        end = time.monotonic() + seconds
        while self.told.get(kind) != text:
            assert time.monotonic() < end, "told %r, not %r" % (self.told, text)
            if not select.select([self.p.stdout], [], [], 0.1)[0]:
                continue
            more = os.read(self.p.stdout.fileno(), 65536)
            assert more, "it ended"
            self.data += more
            *lines, self.data = self.data.split(b"\n")
            for line in lines:
                k, v = line.decode().split(" ", 1)
                self.told[k] = v
                self.count[k] = self.count.get(k, 0) + 1


def set_text(q, name, data):
    q.root.change_property(q.atom(name), Xatom.STRING, 8, data)
    q.dpy.sync()


def test_monitors(q, w):
    """monitors are told, and when they change"""
    need_outputs(q)
    w.until("layout", "1280 800 0 0 338 211 96")
    # The agent is what changes this server's monitors.
    tell(q, "800 600 0 0\n640 480 800 100\n")
    w.until("layout", "800 600 0 0 211 158 96;640 480 800 100 169 127 96")
    tell(q, "1024 768 0 0 80 60 96\n")
    w.until("layout", "1024 768 0 0 86 65 96")


def test_resolution(q, w):
    """the resolution that programs use is told"""
    w.until("layout", "1280 800 0 0 338 211 96")
    set_text(q, "RESOURCE_MANAGER", b"a: b\nXft.dpi:\t192\n")
    w.until("layout", "1280 800 0 0 338 211 192")
    set_text(q, "RESOURCE_MANAGER", b"a: b\n")
    w.until("layout", "1280 800 0 0 338 211 96")


def test_keyboard(q, w):
    """the keyboard layout is told, and which of several is chosen"""
    set_text(q, "_XKB_RULES_NAMES", b"evdev\0pc105\0us,de\0,nodeadkeys\0grp:alt_shift_toggle,caps:none\0")
    w.until("keyboard", "us++caps:none")
    count = w.count["layout"]
    set_text(q, "_XKB_RULES_NAMES", b"evdev\0pc105\0fr\0\0\0")
    w.until("keyboard", "fr++")
    set_text(q, "SOMETHING_ELSE", b"x")
    eq(w.count["layout"], count)


def test_group(q, w):
    """the layout that the user switches to is told"""
    keymap = subprocess.run(["setxkbmap", "-layout", "us,de", "-variant", ",nodeadkeys", "-print"], env=q.env,
                            stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["xkbcomp", "-w0", "-", q.display], env=q.env, input=keymap, check=True, stderr=subprocess.DEVNULL)
    set_text(q, "_XKB_RULES_NAMES", b"evdev\0pc105\0us,de\0,nodeadkeys\0\0")
    w.until("keyboard", "us++")
    group(q, 1)
    w.until("keyboard", "de+nodeadkeys+")
    group(q, 0)
    w.until("keyboard", "us++")


def group(q, number):
    """Locks a keyboard group, as the user's keys would; Xlib's Python has no XKB."""
    import ctypes
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    d = ctypes.c_void_p(x.XOpenDisplay(q.display.encode()))
    assert x.XkbLockGroup(d, 0x100, number)
    x.XCloseDisplay(d)


def test_ends(q, w):
    """it ends when nobody reads it"""
    w.until("layout", "1280 800 0 0 338 211 96")
    w.p.stdout.close()
    w.p.wait(200)


def main():
    folder, only = sys.argv[1], sys.argv[2:]
    server = "Xorg" if os.path.exists("/usr/lib/xorg/modules/drivers/dummy_drv.so") else "Xvfb"
    tests = [(n[5:], f) for n, f in globals().items() if n.startswith("test_") and callable(f)]
    tests = [(n, f) for n, f in tests if not only or n in only]

    @contextlib.contextmanager
    def stage(said):
        w, q = None, Qube(folder + "/qubes-gui-agent", server)
        try:
            q.connect()
            assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1280, 800)])
            q.settle()
            w = Watch(folder + "/qubes-gui-watch", q)
            yield q, w
        finally:
            if w and w.p.poll() is None:
                w.p.terminate()
                w.p.wait()
            said.append("agent (status %s):\n%s" % q.stop())

    return run_tests(tests, stage)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
