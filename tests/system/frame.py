#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""frame.py QUBE RRGGBB: is a window of QUBE on the screen, framed in that colour on all
four sides, each side visible along its whole length? Exit status 0 if so."""
import sys
from Xlib import X, display
from Xlib.error import XError

qube, want = sys.argv[1], int(sys.argv[2], 16)
dpy = display.Display()
root = dpy.screen().root
vmname = dpy.intern_atom("_QUBES_VMNAME")


def windows(win, depth=0):
    """All windows, bottom-most first."""
    yield win
    if depth < 6:
        for child in win.query_tree().children:
            yield from windows(child, depth + 1)


def belongs(win):
    prop = win.get_full_property(vmname, X.AnyPropertyType)
    return prop is not None and bytes(prop.value).decode("latin-1").rstrip("\0") == qube


def pixels(x, y, w, h):
    img = root.get_image(x, y, w, h, X.ZPixmap, 0xFFFFFFFF)
    data = img.data
    return {int.from_bytes(data[i:i + 3], "little") for i in range(0, len(data), 4)}


def framed(win):
    geom = win.get_geometry()
    pos = root.translate_coords(win, 0, 0)
    x, y, w, h = pos.x, pos.y, geom.width, geom.height
    if w < 20 or h < 20:
        return False
    # The outermost lines of the window that guid made, whatever the window manager adds outside.
    lines = [(x, y, w, 1), (x, y + h - 1, w, 1), (x, y, 1, h), (x + w - 1, y, 1, h)]
    found = [pixels(*line) for line in lines]
    if "-v" in sys.argv:
        print([[hex(p) for p in sorted(f)[:4]] for f in found])
    return all(f == {want} for f in found)


for candidate in windows(root):
    try:
        if belongs(candidate) and candidate.get_attributes().map_state == X.IsViewable:
            if framed(candidate) or (candidate.query_tree().parent != root
                                     and framed(candidate.query_tree().parent)):
                sys.exit(0)
    except XError:
        continue
sys.exit(1)
