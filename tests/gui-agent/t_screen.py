# SPDX-License-Identifier: GPL-2.0-or-later
"""The qube's screen, its monitors and their scale. Each test gets a Qube with a connected daemon."""
import struct

from Xlib import Xatom

from qube import eq, monitors, need_outputs, tell


def test_handshake(q):
    """the screen gets the daemon's size"""
    eq(q.daemon.agent_version, 0x10008)
    assert q.daemon.until(lambda: (q.root.get_geometry().width, q.root.get_geometry().height) == (1280, 800))


def size(q):
    g = q.root.get_geometry()
    return g.width, g.height


def test_monitors(q):
    """dom0's monitors are the qube's, and change with them"""
    need_outputs(q)
    assert q.daemon.until(lambda: size(q) == (1280, 800))
    one, two = (0, 0, 800, 600), (800, 100, 640, 480)
    tell(q, "800 600 0 0 211 158\n640 480 800 100\n")
    assert q.daemon.until(lambda: monitors(q) == [one, two]), monitors(q)
    eq(size(q), (1440, 600))
    # The other way round, and the second one larger.
    tell(q, "1024 768 0 0\n800 600 1024 0\n")
    assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1024, 768), (1024, 0, 800, 600)]), monitors(q)
    eq(size(q), (1824, 768))
    # What is not a layout changes nothing; nor does a wish for the impossible end anything.
    for bad in ("", "x\n", "800 600 0\n", "0 600 0 0\n", "800 600 -1 0\n", "20000 10 0 0\n", "1 1 0 0\n" * 17,
                "9" * 5000):
        tell(q, bad)
    q.settle(0.3)
    eq(len(monitors(q)), 2)
    tell(q, "1280 1024 0 0\n")
    assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1280, 1024)]), monitors(q)
    # A daemon with a screen of that size keeps it, one with another has one monitor.
    tell(q, "640 800 0 0\n640 800 640 0\n")
    assert q.daemon.until(lambda: len(monitors(q)) == 2)
    q.connect()
    q.settle()
    eq(monitors(q), [(0, 0, 640, 800), (640, 0, 640, 800)])
    q.connect(width=1600, height=900)
    assert q.daemon.until(lambda: monitors(q) == [(0, 0, 1600, 900)]), monitors(q)


def test_many_monitors(q):
    """more monitors than most people have"""
    need_outputs(q)
    assert q.daemon.until(lambda: size(q) == (1280, 800))
    tell(q, "".join("200 150 %d 0 53 40\n" % (200 * i) for i in range(9)))
    assert q.daemon.until(lambda: monitors(q) == [(200 * i, 0, 200, 150) for i in range(9)]), monitors(q)


def xsettings(q):
    owner = q.dpy.get_selection_owner(q.atom("_XSETTINGS_S0"))
    if not owner:
        return {}
    data = owner.get_full_property(q.atom("_XSETTINGS_SETTINGS"), q.atom("_XSETTINGS_SETTINGS")).value
    _, _, n = struct.unpack_from("=B3xII", data)
    at, out = 12, {}
    for _ in range(n):
        kind, length = struct.unpack_from("=BxH", data, at)
        eq(kind, 0)
        name = data[at + 4:at + 4 + length].decode()
        at += 4 + (length + 3) // 4 * 4
        out[name] = struct.unpack_from("=II", data, at)[1]
        at += 8
    eq(at, len(data))
    return out


def resources(q):
    p = q.root.get_full_property(Xatom.RESOURCE_MANAGER, Xatom.STRING)
    return p.value.decode() if p else ""


def test_scale(q):
    """dom0's resolution is the qube's, and changes with it"""
    assert q.daemon.until(lambda: size(q) == (1280, 800))
    tell(q, "800 600 0 0 211 158 96\n")
    assert q.daemon.until(lambda: size(q) == (800, 600))
    eq((xsettings(q), resources(q)), ({}, ""))
    q.root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, b"XTerm.a:\tb\nXft.dpi:\t100\nlast: 1")
    q.dpy.sync()
    tell(q, "800 600 0 0 105 79 192\n")
    assert q.daemon.until(lambda: xsettings(q)), "no settings"
    eq(xsettings(q), {"Gdk/UnscaledDPI": 96 * 1024, "Gdk/WindowScalingFactor": 2, "Xft/DPI": 192 * 1024})
    eq(resources(q), "XTerm.a:\tb\nlast: 1\nXft.dpi:\t192\n")
    tell(q, "800 600 0 0 140 105 144\n")
    assert q.daemon.until(lambda: xsettings(q)["Xft/DPI"] == 144 * 1024)
    eq(xsettings(q)["Gdk/WindowScalingFactor"], 1)
    # Without a resolution: that of the monitor, as it is said to be; nothing for an ordinary one.
    tell(q, "800 600 0 0 101 76\n")
    assert q.daemon.until(lambda: xsettings(q)["Xft/DPI"] == 192 * 1024)
    tell(q, "800 600 0 0 211 158\n")
    assert q.daemon.until(lambda: xsettings(q)["Xft/DPI"] == 96 * 1024)
    eq(xsettings(q)["Gdk/WindowScalingFactor"], 1)
