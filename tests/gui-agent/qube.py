# SPDX-License-Identifier: GPL-2.0-or-later
"""A qube without a qube: a real X server, qubes-gui-agent, and an independent implementation of the
daemon's end. What the tests of the agent and of its neighbours share."""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from Xlib import X, display
from Xlib.ext import randr  # pylint: disable=unused-import

from fakedaemon import Daemon

DOMID = 5


class Skip(Exception):
    pass


def free_display():
    """A display that nobody uses, not even in another mount namespace."""
    with open("/proc/net/unix") as f:
        used = f.read()
    while True:
        n = random.randrange(100, 1000)
        if "X11-unix/X%d\n" % n not in used and not os.path.exists("/tmp/.X%d-lock" % n):
            return ":%d" % n


def asleep(pids):
    """How often each of these processes was put to sleep, which they all are now; else None. While it
    stays the same there was nothing for any of them to do."""
    counts = []
    for pid in pids:
        try:
            with open("/proc/%d/status" % pid) as f:
                status = dict(line.split(":", 1) for line in f if ":" in line)
        except (FileNotFoundError, ProcessLookupError):
            status = {"State": "X"}
        state = status["State"].split()[0]
        if state not in "SXZ":
            return None
        counts.append((pid, state, status.get("voluntary_ctxt_switches")))
    return counts


class Qube:
    """An X server, an agent, and a client's connection. The server: Xorg, with the module that shares what
    windows are drawn into if there is one; Xorg-plain; or Xvfb."""

    def __init__(self, agent, server):
        self.dir = tempfile.mkdtemp(prefix="gui-agent.")
        open(self.dir + "/X.err", "w").close()
        self.ready = os.path.join(self.dir, "ready")
        self.shares = server == "Xorg" and os.path.exists(os.path.dirname(agent) + "/libqubespixels.so")
        if server.startswith("Xorg"):
            conf = os.path.join(os.path.dirname(__file__), "../../templates/vm/gui/xorg-qubes.conf")
            argv = ["/usr/lib/xorg/Xorg", "-config", os.path.abspath(conf), "-novtswitch", "-sharevts", "-noreset",
                    "-logfile", self.dir + "/Xorg.log", "-extension", "GLX", "-background", "none"]
            if self.shares:
                argv += ["-modulepath", os.path.abspath(os.path.dirname(agent)) + ",/usr/lib/xorg/modules"]
        else:
            argv = ["Xvfb", "-screen", "0", "1920x1200x24", "-noreset"]
        self.x = self.agent = self.log = self.daemon = None
        self.agent_path = agent
        try:
            self.begin(server, argv)
        except BaseException:
            print("# X server:", self.x and self.x.poll(), repr(open(self.dir + "/X.err").read()), repr(self.stop()))
            raise

    def begin(self, server, argv):
        for _ in range(5):  # somebody else may take the display meanwhile
            self.display = free_display()
            if self.start_x(argv):
                break
        else:
            raise RuntimeError("%s does not start" % server)
        self.env = dict(os.environ, DISPLAY=self.display, VCHAN_DOMAIN=str(DOMID), VCHAN_SOCKET_DIR=self.dir)
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.start_agent()
        self.dpy = display.Display(self.display)
        self.root = self.dpy.screen().root

    def start_x(self, argv):
        r, w = os.pipe()
        with open(self.dir + "/X.err", "w") as err:
            self.x = subprocess.Popen(argv[:1] + [self.display] + argv[1:] + ["-nolisten", "tcp", "-displayfd", str(w)],
                                      pass_fds=[w], stdout=subprocess.DEVNULL, stderr=err)
        os.close(w)
        with open(r, "rb") as pipe:
            return pipe.readline()

    def start_agent(self):
        self.agent = subprocess.Popen([self.agent_path, "-vv", "-r", self.ready, "-m", self.dir + "/monitors"], env=self.env, stderr=self.log)
        end = time.monotonic() + 100
        while not os.path.exists(self.ready):
            assert self.agent.poll() is None and time.monotonic() < end, "the agent is not ready"
            time.sleep(0.01)

    def connect(self, **kw):
        if self.daemon:
            self.daemon.close()
        self.daemon = Daemon(self.dir, DOMID, **kw)
        return self.daemon

    def stop(self):
        status, text = None, ""
        for p in self.agent, self.x:
            if p and p.poll() is None:
                p.terminate()
        if self.agent:
            status = self.agent.wait(100)
        if self.x:
            self.x.wait(100)
        if self.log:
            self.log.seek(0)
            text = self.log.read()
            self.log.close()
        shutil.rmtree(self.dir)
        return status, text

    # --- a client ---

    def window(self, x=10, y=20, w=200, h=100, title=None, color=0x336699, depth=None, map_it=True, protocols=(),
               dpy=None, **kw):
        dpy = dpy or self.dpy
        root = dpy.screen().root
        args = dict(background_pixel=color, event_mask=X.KeyPressMask | X.KeyReleaseMask | X.ButtonPressMask |
                    X.ButtonReleaseMask | X.PointerMotionMask | X.EnterWindowMask | X.LeaveWindowMask |
                    X.FocusChangeMask | X.StructureNotifyMask | X.PropertyChangeMask)
        args.update(kw)
        win = root.create_window(x, y, w, h, args.pop("border_width", 0), depth or X.CopyFromParent,
                                 args.pop("window_class", X.InputOutput), args.pop("visual", X.CopyFromParent), **args)
        if title:
            win.set_wm_name(title)
        if protocols:
            win.set_wm_protocols([dpy.intern_atom(p) for p in protocols])
        if map_it:
            win.map()
        dpy.sync()
        return win

    def shown(self, win, image=True):
        """Waits until the daemon has the window, and (image) an image of it."""
        self.dpy.flush()

        def there():
            w = self.daemon.windows.get(win.id)
            return w is not None and w.mapped and (not image or w.image is not None)
        assert self.daemon.until(there), "the window does not appear: %r" % self.daemon.log[-5:]
        self.settle()
        return self.daemon.windows[win.id]

    def settle(self, seconds=0.06):
        """Until neither the X server nor the agent has had anything to do for a while."""
        end = time.monotonic() + 30
        while True:
            before = asleep([self.x.pid, self.agent.pid])
            came = self.daemon.pump(seconds)
            if (not came and before and before == asleep([self.x.pid, self.agent.pid])) or time.monotonic() > end:
                return

    def event(self, kind, seconds=150, match=lambda e: True):
        """The next event of that kind for the client."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while self.dpy.pending_events():
                e = self.dpy.next_event()
                if e.type == kind and match(e):
                    return e
            self.daemon.pump(0.01)
        raise AssertionError("no event %d" % kind)

    def no_event(self, kind, seconds=0.2):
        try:
            self.event(kind, seconds)
        except AssertionError:
            return
        raise AssertionError("unwanted event %d" % kind)

    def drop_events(self):
        self.settle()
        self.dpy.sync()
        while self.dpy.pending_events():
            self.dpy.next_event()

    def fill(self, win, x, y, w, h, color):
        gc = win.create_gc(foreground=color)
        win.fill_rectangle(gc, x, y, w, h)
        gc.free()
        self.dpy.flush()

    def atom(self, name):
        return self.dpy.intern_atom(name)


def eq(got, want):
    assert got == want, "got %r, wanted %r" % (got, want)


def monitors(q):
    """x, y, width, height of each, as programs see them."""
    return [(m.x, m.y, m.width_in_pixels, m.height_in_pixels) for m in q.root.xrandr_get_monitors().monitors]


def need_outputs(q):
    if len(q.root.xrandr_get_screen_resources_current().outputs) < 2:
        raise Skip("this X server has one output")


def tell(q, text):
    """As the service qubes.SetMonitorLayout does."""
    with open(q.dir + "/new", "w") as f:
        f.write(text)
    os.rename(q.dir + "/new", q.dir + "/monitors")


def docked(q, n):
    """Waits for n docked windows that are shown; returns them by their ids."""
    def them():
        return {k: w for k, w in q.daemon.windows.items() if w.docked and w.mapped and w.image}
    assert q.daemon.until(lambda: len(them()) == n), q.daemon.log[-5:]
    return them()


def run_tests(tests, stage):
    """Runs (name, function) and prints TAP; whether any failed, or there are none. stage(said): a context that gives what a test
    takes, and puts what there is to know of a failure into the list."""
    failed = 0
    for i, (name, f) in enumerate(tests, 1):
        note, skip, said = None, "", []
        try:
            with stage(said) as args:
                f(*args)
        except Skip as e:
            skip = " # SKIP %s" % e
        except Exception:  # pylint: disable=broad-except
            note = traceback.format_exc()
            failed += 1
        print("%sok %d - %s: %s%s" % ("not " if note else "", i, name, f.__doc__, skip))
        for line in "\n".join([note] + said).split("\n") if note else ():
            print("# " + line)
        sys.stdout.flush()
    print("1..%d" % len(tests))
    return failed != 0 or not tests
