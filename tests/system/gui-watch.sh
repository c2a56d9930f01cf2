#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From a session's monitors and keyboard to a qube's: qubes-gui-watch on one X server, what it
# tells given to qubes-gui-agent on another. Needs no root and no containers.
tree=$(cd "$(dirname "$0")/../.." && pwd)
exec /usr/bin/python3 -B "$tree/tests/gui-agent/test_watch.py" "${QUBES_BUILD:-$tree/build}/bin" "$@"
