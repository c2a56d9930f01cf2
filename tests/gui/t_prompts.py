# SPDX-License-Identifier: GPL-2.0-or-later
"""A prompt of dom0 that a qube tries to cover, with and without window managers."""
from Xlib import X, Xatom

from common import GREEN, RED, need, scene
from fakeagent import UNMAP

BOX = (400, 250, 300, 200)
MANAGERS = (None, "openbox", "xfwm4", "twm")


class Prompt:
    """A window of dom0 in the middle of the screen; announced or not."""

    def __init__(self, s, announced=True):
        self.d = s.d
        x, y, width, height = BOX
        self.window = s.d.root.create_window(x, y, width, height, 0, 24, background_pixel=RED)
        self.window.set_wm_normal_hints(flags=1 | 2, x=x, y=y)
        self.window.set_wm_name("[dom0] prompt")
        atom = s.d.x.intern_atom
        self.window.change_property(atom("_NET_WM_STATE"), Xatom.ATOM, 32, [atom("_NET_WM_STATE_ABOVE")])
        if announced:
            self.window.change_property(atom("_QUBES_PROMPT"), Xatom.CARDINAL, 32, [1])
        s.d.root.change_property(atom("_QUBES_PROMPTS"), Xatom.WINDOW, 32, [self.window.id], X.PropModeAppend)
        self.window.map()
        s.d.x.sync()
        assert s.d.wait(lambda: s.d.viewable(self.window))
        s.d.wait(lambda: not s.d.manager or self.window.query_tree().parent != s.d.root)

    def seen(self):
        return self.d.wait(lambda: self.d.image(*self.d.box(self.window)).all(0, 0, *BOX[2:], RED))

    def stays(self, s):
        """Seen, and still when the daemon has done all that it was sent."""
        assert self.seen(), "covered"
        s.alive()
        assert self.seen(), "covered again"

    def close(self):
        self.window.destroy()
        self.d.x.sync()


def menu(s, remote, x=350, y=200, width=400, height=300):
    s.a.show(remote, x, y, width, height, GREEN, override=1)
    return s.d.shown(remote)


def each(f):
    def make(manager):
        def g():
            with scene(manager=manager) as s:
                return f(s)
        return need(manager)(g) if manager else g
    for m in MANAGERS:
        globals()["test_%s_%s" % (f.__name__, m or "alone")] = make(m)
    return f


@each
def cannot_be_covered(s):
    # A menu that waits for the prompt.
    early = menu(s, 1)
    assert s.d.wait(lambda: s.d.pixel(550, 350) == GREEN)
    p = Prompt(s)
    p.stays(s)
    # Those that come when it is there; the second becomes one of what was no menu.
    menu(s, 2)
    s.a.create(3, 350, 200, 400, 300)
    s.a.map(3, 0, 1)
    s.a.show(4, 420, 270, 50, 50, GREEN, override=1)
    p.stays(s)
    # One that moves there, and one that comes again.
    menu(s, 5, 0, 0, 100, 100)
    s.a.configure(5, 350, 200, 400, 300)
    s.a.send(UNMAP, 1)
    assert s.d.wait(lambda: not s.d.viewable(early))
    s.a.map(1, 0, 1)
    p.stays(s)
    # It is lowered by others, and shown again.
    s.d.top(p.window)[0].configure(stack_mode=X.Below)
    p.stays(s)
    if not s.d.manager:
        p.window.unmap()
        menu(s, 8)
        p.window.map()
        p.stays(s)
    # Two prompts: the lower one as well.
    q = Prompt(s)
    p.window.configure(x=BOX[0] + 100, y=BOX[1] + 250)
    s.d.x.sync()
    menu(s, 6, 300, 150, 600, 500)
    p.stays(s)
    q.stays(s)
    # Without prompts menus are on top as ever.
    q.close()
    p.close()
    s.alive()
    top = menu(s, 7)
    assert s.d.wait(lambda: s.d.image(*s.d.box(top)).all(2, 2, 396, 296, GREEN))


def test_window_cannot_cover_alone():
    """Without a window manager, ordinary windows are like menus."""
    with scene() as s:
        s.a.show(1, 350, 200, 400, 300, GREEN)
        s.d.shown(1)
        p = Prompt(s)
        p.stays(s)
        s.a.show(2, 350, 200, 400, 300, GREEN)
        s.d.shown(2)
        p.stays(s)
        # A menu that grows too large is made a window.
        menu(s, 3)
        s.a.configure(3, 0, 0, 1280, 800)
        p.stays(s)


def test_menu_that_others_raise():
    """As metacity does: in the end the menu is hidden, until there is no prompt."""
    with scene() as s:
        w = menu(s, 1)
        p = Prompt(s)
        for _ in range(6):
            w.configure(stack_mode=X.Above)
            p.stays(s)
        assert s.d.wait(lambda: not s.d.viewable(w))
        p.close()
        assert s.d.wait(lambda: s.d.viewable(w))
        # It counts from the beginning.
        p = Prompt(s)
        w.configure(stack_mode=X.Above)
        p.stays(s)
        assert s.d.viewable(w)


def test_daemon_that_starts_later():
    with scene() as s:
        p = Prompt(s)
        _, a = s.d.session(domid=6, name="other")
        try:
            a.show(1, 350, 200, 400, 300, GREEN, override=1)
            assert s.d.shown(1, "other")
            assert p.seen(), "covered"
        finally:
            a.close()


def test_others_are_no_prompts():
    """Ids that are on the list, of windows that do not say they are one."""
    with scene() as s:
        p = Prompt(s, announced=False)
        w = menu(s, 1)
        s.alive()
        assert s.d.wait(lambda: s.d.image(*s.d.box(w)).all(2, 2, 396, 296, GREEN))
        atom = s.d.x.intern_atom("_QUBES_PROMPTS")
        ids = [w.id, s.d.root.id, 0, 1, 0xffffffff] + [p.window.id] * 90
        s.d.root.change_property(atom, Xatom.WINDOW, 32, ids)
        s.alive()
        assert s.d.wait(lambda: s.d.image(*s.d.box(w)).all(2, 2, 396, 296, GREEN))
        s.d.root.change_property(atom, Xatom.STRING, 8, b"\1")
        s.alive()
