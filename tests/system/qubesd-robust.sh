#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qubesd under abuse: malformed requests, kill -9 in the middle of everything, a disk that is full
# at every write, qubes created and removed without end. QUBES_LONG=1 for the long form.
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 -B "$here/qubesd_robust.py" \
	"${QUBES_BUILD:-$here/../../build}"
