#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the benchmarks: every executable tests/bench/bench-*, which prints lines
# "WHAT: MEDIAN UNIT (xRATIO of REFERENCE)". Benchmarks that need a dom0 bring one up.
#
#   run.sh --build DIR [--only REGEX]
set -u
cd "$(dirname "$0")/../.." || exit 1
build=build only=${ONLY:-.}
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2 ;;
	--only) only=$2 ;;
	*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
export QUBES_BUILD=$PWD/$build
status=0
for b in tests/bench/bench-*; do
	[ -x "$b" ] && [[ $b =~ $only ]] || continue
	"$b" || { echo "$b: failed" >&2; status=1; }
done
exit $status
