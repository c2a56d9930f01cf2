#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the initramfs of qubes: our init and the modules that it loads.
#
#   initramfs.sh INIT MODULES OUT
#
# Not compressed: the domain builder and the kernel copy three megabytes faster than the
# kernel decompresses one.
set -euo pipefail
init=$1 modules=$2 out=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
strip -o "$tmp/init" "$init"

# One entry of a cpio archive (newc): NAME MODE [FILE]
inode=0
entry() {
	local name=$1 mode=$2 file=${3:-} size=0
	inode=$((inode + 1))
	[ -z "$file" ] || size=$(stat -c %s "$file")
	printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' "$inode" "0$mode" 0 0 1 0 \
		"$size" 0 0 0 0 "$((${#name} + 1))" 0 "$name"
	pad $((110 + ${#name} + 1))
	[ -z "$file" ] || { cat "$file"; pad "$size"; }
}
pad() { head -c $(((4 - $1 % 4) % 4)) /dev/zero; }

{
	for d in dev proc sys run sysroot modules; do entry "$d" 40755; done
	entry init 100755 "$tmp/init"
	for m in "$modules"/*.ko; do entry "modules/$(basename "$m")" 100644 "$m"; done
	entry TRAILER!!! 0
} >"$out"
