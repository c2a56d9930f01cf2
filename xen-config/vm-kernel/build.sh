#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packs a kernel of a Debian tree for qubes:
#
#   build.sh ROOT OUT
#
#   OUT/version        the kernel's release, the name of its folder in /var/lib/qubes/vm-kernels;
#                      made last: where it is, all of this is
#   OUT/vmlinuz        the kernel as it was packed
#   OUT/vmlinux        the same as plain ELF: the domain builder need not decompress it,
#                      which is most of the time that building a domain takes
#   OUT/modules.img    what a qube mounts on /lib/modules (ext4; its folder is the release)
#   OUT/boot-modules/  what the initramfs loads, in that order: NN-name.ko
#   OUT/default-kernelopts-common.txt, -nopci.txt, -pci.txt
set -euo pipefail
root=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)

version=$(basename "$(ls -d "$root"/lib/modules/* | sort -V | tail -n 1)")
modules=$root/lib/modules/$version

# What a qube needs before it has its root file system, and Xen's devices that agents open
# as soon as they run.
BOOT_MODULES="xen-blkfront ext4 dm-mod dm-snapshot xen-evtchn xen-gntdev xen-gntalloc xen-privcmd"
# No qube has hardware of these kinds.
PRUNE="drivers/gpu drivers/infiniband drivers/media drivers/iio drivers/staging drivers/scsi
drivers/ata drivers/mtd drivers/hwmon drivers/leds drivers/nvme drivers/power drivers/edac
drivers/comedi drivers/isdn drivers/firewire drivers/md/bcache drivers/target fs/ocfs2
drivers/net/ethernet/mellanox drivers/net/ethernet/chelsio drivers/net/ethernet/qlogic
drivers/net/ethernet/netronome drivers/net/fddi drivers/net/hamradio drivers/net/wan drivers/atm
drivers/accel drivers/platform drivers/mfd drivers/i2c drivers/pinctrl drivers/thermal
drivers/video drivers/vdpa drivers/memstick drivers/mmc drivers/parport drivers/pcmcia sound/pci"

rm -rf "$out"
mkdir -p "$out/boot-modules"

# --- vmlinux out of a bzImage: where its header says (Documentation/x86/boot.rst) ---

u() { od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
extract() {
	local image=$1 setup at len
	setup=$(u "$image" 497 1)
	at=$(((setup + 1) * 512 + $(u "$image" 584 4)))
	len=$(u "$image" 588 4)
	head -c "$((at + len))" "$image" | tail -c "$len" >"$out/payload"
	case $(od -An -tx1 -N6 "$out/payload" | tr -d ' ') in
	fd377a585a00) xz -dc --single-stream <"$out/payload" ;;
	1f8b*) zcat <"$out/payload" 2>/dev/null || true ;;
	28b52ffd*) zstd -dc <"$out/payload" 2>/dev/null || true ;;
	esac
	rm "$out/payload"
}
cp "$root/boot/vmlinuz-$version" "$out/vmlinuz"
extract "$out/vmlinuz" >"$out/vmlinux"
# Compressed in a way that is not known here: the other one will do.
[ -s "$out/vmlinux" ] || rm "$out/vmlinux"

# --- modules ---

n=10
for module in $BOOT_MODULES; do
	chroot "$root" modprobe --set-version "$version" --show-depends "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
	cp "$root$file" "$out/boot-modules/$n-$(basename "$file")"
	n=$((n + 1))
done

# depmod wants the usual layout, and is run where it is.
tree=$(mktemp -d "$root/tmp/modules.XXXXXX")
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/lib/modules/$version"
stage=$tree/lib/modules
cp -a "$modules/." "$stage/$version/"
rm -f "$stage/$version/build" "$stage/$version/source"
for d in $PRUNE; do rm -rf "$stage/$version/kernel/$d"; done
chroot "$root" depmod -b "/tmp/$(basename "$tree")" "$version"
size=$(du -sm "$stage" | cut -f1)
mke2fs -q -t ext4 -O ^has_journal -L modules -m 0 -d "$stage" "$out/modules.img" "$((size * 5 / 4 + 16))M" >/dev/null

# --- command line ---

cp "$here"/default-kernelopts-*.txt "$out/"
echo "$version" >"$out/version"
