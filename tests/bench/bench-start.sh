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

# A disposable that waits already: asking for it, and the first call in it.
qvm-features default-dvm preload-dispvm-delay 0
qvm-features default-dvm preload-dispvm-max 1
is_waiting() { [ "$(qvm-ls --raw-data -O STATE "$(qvm-features default-dvm preload-dispvm 2>/dev/null)" 2>/dev/null)" = Paused ]; }
ask_and_call() {
	local a b name
	eventually 60 is_waiting || return 1
	sleep 1 # what the last one left is cleaned up by now
	a=$(date +%s%N)
	name=$(qubesd-query --empty --fail dom0 admin.vm.CreateDisposable default-dvm | tail -c +3)
	qrexec-client -d "$name" -e DEFAULT:true || return 1
	b=$(date +%s%N)
	qvm-kill "$name" >/dev/null 2>&1
	echo $(((b - a) / 1000))
}
line "preloaded disposable, asked for and first call" "$(for _ in 1 2 3 4 5; do ask_and_call; done |
	sort -n | awk '{v[NR] = $1} END {printf "%.2f\n", v[int((NR + 1) / 2)] / 1000}')"
eventually 60 is_waiting
sleep 1
line "qvm-run -p --dispvm default-dvm true, preloaded" "$(median_ms 1 qvm-run -p --dispvm default-dvm true)"
