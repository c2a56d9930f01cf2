#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lvm_thin driver and encrypted volumes where device-mapper exists whatever this machine's
# kernel has: a virtual machine with Debian's kernel and this build's programs. Some minutes, so
# only with QUBES_LONG=1. Packages are kept in $QUBES_VM_CACHE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(readlink -f "${QUBES_BUILD:-$here/../../build}")
cache=${QUBES_VM_CACHE:-/var/cache/qubes-c/lvm-vm}
packages="lvm2 thin-provisioning-tools libdevmapper-event1.02.1 libdevmapper1.02.1 libaio1 \
cryptsetup-bin libcryptsetup12 kmod util-linux"

skip() { # reason
	printf "ok 1 - lvm_thin # SKIP %s\n1..1\n" "$1"
	exit 0
}
[ -n "${QUBES_LONG:-}" ] || skip "takes minutes: set QUBES_LONG=1"
command -v qemu-system-x86_64 >/dev/null || skip "needs qemu-system-x86_64"
command -v cpio >/dev/null || skip "needs cpio"
work=$(mktemp -d)
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' TERM INT

fetch() {
	local kernel
	mkdir -p "$cache" && cd "$cache" || return 1
	[ ! -e done ] || return 0
	kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
	# shellcheck disable=SC2086
	apt-get download "$kernel" $packages >/dev/null 2>&1 && touch done
}
fetch || skip "needs Debian's packages"

# What the machine runs: packages of its own, and this machine's programs with their libraries.
root=$work/root
mkdir -p "$root"/{usr/bin,proc,sys,dev,tmp,run,etc/lvm,lib/x86_64-linux-gnu}
for deb in "$cache"/*.deb; do dpkg-deb -x "$deb" "$work/debs"; done
modules=$(basename "$work"/debs/lib/modules/*)
mkdir -p "$root/lib/modules/$modules"
for m in drivers/block/loop drivers/md/dm-mod drivers/md/dm-thin-pool drivers/md/dm-bufio \
	drivers/md/dm-crypt drivers/md/persistent-data/dm-persistent-data drivers/md/dm-bio-prison \
	lib/libcrc32c lib/crc32c crypto/crc32c_generic crypto/xts crypto/ecb crypto/gf128mul crypto/cryptd crypto/crypto_simd; do
	file=$work/debs/lib/modules/$modules/kernel/$m.ko
	[ -e "$file" ] && install -D "$file" "$root/lib/modules/$modules/kernel/$m.ko"
done
cp "$work/debs/lib/modules/$modules"/modules.{builtin,order} "$root/lib/modules/$modules/"
export LD_LIBRARY_PATH=$work/debs/lib/x86_64-linux-gnu:$work/debs/usr/lib/x86_64-linux-gnu
(exec -a depmod "$work/debs/bin/kmod" -b "$root" "$modules")
add() { # program [name]
	local to=$root/usr/bin/${2:-$(basename "$1")} lib
	cp -L "$1" "$to"
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
		# By its usual place, wherever it was found.
		install -D -m 755 "$lib" "$root/lib/x86_64-linux-gnu/$(basename "$lib")"
	done
}
for p in bash cat chmod cmp cp cut dd env grep head ln ls losetup mkdir mktemp mount rm sed seq sleep sort \
	stat sync tail timeout tr truncate wc; do
	add "$(command -v $p)"
done
add "$work/debs/bin/kmod" modprobe
add "$work/debs/sbin/lvm"
add "$work/debs/sbin/blkdiscard"
add "$work/debs/sbin/cryptsetup"
add "$work/debs/usr/sbin/pdata_tools" thin_check
for p in qubesd qvm; do add "$build/bin/$p"; done
for p in "$build"/bin/{qvm-*,qubes-prefs,qubesd-query}; do
	[ -L "$p" ] && [ "$(basename "$(readlink "$p")")" = qvm ] && ln -sf qvm "$root/usr/bin/$(basename "$p")"
done
add "$build/tests/lvm-real" test-lvm-real
install -m 755 "$here/../../dom0/rpc/admin.vm.volume.Import" "$root/usr/bin/"
cp /lib64/ld-linux-x86-64.so.2 "$root/lib/x86_64-linux-gnu/"
ln -s lib "$root/lib64"
ln -s x86_64-linux-gnu/ld-linux-x86-64.so.2 "$root/lib/"
ln -s usr/bin "$root/bin"
ln -s usr/bin "$root/sbin"
ln -s bin "$root/usr/sbin"
echo /lib/x86_64-linux-gnu >"$root/etc/ld.so.conf"
printf 'root:x:0:0::/:/bin/bash\n' >"$root/etc/passwd"
printf 'root:x:0:\nqubes:x:98:\n' >"$root/etc/group"
cat >"$root/etc/lvm/lvm.conf" <<-'CONF'
	devices { obtain_device_list_from_udev = 0 use_devicesfile = 0 }
	activation { udev_sync = 0 udev_rules = 0 verify_udev_operations = 0 monitoring = 0 }
	global { thin_check_executable = "" use_lvmpolld = 0 }
CONF
install -m 755 "$here/lvm-vm-init.sh" "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"

unset LD_LIBRARY_PATH
nice -n 19 timeout 3300 qemu-system-x86_64 -accel tcg -m 2200 -smp 1 -nodefaults -display none \
	-no-reboot -serial "file:$work/console" -kernel "$work"/debs/boot/vmlinuz-* -initrd "$work/initrd" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check" </dev/null &
machine=$!
wait "$machine"
machine=
tr -d '\r' <"$work/console" | sed -n '/^TAP$/,/^END$/p' | grep -v -e '^TAP$' -e '^END$' | tee "$work/tap"
if ! grep -q '^1\.\.' "$work/tap"; then
	echo "not ok 1 - the virtual machine came to its end"
	tail -n 30 "$work/console" | sed 's/^/# /'
	echo "1..1"
fi
! grep -q '^not ok' "$work/tap" && grep -q '^1\.\.' "$work/tap"
