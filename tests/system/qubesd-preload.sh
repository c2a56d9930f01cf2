#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Preloaded disposables on libvirt's in-memory hypervisor: made, handed out, replaced.
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 -B "$here/qubesd_preload.py" "${QUBES_BUILD:-$here/../../build}"
