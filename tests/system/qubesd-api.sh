#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qubesd on libvirt's in-memory hypervisor: the whole Admin API, byte for byte, without a
# container; what it does with nonsense, full disks, kill -9 and slow clients.
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 -B "$here/qubesd_api.py" "${QUBES_BUILD:-$here/../../build}"
