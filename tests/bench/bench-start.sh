#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a user waits for, on a running system of its own: qvm-ls, starting a qube until qrexec is
# connected, and a first command in a disposable. Medians; the reference for all is
# starting a process (/bin/true), measured beside them.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
[ "$(id -u)" = 0 ] || { echo "bench-start: needs root, left out"; exit 0; }
dom0_up && embedded qubes >&2 || exit 1

# median_ms RUNS COMMAND...
median_ms() {
	local runs=$1 i a b
	shift
	for ((i = 0; i < runs; i++)); do
		a=$(date +%s%N)
		"$@" >/dev/null 2>&1 </dev/null || return 1
		b=$(date +%s%N)
		echo $(((b - a) / 1000))
	done | sort -n | awk '{v[NR] = $1} END {printf "%.2f\n", v[int((NR + 1) / 2)] / 1000}'
}

reference=$(median_ms 50 /bin/true)
line() {
	awk -v what="$1" -v ms="$2" -v ref="$reference" \
		'BEGIN{printf "%-52s %9.2f ms  (x%.1f of starting a process)\n", what ":", ms, ms / ref}'
}
start_stop() {
	local a b
	a=$(date +%s%N)
	qvm-start work || return 1
	b=$(date +%s%N)
	qvm-kill work
	echo $(((b - a) / 1000))
}
line "qvm-ls" "$(median_ms 50 qvm-ls)"
line "qvm-start to qrexec connected" "$(for _ in 1 2 3 4 5 6 7; do start_stop 2>/dev/null; done |
	sort -n | awk '{v[NR] = $1} END {printf "%.2f\n", v[int((NR + 1) / 2)] / 1000}')"
qvm-start work
line "qvm-run -p work true" "$(median_ms 30 qvm-run -p work true)"
line "qvm-run -p --dispvm default-dvm true" "$(median_ms 3 qvm-run -p --dispvm default-dvm true)"
