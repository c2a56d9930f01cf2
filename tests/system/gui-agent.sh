#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qubes-gui-agent by itself: a real X server in front of it, and behind it a daemon that shares
# no code with ours. Needs no root and no containers.
tree=$(cd "$(dirname "$0")/../.." && pwd)
exec /usr/bin/python3 -B "$tree/tests/gui-agent/test_agent.py" "${QUBES_BUILD:-$tree/build}/bin/qubes-gui-agent" "$@"
