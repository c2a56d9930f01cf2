#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real containers by the hypervisor layer alone: isolation, stopping, what is left. In a
# dom0 of its own below a temporary folder; with QUBES_LXC_CHECK another build of the
# program that does it (one with sanitizers, say).
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${QUBES_BUILD:-$tree/build}
check=${QUBES_LXC_CHECK:-$build/tests/hypervisor-lxc-check}

for need in libvirtd mkfs.ext4 sfdisk unshare; do
	if [ "$(id -u)" != 0 ] || ! command -v $need >/dev/null; then
		echo "ok 1 - containers # SKIP needs root and $need"
		echo "1..1"
		exit 0
	fi
done

root=$(mktemp -d /var/tmp/qubes-lxc-XXXXXX)
cleanup()
{
	"$tree/dom0/embedded/libvirtd-private.sh" --clean "$root"
	rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
chmod 755 "$root"

# A root.img as templates have it: the root file system is partition 3 of a GPT.
make_image()
{
	local fs=$root/fs d
	for d in sbin dev proc sys run rw tmp etc var; do mkdir -p "$fs/$d"; done
	cp "$build/tests/hypervisor-guest" "$fs/sbin/init"
	mkfs.ext4 -q -F -d "$fs" -E root_owner=0:0 "$root/part.img" 16M >/dev/null || return
	truncate -s 24M "$root/root.img"
	sfdisk -q "$root/root.img" <<-EOF || return
		label: gpt
		size=2MiB, type=uefi
		size=1MiB, type=21686148-6449-6E6F-744E-656564454649
		size=16MiB, type=linux
	EOF
	dd if="$root/part.img" of="$root/root.img" bs=1M seek=4 conv=notrunc,sparse status=none
	rm -rf "$fs" "$root/part.img"
}
make_image || { echo "Bail out! cannot make an image"; exit 1; }

# In a file, so that nobody waits for what may still hold the pipe.
unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
	timeout --kill-after=5 $((600 * ${QUBES_TEST_SLOW:-1})) "$check" "$root" "$tree" >"$root/tap" 2>&1 </dev/null
status=$?
cat "$root/tap"
n=$(grep -cE '^(not )?ok\b' "$root/tap")
bad=$(grep -cE '^not ok\b' "$root/tap")

ok()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else bad=$((bad + 1)); echo "not ok $n - $2"; fi
}
ok $status "the program ended well"
"$tree/dom0/embedded/libvirtd-private.sh" --clean "$root"
leftovers()
{
	local p args
	losetup -a | grep -F "$root"
	grep -F "$root" /proc/mounts
	find /sys/fs/cgroup -name "qubes-$(printf %s "$root" | cksum | cut -d' ' -f1)*"
	for p in /proc/[0-9]*; do
		args=$(tr '\0' ' ' 2>/dev/null <"$p/cmdline")
		case $args in *"$root"*) echo "$p $args" ;; esac
	done
}
for _ in $(seq 60); do
	left=$(leftovers)
	[ -n "$left" ] || break
	sleep 0.5
done
[ -z "$left" ] || echo "# left: $left"
[ -z "$left" ]
ok $? "no loop device, mount, cgroup or process is left"
echo "1..$n"
[ "$bad" = 0 ]
