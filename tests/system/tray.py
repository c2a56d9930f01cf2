#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tray.py SIDE: the least of a tray (XEMBED), whose icons are all SIDE pixels large, and two thirds of that until
something is seen of them. Prints a line whenever one of the large ones looks different: which one it is, and a sum of
its pixels."""
import select
import sys
import zlib

from Xlib import X, display
from Xlib.error import XError
from Xlib.protocol import event

BACKGROUND = 0x202020


class Tray:
    def __init__(self, side):
        self.side, self.icons, self.sides = side, {}, {}
        self.d = display.Display()
        self.d.set_error_handler(lambda *_: None)  # icons go when they want
        self.root = self.d.screen().root
        self.selection = self.d.intern_atom("_NET_SYSTEM_TRAY_S0")
        self.window = self.root.create_window(0, 0, 8 * side, side, 0, X.CopyFromParent, override_redirect=1,
                                              background_pixel=BACKGROUND, event_mask=X.SubstructureNotifyMask)
        self.window.map()
        self.window.set_selection_owner(self.selection, X.CurrentTime)
        self.send(self.root, "MANAGER", [0, self.selection, self.window.id, 0, 0], X.StructureNotifyMask)
        self.d.sync()

    def send(self, window, kind, data, mask=0):
        window.send_event(event.ClientMessage(window=window, client_type=self.d.intern_atom(kind), data=(32, data)),
                          event_mask=mask)

    def dock(self, window):
        window.change_attributes(event_mask=X.StructureNotifyMask)
        window.reparent(self.window, len(self.icons) * self.side, 0)
        self.size(window, self.side * 2 // 3)
        self.send(window, "_XEMBED", [0, 0, 0, self.window.id, 0])
        window.map()
        self.icons[window] = None

    def size(self, window, side):
        self.sides[window] = side
        window.configure(width=side, height=side)

    def look(self):
        for n, (window, seen) in enumerate(self.icons.items()):
            data = self.window.get_image(n * self.side, 0, self.side, self.side, X.ZPixmap, 0xffffff).data
            blank = all(data[i:i + 3] == b"\x20\x20\x20" for i in range(0, len(data), 4))
            if not blank and self.sides[window] < self.side:
                self.size(window, self.side)
            elif not blank and data != seen:
                self.icons[window] = data
                print(n, "%08x" % zlib.crc32(data), flush=True)

    def run(self):
        opcode = self.d.intern_atom("_NET_SYSTEM_TRAY_OPCODE")
        while True:
            while self.d.pending_events():
                e = self.d.next_event()
                if e.type == X.ClientMessage and e.client_type == opcode and e.data[1][1] == 0:
                    self.dock(self.d.create_resource_object("window", e.data[1][2]))
                side = self.sides.get(e.window) if e.type == X.ConfigureNotify else None
                if side and (e.width, e.height) != (side, side):
                    self.size(e.window, side)
            try:
                self.look()
            except XError:
                pass  # one has just gone
            select.select([self.d], [], [], 0.1)


Tray(int(sys.argv[1])).run()
