#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Would the root image of a template (ours, or Qubes OS's) find here what it needs? Nothing is
# started and nothing is written: the image is looked into by debugfs.
#
#   check-root-image.sh ROOT.IMG
#
# Prints a line for each thing, "ok" or "not ok" first, and fails if one is not.
set -u
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
[ $# = 1 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
image=$1 failed=0
[ -r "$image" ] || { echo "check-root-image: error: the image $image cannot be read" >&2; exit 1; }
for tool in sfdisk debugfs; do
	command -v $tool >/dev/null || { echo "check-root-image: error: $tool is not installed: apt install fdisk e2fsprogs" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

said() { if [ "$1" = 0 ]; then echo "ok: $2"; else failed=1; echo "not ok: $2"; fi; }

# As the initramfs chooses (init/table.c): by name, else the third, else the first, else all of it.
table=$(sfdisk -d "$image" 2>/dev/null)
entries=$(echo "$table" | grep ' start=')
number() { sed -n 's/^.*[^0-9]\([0-9]*\) : start=.*/\1/p' | head -n 1; }
root=$(echo "$entries" | grep 'name="Root filesystem"' | number)
[ -n "$root" ] || root=$(echo "$entries" | grep '3 : start=' | number)
[ -n "$root" ] || root=$(echo "$entries" | grep '1 : start=' | number)
if [ -n "$root" ]; then
	sector=$(echo "$table" | sed -n 's/^sector-size: //p')
	start=$(echo "$entries" | sed -n "s/^.*[^0-9]$root : start= *\([0-9]*\),.*/\1/p")
	fs="$image?offset=$((start * ${sector:-512}))"
	said 0 "the root file system is partition $root, /dev/xvda$root, as /dev/mapper/dmroot"
else
	fs=$image
	said 0 "the root file system is the whole disk, /dev/xvda, as /dev/mapper/dmroot"
fi

in_fs() { debugfs -R "$1" "$fs" 2>/dev/null; }
in_fs "stat /" | grep -q 'Type: directory'
said $? "it is ext4, and can be read"

# A path of the image, through links as they are at the usual places (lib -> usr/lib).
has() { in_fs "stat $1" | grep -q '^Inode:' || in_fs "stat /usr$1" | grep -q '^Inode:'; }
any() { local p; for p in "$@"; do has "$p" && return; done; return 1; }
for d in /dev /proc /sys /run; do has $d || { said 1 "the folder $d is there, to be mounted on"; }; done
any /sbin/init /lib/systemd/systemd
said $? "the initramfs finds /sbin/init"
has /lib/modules
said $? "/lib/modules is there: the kernel's modules, /dev/xvdd, are mounted on it"

# Every device that it mounts is one that a qube has.
in_fs "cat /etc/fstab" | sed 's/#.*//' | awk 'NF >= 4 && $1 ~ "^(/dev/|UUID=|LABEL=|PARTLABEL=|PARTUUID=)" {print $1, $2, $4}' >"$work/fstab"
while read -r device where options; do
	case $device in
	/dev/mapper/dmroot | /dev/xvdb | /dev/xvdc1 | /dev/xvdd) said 0 "$device, for $where, is there" ;;
	*) case ,$options, in
		*,noauto,* | *,nofail,*) said 0 "$device, for $where, need not be there" ;;
		*) said 1 "$device, for $where, is not among a qube's disks (xvda to xvdd)" ;;
		esac ;;
	esac
done <"$work/fstab"
grep -q '^/dev/mapper/dmroot / ' "$work/fstab"
said $? "/ is /dev/mapper/dmroot in /etc/fstab"

# What talks to dom0.
any /usr/bin/qubesdb-read /usr/bin/qubesdb-cmd
said $? "QubesDB can be read"
any /usr/lib/qubes/qrexec-agent
said $? "there is an agent for calls (qrexec)"

# The keys that its start scripts read are keys that qubesd writes.
KEYS=" /name /type /default-user /keyboard-layout /guivm-windows-prefix /qubes-vm-type /qubes-vm-persistence
 /qubes-vm-updateable /qubes-base-template /qubes-random-seed /qubes-timezone /qubes-debug-mode /qubes-gui-enabled
 /qubes-gui-domain-xid /qubes-audio-domain-xid /qubes-gui-videoram-min /qubes-gui-videoram-overhead /qubes-ip /qubes-ip6
 /qubes-mac /qubes-netmask /qubes-gateway /qubes-gateway6 /qubes-primary-dns /qubes-secondary-dns /qubes-netvm-gateway
 /qubes-netvm-gateway6 /qubes-netvm-network /qubes-netvm-netmask /qubes-netvm-primary-dns /qubes-netvm-secondary-dns
 /qubes-iptables-error /connected-ips /connected-ips6 "
FOLDERS="qubes-service|qubes-firewall|qubes-block-devices|qubes-usb-devices|mapped-ip|vm-config|persist|features-request|hash-app-dispvm|dns|qubes-firewall-handled"
mkdir "$work/lib"
in_fs "rdump /usr/lib/qubes $work/lib" >/dev/null
grep -rhoIE 'qubesdb-(read|read-bool|multiread|list|watch)[^#;|)`]*' "$work/lib" 2>/dev/null |
	grep -oE '(^|[ "'\''=])/[a-z][a-z0-9-]*(/[a-zA-Z0-9._-]*)*' | tr -d " \"'=" | grep -vE "^/($FOLDERS)(/|\$)" | grep -vE '^/(dev|run|etc|usr|var|tmp|proc|sys)/' |
	sort -u >"$work/keys"
unknown=
while read -r key; do
	case $KEYS in *[[:space:]]"$key"[[:space:]]*) ;; *) unknown="$unknown $key" ;; esac
done <"$work/keys"
[ -z "$unknown" ]
said $? "the $(wc -l <"$work/keys") keys of QubesDB that its scripts read are written by dom0${unknown:+, but not:$unknown}"
exit $failed
