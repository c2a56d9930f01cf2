#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices and the keys of netvms, through qubesd and real qubesdb-daemons on libvirt's
# in-memory hypervisor: dom0's hardware is a made-up /sys, qubes announce what they like.
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 -B "$here/qubesd_devices.py" "${QUBES_BUILD:-$here/../../build}"
