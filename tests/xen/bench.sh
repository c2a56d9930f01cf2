#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make bench-xen: boots dom0 on Xen in QEMU and measures there (bench-in-dom0.sh).
#
#   bench.sh --image DIR --build DIR [option of run.sh...]
#
# BENCH_PINGS (500), BENCH_MIB (32), BENCH_CALLS (15), BENCH_TURNS (3): how much is measured.
# With BENCH_REFERENCE=DIR, where DIR holds another implementation's qrexec-agent, qrexec-client
# and qrexec-daemon for Debian 12 on Xen, and in lib/ the libraries of its own that they need, its calls
# are measured in the same boot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image='' build=''
while [ $# -gt 1 ]; do
	case $1 in
	--image) image=$2; shift 2 ;;
	--build) build=$2; shift 2 ;;
	*) break ;;
	esac
done
die() { echo "bench-xen: error: $*" >&2; exit 1; }
reference=${BENCH_REFERENCE:-}
for f in vchan-probe qrexec-probe; do
	[ -x "$build/tests/$f" ] || die "$build/tests/$f is missing: run make tests"
done
if [ -n "$reference" ]; then
	for f in qrexec-agent qrexec-client qrexec-daemon; do
		[ -x "$reference/$f" ] || die "BENCH_REFERENCE: there is no program $reference/$f"
	done
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/with"
cp "$here/bench-in-dom0.sh" "$work/with/run"
strip -o "$work/with/vchan-probe" "$build/tests/vchan-probe"
strip -o "$work/with/qrexec-probe" "$build/tests/qrexec-probe"
[ -z "$reference" ] || cp -rL "$reference" "$work/with/reference"
# Of these, where they are set.
for v in BENCH_PINGS BENCH_MIB BENCH_CALLS BENCH_TURNS; do
	[ -z "${!v:-}" ] || echo "$v=${!v}"
done >"$work/with/settings"
"$here/run.sh" --image "$image" --with "$work/with" "$@"
