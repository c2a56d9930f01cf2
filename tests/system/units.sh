#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The units of dom0 and of qubes, as systemd reads them: nothing unknown in them, no loop in their
# order, no program that is not there; and the sandboxes are no looser than they were.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# install LIST PREFIX ROOT: what an install.list names, programs as empty files.
install() {
	local src dst mode f
	grep -v -e '^#' -e '^[[:space:]]*$' "$1" | while read -r src dst mode; do
		case $src in
		without | optional) ;;
		link) mkdir -p "$3$(dirname "$mode")" && ln -sfn "$dst" "$3$mode" ;;
		bin/*\*) mkdir -p "$3$dst" && for f in "$BUILD"/$src; do
				: >"$3$dst/$(basename "$f")" && chmod "$mode" "$3$dst/$(basename "$f")"
			done ;;
		*\**) mkdir -p "$3$dst" && for f in "$tree/$2"$src; do
				cp "$f" "$3$dst/" && chmod "$mode" "$3$dst/$(basename "$f")"
			done ;;
		bin/*) mkdir -p "$3$(dirname "$dst")" && : >"$3$dst" && chmod "$mode" "$3$dst" ;;
		*) mkdir -p "$3$(dirname "$dst")" && cp "$tree/$2$src" "$3$dst" && chmod "$mode" "$3$dst" ;;
		esac
	done
}
# What the distribution brings of that which our units name.
distribution() {
	mkdir -p "$1/usr/lib/systemd" "$1/usr/bin" "$1/usr/sbin"
	cp -r /usr/lib/systemd/system "$1/usr/lib/systemd/"
	ln -s usr/bin "$1/bin"
	for f in bin/sh bin/bash bin/pulseaudio bin/rm bin/test bin/true sbin/libvirtd; do
		: >"$1/usr/$f"
		chmod 755 "$1/usr/$f"
	done
	printf '[Unit]\nDescription=x\n[Socket]\nListenStream=/run/x\n' >"$1/usr/lib/systemd/system/libvirtd.socket"
	printf '[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n' >"$1/usr/lib/systemd/system/dbus.service"
}
# verify ROOT: every unit of ours, all at once.
verify() {
	local root=$1 units
	shift
	units=$(cd "$root" && find etc/systemd/system usr/lib/systemd/system -maxdepth 1 -type f \
		\( -name 'qubes*' -o -name 'qubesd*' -o -name 'qmemman*' -o -name 'xen.service' -o -name 'proc-xen.mount' -o -name 'libvirtd.service' \) |
		xargs -n 1 basename | sed 's/@\./@wm./' | sort -u)
	[ -n "$units" ] || { echo "no units"; return 1; }
	# shellcheck disable=SC2086
	systemd-analyze verify --root="$root" --man=no $units >"$work/said" 2>&1 && [ ! -s "$work/said" ] && return
	cat "$work/said"
	return 1
}
# A sandbox's exposure, in tenths.
exposure() {
	systemd-analyze security --root="$1" --offline=yes "$2" 2>/dev/null |
		sed -n 's/.*exposure level for .*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}
no_looser() {
	local is
	is=$(exposure "$1" "$2.service")
	[ -n "$is" ] && [ "$((10#$is))" -le "$3" ] && return
	echo "$2: $is, not at most $3; see: systemd-analyze security $2"
	return 1
}

dom0=$work/dom0 qube=$work/qube
distribution "$dom0" && install "$tree/xen-config/image/install.list" "" "$dom0"
distribution "$qube" && install "$tree/templates/vm/install.list" templates/vm/ "$qube"
check "dom0's units" verify "$dom0"
check "a qube's units" verify "$qube"
# Tenths of what systemd-analyze security says. What is not here runs what the user wants, or is the
# root shell of a machine that is being developed.
while read -r unit limit; do
	check "the sandbox of $unit" no_looser "$dom0" "$unit" "$limit"
done <<-'LIMITS'
	qmemman 15
	qubes-policy 22
	qubes-xen 29
	qubes-dom0-setup 20
	qubes-console-trim 12
	qubes-display 65
	qubesd 67
	xen 73
	libvirtd 82
LIMITS
check "the sandbox of a qube's meminfo-writer" no_looser "$qube" qubes-meminfo-writer 15
finish
