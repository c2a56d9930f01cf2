#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a qube announces of its devices: the programs that udev runs there, with a made-up
# /sys and a QubesDB that is a file.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/bin" "$dir/sys/block/sda/sda1" "$dir/sys/block/sda/holders" "$dir/sys/block/loop0/loop" "$dir/sys/usb/2-1.4"
cat >"$dir/bin/qubesdb-write" <<'X'
#!/bin/sh
while [ $# -gt 1 ]; do echo "$1=$2" >>"$DB"; shift 2; done
X
cat >"$dir/bin/qubesdb-rm" <<'X'
#!/bin/sh
echo "rm $1" >>"$DB"
X
printf '#!/bin/sh\n[ -n "$OFFERED" ]\n' >"$dir/bin/qubesdb-read"
chmod +x "$dir"/bin/*
export DB=$dir/db QUBES_SYSFS=$dir/sys QUBES_MOUNTINFO=$dir/mounts QUBES_SWAPS=$dir/swaps
: >"$dir/mounts"
: >"$dir/swaps"
echo 8:0 >"$dir/sys/block/sda/dev"
echo 62500000 >"$dir/sys/block/sda/size"
echo 8:1 >"$dir/sys/block/sda/sda1/dev"
echo 1000 >"$dir/sys/block/sda/sda1/size"
echo 1 >"$dir/sys/block/sda/sda1/partition"
echo 7:0 >"$dir/sys/block/loop0/dev"
echo 8 >"$dir/sys/block/loop0/size"
echo 1 >"$dir/sys/block/loop0/ro"
printf '/home/user/\303\244.iso\n' >"$dir/sys/block/loop0/loop/backing_file"
echo " 2.10" >"$dir/sys/usb/2-1.4/version"

# announce NAME=VALUE...: runs it for a device, prints what went to QubesDB
announce() {
	: >"$DB"
	env PATH="$dir/bin:$PATH" "$@" "$tree/templates/vm/block/announce-block"
	cat "$DB"
}
b=/qubes-block-devices
equal "a disk" "$b/sda/desc=STICK (DATA)
$b/sda/size=32000000000
$b/sda/mode=w
$b/sda/parent=
$b=" "$(announce ACTION=add DEVNAME=/dev/sda DEVPATH=/block/sda ID_MODEL=STICK ID_FS_LABEL=DATA)"
equal "a partition" "$b/sda1/parent=sda" "$(announce ACTION=add DEVNAME=/dev/sda1 DEVPATH=/block/sda/sda1 | grep parent)"
equal "an image file, in ASCII, read-only" "$b/loop0/desc=/home/user/__.iso $b/loop0/mode=r" \
	"$(announce ACTION=change DEVNAME=/dev/loop0 DEVPATH=/block/loop0 | grep -e desc -e mode | paste -sd' ')"
echo "20 1 8:1 / /mnt rw - ext4 /dev/sda1 rw" >"$dir/mounts"
equal "not a mounted partition" "" "$(announce ACTION=change DEVNAME=/dev/sda1 DEVPATH=/block/sda/sda1)"
equal "nor its disk, which is withdrawn" "rm $b/sda/ $b=" "$(announce OFFERED=1 ACTION=change DEVNAME=/dev/sda DEVPATH=/block/sda | paste -sd' ')"
: >"$dir/mounts"
echo "/dev/sda1 partition 1 0 -2" >"$dir/swaps"
equal "not what is swapped to" "" "$(announce ACTION=change DEVNAME=/dev/sda1 DEVPATH=/block/sda/sda1)"
: >"$dir/swaps"
touch "$dir/sys/block/sda/holders/dm-0"
equal "not what something is made of" "" "$(announce ACTION=change DEVNAME=/dev/sda DEVPATH=/block/sda)"
rm "$dir/sys/block/sda/holders/dm-0"
equal "an empty drive is none" "" "$(announce ACTION=change DEVNAME=/dev/sda DEVPATH=/block/sda ID_TYPE=cd)"
equal "gone" "rm $b/sda/" "$(announce OFFERED=1 ACTION=remove DEVNAME=/dev/sda DEVPATH=/block/sda | head -n 1)"
: >"$DB"
env PATH="$dir/bin:$PATH" ACTION=add DEVPATH=/usb/2-1.4 ID_VENDOR_ID=046d ID_MODEL_ID=c52b ID_VENDOR_ENC=Logitech \
	ID_MODEL_ENC='USB\x20Receiver' ID_SERIAL_SHORT=12 ID_USB_INTERFACES=:030102: TYPE=0/0/0 "$tree/templates/vm/block/announce-usb"
u=/qubes-usb-devices
equal "a USB device" "$u/2-1_4/desc=046d:c52b Logitech USB\x20Receiver 12
$u/2-1_4/usb-ver=2
$u/2-1_4/interfaces=:030102:
$u=" "$(cat "$DB")"
: >"$DB"
env PATH="$dir/bin:$PATH" ACTION=add DEVPATH=/usb/2-1.4 TYPE=9/0/1 "$tree/templates/vm/block/announce-usb"
equal "hubs are not told of" "" "$(cat "$DB")"
finish
