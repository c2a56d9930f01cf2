# SPDX-License-Identifier: GPL-2.0-or-later
"""Copy and paste between qubes."""
import json
import os
import time

from Xlib import XK

from common import GREEN, equal, mode_args, scene
from fakeagent import CLIPBOARD_DATA, CLIPBOARD_REQ, KEYPRESS


def metadata(d):
    """What is said of the last operation; nothing while that is being written."""
    try:
        with open(d.path("run/qubes/qubes-clipboard.bin.metadata"), "rb") as f:
            return json.load(f)
    except (FileNotFoundError, ValueError):
        return {}


class Three:
    """Three qubes with a window each."""

    def __init__(self, s, **kw):
        self.s = s
        self.agents = {"work": s.a}
        self.daemons = {"work": s.p}
        for i, name in enumerate(("personal", "vault")):
            p, a = s.d.session(*mode_args(), domid=6 + i, name=name, **kw)
            self.agents[name] = a
            self.daemons[name] = p
        for i, (name, a) in enumerate(self.agents.items()):
            a.show(7, 100 + 300 * i, 80, 200, 150, GREEN)
            s.d.shown(7, name)

    def press(self, name, *keysyms):
        w = self.s.d.find(7, name)
        self.s.d.move(*[v + 20 for v in self.s.d.box(w)[:2]])
        self.s.d.focus(w)
        time.sleep(0.01)
        self.s.d.keys(*keysyms)

    def copy(self, name):
        self.press(name, XK.XK_Control_L, XK.XK_Shift_L, XK.XK_c)
        return self.agents[name].wait_for(CLIPBOARD_REQ, 7)

    def paste(self, name, wait=100):
        self.press(name, XK.XK_Control_L, XK.XK_Shift_L, XK.XK_v)
        return self.agents[name].wait_for(CLIPBOARD_DATA, timeout=wait)

    def file(self, suffix):
        try:
            with open(self.s.d.path("run/qubes/qubes-clipboard.bin" + suffix), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def meta(self):
        return metadata(self.s.d)

    def keys(self, name):
        """The key codes that the qube got, of one key at least."""
        codes = []
        self.s.d.wait(lambda: codes.extend(b[16] for k, _, b in self.agents[name].drain()
                                           if k == KEYPRESS) or codes)
        return codes

    def full(self, name):
        return self.s.d.wait(lambda: self.file(".source") == name.encode() and
                             self.meta().get("copy_action"))

    def copied(self, name, data=b"secret"):
        assert self.copy(name) is not None, "not asked for the clipboard"
        self.agents[name].send(CLIPBOARD_DATA, 7, data)
        assert self.full(name), (self.file(".source"), self.meta())

    def close(self):
        for n, a in self.agents.items():
            if n != "work":
                a.close()


def three(f):
    def run(**kw):
        with scene(**kw) as s:
            t = Three(s, **{k: v for k, v in kw.items() if k == "config"})
            try:
                return f(t)
            finally:
                t.close()
    return run


@three
def _copy_paste(t):
    t.copied("work")
    equal(t.file(""), b"secret")
    equal(t.paste("personal"), b"secret")
    assert t.s.d.wait(lambda: t.file(".source") == b"")
    equal(t.file(""), b"", "wiped")
    equal(t.paste("vault", 0.4), None, "a third qube")
    equal(t.paste("personal", 0.4), None, "twice")
    for name in ("work", "vault"):
        equal([k for k, _, _ in t.agents[name].drain() if k == CLIPBOARD_DATA], [])
    equal(len(t.s.d.policy_requests), 1)
    equal(t.s.d.policy_requests[0], b"policy.EvalSimple+qubes.ClipboardPaste dom0 keyword adminvm\0"
          b"work\0personal")


def test_copy_paste():
    _copy_paste()


@three
def _metadata(t):
    t.copied("work", b"x" * 100)
    m = t.meta()
    equal(list(m), ["vmname", "xevent_timestamp", "successful", "copy_action", "paste_action",
                    "malformed_request", "oversized_request", "cleared", "qrexec_clipboard",
                    "sent_size", "buffer_size", "protocol_version_xside",
                    "protocol_version_vmside"])
    equal((m["vmname"], m["successful"], m["copy_action"], m["paste_action"], m["cleared"],
           m["sent_size"], m["buffer_size"]), ("work", 1, 1, 0, 0, 100, 64000))
    equal(m["protocol_version_vmside"], 0x10008)
    equal(int(t.file(".xevent")), m["xevent_timestamp"])
    assert len(t.file(".metadata").splitlines()) == 15
    t.paste("personal")
    assert t.s.d.wait(lambda: t.meta().get("cleared") == 1)
    m = t.meta()
    equal((m["vmname"], m["successful"], m["copy_action"], m["paste_action"], m["sent_size"]),
          ("personal", 1, 0, 1, 100))


def test_metadata():
    _metadata()


@three
def _keys_are_swallowed(t):
    t.copied("work")
    t.paste("personal")
    c, v = t.s.d.keycode(XK.XK_c), t.s.d.keycode(XK.XK_v)
    for name in ("work", "personal"):
        codes = t.keys(name)
        assert codes and c not in codes and v not in codes, codes


def test_keys_are_swallowed():
    _keys_are_swallowed()


@three
def _policy_denies(t):
    t.copied("work")
    for n, answer in enumerate((b"result=deny\n", b"result=allowed, perhaps\n", b""), 1):
        t.s.d.policy_answer = answer
        equal(t.paste("personal", 0.5), None)
        # The next answer is not for this question.
        assert t.s.d.wait(lambda n=n: len(t.s.d.policy_requests) == n)
        equal(t.file(".source"), b"work", "still there for another")
    t.s.d.policy_answer = b"result=allow\n"
    equal(t.paste("personal"), b"secret")


def test_policy_denies():
    _policy_denies()


@three
def _policy_unreachable(t):
    os.unlink(t.s.d.path("etc/qubes-rpc/policy.EvalSimple"))
    t.copied("work")
    equal(t.paste("personal", 0.5), None)


def test_policy_unreachable():
    _policy_unreachable()


@three
def _unsolicited(t):
    t.agents["work"].send(CLIPBOARD_DATA, 7, b"evil")
    t.s.alive()
    time.sleep(0.1)
    assert not t.file(".source")
    t.copied("work", b"good")
    t.agents["work"].send(CLIPBOARD_DATA, 7, b"evil")
    t.s.alive()
    time.sleep(0.1)
    equal(t.file(""), b"good")


def test_unsolicited():
    _unsolicited()


@three
def _late_answer(t):
    assert t.copy("work") is not None
    time.sleep(0.02)
    t.copied("personal", b"newer")
    t.agents["work"].send(CLIPBOARD_DATA, 7, b"older")
    t.s.alive()
    time.sleep(0.2)
    equal((t.file(""), t.file(".source")), (b"newer", b"personal"))


def test_late_answer():
    _late_answer()


@three
def _empty_answer(t):
    t.copied("work")
    assert t.copy("work") is not None
    t.agents["work"].send(CLIPBOARD_DATA, 7, b"")
    assert t.s.d.wait(lambda: t.meta().get("cleared") == 1)
    equal((t.file(".source"), t.meta()["successful"]), (b"", 1))


def test_empty_answer():
    _empty_answer()


@three
def _oversize(t):
    t.copied("work")
    assert t.copy("personal") is not None
    t.agents["personal"].send(CLIPBOARD_DATA, 7, b"y" * 1001)
    assert t.s.d.wait(lambda: t.meta().get("oversized_request") == 1)
    equal(t.file(".source"), b"")
    equal(t.meta()["sent_size"], 1001)
    t.copied("personal", b"y" * 1000)


def test_oversize():
    _oversize(config="max_clipboard_size = 1000;")


@three
def _largest(t):
    t.copied("work", b"z" * 256000)
    got = t.paste("personal")
    equal(len(got), 256000)


def test_largest():
    _largest(config="max_clipboard_size = 256000;")


def test_absurd_length():
    for version, length in (((1, 8), 256002), ((1, 7), 65001), ((1, 8), 0xffffffff)):
        with scene(version=version) as s:
            s.a.send(CLIPBOARD_DATA, 0, b"x" * 10, length=length)
            s.fatal()


@three
def _other_keys(t):
    t.press("work", XK.XK_Control_L, XK.XK_Shift_L, XK.XK_c)
    equal(t.agents["work"].wait_for(CLIPBOARD_REQ, timeout=0.3), None)
    t.press("work", XK.XK_Alt_L, XK.XK_F7)
    assert t.agents["work"].wait_for(CLIPBOARD_REQ) is not None
    t.agents["work"].send(CLIPBOARD_DATA, 7, b"abc")
    assert t.full("work")
    t.press("personal", XK.XK_Control_L, XK.XK_Shift_L, XK.XK_Insert)
    equal(t.agents["personal"].wait_for(CLIPBOARD_DATA), b"abc")


def test_other_keys():
    _other_keys(config='secure_copy_sequence = "mod1-F7"; '
                'secure_paste_sequence = "Ctrl-Shift-Insert";')


@three
def _disabled(t):
    t.press("work", XK.XK_Control_L, XK.XK_Shift_L, XK.XK_c)
    equal(t.agents["work"].wait_for(CLIPBOARD_REQ, timeout=0.3), None)
    seen = []
    assert t.s.d.wait(lambda: seen.extend(t.keys("work")) or t.s.d.keycode(XK.XK_c) in seen)


def test_disabled():
    _disabled(config='secure_copy_sequence = "none";')


@three
def _old_agent(t):
    _, a = t.s.d.session(*mode_args(), domid=9, name="old", version=(1, 1))
    a.create(7, 100, 400, 50, 50)
    a.map(7)
    t.s.d.shown(7, "old")
    t.agents["old"] = a
    t.copied("work", b"hello")
    t.press("old", XK.XK_Control_L, XK.XK_Shift_L, XK.XK_v)
    body = a.wait_for(CLIPBOARD_DATA, 5)
    equal(body, b"hello", "with the length in the window field")


def test_old_agent():
    _old_agent()


def test_by_qrexec():
    """-Q: services of the qube fill and empty the clipboard."""
    with scene("-Q") as s:
        s.d._fake_program("qrexec-client", 'echo "$*" >>"$GUITEST_LOG"\n'
                          'case "$5$4" in *ClipboardCopy*) printf copied;; '
                          '*) cat >"$QUBES_ROOT/pasted";; esac\n')
        s.a.show(7, 100, 80, 200, 150, GREEN)
        w = s.d.shown(7)
        s.d.move(150, 100)
        s.d.focus(w)
        s.d.keys(XK.XK_Control_L, XK.XK_Shift_L, XK.XK_c)
        data = s.d.path("run/qubes/qubes-clipboard.bin")
        assert s.d.wait(lambda: metadata(s.d).get("successful") == 1)
        equal(open(data).read(), "copied")
        equal(open(data + ".source").read(), "work")
        time.sleep(0.02)
        s.d.keys(XK.XK_Control_L, XK.XK_Shift_L, XK.XK_v)
        assert s.d.wait(lambda: os.path.exists(s.d.path("pasted")) and
                        open(s.d.path("pasted")).read() == "copied")
        assert s.d.wait(lambda: open(data + ".source").read() == "")
        equal(s.d.dialogs().splitlines(),
              ["-T -d 5 DEFAULT:QUBESRPC qubes.ClipboardCopy dom0",
               "-T -d 5 DEFAULT:QUBESRPC qubes.ClipboardPaste dom0"])
        equal([k for k, _, _ in s.a.drain() if k in (CLIPBOARD_REQ, CLIPBOARD_DATA)], [])


def test_oversize_by_qrexec():
    with scene("-Q", config="max_clipboard_size = 256;") as s:
        s.d._fake_program("qrexec-client", "head -c 100000 /dev/zero\n")
        s.a.show(7, 100, 80, 200, 150, GREEN)
        s.d.move(150, 100)
        s.d.focus(s.d.shown(7))
        s.d.keys(XK.XK_Control_L, XK.XK_Shift_L, XK.XK_c)
        data = s.d.path("run/qubes/qubes-clipboard.bin")
        assert s.d.wait(lambda: metadata(s.d))
        m = metadata(s.d)
        equal((m["successful"], m["cleared"]), (0, 1))
        equal(os.path.getsize(data), 0)
