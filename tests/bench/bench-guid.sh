#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Figures of qubes-guid by itself: start, memory, idle, how many messages it takes, and how soon it passes on a
# key while a qube floods it. Needs no root.
tree=$(cd "$(dirname "$0")/../.." && pwd)
GUID_BIN=${QUBES_BUILD:-$tree/build}/bin/qubes-guid
export GUID_BIN
[ -x "$GUID_BIN" ] || { echo "bench-guid: $GUID_BIN is missing, run make; left out"; exit 0; }
command -v Xvfb >/dev/null && /usr/bin/python3 -c 'import Xlib' 2>/dev/null ||
	{ echo "bench-guid: Xvfb or python3-xlib is missing, left out"; exit 0; }
exec /usr/bin/python3 -B "$tree/tests/gui/bench.py"
