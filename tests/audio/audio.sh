#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sound from a "qube" to "dom0" and back: two sound servers without hardware, and between them
# qubes-audio-agent and qubes-audiod over a socket vchan. Needs no containers.
tree=$(cd "$(dirname "$0")/../.." && pwd)
AUDIO_BIN=${QUBES_BUILD:-$tree/build}/bin
export AUDIO_BIN
exec /usr/bin/python3 "$tree/tests/audio/audio.py" "$@"
