#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots the dom0 image of xen-config/image/build.sh in QEMU, by KVM where the CPU has
# virtualization hardware, else by emulation. Nothing is written to the image.
#
#   run-qemu.sh --image DIR [options]
#
#   --memory MIB        of the whole machine (default 4096), dom0 has --dom0-memory of it (1400)
#   --cpus N            (default 2; 1 where other work keeps the machine busy)
#   --window            dom0's screen in a window (default: where DISPLAY is set)
#   --headless          no window; the console is here
#   --console FILE      dom0's and Xen's messages go to FILE instead, nobody types
#   --disk FILE         a further disk (raw; /dev/vdc, ...), written to no more than the image
#   --serial-shell SOCK a root shell of dom0 on a Unix socket (for tests)
#   --monitor SOCK      QEMU's monitor (QMP) on a Unix socket
#   --append ARGS       further arguments of dom0's kernel
#   --dry-run           print the command
set -euo pipefail

image= memory=4096 dom0_memory=1400 cpus=2 window= console= shell= monitor= append= dry=
disks=()
die() { echo "run-xen: error: $*" >&2; exit 1; }
number() { [[ $2 =~ ^[1-9][0-9]{0,7}$ ]] || die "$1 wants a number, not '$2'"; }
if [ -n "${DISPLAY:-}" ]; then window=1; fi
while [ $# -gt 0 ]; do
	case $1 in
	--image | --memory | --dom0-memory | --cpus | --console | --disk | --serial-shell | --monitor | --append)
		[ $# -gt 1 ] || die "$1 wants a value" ;;
	esac
	case $1 in
	--memory | --dom0-memory | --cpus) number "$1" "$2" ;;
	esac
	case $1 in
	--image) image=$2; shift 2 ;;
	--memory) memory=$2; shift 2 ;;
	--dom0-memory) dom0_memory=$2; shift 2 ;;
	--cpus) cpus=$2; shift 2 ;;
	--window) window=1; shift ;;
	--headless) window=; shift ;;
	--console) console=$2; shift 2 ;;
	--disk) disks+=("$2"); shift 2 ;;
	--serial-shell) shell=$2; shift 2 ;;
	--monitor) monitor=$2; shift 2 ;;
	--append) append=$2; shift 2 ;;
	--dry-run) dry=1; shift ;;
	*) sed -n '3,22s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	esac
done

command -v qemu-system-x86_64 >/dev/null ||
	die "QEMU is not installed: apt install qemu-system-x86, or sudo make run-xen, which does"
for f in xen vmlinuz initrd.img dom0.img pool.img; do
	[ -s "$image/$f" ] || die "there is no dom0 image in '$image' ($f is missing): sudo make dom0-image builds it"
done
for f in "${disks[@]}"; do
	[ -s "$f" ] || die "the disk $f does not exist"
done
free_mib=$(awk '/^MemAvailable/{print int($2 / 1024)}' /proc/meminfo)
[ "$free_mib" -gt $((memory + 200)) ] ||
	die "this takes $memory MiB of memory and $free_mib are free: close something, or give --memory less (at least 3000)"
[ "$memory" -ge $((dom0_memory + 600)) ] ||
	die "$memory MiB is not enough for dom0 ($dom0_memory MiB), Xen and a qube: give at least $((dom0_memory + 600))"
[ -d "${TMPDIR:-/var/tmp}" ] || die "TMPDIR is $TMPDIR, which is no folder"
tmp_mib=$(df -Pm "${TMPDIR:-/var/tmp}" | awk 'NR == 2 {print $4}')
[ "$tmp_mib" -gt 2048 ] ||
	die "what the machine writes needs 2048 MiB in ${TMPDIR:-/var/tmp} and $tmp_mib are free: make room, or set TMPDIR"

xen_args="com1=115200,8n1 console=com1 dom0_mem=${dom0_memory}M,max:${dom0_memory}M gnttab_max_frames=2048 gnttab_max_maptrack_frames=4096"
linux_args="root=/dev/vda rw console=hvc0 quiet"
args=(-m "$memory" -smp "$cpus" -no-reboot -nodefaults -vga std)
if grep -q -w -e vmx -e svm /proc/cpuinfo && [ -w /dev/kvm ]; then
	args+=(-accel kvm -cpu host)
else
	# An emulated CPU on which Xen runs, and keeps: see docs/xen.md for each flag. It does not
	# speculate, so nothing has to be done about that. Timers may be late by two ticks of Linux: each
	# is three ways out of a qube and in.
	xen_args+=" cpuidle=0 mwait-idle=0 spec-ctrl=no,eager-fpu timer_slop=8000000"
	linux_args+=" mitigations=off qubes.emulated"
	args+=(-accel "tcg,thread=multi,tb-size=512" -cpu "EPYC,+svm,+npt,-rdtscp,-smap,-smep,-xsave,-xsaveopt,-xgetbv1,-xsaves,-avx,-avx2,-f16c,-fma")
fi
if [ -n "$console" ]; then
	args+=(-serial "file:$console")
elif [ -n "$window" ]; then
	args+=(-serial null)
else
	args+=(-serial mon:stdio)
	linux_args+=" qubes.shell"
fi
if [ -n "$shell" ]; then
	args+=(-serial "unix:$shell,server=on,wait=off")
	linux_args+=" qubes.serial-shell"
fi
if [ -n "$window" ]; then args+=(-display gtk); else args+=(-display none); fi
[ -z "$monitor" ] || args+=(-qmp "unix:$monitor,server=on,wait=off")
for f in "$image/dom0.img" "$image/pool.img" "${disks[@]}"; do
	args+=(-drive "file=$(readlink -f "$f"),if=virtio,format=raw,snapshot=on,discard=unmap,cache=unsafe")
done
linux_args=$(printf '%s' "$linux_args $append" | sed 's/,/,,/g')
args+=(-device virtio-rng-pci -device usb-ehci -device usb-tablet
	-kernel "$image/xen" -append "$xen_args" -initrd "$image/vmlinuz $linux_args,$image/initrd.img")
if [ -n "$dry" ]; then
	printf '%q ' qemu-system-x86_64 "${args[@]}"
	echo
	exit 0
fi
exec qemu-system-x86_64 "${args[@]}"
