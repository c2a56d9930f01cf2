# SPDX-License-Identifier: GPL-2.0-or-later
"""What the GUI tests share."""
import contextlib
import functools
import shutil

from desktop import Desktop

FRAMED = True  # the daemon draws the frame; set by gui.py
FRAME = 4      # its width
GREEN, BLUE, RED, WHITE = 0x00ff00, 0x3465a4, 0xcc0000, 0xffffff


def mode_args():
    return () if FRAMED else ("--wm-draws-frame",)


class Scene:
    """A desktop with one daemon and one agent."""

    def __init__(self, desktop, *args, **kw):
        self.d = desktop
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
        """The daemon still answers: a window comes and goes."""
        import fakeagent
        self.a.create(0x7ffffff0, 1, 1, 10, 10)
        self.a.send(fakeagent.DESTROY, 0x7ffffff0)
        r = self.a.wait_for(fakeagent.DESTROY, 0x7ffffff0)
        assert r is not None and self.p.poll() is None, "the daemon died: " + self.stderr()


@contextlib.contextmanager
def scene(*args, size=(1280, 800), manager=None, **kw):
    d = Desktop(size, manager)
    s = None
    try:
        s = Scene(d, *args, **kw)
        yield s
    except AssertionError:
        if s:
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


def need(program):
    def wrap(f):
        @functools.wraps(f)
        def g():
            return f() if shutil.which(program) else program + " is not installed"
        return g
    return wrap


def equal(got, wanted, what=""):
    if isinstance(wanted, (int, str, tuple, list, set, bytes)) and got != wanted:
        raise AssertionError("%s: got %r, expected %r" % (what or "value", got, wanted))
