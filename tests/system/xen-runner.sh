#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make run-xen` says when it cannot: one clear line. And the initramfs of qubes, read
# back. Nothing is booted here; tests/xen does.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/bin" "$work/image"
printf '#!/bin/sh\nexit 0\n' >"$work/bin/qemu-system-x86_64"
chmod 755 "$work/bin/qemu-system-x86_64"
for f in xen vmlinuz initrd.img dom0.img pool.img; do echo x >"$work/image/$f"; done
run=(env PATH="$work/bin:/usr/bin:/bin" TMPDIR=/var/tmp "$tree/xen-config/run-qemu.sh" --headless)
mkdir "$work/tools"
for t in sed awk df grep; do ln -s "$(command -v $t)" "$work/tools/$t"; done
no_qemu=(env PATH="$work/tools" "$(command -v bash)" "$tree/xen-config/run-qemu.sh")

refused "no image" 'no dom0 image in .*make dom0-image' "${run[@]}" --image "$work/none"
rm "$work/image/pool.img"
refused "half an image" 'pool.img is missing' "${run[@]}" --image "$work/image"
echo x >"$work/image/pool.img"
refused "no QEMU" 'QEMU is not installed' "${no_qemu[@]}" --image "$work/image"
refused "not enough memory in this machine" 'MiB of memory and .* are free' "${run[@]}" --image "$work/image" --memory 99000000
refused "not enough memory for dom0 and a qube" 'not enough for dom0' "${run[@]}" --image "$work/image" --dom0-memory 500 --memory 600
refused "a disk that is not there" 'disk .* does not exist' "${run[@]}" --image "$work/image" --disk "$work/none"
refused "an option without its value" '[-]-memory wants a value' "${run[@]}" --image "$work/image" --memory
refused "memory that is no number" "wants a number, not 'much'" "${run[@]}" --image "$work/image" --memory much
refused "no place for what is written" 'TMPDIR is .*no folder' \
	env TMPDIR="$work/none" PATH="$work/bin:/usr/bin:/bin" "$tree/xen-config/run-qemu.sh" --image "$work/image" --dom0-memory 64 --memory 664
mkdir "$work/full"
printf '#!/bin/sh\necho head; echo "x 10 9 1 90%% /"\n' >"$work/full/df"
chmod 755 "$work/full/df"
refused "not enough room for what is written" 'needs 2048 MiB in .* and 1 are free' \
	env PATH="$work/full:$work/bin:/usr/bin:/bin" "$tree/xen-config/run-qemu.sh" --image "$work/image" --dom0-memory 64 --memory 664
check "all is well" "${run[@]}" --image "$work/image" --dom0-memory 64 --memory 664
# What `make run` uses: decided on a made-up machine.
machine=$work/machine
mkdir -p "$machine/proc/xen" "$machine/sys/hypervisor" "$machine/run/xenstored" "$machine/dev/xen" "$work/xs"
xenstore() { printf '#!/bin/sh\n%s\n' "$1" >"$work/xs/xenstore-read" && chmod 755 "$work/xs/xenstore-read"; }
where() { PATH=$work/xs:$PATH "$tree/dom0/embedded/where.sh" --root "$machine" 2>"$work/said"; }
echo 'MemAvailable: 8000000 kB' >"$machine/proc/meminfo"
printf '#!/bin/sh\necho head; echo "x 90000 9 80000 90%% /"\n' >"$work/xs/df"
chmod 755 "$work/xs/df"
rmdir "$machine/proc/xen"
equal "without Xen, qubes are containers" containers "$(where)"
check "and what QEMU could do is said, in one line" sh -c "[ \$(wc -l <'$work/said') = 1 ] && grep -q 'sudo make run-xen' '$work/said'"
echo 'MemAvailable: 2000000 kB' >"$machine/proc/meminfo"
equal "without memory for QEMU" containers "$(where)"
check "nothing is promised" sh -c "! grep -q run-xen '$work/said'"
mkdir "$machine/proc/xen"
: >"$machine/proc/xen/capabilities"
echo xen >"$machine/sys/hypervisor/type"
echo 6b2e1f52-0000-4000-8000-000000000001 >"$machine/sys/hypervisor/uuid"
equal "in a domain that is not dom0, qubes are containers" containers "$(where)"
echo control_d >"$machine/proc/xen/capabilities"
: >"$machine/dev/xen/xenbus"
xenstore 'echo 0'
equal "in dom0, qubes are domains" xen "$(where)"
xenstore 'exit 1'
refused "in dom0 whose xenstored does not answer" 'xenstored does not answer: systemctl start xen.*HYPERVISOR=containers' \
	env PATH="$work/xs:$PATH" "$tree/dom0/embedded/where.sh" --root "$machine"
rm "$machine/proc/xen/capabilities"
echo 00000000-0000-0000-0000-000000000000 >"$machine/sys/hypervisor/uuid"
refused "in dom0 without Xen's file system" 'mount -t xenfs' \
	env PATH="$work/xs:$PATH" "$tree/dom0/embedded/where.sh" --root "$machine"
refused "no hypervisor of that name" "not 'kvm'" "$tree/dom0/embedded/qubes-embedded" --hypervisor kvm status
refused "Xen's libvirt does not answer" 'libvirt does not answer for Xen' bash -c "
	die() { echo \"error: \$*\" >&2; exit 1; }; PATH=$work/xs:\$PATH; . '$tree/dom0/embedded/xen.sh'; virsh() { false; }; systemctl() { false; }; xen_start"

# The image's builder. Nothing is built: each of these is refused before.
printf '#!/bin/sh\necho 0\n' >"$work/full/id"
mkdir "$work/user" "$work/programs" "$work/cache"
printf '#!/bin/sh\necho 1000\n' >"$work/user/id"
for t in mmdebstrap mke2fs debugfs mkfs.btrfs; do printf '#!/bin/sh\nexit 1\n' >"$work/full/$t"; done
cp "$work/full/mmdebstrap" "$work/programs/qubesd"
chmod 755 "$work"/full/* "$work/user/id" "$work/programs/qubesd"
echo x >"$work/template.img"
build=(env PATH="$work/full:/usr/sbin:/usr/bin:/sbin:/bin" "$tree/xen-config/image/build.sh")
full=(--bin "$work/programs" --cache "$work/cache" --template "$work/template.img")
refused "the image, not as root" 'needs root.*sudo' \
	env PATH="$work/user:/usr/bin:/bin" "$tree/xen-config/image/build.sh" "${full[@]}"
refused "the image without programs" 'no programs in .*run make first' "${build[@]}" --bin "$work/none" --cache "$work/cache" --template "$work/template.img"
refused "the image without a template" 'no template .*make template' "${build[@]}" --bin "$work/programs" --cache "$work/cache" --template "$work/none.img"
refused "no place for the image" 'cannot be made.*XEN_CACHE' "${build[@]}" --bin "$work/programs" --cache "$work/template.img/x" --template "$work/template.img"
refused "no room for the image" 'needs 6000 MiB in .* and 1 are free.*XEN_CACHE' "${build[@]}" "${full[@]}"
rm "$work/full/mkfs.btrfs"
mkdir "$work/some"
for t in bash dirname env sort grep; do ln -s "$(command -v $t)" "$work/some/$t"; done
refused "the image without a tool" 'mkfs.btrfs is not installed' \
	env PATH="$work/full:$work/some" "$tree/xen-config/image/build.sh" "${full[@]}"
check "nothing is left of it" sh -c "[ -z \"\$(find '$work/cache' -mindepth 1 ! -name .lock)\" ]"
emulated() {
	grep -q -w -e vmx -e svm /proc/cpuinfo && return 0
	"${run[@]}" --image "$work/image" --dom0-memory 64 --memory 664 --dry-run | grep -q -e '-accel tcg.*-smap'
}
check "without virtualization hardware it emulates" emulated

# As grub-mkconfig reads it: after /etc/default/grub, before what the administrator adds.
grub_var() (
	GRUB_CMDLINE_XEN_DEFAULT="placeholder" GRUB_CMDLINE_LINUX_DEFAULT="quiet"
	# shellcheck source=/dev/null
	set -eu && . "$tree/xen-config/grub/qubes.cfg"
	[ -z "${2:-}" ] || eval "$2"
	eval "echo \"\$$1\""
)
has_words() {
	local line=" $1 " word
	shift
	for word in "$@"; do
		case $line in *" $word "*) ;; *) echo "$word is not in:$line"; return 1 ;; esac
	done
}
xen_line=$(grub_var GRUB_CMDLINE_XEN_DEFAULT)
check "GRUB starts Xen as dom0 needs it" has_words "$xen_line" console=none dom0_mem=min:1024M dom0_mem=max:4096M \
	ucode=scan smt=off gnttab_max_frames=2048 gnttab_max_maptrack_frames=4096
check "GRUB starts dom0's Linux" has_words "$(grub_var GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT)" quiet
equal "and never to resume" "" "$(grub_var GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT | grep resume=)"
equal "GRUB starts Xen by default" 1 "$(grub_var XEN_OVERRIDE_GRUB_DEFAULT)"
# shellcheck disable=SC2016
check "the administrator can add to it" has_words \
	"$(grub_var GRUB_CMDLINE_XEN_DEFAULT 'GRUB_CMDLINE_XEN_DEFAULT="$GRUB_CMDLINE_XEN_DEFAULT smt=on"')" smt=off smt=on
same_grants() {
	local line
	line=$("${run[@]}" --image "$work/image" --dom0-memory 64 --memory 664 --dry-run | sed 's/\\//g')
	for word in $xen_line; do
		case $word in gnttab_*) has_words "$line" "$word" || return ;; esac
	done
}
check "QEMU's Xen has the same limits of grants" same_grants
check "dom0's image has GRUB's settings" grep -qx 'xen-config/grub/qubes.cfg /etc/default/grub.d/qubes.cfg 0644' \
	"$tree/xen-config/image/install.list"

# An image laid out as upstream's (EFI system, BIOS boot, root), with what its agent brings.
upstream_image() {
	local fs=$work/fs
	mkdir -p "$fs"/{dev,proc,sys,run,sbin,etc,lib/modules,usr/bin,usr/lib/qubes/init}
	: >"$fs/sbin/init"
	: >"$fs/usr/bin/qubesdb-read"
	: >"$fs/usr/lib/qubes/qrexec-agent"
	printf 'type=$(qubesdb-read /qubes-vm-type 2>/dev/null)\nqubesdb-multiread /qubes-service/\n%s\n' "$2" >"$fs/usr/lib/qubes/init/sysinit"
	printf '/dev/mapper/dmroot / ext4 defaults 1 1\n/dev/xvdb /rw auto noauto,defaults 1 2\n%s\n' "$3" >"$fs/etc/fstab"
	truncate -s 64M "$work/$1"
	printf 'label: gpt\nsize=1MiB, name="EFI System"\nsize=1MiB, name="BIOS boot partition"\nname="Root filesystem"\n' |
		/usr/sbin/sfdisk -q "$work/$1"
	/usr/sbin/mke2fs -q -t ext4 -d "$fs" -E offset=$((3 << 20)) "$work/$1" 56M
}
root_image() { "$tree/xen-config/check-root-image.sh" "$work/$1"; }
check "an image as upstream's is made" upstream_image up.img "" "/dev/xvdc1 swap swap defaults 0 0"
check "it would find what it needs" root_image up.img
check "its root is partition 3" sh -c "'$tree/xen-config/check-root-image.sh' '$work/up.img' | grep -q 'partition 3'"
check "an image that wants other things is made" upstream_image other.img 'qubesdb-read /qubes-moon' "/dev/sda5 /data ext4 defaults 0 0"
root_image other.img >"$work/other"
report $((! $?)) "it would not find them"
check "which device" grep -q '^not ok: /dev/sda5, for /data,' "$work/other"
check "which key" grep -q '^not ok: .*but not: /qubes-moon$' "$work/other"
refused "no image to look into" 'none.img cannot be read' "$tree/xen-config/check-root-image.sh" "$work/none.img"

# A cpio archive, entry by entry.
read_back() {
	mkdir "$work/modules"
	printf 'one' >"$work/modules/10-a.ko"
	printf 'four' >"$work/modules/11-b.ko"
	"$tree/xen-config/vm-kernel/initramfs.sh" "$BUILD/bin/qubes-vm-init" "$work/modules" "$work/initramfs" || return
	/usr/bin/python3 - "$work/initramfs" <<-'PY'
		import sys
		data = open(sys.argv[1], "rb").read()
		at, seen = 0, {}
		while True:
		    assert data[at:at + 6] == b"070701", at
		    f = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
		    name = data[at + 110:at + 110 + f[11] - 1].decode()
		    at = (at + 110 + f[11] + 3) // 4 * 4
		    if name == "TRAILER!!!":
		        break
		    seen[name] = (oct(f[1]), data[at:at + f[6]])
		    at = (at + f[6] + 3) // 4 * 4
		assert seen["init"][0] == "0o100755" and seen["init"][1][:4] == b"\x7fELF", seen["init"][0]
		assert seen["modules/10-a.ko"][1] == b"one" and seen["modules/11-b.ko"][1] == b"four"
		assert seen["sysroot"][0] == "0o40755" and seen["proc"][0] == "0o40755"
	PY
}
check "the initramfs holds what it should" read_back
check "its init needs no library" sh -c "! readelf -l '$BUILD/bin/qubes-vm-init' | grep INTERP"
finish
