#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qubes-guid by itself: a fake agent before it, a private X server behind it, with and without
# window managers. Needs no containers.
tree=$(cd "$(dirname "$0")/../.." && pwd)
GUID_BIN=${QUBES_BUILD:-$tree/build}/bin/qubes-guid
export GUID_BIN
exec /usr/bin/python3 "$tree/tests/gui/gui.py" "$@"
