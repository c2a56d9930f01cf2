#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the user sees of a qube's windows, and what the qube gets of the user's input: agent and
# daemon between two real X servers. Needs no root and no containers.
tree=$(cd "$(dirname "$0")/../.." && pwd)
exec /usr/bin/python3 -B "$tree/tests/gui-agent/test_pixels.py" "${QUBES_BUILD:-$tree/build}/bin" "$@"
