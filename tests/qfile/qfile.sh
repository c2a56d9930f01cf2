#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qubes.Filecopy through its real programs: senders that lie, receivers that lie, and copies
# between two qubes that are an agent each. Needs no containers. QFILE_LARGE=1: with 100,000 files,
# 4 GiB, and a million entries instead of fewer.
tree=$(cd "$(dirname "$0")/../.." && pwd)
QUBES_BIN=${QUBES_BUILD:-$tree/build}/bin
export QUBES_BIN
exec /usr/bin/python3 "$tree/tests/qfile/qfile.py" "$@"
