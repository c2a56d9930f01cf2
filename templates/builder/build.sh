#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds a template's root.img, cached by content.
#
#   build.sh --bin DIR --cache DIR [--mirror URL] [--base]
#
# Two layers: the distribution (from packages/template and flavour-debian.sh; network
# needed, about a minute) and the image (distribution + what templates/vm/install.list
# names). Each is kept under a name that is a hash of what went into it, so an unchanged
# layer costs nothing. The path of the finished root.img is the only thing printed on
# standard output; progress goes to standard error. --base builds the first layer only,
# which needs no program of ours.
#
# The image has upstream's layout: GPT, 1 = EFI system, 2 = BIOS boot, 3 = root (ext4).
# No kernel and no modules: they come from dom0.
#
# QUBES_TEMPLATE_PACKAGES: names of more packages of the distribution.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
bin= cache= mirror=${QUBES_MIRROR:-} base_only=
release=bookworm

ROOT_SIZE_MIB=10240
ESP_MIB=200
BIOS_MIB=2

usage() { echo "usage: build.sh --bin DIR --cache DIR [--mirror URL] [--base]" >&2; exit 2; }
while [ $# -gt 0 ]; do
	case $1 in
	--bin) bin=$2; shift 2 ;;
	--cache) cache=$2; shift 2 ;;
	--mirror) mirror=$2; shift 2 ;;
	--base) base_only=1; shift ;;
	*) usage ;;
	esac
done
[ -n "$bin" ] && [ -n "$cache" ] || usage

say() { echo "template: $*" >&2; }
die() { echo "template: error: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "building a root image needs root. Run it with sudo."

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock -w 1800 9 || die "another build holds $cache/.lock"

tmp=$(mktemp -d "$cache/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
# What an interrupted build left (we hold the lock: nobody else is building).
for d in "$cache"/tmp.*; do [ "$d" = "$tmp" ] || rm -rf "$d"; done

hash_of() { sha256sum | cut -c1-16; }
packages=$( (cat "$tree/packages/template"; printf '%s\n' ${QUBES_TEMPLATE_PACKAGES:-}) |
	grep -v -e '^#' -e '^$' | sort -u | paste -sd, -)

base_key=$( (echo "$release $packages"; cat "$here/flavour-debian.sh") | hash_of)
base=$cache/base-$release-$base_key.tar

build_base() {
	local log=$tmp/mmdebstrap.log pid
	say "downloading and unpacking Debian $release (a minute or two, once) ..."
	mmdebstrap --mode=root --variant=minbase --include="$packages" \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/locale/*/LC_MESSAGES/*' \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "20"' \
		--aptopt='Apt::Install-Recommends "false"' \
		--customize-hook="sh '$here/flavour-debian.sh' \"\$1\"" \
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
	mv "$tmp/base.tar" "$base"
}

[ -s "$base" ] || build_base
[ -z "$base_only" ] || exit 0

# --- the image ---------------------------------------------------------------

list=$tree/templates/vm/install.list
source_path() {
	case $1 in
	bin/*) echo "$bin/${1#bin/}" ;;
	*) echo "$tree/templates/vm/$1" ;;
	esac
}
# Entries; of those that are optional, what was built.
each_entry() {
	local a b rest
	grep -v -e '^#' -e '^[[:space:]]*$' "$list" | while read -r a b rest; do
		if [ "$a" = optional ]; then
			[ -f "$(source_path "$b")" ] || continue
			echo "$b $rest"
		else
			echo "$a $b $rest"
		fi
	done
}

list_inputs() {
	local a
	each_entry | while read -r a _; do
		[ "$a" = link ] || source_path "$a"
	done
}

image_key() {
	local f
	{
		echo "$base_key $ROOT_SIZE_MIB"
		cat "$list" "$here/build.sh"
		list_inputs | while read -r f; do
			[ -f "$f" ] || die "$f is in install.list but does not exist: run make first"
			sha256sum <"$f"
		done
	} | hash_of
}
key=$(image_key) || exit 1
image=$cache/root-$release-$key.img
if [ -s "$image" ]; then
	echo "$image"
	exit 0
fi

install_files() {
	local root=$1 src dst mode units=()
	while read -r src dst mode; do
		if [ "$src" = link ]; then
			mkdir -p "$root$(dirname "$mode")"
			ln -sfn "$dst" "$root$mode"
			continue
		fi
		install -D -m "$mode" "$(source_path "$src")" "$root$dst"
		case $src in bin/*) strip "$root$dst" ;; esac
		case $dst in
		*/systemd/system/*.service | */systemd/system/*.socket | */systemd/system/*.mount)
			grep -q '^\[Install\]' "$root$dst" && units+=("$(basename "$dst")") ;;
		esac
	done < <(each_entry)
	chroot "$root" systemctl enable --quiet "${units[@]}"
	rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
	# What is to be done once after an update of /usr has been done by the packages.
	touch -r "$root/usr" "$root/etc/.updated" "$root/var/.updated"
	# An empty machine-id is made at boot, in memory; the hash keeps two qubes apart.
	: >"$root/etc/machine-id"
}

partition() {
	local img=$1
	truncate -s "${ROOT_SIZE_MIB}M" "$img"
	sfdisk --quiet "$img" <<-PARTS
		label: gpt
		size=${ESP_MIB}MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="EFI System"
		size=${BIOS_MIB}MiB, type=21686148-6449-6E6F-744E-656564454649, name="BIOS boot partition"
		type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name="Root filesystem"
	PARTS
}

make_image() {
	local root=$tmp/root img=$tmp/root.img start size
	say "assembling the image ..."
	mkdir "$root"
	tar -xf "$base" -C "$root" --numeric-owner --xattrs --xattrs-include='*'
	install_files "$root"
	# A cache of fonts is valid for folders of exactly the time it names, which the tar file and the
	# disk cut to a second: the ones made when packages were installed are of no use.
	chroot "$root" fc-cache --system-only
	partition "$img"
	read -r start size < <(sfdisk -J "$img" |
		awk -F'[:,]' '/"start"/{s=$2} /"size"/{z=$2} END{print s+0, z+0}')
	mke2fs -q -t ext4 -L root -m 1 -d "$root" \
		-E "offset=$((start * 512)),lazy_itable_init=1,lazy_journal_init=1" \
		"$img" "$((size / 2))k"
	mv "$img" "$image"
}
make_image
# Older images and distributions are of no use any more.
find "$cache" -maxdepth 1 \( -name "root-$release-*.img" ! -path "$image" -o \
	-name "base-$release-*.tar" ! -path "$base" \) -mmin +1 -delete
say "done: $image ($(du -m "$image" | cut -f1) MiB on disk)"
echo "$image"
