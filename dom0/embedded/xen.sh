# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What qubes-embedded (which sources this) does otherwise where qubes are domains of the Xen that
# this machine is dom0 of. The machine's own libvirtd builds them: it is outside the namespaces of
# the stack, and must see the kernels, so the pool is mounted where all see it.

# The machine's own kernel, packed for qubes.
xen_kernel() {
	local version dir
	version=$(basename "$(find /lib/modules -mindepth 1 -maxdepth 1 | sort -V | tail -n 1)")
	if [ "$(cat "$state/vm-kernel/version" 2>/dev/null)" != "$version" ]; then
		say "packing the kernel $version for qubes ..."
		"$tree/xen-config/vm-kernel/build.sh" / "$state/vm-kernel" >&2 ||
			die "the kernel $version cannot be packed for qubes"
	fi
	dir=$state/var/lib/qubes/vm-kernels/$version
	mkdir -p "$dir"
	cp "$state"/vm-kernel/vmlinu[xz] "$state"/vm-kernel/*.txt "$dir/"
	cp --sparse=always "$state/vm-kernel/modules.img" "$dir/"
	"$tree/xen-config/vm-kernel/initramfs.sh" "$state/bin/qubes-vm-init" "$state/vm-kernel/boot-modules" \
		"$dir/initramfs" || die "the initramfs for qubes cannot be made"
}

xen_prepare() {
	rm -f "$state"/embedded/services/{10-libvirtd,15-vchan-broker}
	cp -p "$state"/embedded/services-xen/* "$state/embedded/services/"
	if [ -e "$state/pool.img" ] && ! mountpoint -q "$state/var/lib/qubes"; then
		mount -o loop,noatime,discard=async "$state/pool.img" "$state/var/lib/qubes" ||
			die "the pool $state/pool.img cannot be mounted"
	fi
	xen_kernel
}

# What the daemons of qubes, which run as the owner, need of Xen.
xen_start() {
	local f
	virsh -q -c xen:///system version >/dev/null 2>&1 || systemctl start libvirtd >/dev/null 2>&1 || true
	virsh -q -c xen:///system version >/dev/null 2>&1 ||
		die "libvirt does not answer for Xen: see systemctl status libvirtd; is libvirt-daemon-driver-xen installed?"
	modprobe -q -a xen-evtchn xen-gntdev xen-gntalloc xen-blkback || true
	for f in /dev/xen/evtchn /dev/xen/gntdev /dev/xen/gntalloc /dev/xen/xenbus /run/xenstored/socket; do
		[ ! -e $f ] || setfacl -m "g:$owner_gid:rw" $f || die "$f cannot be given to the user's daemons (setfacl)"
	done
	[ ! -d /run/xenstored ] || setfacl -m "g:$owner_gid:x" /run/xenstored
}

xen_sweep() {
	if mountpoint -q "$state/var/lib/qubes" && [ -e "$state/vm-kernel" ]; then
		umount "$state/var/lib/qubes" || say "$state/var/lib/qubes is still in use and stays mounted"
	fi
}
