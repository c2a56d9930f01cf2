#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sound from a qube to dom0's speaker: how late it is, and what a stream costs.
tree=$(cd "$(dirname "$0")/../.." && pwd)
AUDIO_BIN=${QUBES_BUILD:-$tree/build}/bin
export AUDIO_BIN
exec /usr/bin/python3 "$tree/tests/audio/bench.py"
