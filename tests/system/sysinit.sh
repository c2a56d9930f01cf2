#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qubes-sysinit and its script: what a qube does first, in roots that are made for it below a
# temporary folder, with mounts and a host's name that nobody else sees. QubesDB is real; the
# private volume is a loop device.
if [ -z "${SYSINIT_ALONE:-}" ]; then
	SYSINIT_ALONE=1 exec unshare --mount --uts --propagation private "$0" "$@"
fi
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
stage sysinit
root=$dir/root
loops=()
clear_all() {
	umount -R "$root" 2>/dev/null
	for l in "${loops[@]}"; do losetup -d "$l"; done
	stage_clear
}
trap clear_all EXIT

# --- the root of a template ------------------------------------------------------------

# bring PROGRAM...: with the libraries that they need
bring() {
	local p f
	for p; do
		install -D "$(command -v "$p")" "$dir/template/usr/bin/$(basename "$p")"
		for f in $(ldd "$(command -v "$p")" | grep -o '/[^ ]*'); do install -D "$f" "$dir/template$f"; done
	done
}
mkdir -p "$dir"/template/{dev,etc,home/user,proc,run,rw,tmp,usr/local/bin,usr/lib/qubes/init}
ln -s usr/bin "$dir/template/bin"
PATH=$PATH:/usr/sbin:/sbin
bring sh blkid mke2fs mount cp mv rm
cp "$BUILD/bin/qubes-sysinit" "$tree/templates/vm/lib/private-volume" "$dir/template/usr/lib/qubes/init/"
for f in $(ldd "$BUILD/bin/qubes-sysinit" | grep -o '/[^ ]*'); do install -D "$f" "$dir/template$f"; done
[ -e /etc/mke2fs.conf ] && cp /etc/mke2fs.conf "$dir/template/etc/"
echo skeleton >"$dir/template/home/user/.profile"
chown -R 1000:1000 "$dir/template/home/user"
chmod 700 "$dir/template/home/user"
echo tool >"$dir/template/usr/local/bin/tool"
echo from-template >"$dir/template/etc/hosts"
mkdir "$root"

# --- its QubesDB and its disk --------------------------------------------------------

mkdir -p "$dir"/db/{run/qubes,var/log/qubes}
db() { QUBES_ROOT=$dir/db "$@"; }
start db.log env "QUBES_ROOT=$dir/db" qubesdb-daemon -f 0 dom0
eventually 10 db qubesdb-list /

# volume SIZE: a blank one, $disk
volume() {
	truncate -s 0 "$dir/disk$((${#loops[@]} + 1))"
	image=$dir/disk$((${#loops[@]} + 1))
	truncate -s "$1" "$image"
	disk=$(losetup -f --show "$image") || return
	loops+=("$disk")
}

# boot [DEVICE]: a fresh root, as after a start of the qube; what qubes-sysinit says is in
# $dir/said, and its end in $status. booted() runs before it, in the root.
booted() { :; }
boot() {
	umount -R "$root" 2>/dev/null
	mount -t tmpfs -o mode=755 root "$root"
	cp -a "$dir/template/." "$root/"
	mount --bind /proc "$root/proc"
	mount -t tmpfs run "$root/run"
	mount -t tmpfs -o mode=755 dev "$root/dev"
	mknod -m 666 "$root/dev/null" c 1 3
	mkdir "$root/run/qubes"
	if [ -S "$dir/db/run/qubes/qubesdb.dom0.sock" ]; then
		touch "$root"/run/qubes/qubesdb{,.ro}.sock
		mount --bind "$dir/db/run/qubes/qubesdb.dom0.sock" "$root/run/qubes/qubesdb.sock"
		mount --bind "$dir/db/run/qubes/qubesdb.dom0.ro.sock" "$root/run/qubes/qubesdb.ro.sock"
	fi
	# shellcheck disable=SC2046
	[ -z "${1:-}" ] || mknod "$root/dev/xvdb" b $(stat -c '0x%t 0x%T' "$1")
	booted
	hostname before
	env -u QUBES_ROOT timeout 100 chroot "$root" /usr/lib/qubes/init/qubes-sysinit \
		>"$dir/said" 2>&1 </dev/null
	status=$?
}
mounted() { mountpoint -q "$root/$1"; }
# works DESCRIPTION: it ended well, and had nothing to say
works() {
	equal "$1" "0:" "$status:$(cat "$dir/said")"
}
# fails DESCRIPTION REGEX: it said that
fails() {
	[ "$status" = 1 ] && grep -qE -- "$2" "$dir/said"
	report $? "$1"
	[ "$status" = 1 ] && grep -qE -- "$2" "$dir/said" || { echo "wanted: $2"; echo "status $status"; cat "$dir/said"; } | diag
}
content() { find "$root/$1" -mindepth 1 ! -name lost+found -printf '%P ' | tr ' ' '\n' | sort | paste -sd' ' | sed 's/^ *//'; }

# --- what dom0 tells ----------------------------------------------------------------

db qubesdb-write /name work /type AppVM /qubes-vm-persistence rw-only /qubes-service/cups 1 \
	/qubes-service/network-manager 0
boot
works "without a private volume it takes over what dom0 tells"
equal "the host's name" work "$(hostname)"
equal "which is known" "127.0.0.1 localhost work" "$(head -n 1 "$root/etc/hosts" | tr '\t' ' ')"
equal "the enabled services" cups "$(content run/qubes-service)"
equal "the qube's kind" "persistent-rw-only this-is-appvm" "$(content run/qubes | sed 's/ *qubesdb[^ ]*//g')"
check "nothing is mounted" eval '! mounted rw && ! mounted home && ! mounted usr/local'

db qubesdb-write /type DispVM /qubes-vm-persistence none
boot
equal "a disposable is an appvm that keeps nothing" "persistent-none this-is-appvm" \
	"$(content run/qubes | sed 's/ *qubesdb[^ ]*//g')"

db qubesdb-write /type ../../etc/evil /qubes-vm-persistence ''
# Some of these QubesDB refuses itself.
for name in ../../../etc/evil . .. a/b '' 'a b' $'a\nb' "$(printf 'n%.0s' {1..300})" -rf; do
	db qubesdb-write "/qubes-service/$name" 1 2>/dev/null
done
db qubesdb-write /qubes-service/two 11 /qubes-service/empty ''
find "$dir/template" | sed "s|$dir/template||" | sort >"$dir/before"
boot
works "odd kinds and services are passed over"
equal "and leave no file" "-rf cups" "$(content run/qubes-service)"
equal "nor a marker" "" "$(content run/qubes | sed 's/ *qubesdb[^ ]*//g')"
equal "anywhere" "" "$(cd "$root" && find . -xdev | sed 's/^\.//' | sort | comm -13 "$dir/before" - | grep .)"

for name in '../../etc' 'a b' '.' '' $'two\nlines' '<b>'; do
	db qubesdb-write /name "$name"
	boot
	fails "a name that no host can have is said: $(printf %q "$name")" '^qubes-sysinit: dom0 told a name that no host can have'
	equal "and not taken" "before from-template cups" "$(hostname) $(cat "$root/etc/hosts") $(content run/qubes-service | sed 's/-rf //')"
done
db qubesdb-write /name "$(printf 'n%.0s' {1..70})"
boot
fails "one that is too long is said" "^qubes-sysinit: cannot set the host's name: "
db qubesdb-rm /name
{ sleep 2; db qubesdb-write /name late; } &
boot
wait $!
works "dom0 may tell the name late"
equal "which is waited for" late "$(hostname)"
db qubesdb-write /name work
db qubesdb-rm /qubes-service/

# --- the private volume ----------------------------------------------------------------

volume 200M
boot "$disk"
works "a blank volume is made ready"
check "it is /rw" mounted rw
equal "with what the template has for it" \
	"bind-dirs config home home/user home/user/.profile usrlocal usrlocal/bin usrlocal/bin/tool" "$(content rw)"
equal "owners and modes are kept" "1000:1000 700" "$(stat -c '%u:%g %a' "$root/rw/home/user")"
check "nothing of it can be a device or set another user" \
	eval '[[ $(findmnt -no OPTIONS --mountpoint "$root/rw") == *nosuid*nodev* ]]'
check "the qube's /home and /usr/local are there" mounted home
check "both" mounted usr/local
echo mine >"$root/home/user/file"
rm "$root/home/user/.profile"
boot "$disk"
works "the next start finds it"
equal "as it was left" "user user/file" "$(content home)"
rm -rf "$root/rw/usrlocal"
mkdir "$root/rw/usrlocal.new"
echo half >"$root/rw/usrlocal.new/half"
boot "$disk"
works "a first start that was interrupted is done again"
equal "wholly" "bin bin/tool" "$(content usr/local)"
equal "and what was done is left alone" mine "$(cat "$root/home/user/file")"

booted() { mount -o remount,ro "$root"; }
boot "$disk"
fails "a root that cannot be written to is said" '^qubes-sysinit: /etc/hosts: Read-only file system'
equal "the volume is there nevertheless" "mine work" "$(cat "$root/home/user/file") $(hostname)"

booted() { mount -t tmpfs own "$root/rw"; }
volume 20M
boot "$disk"
works "a /rw that is mounted already is the private volume"
equal "and filled" ".profile" "$(ls -A "$root/home/user")"
check "the disk is left alone" cmp -n 20971520 "$image" /dev/zero
booted() { :; }

booted() { rm -f "$root/dev/xvdb"; echo no disk >"$root/dev/xvdb"; }
boot
works "what is no disk is no volume"
check "so /home is the template's" eval '! mounted home'
booted() { :; }

# --- what goes wrong ---------------------------------------------------------------

volume 8K
boot "$disk"
fails "a volume that takes no file system is said" '^qubes-sysinit: /usr/lib/qubes/init/private-volume format failed'
equal "the rest is done" "work" "$(hostname)"
check "nothing is mounted" eval '! mounted rw && ! mounted home'

volume 20M
booted() { rm "$root/usr/lib/qubes/init/private-volume"; }
boot "$disk"
fails "so is a script that is not there" '^qubes-sysinit: /usr/lib/qubes/init/private-volume: No such file'
booted() { printf '#!/bin/sh\nexit 1\n' >"$root/usr/bin/mke2fs"; }
boot "$disk"
fails "and a mke2fs that fails" 'private-volume format failed'
booted() { head -c 30000000 /dev/urandom >"$root/home/user/large"; }
boot "$disk"
fails "a volume too small for the template's /home is said" 'private-volume populate failed'
booted() { :; }
boot "$disk"
works "and of use once that is smaller"
equal "with all of it" "user user/.profile" "$(content home)"

# made: a volume that holds something
made() {
	volume 200M
	boot "$disk"
	echo mine >"$root/home/user/file"
	umount -R "$root"
}
# start_broken DESCRIPTION: the qube starts without the volume, which is the same, to the byte, after it
start_broken() {
	sync -f "$image"
	blockdev --flushbufs "$disk"
	before=$(sha256sum <"$disk")
	boot "$disk"
	fails "$1 is said" '^qubes-sysinit: what is on the private volume, /dev/xvdb, cannot be mounted'
	equal "the rest is done" work "$(hostname)"
	check "/home is the template's" eval '! mounted home && [ -e "$root/home/user/.profile" ]'
	umount -R "$root"
	equal "what is on the volume is left as it is" "$before" "$(sha256sum <"$disk")"
}
repaired() {
	e2fsck -fy "$@" "$disk" >"$dir/fsck.log" 2>&1
	boot "$disk"
	equal "repaired, it has all" "0 mine" "$status $(cat "$root/home/user/file")"
}
made
printf '\377\377' | dd of="$disk" bs=1 seek=$((1024 + 32)) conv=notrunc status=none
start_broken "a file system with a damaged superblock"
repaired
made
dd if=/dev/zero of="$disk" bs=1024 count=64 conv=notrunc status=none
start_broken "one that lost its beginning"
repaired -b 8193 -B 1024
volume 20M
mkswap "$disk" >/dev/null
start_broken "a volume with something that is no file system"
volume 20M
head -c 512 /dev/urandom | dd of="$disk" bs=1024 seek=3 conv=notrunc status=none
start_broken "one whose start nobody knows"
# What mke2fs left when the power went: its tables without a superblock.
volume 20M
head -c 300000 /dev/urandom | dd of="$disk" bs=1024 seek=300 conv=notrunc status=none
boot "$disk"
works "a file system that was never finished is made again"
check "and used" mounted home

# --- without QubesDB -----------------------------------------------------------------

volume 20M
kill "${started[0]}"
wait "${started[0]}" 2>/dev/null
rm -f "$dir"/db/run/qubes/*.sock
boot "$disk"
fails "a QubesDB that is not there is said" '^qubes-sysinit: the QubesDB daemon cannot be reached'
check "the volume is there nevertheless" mounted home
finish
