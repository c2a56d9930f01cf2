# SPDX-License-Identifier: GPL-2.0-or-later
"""What the GUI tests share."""
import contextlib
import functools
import os
import shutil
import time

from desktop import Desktop

FRAMED = True  # the daemon draws the frame; set by gui.py
FRAME = 4      # its width
MORE_MANAGERS = tuple(os.environ.get("GUI_MANAGERS", "").split())
GREEN, BLUE, RED, WHITE = 0x00ff00, 0x3465a4, 0xcc0000, 0xffffff


def mode_args():
    return () if FRAMED else ("--wm-draws-frame",)


class Scene:
    """A desktop with one daemon and one agent."""

    def __init__(self, desktop, *args, **kw):
        self.d = desktop
        self.name = kw.get("name", "work")
        self.p, self.a = desktop.session(*mode_args(), *args, **kw)

    def stderr(self):
        with open(self.p.log_path) as f:
            return f.read()

    def fatal(self, timeout=150):
        """The daemon must end with a status that is not 0 nor a signal, and say why."""
        status = self.p.wait(timeout=timeout)
        text = self.stderr()
        assert status > 0, "status %d, %s" % (status, text)
        assert text.strip(), "nothing on standard error"
        return text

    def alive(self):
        """The daemon still answers, and X has done what it asked for before this: a window comes
        and goes. (That X was sent something does not say that it is done before what the test
        asks for afterwards: X takes its clients in any order.)"""
        import fakeagent
        self.a.create(0x7ffffff0, 1, 1, 10, 10)
        w = self.d.find(0x7ffffff0, self.name)
        assert w, "the daemon died: " + self.stderr()
        self.a.send(fakeagent.DESTROY, 0x7ffffff0)
        r = self.a.wait_for(fakeagent.DESTROY, 0x7ffffff0)
        assert r is not None and self.p.poll() is None, "the daemon died: " + self.stderr()
        assert self.d.wait(lambda: not self.d.exists(w)), "a window that was destroyed stays"


@contextlib.contextmanager
def scene(*args, size=(1280, 800), manager=None, **kw):
    d = Desktop(size, manager)
    s = None
    try:
        s = Scene(d, *args, **kw)
        yield s
    except Exception:
        if s:
            Desktop.wait(lambda: s.p.poll() is not None, 1)  # if it ends, it says why
            print("# status: %s" % s.p.poll())
            print("# log: " + s.stderr().replace("\n", "\n# "))
        raise
    finally:
        if s:
            s.a.close()
        d.close()


@contextlib.contextmanager
def desktop(size=(1280, 800), manager=None):
    d = Desktop(size, manager)
    try:
        yield d
    finally:
        d.close()


def worker_of(p):
    with open("/proc/%d/task/%d/children" % (p.pid, p.pid)) as f:
        return int(f.read().split()[0])


def idle(*pids):
    """Whether these processes did nothing for a while: those that spin never come to that."""
    def ticks():
        total = 0
        for pid in pids:
            with open("/proc/%d/stat" % pid) as f:
                total += sum(int(x) for x in f.read().rpartition(")")[2].split()[11:13])
        return total

    before = ticks()
    time.sleep(0.4)
    return ticks() - before <= 2


def need(program):
    def wrap(f):
        @functools.wraps(f)
        def g():
            return f() if shutil.which(program) else program + " is not installed"
        return g
    return wrap


def equal(got, wanted, what=""):
    """got: a value, or a function: what it sees becomes that in time."""
    if callable(got):
        look, seen = got, []

        def same():
            try:
                seen[:] = [look()]
            except (TypeError, AttributeError) as e:
                seen[:] = [e]  # the property, or the window, is not there
            return seen[0] == wanted

        got = wanted if Desktop.wait(same) else seen and seen[0]
    if got != wanted:
        raise AssertionError("%s: got %r, expected %r" % (what or "value", got, wanted))
