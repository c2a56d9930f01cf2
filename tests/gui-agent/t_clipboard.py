# SPDX-License-Identifier: GPL-2.0-or-later
"""Copy and paste."""
import time

from Xlib import X, protocol

import fakedaemon as fd
from qube import eq


def answers(q):
    return [m for m in q.daemon.log if m.kind == fd.CLIPBOARD_DATA]


def serve(q, win, data, targets=("UTF8_STRING",), chunk=None):
    """Owns the clipboard and answers requests until the daemon has an answer."""
    q.daemon.log.clear()
    clip = q.atom("CLIPBOARD")
    win.set_selection_owner(clip, X.CurrentTime)
    q.dpy.sync()
    q.settle()  # the agent has heard of it
    q.daemon.log.clear()
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    end = time.monotonic() + 150
    left, prop, requestor = None, None, None
    while not answers(q) and time.monotonic() < end:
        q.daemon.pump(0.01)
        while q.dpy.pending_events():
            e = q.dpy.next_event()
            if e.type == X.SelectionRequest:
                ok = e.target in [q.atom(t) for t in targets]
                prop, requestor = e.property, e.requestor
                if ok and chunk:
                    left = data
                    requestor.change_attributes(event_mask=X.PropertyChangeMask)
                    requestor.change_property(prop, q.atom("INCR"), 32, [len(data)])
                elif ok:
                    requestor.change_property(prop, e.target, 8, data)
                requestor.send_event(protocol.event.SelectionNotify(
                    time=e.time, requestor=requestor, selection=e.selection, target=e.target,
                    property=prop if ok else X.NONE))
            elif e.type == X.PropertyNotify and left is not None and e.window == requestor and e.atom == prop \
                    and e.state == X.PropertyDelete:
                requestor.change_property(prop, q.atom("UTF8_STRING"), 8, left[:chunk])
                left = left[chunk:] if left else None
            q.dpy.flush()
    assert answers(q), "no answer"
    return answers(q)[0]


def test_copy(q):
    """the clipboard goes to the daemon when it asks"""
    win = q.window(title="copy")
    q.shown(win)
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    assert q.daemon.until(lambda: answers(q))
    eq((answers(q)[0].body, answers(q)[0].window), (b"", win.id))
    eq(serve(q, win, "caf\u00e9".encode()).body, "caf\u00e9".encode())
    eq(serve(q, win, b"caf\xe9", ["STRING"]).body, "caf\u00e9".encode())
    eq(serve(q, win, b"x", ["image/png"]).body, b"")
    eq(serve(q, win, b"0123456789" * 1000, chunk=3000).body, b"0123456789" * 1000)
    eq(len(serve(q, win, b"a" * 256000).body), 256000)
    eq(len(serve(q, win, b"a" * 256001).body), 256001)
    eq(len(serve(q, win, b"a" * 262000).body), 256001)
    eq(len(serve(q, win, b"a" * 400000, chunk=60000).body), 256001)
    # An owner that never answers: an empty answer after a while.
    q.daemon.log.clear()
    win.set_selection_owner(q.atom("CLIPBOARD"), X.CurrentTime)
    q.dpy.sync()
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    assert q.daemon.until(lambda: answers(q))
    eq(answers(q)[0].body, b"")


def request(q, win, selection, target):
    prop = q.atom("TEST")
    win.convert_selection(q.atom(selection), q.atom(target), prop, X.CurrentTime)
    q.dpy.flush()
    e = q.event(X.SelectionNotify)
    if e.property == X.NONE:
        return None
    return win.get_full_property(prop, X.AnyPropertyType).value


def test_paste(q):
    """what the daemon gives becomes the clipboard, until another client takes it"""
    win = q.window(title="paste")
    q.shown(win)
    text = "p\u00e4ste".encode() * 40000
    q.daemon.send(fd.CLIPBOARD_DATA, 0, text)
    assert q.daemon.until(lambda: q.dpy.get_selection_owner(q.atom("CLIPBOARD")))
    eq(bytes(request(q, win, "CLIPBOARD", "UTF8_STRING")), text)
    eq(bytes(request(q, win, "PRIMARY", "STRING")), text)
    assert q.atom("UTF8_STRING") in request(q, win, "CLIPBOARD", "TARGETS")
    eq(request(q, win, "CLIPBOARD", "image/png"), None)
    q.daemon.send(fd.CLIPBOARD_REQ, win.id)
    assert q.daemon.until(lambda: answers(q))
    eq(answers(q)[0].body, text)
    win.set_selection_owner(q.atom("PRIMARY"), X.CurrentTime)
    q.dpy.sync()
    eq(bytes(request(q, win, "CLIPBOARD", "UTF8_STRING")), text)
    eq(serve(q, win, b"other").body, b"other")
