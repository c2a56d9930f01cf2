#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qubes-sni-tray between a program that knows only StatusNotifierItem and qubes-gui-agent, whose other end
is a stand-in for dom0. Runs inside a session bus. Prints TAP. test_sni.py BIN TESTS"""
import contextlib
import os
import signal
import subprocess
import sys
import time

from qube import Qube, docked, eq, run_tests

BIN, TESTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def wait(what, seconds=200):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        r = what()
        if r:
            return r
        time.sleep(0.05)
    raise AssertionError("it does not happen")


class Session:
    """A qube's session with the program that is tested."""

    def __init__(self):
        self.children = []
        self.q = Qube(BIN + "/qubes-gui-agent", "Xvfb")
        try:
            self.begin()
        except BaseException:
            self.end()
            raise

    def begin(self):
        self.q.connect()
        self.env = dict(self.q.env, QUBES_SNI_MENU=BIN + "/qubes-sni-menu", NO_AT_BRIDGE="1")
        self.tray = self.start([BIN + "/qubes-sni-tray"])
        wait(lambda: "StatusNotifierWatcher" in subprocess.run(
            ["gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path", "/", "--method",
             "org.freedesktop.DBus.ListNames"], capture_output=True, text=True, timeout=200, check=False).stdout)

    def start(self, argv):
        p = subprocess.Popen(argv, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        os.set_blocking(p.stdout.fileno(), False)
        self.children.append(p)
        return p

    def item(self, color, *more):
        return self.start([TESTS + "/sni-item", color, *more])

    def said(self, item, line):
        """Waits until the item was told so."""
        text = b""
        end = time.monotonic() + 150
        while time.monotonic() < end:
            self.q.daemon.pump(0.02)
            text += item.stdout.read() or b""
            if line in text:
                return
        raise AssertionError(text)

    def color(self, w, wanted):
        def same():
            return w.image and w.pixel(w.image_size[0] // 2, w.image_size[1] // 2) == wanted
        assert self.q.daemon.until(same), hex(w.pixel(5, 5))

    def click(self, box, button, held=0):
        self.q.daemon.button(box, 5, 6, button)
        self.q.daemon.until(lambda: False, held)
        self.q.daemon.button(box, 5, 6, button, press=False)

    def end(self):
        for p in self.children:
            p.kill()
            p.wait()
        return self.q.stop()


def test_icon(s):
    """an item has an icon, which follows it"""
    item = s.item("336699")
    (_, w), = docked(s.q, 1).items()
    s.color(w, 0x336699)
    item.stdin.write(b"color 112233\n")
    s.color(w, 0x112233)
    item.stdin.write(b"status Passive\n")
    docked(s.q, 0)
    item.stdin.write(b"status Active\n")
    docked(s.q, 1)
    item.kill()
    docked(s.q, 0)


def test_clicks(s):
    """clicks reach the program"""
    item = s.item("336699")
    (box, _), = docked(s.q, 1).items()
    s.q.daemon.configure(box, 300, 400, 24, 24)
    s.q.settle()
    # A click is one when the button is up again.
    s.q.daemon.button(box, 5, 6, 1)
    s.q.settle()
    eq(item.stdout.read(), None)
    s.q.daemon.button(box, 5, 6, 1, press=False)
    s.said(item, b"Activate 305 406\n")
    for button, line in ((2, b"SecondaryActivate 305 406\n"),
                         (3, b"ContextMenu 305 406\n"), (4, b"Scroll -1 vertical\n")):
        s.click(box, button)
        s.said(item, line)


def test_menu(s):
    """a menu is shown, and the program told what was chosen"""
    item = s.item("336699", "menu")
    (box, _), = docked(s.q, 1).items()
    s.q.daemon.configure(box, 300, 400, 24, 24)
    s.q.settle()
    # Held so long that the menu would be there, could it have the pointer.
    s.click(box, 1, 1)

    def menus():
        return [k for k, w in s.q.daemon.windows.items() if w.mapped and w.override_redirect and w.image and not w.docked]
    assert s.q.daemon.until(menus), s.q.daemon.log[-5:]
    menu = s.q.daemon.windows[menus()[0]]
    # The second entry: three quarters down. A click that comes before the menu is there counts for nothing.
    for _ in range(20):
        if not menus():
            break
        s.q.daemon.motion(menus()[0], menu.w // 2, menu.h * 3 // 4 - 2)
        s.q.daemon.motion(menus()[0], menu.w // 2, menu.h * 3 // 4)
        s.q.daemon.button(menus()[0], menu.w // 2, menu.h * 3 // 4)
        s.q.daemon.button(menus()[0], menu.w // 2, menu.h * 3 // 4, press=False)
        s.q.daemon.until(lambda: not menus(), 1)
    s.said(item, b"Event 2 clicked\n")
    assert s.q.daemon.until(lambda: not menus())


def test_several(s):
    """several items, and a second program that would show them"""
    items = [s.item("%06x" % (0x111111 * (i + 1))) for i in range(3)]
    boxes = docked(s.q, 3)
    assert s.q.daemon.until(lambda: sorted(w.pixel(5, 5) for w in boxes.values()) == [0x111111, 0x222222, 0x333333])
    r = subprocess.run([BIN + "/qubes-sni-tray"], env=s.env, stderr=subprocess.PIPE, timeout=200, check=False)
    eq((r.returncode, r.stderr), (1, b"qubes-sni-tray: somebody else shows the items of this session\n"))
    items[1].kill()
    docked(s.q, 2)


def test_wrong(s):
    """an item whose answers are wrong harms no other"""
    good, bad = s.item("336699"), s.item("112233")
    boxes = docked(s.q, 2)
    assert s.q.daemon.until(lambda: sorted(w.pixel(5, 5) for w in boxes.values()) == [0x112233, 0x336699])
    w, = [w for w in boxes.values() if w.pixel(5, 5) == 0x336699]
    fifo = os.path.join(os.environ.get("TMPDIR", "/tmp"), "sni-fifo.%d" % os.getpid())
    os.mkfifo(fifo)
    try:
        color = 0x400000
        for line in ["wrong %d" % i for i in range(1, 6)] + [
                "wrong 0", "icon " + fifo, "icon /dev/zero", "icon /dev/tty", "icon /", "title 300000", "title 20000000"]:
            bad.stdin.write(line.encode() + b"\n")
            s.q.daemon.until(lambda: False, 0.3)
            color += 0x010101
            good.stdin.write(b"color %06x\n" % color)
            s.color(w, color)
            eq((line, s.tray.poll()), (line, None))
        s.click(*[k for k, v in boxes.items() if v is not w], 1)
        s.said(bad, b"Activate")
    finally:
        os.unlink(fifo)


@contextlib.contextmanager
def stage(said):
    s = Session()
    try:
        yield (s,)
    finally:
        said.append(s.end()[1])


def main():
    return run_tests([(n[5:], f) for n, f in globals().items() if n.startswith("test_")], stage)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
