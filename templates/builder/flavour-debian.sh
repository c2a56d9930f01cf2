#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What makes a fresh Debian tree a qube: the user, and nothing running that a qube has
# no use for. Called by mmdebstrap with the tree as $1; kept small, since a change here
# means a new download of the distribution.
set -eu
root=$1

chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash --groups users user
chroot "$root" groupadd --system qubes
chroot "$root" usermod --append --groups qubes user

echo localhost >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n' >"$root/etc/hosts"
cat >"$root/etc/fstab" <<'FSTAB'
# Devices of a Xen domain; a container has them mounted by dom0.
/dev/mapper/dmroot  /     ext4  defaults,discard,noatime  1 1
/dev/xvdb           /rw   auto  noauto,defaults,discard   1 2
/dev/xvdc1          swap  swap  defaults,nofail           0 0
FSTAB
mkdir -p "$root/rw" "$root/etc/qubes-rpc" "$root/etc/qubes/rpc-config" "$root/lib/modules"

chroot "$root" systemctl set-default --quiet multi-user.target
# No consoles to log in at, no timers that talk to the network, no second updater, and nothing
# that measures or configures hardware which dom0 owns.
chroot "$root" systemctl mask --quiet \
	getty@.service console-getty.service container-getty@.service serial-getty@.service \
	systemd-networkd-wait-online.service \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
	e2scrub_reap.service systemd-timesyncd.service systemd-logind.service \
	systemd-rfkill.socket systemd-pstore.service systemd-update-utmp.service \
	systemd-update-utmp-runlevel.service systemd-journal-flush.service \
	sys-kernel-debug.mount sys-kernel-tracing.mount dev-mqueue.mount dev-hugepages.mount \
	sys-fs-fuse-connections.mount sys-kernel-config.mount
# The mounts of a container are dom0's affair.
for unit in systemd-remount-fs systemd-fsck-root; do
	mkdir -p "$root/etc/systemd/system/$unit.service.d"
	printf '[Unit]\nConditionVirtualization=!container\n' \
		>"$root/etc/systemd/system/$unit.service.d/container.conf"
done
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' >"$root/etc/systemd/journald.conf.d/qubes.conf"
