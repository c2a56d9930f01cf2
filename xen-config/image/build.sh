#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the dom0 that `make run-xen` and `make check-xen` boot in QEMU, cached by content.
#
#   build.sh --bin DIR --cache DIR [--template IMAGE] [--mirror URL] [--base]
#
# Four layers, each kept under a name that is a hash of what went into it:
#
#   debian-KEY.tar   Debian with Xen, a kernel and libvirt (network needed, minutes)
#   base-KEY/   that as a disk; beside it what QEMU loads itself (xen, vmlinuz, initrd.img)
#               and the kernel for qubes
#   dom0-KEY.img   a copy of that disk with what install.list names (seconds)
#   pool-KEY.img   the disk of /var/lib/qubes: kernels for qubes and the template's root.img
#
# The folder of a finished image is printed on standard output; progress goes to standard
# error. --base builds the first layer only, which needs no program of ours.
#
# The disks are made by mke2fs -d and debugfs, without a mount; the pool is btrfs, for its
# reflinks, and is filled through a loop device, which needs root.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
bin= cache= template= mirror=${QUBES_MIRROR:-} base_only=
release=bookworm

ROOT_SIZE_MIB=6144
POOL_SIZE_MIB=24576

usage() {
	echo "usage: build.sh --bin DIR --cache DIR [--template IMAGE] [--mirror URL] [--base]" >&2
	exit 2
}
while [ $# -gt 0 ]; do
	case $1 in
	--bin) bin=$2; shift 2 ;;
	--cache) cache=$2; shift 2 ;;
	--template) template=$2; shift 2 ;;
	--mirror) mirror=$2; shift 2 ;;
	--base) base_only=1; shift ;;
	*) usage ;;
	esac
done
[ -n "$bin" ] && [ -n "$cache" ] || usage
[ -n "$base_only" ] || [ -n "$template" ] || usage

say() { echo "dom0 image: $*" >&2; }
die() { echo "dom0 image: error: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "building dom0's disks needs root. Run it with sudo."
for tool in mmdebstrap mke2fs debugfs mkfs.btrfs; do
	command -v $tool >/dev/null || die "$tool is not installed: sudo make dom0-image installs what is needed"
done
if [ -z "$base_only" ]; then
	[ -x "$bin/qubesd" ] || die "there are no programs in '$bin': run make first"
	[ -s "$template" ] || die "there is no template '$template': sudo make template builds it"
fi
# room MIB WHAT: so that it does not end half-way, with the words of another program.
room() {
	local free
	free=$(df -Pm "$cache" | awk 'NR == 2 {print $4}')
	[ "$free" -ge "$1" ] ||
		die "$2 needs $1 MiB in $cache and $free are free: make room, or choose another place (XEN_CACHE=FOLDER)"
}

mkdir -p "$cache" 2>/dev/null || die "the folder $cache cannot be made: choose another place (XEN_CACHE=FOLDER)"
exec 9>"$cache/.lock"
flock -w 1800 9 || die "another build holds $cache/.lock"

tmp=$(mktemp -d "$cache/tmp.XXXXXX")
clean() {
	mountpoint -q "$tmp/pool" && umount "$tmp/pool"
	rm -rf "$tmp"
}
trap clean EXIT
trap 'exit 130' INT TERM
# What an interrupted build left (we hold the lock: nobody else is building).
for d in "$cache"/tmp.*; do
	[ "$d" = "$tmp" ] && continue
	mountpoint -q "$d/pool" && umount "$d/pool"
	rm -rf "$d"
done

hash_of() { sha256sum | cut -c1-16; }

# --- Debian ------------------------------------------------------------------

packages=$(sort -u "$tree/packages/dom0" | grep -v '^#' | paste -sd, -)
debian_key=$( (echo "$release $packages"; cat "$here/flavour-dom0.sh") | hash_of)
debian=$cache/debian-$release-$debian_key.tar

download() {
	local log=$tmp/mmdebstrap.log pid
	room 6000 "building Debian with Xen"
	say "downloading and unpacking Debian $release with Xen (some minutes, once) ..."
	mmdebstrap --mode=root --variant=minbase --include="$packages" \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/locale/*/LC_MESSAGES/*' \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "20"' \
		--aptopt='Apt::Install-Recommends "false"' \
		--setup-hook="sh '$here/flavour-dom0.sh' setup \"\$1\"" \
		--customize-hook="sh '$here/flavour-dom0.sh' finish \"\$1\"" \
		"$release" "$tmp/base.tar" ${mirror:+"$mirror"} >"$log" 2>&1 &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		sleep 5
		say "  $(tail -n 1 "$log" | cut -c4-70)"
	done
	if ! wait $pid; then
		cp "$log" "$cache/mmdebstrap.log"
		die "Debian $release cannot be downloaded ($(grep -m 1 '^E:' "$log" | cut -c4-)); is the network up, and the package mirror reachable? Nothing was changed. The whole log: $cache/mmdebstrap.log"
	fi
	mv "$tmp/base.tar" "$debian"
}

build_base() {
	local out=$tmp/base root=$tmp/root
	[ -s "$debian" ] || download
	room 4500 "making dom0's disk"
	mkdir "$out" "$root"
	tar -xf "$debian" -C "$root" --numeric-owner --xattrs --xattrs-include='*'
	# As in templates/builder/build.sh: those of the tar file are of no use.
	chroot "$root" fc-cache --system-only
	zcat "$root"/boot/xen-4.*-amd64.gz >"$out/xen"
	cp "$root"/boot/vmlinuz-* "$out/vmlinuz"
	cp "$root"/boot/initrd.img-* "$out/initrd.img"
	say "making the kernel for qubes ..."
	"$tree/xen-config/vm-kernel/build.sh" "$root" "$out/vm-kernel"
	say "making the disk ..."
	mkdir -p "$root/var/lib/qubes"
	mke2fs -q -t ext4 -L dom0 -m 1 -d "$root" -E lazy_itable_init=1,lazy_journal_init=1 \
		"$out/root.img" "${ROOT_SIZE_MIB}M" >/dev/null
	rm -rf "$root"
	mv "$out" "$base"
}

base_key=$( (echo "$debian_key $ROOT_SIZE_MIB"; declare -f build_base; cat "$tree"/xen-config/vm-kernel/build.sh \
	"$tree"/xen-config/vm-kernel/*.txt) | hash_of)
base=$cache/base-$base_key
[ -d "$base" ] || build_base
[ -z "$base_only" ] || exit 0

# --- what is ours --------------------------------------------------------------

list=$here/install.list
source_path() {
	case $1 in
	bin/*) echo "$bin/${1#bin/}" ;;
	*) echo "$tree/$1" ;;
	esac
}
each_entry() { grep -v -e '^#' -e '^[[:space:]]*$' "$1"; }

# SOURCE DEST MODE lines, with patterns in SOURCE resolved and links among programs kept.
expand() {
	local src dst mode f without
	without=" $(sed -n 's/^without //p' "$list" | tr '\n' ' ')"
	each_entry "$list" | while read -r src dst mode; do
		case $src in
		without) ;;
		link) echo "$src $dst $mode" ;;
		*\**)
			for f in $(source_path "$src"); do
				case $without in *" $(basename "$f") "*) continue ;; esac
				if [ -L "$f" ] && [ "$(dirname "$(readlink "$f")")" = . ]; then
					echo "link $(readlink "$f") $dst/$(basename "$f")"
				else
					echo "$f $dst/$(basename "$f") $mode"
				fi
			done ;;
		*) echo "$(source_path "$src") $dst $mode" ;;
		esac
	done
}
expand >"$tmp/list"

key_of_files() {
	local src rest
	while read -r src rest; do
		echo "$src $rest" | sed "s|^$bin/|bin/|; s|^$tree/||"
		[ "$src" = link ] && continue
		[ -f "$src" ] || die "$src is in install.list but does not exist: run make first"
		sha256sum <"$src"
	done <"$tmp/list"
}
dom0_key=$( (echo "$base_key"; cat "$here/build.sh"; key_of_files) | hash_of) || exit 1
dom0=$cache/dom0-$dom0_key.img

# Commands for debugfs that put one file there, with all folders above it.
declare -A made=()
emit_dirs() {
	local d=$1
	[ "$d" = / ] || [ -n "${made[$d]:-}" ] || {
		emit_dirs "$(dirname "$d")"
		echo "mkdir $d"
		made[$d]=1
	}
}
emit_file() {
	local src=$1 dst=$2 mode=$3
	emit_dirs "$(dirname "$dst")"
	printf 'rm %s\nwrite %s %s\nsif %s mode 010%s\nsif %s uid 0\nsif %s gid 0\n' \
		"$dst" "$src" "$dst" "$dst" "$mode" "$dst" "$dst"
}
emit_link() {
	emit_dirs "$(dirname "$2")"
	printf 'rm %s\nsymlink %s %s\n' "$2" "$2" "$1"
}
# The links that "systemctl enable" would make.
emit_enable() {
	local unit=$1 dst=$2 name target
	name=$(basename "$unit")
	case $name in *@.*) return ;; esac
	for target in $(sed -n 's/^WantedBy=//p' "$unit"); do
		emit_link "$dst" "/etc/systemd/system/$target.wants/$name"
	done
}

script() {
	local src dst mode file
	while read -r src dst mode; do
		if [ "$src" = link ]; then
			emit_link "$dst" "$mode"
			continue
		fi
		file=$src
		case $src in
		"$bin"/*)
			file=$tmp/stripped/$(basename "$src")
			strip -o "$file" "$src" 2>/dev/null || cp "$src" "$file" ;;
		esac
		emit_file "$file" "$dst" "$mode"
		case $dst in
		*/systemd/system/*.service | */systemd/system/*.socket | */systemd/system/*.timer | */systemd/system/*.mount)
			emit_enable "$src" "$dst" ;;
		esac
	done <"$tmp/list"
}

build_dom0() {
	room 2500 "dom0's disk"
	say "installing into dom0's disk ..."
	mkdir "$tmp/stripped"
	cp --sparse=always --reflink=auto "$base/root.img" "$tmp/dom0.img"
	script >"$tmp/script"
	debugfs -w -f "$tmp/script" "$tmp/dom0.img" >"$tmp/log" 2>&1
	# mkdir and rm may find that there was nothing to do; write must not fail.
	if grep -q -i -e 'no space' -e 'could not allocate' -e 'while opening' "$tmp/log"; then
		cp "$tmp/log" "$cache/debugfs.log"
		die "the programs do not fit into the image; see $cache/debugfs.log"
	fi
	mv "$tmp/dom0.img" "$dom0"
}
[ -s "$dom0" ] || build_dom0

# --- the pool --------------------------------------------------------------------

pool_key=$( (echo "$base_key $POOL_SIZE_MIB $(basename "$template")"
	sha256sum <"$bin/qubes-vm-init") | hash_of)
pool=$cache/pool-$pool_key.img

build_pool() {
	local kernel version
	room 2500 "the disk of the pool"
	say "making the disk of /var/lib/qubes ..."
	truncate -s "${POOL_SIZE_MIB}M" "$tmp/pool.img"
	mkfs.btrfs -q -m single -L qubes "$tmp/pool.img" >/dev/null ||
		die "mkfs.btrfs failed; is there room in $cache?"
	mkdir "$tmp/pool"
	mount -o loop "$tmp/pool.img" "$tmp/pool" ||
		die "the disk of the pool cannot be mounted: this machine lacks loop devices or btrfs"
	version=$(cat "$base/vm-kernel/version")
	kernel=$tmp/pool/vm-kernels/$version
	mkdir -p "$kernel" "$tmp/pool/vm-templates" "$tmp/pool/appvms" "$tmp/pool/image"
	cp "$base"/vm-kernel/vmlinu[xz] "$kernel/"
	cp --sparse=always "$base/vm-kernel/modules.img" "$kernel/"
	cp "$base"/vm-kernel/*.txt "$kernel/" 2>/dev/null || true
	"$tree/xen-config/vm-kernel/initramfs.sh" "$bin/qubes-vm-init" \
		"$base/vm-kernel/boot-modules" "$kernel/initramfs"
	# Imported by reflink at the first start; see qubes-dom0-setup.
	cp --sparse=always "$template" "$tmp/pool/image/debian-12.img"
	umount "$tmp/pool"
	mv "$tmp/pool.img" "$pool"
}
[ -s "$pool" ] || build_pool

# --- together ----------------------------------------------------------------------

out=$cache/image-$dom0_key-$pool_key
if [ ! -d "$out" ]; then
	mkdir "$tmp/out"
	ln -s "../base-$base_key/xen" "../base-$base_key/vmlinuz" "../base-$base_key/initrd.img" "$tmp/out/"
	ln -s "../dom0-$dom0_key.img" "$tmp/out/dom0.img"
	ln -s "../pool-$pool_key.img" "$tmp/out/pool.img"
	mv "$tmp/out" "$out"
fi
# Older ones are of no use any more.
find "$cache" -mindepth 1 -maxdepth 1 -mmin +1 \( -name 'debian-*' ! -path "$debian" -o -name 'base-*' ! -path "$base" -o \
	-name 'dom0-*.img' ! -path "$dom0" -o -name 'pool-*.img' ! -path "$pool" -o \
	-name 'image-*' ! -path "$out" \) -exec rm -rf {} +
say "done: $out ($(du -cm "$dom0" "$pool" | tail -n 1 | cut -f1) MiB on disk)"
echo "$out"
