#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemons of a running qube: started, supervised, cleaned up after, also when they or
# qubesd are killed. On libvirt's in-memory hypervisor, with a qrexec-daemon that does as
# it is told and the real qubesdb-daemon.
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 -B "$here/qubesd_helpers.py" "${QUBES_BUILD:-$here/../../build}"
