#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What makes a fresh Debian tree a dom0 for QEMU, without anything of ours. Called by
# mmdebstrap with the tree as $2: "setup" before the packages are unpacked, "finish" after.
# Kept small, since a change here means a new download of the distribution.
set -eu
root=$2

# The initramfs holds what this one machine (QEMU's virtio) needs, and unpacks fast.
setup() {
	mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/usr/share/initramfs-tools/modules.d"
	printf 'MODULES=list\nCOMPRESS=lz4\nFSTYPE=ext4\nRESUME=none\n' >"$root/etc/initramfs-tools/conf.d/qubes"
	printf 'virtio_pci\nvirtio_blk\next4\n' >"$root/usr/share/initramfs-tools/modules.d/qubes"
}

finish() {
	chroot "$root" groupadd --system qubes
	chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash --groups users,qubes user
	printf 'user ALL=(ALL) NOPASSWD: ALL\n' >"$root/etc/sudoers.d/qubes"
	chmod 0440 "$root/etc/sudoers.d/qubes"
	# The console of this machine is the one who started QEMU.
	chroot "$root" passwd -q -d root

	echo dom0 >"$root/etc/hostname"
	printf '127.0.0.1\tlocalhost dom0\n' >"$root/etc/hosts"
	cat >"$root/etc/fstab" <<-'FSTAB'
		/dev/vda  /                ext4   defaults,noatime                          0 1
		/dev/vdb  /var/lib/qubes   btrfs  defaults,noatime,discard=async            0 0
	FSTAB
	chroot "$root" systemctl set-default --quiet multi-user.target
	# dom0 has no network, and nobody logs in but at the console.
	chroot "$root" systemctl mask --quiet \
		serial-getty@hvc0.service getty@tty1.service \
		systemd-networkd-wait-online.service networking.service ifupdown-pre.service \
		apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
		e2scrub_reap.service systemd-timesyncd.service systemd-pstore.service \
		libvirt-guests.service xendomains.service virtlockd.service virtlockd.socket \
		virtlockd-admin.socket virtlogd-admin.socket libvirtd-tls.socket libvirtd-tcp.socket \
		systemd-rfkill.socket systemd-random-seed.service keyboard-setup.service \
		console-setup.service sys-kernel-debug.mount sys-kernel-tracing.mount
	mkdir -p "$root/etc/systemd/journald.conf.d"
	printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n' >"$root/etc/systemd/journald.conf.d/qubes.conf"
	# QEMU's TCG has no VME, which every CPU model of libvirt demands. For this image only.
	sed -i '/"vme"\|.vme./d' "$root/usr/share/libvirt/cpu_map/x86_486.xml"
	: >"$root/etc/machine-id"
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
}

"$1"
