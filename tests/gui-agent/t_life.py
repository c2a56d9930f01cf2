# SPDX-License-Identifier: GPL-2.0-or-later
"""Beginning and end, reconnections, floods, channels, options."""
import os
import socket
import subprocess
import time

from Xlib import display

import fakedaemon as fd
from qube import DOMID, Skip, eq


def test_reconnect(q):
    """a new daemon gets every window, with its pixels"""
    wins = [q.window(i * 5, i * 5, title="w%d" % i, color=i * 3) for i in range(100)]
    for win in wins:
        q.shown(win)
    hidden = q.window(title="hidden")
    q.shown(hidden)
    hidden.unmap()
    q.dpy.sync()
    q.settle()
    first = q.daemon
    assert first.unconsumed_max <= 32, "%d descriptors on the way" % first.unconsumed_max
    q.connect()
    for i, win in enumerate(wins):
        eq(q.shown(win).pixel(100, 50), i * 3)
    assert hidden.id not in q.daemon.windows
    assert q.daemon.unconsumed_max <= 32
    # A daemon that is slow to acknowledge gets no more than it can hold.
    q.connect(ack=False)
    def with_image():
        return sum(w.image is not None for w in q.daemon.windows.values())
    assert q.daemon.until(lambda: with_image() == 32)
    q.settle(0.2)
    eq(with_image(), 32)
    for i in list(q.daemon.windows):
        q.daemon.send(fd.ACK, i)
    q.daemon.ack = True
    assert q.daemon.until(lambda: all(w.image for w in q.daemon.windows.values()))


def test_versions(q):
    """older daemons are spoken to as they can; impossible ones do no harm"""
    win = q.window(title="old")
    q.connect(minor=4)
    q.shown(win)
    win.destroy()
    q.dpy.flush()
    assert q.daemon.until(lambda: win.id not in q.daemon.windows)
    for minor in (3, 9, 0x10000):
        try:
            q.connect(minor=minor)
            q.daemon.pump(100)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            continue
        raise AssertionError("1.%d was accepted" % minor)
    q.connect(side=False)
    again = q.window(title="again")
    q.shown(again, image=False)
    q.connect()
    q.shown(again)


def test_flood(q):
    """a client that floods is merged; what it drew last is shown"""
    win = q.window(0, 0, 400, 400, title="flood")
    w = q.shown(win)
    w.damage.clear()
    # Another process, so that it runs beside our reading.
    drawn, result = os.pipe()
    pid = os.fork()
    if pid == 0:
        dpy = display.Display(q.display)
        mine = dpy.create_resource_object("window", win.id)
        gc = mine.create_gc()
        end, n = time.monotonic() + 1, 0
        while time.monotonic() < end:
            for _ in range(50):
                n += 1
                gc.change(foreground=n & 0xffffff)
                mine.fill_rectangle(gc, n % 390, n % 380, 10, 10)
            dpy.flush()
        gc.change(foreground=0xabcdef)
        mine.fill_rectangle(gc, 0, 0, 400, 400)
        dpy.sync()
        os.write(result, b"%d" % n)
        os._exit(0)
    os.close(result)
    began = time.monotonic()
    while time.monotonic() < began + 1.3:
        q.daemon.pump(0.05)
    os.waitpid(pid, 0)
    assert q.daemon.until(lambda: {w.pixel(x, y) for x in (0, 399) for y in (0, 399)} == {0xabcdef})
    with open(drawn, "rb") as pipe:
        n = int(pipe.read())
    # It draws fifty at once, of which a quick machine tells two or three times; how often in a second
    # is the machine's affair.
    assert len(w.damage) < n / 4, "%d updates of %d rectangles" % (len(w.damage), n)


def test_stalled(q):
    """a daemon that does not read costs no memory, and misses nothing in the end"""
    win = q.window(0, 0, 300, 300, title="stalled")
    w = q.shown(win)

    def rss():
        with open("/proc/%d/statm" % q.agent.pid) as f:
            return int(f.read().split()[1]) * 4
    before = rss()
    gc = win.create_gc()
    for i in range(400):
        gc.change(foreground=i)
        for k in range(40):
            win.fill_rectangle(gc, k * 7, i % 290, 5, 5)
        win.set_wm_name("title %d" % i)
        q.dpy.sync()
    last = q.window(title="last")
    gc.change(foreground=0xfedcba)
    win.fill_rectangle(gc, 0, 0, 300, 300)
    q.dpy.sync()
    assert rss() - before < 8000, "%d KiB more" % (rss() - before)
    q.shown(last)
    assert q.daemon.until(lambda: w.pixel(0, 0) == w.pixel(299, 299) == 0xfedcba and w.title == b"title 399")


def test_side_channel(q):
    """other users of the qube get no pixels"""
    if os.geteuid() != 0:
        raise Skip("needs root")
    path = os.path.join(q.dir, "vchan.%d.0.6000.fds.sock" % DOMID)
    os.chmod(q.dir, 0o755)
    thief, result = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            q.daemon.close()  # the daemon's end is not this process's to keep open
            os.setgid(65534)
            os.setuid(65534)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.connect(path)
            os.write(result, b"c")
            s.settimeout(60)
            try:
                _, fds, _, _ = socket.recv_fds(s, 64, 4)
            except OSError:
                fds = []
            os.write(result, b"stolen" if fds else b"nothing")
        finally:
            os._exit(0)
    os.close(result)
    eq(os.read(thief, 1), b"c")
    q.connect()
    q.shown(q.window(title="secret"))
    q.connect()
    eq(os.read(thief, 16), b"nothing")
    os.waitpid(pid, 0)


def check_told(q, title):
    """The X server tells what is drawn into a window, and not the agent."""
    win = q.window(w=300, h=200, title=title)
    w = q.shown(win)
    q.settle()
    w.damage.clear()
    q.daemon.drain_told(win.id)
    q.fill(win, 20, 30, 11, 12, 0xff8800)
    assert q.daemon.until(lambda: (20, 30, 11, 12) in q.daemon.drain_told(win.id)), "not told by the X server"
    eq(w.damage, [])
    return win, w


def test_x_announces(q):
    """the X server tells the daemon that damage follows, when it draws quickly"""
    if not q.shares:
        raise Skip("no module of the X server")
    q.connect(told=True)
    win, _ = check_told(q, "quick")
    # On a busy machine it is slower at times, and announces nothing then.
    for i in range(3000):
        q.fill(win, i % 200, 0, 1, 1, i)
        assert q.daemon.until(lambda: q.daemon.drain_told(win.id))
        if q.daemon.announced:
            break
    assert q.daemon.announced, "nothing was announced"


def check_told_by_agent(q, win, w):
    for i in range(1, 4):
        q.settle()
        w.damage.clear()
        q.fill(win, 40, 50, 13, 14, i)
        assert q.daemon.until(lambda: (40, 50, 13, 14) in w.damage), "draw %d is not told" % i
        eq((w.pixel(40, 50), w.pixel(52, 63), w.pixel(53, 63)), (i, i, 0x336699))


def test_x_cannot_tell(q):
    """what the X server cannot tell the daemon, the agent does, from then on"""
    if not q.shares:
        raise Skip("no module of the X server")
    q.connect(told=True)
    win, w = check_told(q, "first")
    small = q.window(w=60, h=100, title="small")
    q.shown(small)
    # The X server cannot send, though the daemon is there: it finds out by what is drawn then.
    q.daemon.told.shutdown(socket.SHUT_RD)
    q.fill(win, 0, 0, 9, 9, 0x00ff00)
    assert q.daemon.until(lambda: (0, 0, 300, 200) in w.damage), "what could not be told is lost"
    check_told_by_agent(q, win, w)
    check_told_by_agent(q, small, q.daemon.windows[small.id])
    later = q.window(w=300, h=200, title="later")
    check_told_by_agent(q, later, q.shown(later))
    # The next daemon has a channel again.
    q.connect(told=True)
    win, w = check_told(q, "second")
    # One that ends it is noticed before anything is drawn.
    w.damage.clear()
    q.daemon.told.close()
    q.daemon.told = None
    assert q.daemon.until(lambda: (0, 0, 300, 200) in w.damage)
    check_told_by_agent(q, win, w)


def test_x_server_dies(q):
    """without its X server the agent ends"""
    q.x.kill()
    eq(q.agent.wait(150), 1)


def test_second_agent(q):
    """a second agent on the same display gives up and says why"""
    r = subprocess.run([q.agent_path], env=dict(q.env, VCHAN_DOMAIN="6"), stderr=subprocess.PIPE, timeout=100)
    eq(r.returncode, 1)
    assert b"composes" in r.stderr, r.stderr


def test_options(q):
    """help, wrong options, no display"""
    def run(*args, **env):
        return subprocess.run([q.agent_path, *args], env=dict(q.env, **env), capture_output=True, timeout=100)
    eq(run("--help").returncode, 0)
    assert b"Usage" in run("--help").stdout
    eq(run("--version").returncode, 0)
    for bad in (["-d", "x"], ["-d", "-1"], ["-d", "99999"], ["extra"], ["--what"]):
        eq(run(*bad).returncode, 2)
    r = run("-D", ":9999", VCHAN_DOMAIN="7")
    eq((r.returncode, r.stderr), (1, b"qubes-gui-agent: cannot connect to the X server :9999\n"))
    eq(run(VCHAN_SOCKET_DIR="/nonexistent").returncode, 1)
