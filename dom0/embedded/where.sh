#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What qubes are on this machine, in one word on standard output:
#
#   xen         this is dom0 of a Xen, whose xenstored answers
#   containers  there is no Xen
#
# What the user should know goes to standard error, in one line. Fails, with one line, where there is
# a Xen that cannot be used as it is.
#
#   where.sh [--root DIR]    DIR: where proc/, sys/ and run/ are looked for (tests)
set -u
root=
[ "${1:-}" != --root ] || root=$2

die() { echo "dom0: error: $*. Or, with qubes as containers: sudo make run HYPERVISOR=containers" >&2; exit 1; }
# What the image and its machine need.
MEMORY_MIB=4300
DISK_MIB=9000

is_control_domain() { grep -q -w control_d "$root/proc/xen/capabilities" 2>/dev/null; }
# dom0 is the domain whose UUID is zero.
is_dom0_without_xenfs() {
	[ "$(cat "$root/sys/hypervisor/type" 2>/dev/null)" = xen ] && [ ! -e "$root/proc/xen/capabilities" ] &&
		! grep -q '[1-9a-f]' "$root/sys/hypervisor/uuid" 2>/dev/null
}
xenstored_answers() {
	[ -S "$root/run/xenstored/socket" ] || [ -e "$root/dev/xen/xenbus" ] || return
	! command -v xenstore-read >/dev/null || [ "$(timeout 10 xenstore-read domid 2>/dev/null)" = 0 ]
}
qemu_could() {
	[ "$(awk '/^MemAvailable/{print int($2 / 1024)}' "$root/proc/meminfo" 2>/dev/null)" -ge $MEMORY_MIB ] &&
		[ "$(df -Pm /var 2>/dev/null | awk 'NR == 2 {print $4}')" -ge $DISK_MIB ]
} 2>/dev/null

if is_control_domain; then
	xenstored_answers ||
		die "this is dom0 of a Xen, but xenstored does not answer: systemctl start xen (or xenstored), then again"
	echo "dom0: this is dom0 of a Xen: qubes are virtual machines" >&2
	echo xen
	exit
fi
! is_dom0_without_xenfs ||
	die "this is dom0 of a Xen, but its file system is missing: mount -t xenfs xenfs /proc/xen, then again"
if qemu_could; then
	echo "dom0: no Xen runs on this machine: qubes are containers. On the real Xen, inside QEMU: sudo make run-xen" >&2
else
	echo "dom0: no Xen runs on this machine: qubes are containers" >&2
fi
echo containers
