#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A libvirtd of our own for containers (lxc:///), beside any libvirtd of the host.
#
#   libvirtd-private.sh ROOT          becomes libvirtd, in the foreground
#   libvirtd-private.sh --clean ROOT  after it ended, outside that namespace: ends what
#                                     still runs, removes what is left outside ROOT
#
# To be run as root in the mount namespace of dom0's stack (unshare -m). Everything
# that libvirtd keeps is below ROOT, which it finds through bind mounts that only
# this namespace sees:
#
#   ROOT/run/libvirt        /run/libvirt: sockets, pid files of containers
#   ROOT/run/libvirt-etc    /etc/libvirt: settings, definitions of domains
#   ROOT/var/log/libvirt    /var/log/libvirt
#   ROOT/run/libvirtd.pid   its pid
#   ROOT/run/libvirt/partition  the cgroup that all its containers are below (the
#                           folder of that name with .partition appended)
#
# It can be killed and started again in the same namespace: it finds its containers.
# docs/containers.md says why the cgroup tree is arranged as it is.
set -eu

die()
{
	echo "libvirtd-private: $*" >&2
	exit 1
}

# Ends what a killed libvirtd left running, then removes our cgroups and the empty
# folders that start() made for its bind mounts.
clean()
{
	for pidfile in "$root"/run/libvirt/lxc/*.pid; do
		[ -f "$pidfile" ] || continue
		pid=$(cat "$pidfile")
		case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" || :) in
		*libvirt_lxc*" --name $(basename "$pidfile" .pid) "*) kill -9 "$pid" || : ;;
		esac
	done
	awk '$3 ~ "^cgroup2?$" { print $2 }' /proc/self/mounts | while read -r mnt; do
		part=$mnt/$name.partition
		[ -d "$part" ] || continue
		for _ in $(seq 100); do
			find "$part" -name cgroup.procs -exec cat {} + | while read -r pid; do
				kill -9 "$pid" 2>/dev/null || :
			done
			find "$part" -depth -type d -exec rmdir {} \; 2>/dev/null || :
			[ -d "$part" ] || break
			sleep 0.1
		done
		[ ! -d "$part" ] || echo "libvirtd-private: $part is still in use" >&2
	done
	# rmdir would take the mounts off it in every other stack's namespace.
	for dir in /run/libvirt /var/log/libvirt; do
		[ -f "$dir/$made" ] || continue
		! grep -qs " $dir " /proc/[0-9]*/mountinfo || continue
		rm -f "$dir/$made"
		rmdir "$dir" || :
	done
}

# The cgroup that containers are put below, in every hierarchy that libvirt will use.
make_partition()
{
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		part=/sys/fs/cgroup/$name.partition
		mkdir -p "$part"
		for c in cpu memory pids io; do
			echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control || :
			echo "+$c" >"$part/cgroup.subtree_control" || :
		done 2>/dev/null
		return
	fi
	# cgroup v1 holds the controllers. Libvirt must not see v2 beside it (it fails)
	# nor name=systemd (it would give its root to the container).
	awk '$2 ~ "^/sys/fs/cgroup/" && ($3 == "cgroup2" || $4 ~ "(^|,)name=") { print $2 }' \
		/proc/self/mounts | while read -r mnt; do
		umount -l "$mnt"
	done
	awk '$2 ~ "^/sys/fs/cgroup/" && $3 == "cgroup" { print $2 }' /proc/self/mounts |
		while read -r mnt; do
			mkdir -p "$mnt/$name.partition"
			for f in cpuset.cpus cpuset.mems; do
				[ ! -f "$mnt/$f" ] || cat "$mnt/$f" >"$mnt/$name.partition/$f"
			done
		done
	[ -d "/sys/fs/cgroup/memory/$name.partition" ] ||
		die "no memory controller in /sys/fs/cgroup: containers need cgroups"
}

# bind SOURCE TARGET: once. A TARGET that is missing is made and marked, for --clean.
bind()
{
	mkdir -p "$1"
	if [ ! -d "$2" ]; then
		mkdir -p "$2"
		: >"$2/$made"
	fi
	[ "$(stat -c %d:%i "$1")" = "$(stat -c %d:%i "$2")" ] || mount --bind "$1" "$2"
}

# The LXC driver alone: others take time to start and touch the host.
driver_dir()
{
	for dir in /usr/lib/*/libvirt/connection-driver /usr/lib64/libvirt/connection-driver \
		/usr/lib/libvirt/connection-driver; do
		[ -e "$dir/libvirt_driver_lxc.so" ] || continue
		mkdir -p "$root/run/libvirt-drivers"
		ln -sf "$dir/libvirt_driver_lxc.so" "$root/run/libvirt-drivers/"
		return
	done
	die "libvirt's LXC driver is missing: install libvirt-daemon-driver-lxc"
}

configure()
{
	etc=$root/run/libvirt-etc
	# Fixed for the life of this root: libvirt refuses a changing one.
	[ -s "$etc/host-uuid" ] || cat /proc/sys/kernel/random/uuid >"$etc/host-uuid"
	cat >"$etc/libvirtd.conf" <<-EOF
		unix_sock_group = "root"
		unix_sock_ro_perms = "0700"
		unix_sock_rw_perms = "0700"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		host_uuid = "$(cat "$etc/host-uuid")"
		log_level = 3
		log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
	EOF
	cat >"$etc/lxc.conf" <<-EOF
		log_with_libvirtd = 0
		security_driver = "none"
	EOF
	echo "/$name" >"$root/run/libvirt/partition"
}

cmd=start
if [ "${1-}" = --clean ]; then
	cmd=clean
	shift
fi
[ $# = 1 ] || die "usage: libvirtd-private.sh [--clean] ROOT"
case $1 in /?*) ;; *) die "ROOT must be an absolute path other than /" ;; esac
[ "$(id -u)" = 0 ] || die "must be run as root"
root=$1
made=.made-by-libvirtd-private
name=qubes-$(printf %s "$root" | cksum | cut -d' ' -f1)

if [ $cmd = clean ]; then
	clean
	exit 0
fi
# The host's namespace shares its mounts under systemd; a fresh one does not.
if awk '$5 == "/" { last = $0 } END { exit last !~ / shared:/ }' /proc/self/mountinfo; then
	die "must be run in a mount namespace of its own, not the host's: unshare -m $0 $root"
fi
command -v libvirtd >/dev/null || die "libvirtd is missing: install libvirt-daemon"
mkdir -p "$root/run"
make_partition
bind "$root/run/libvirt" /run/libvirt
bind "$root/run/libvirt-etc" /etc/libvirt
bind "$root/var/log/libvirt" /var/log/libvirt
driver_dir
configure
export LIBVIRT_DRIVER_DIR="$root/run/libvirt-drivers"
# Without the host's systemd: it would put our containers under machined, by a pid that means
# another process there.
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent
exec libvirtd -f /etc/libvirt/libvirtd.conf -p "$root/run/libvirtd.pid"
