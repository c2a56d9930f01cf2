#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What runs in dom0 for make bench-xen (tests/xen/bench.sh): channels over real grants, and calls,
# beside libxenvchan by itself, and, where the folder reference/ came along, beside another
# implementation's programs in a second qube of the same boot. Prints lines
# "WHAT: VALUE UNIT (xRATIO of REFERENCE)".
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cd "$here" || exit 1
# shellcheck source=/dev/null
[ ! -e settings ] || . ./settings
PINGS=${BENCH_PINGS:-500} MIB=${BENCH_MIB:-32} CALLS=${BENCH_CALLS:-15} TURNS=${BENCH_TURNS:-3}
failed=0
fail() { failed=1; echo "bench-xen: $*"; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "?" }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
line() { # WHAT VALUE UNIT [OTHER NAME]
	if [ -n "${4:-}" ]; then echo "$1: $2 $3 (x$(ratio "$2" "$4") of $5: $4)"; else echo "$1: $2 $3"; fi
}

make_qube() {
	qvm-check -q "$1" 2>/dev/null || qvm-create --class AppVM --label blue "$1" || return 1
	qvm-prefs "$1" netvm none
	qvm-prefs "$1" memory 300
	qvm-prefs "$1" maxmem 0
	qvm-prefs "$1" vcpus 1
	qvm-prefs "$1" qrexec_timeout 900
	timeout 1000 qvm-start --skip-if-running "$1"
}
as_root() { timeout 300 qvm-run --no-gui -q -u root -p "$@"; }

# --- channels ---

port=700
channel() { # HOW: prints what vchan-probe measures
	port=$((port + 1))
	as_root bench1 "/tmp/vchan-probe $1 serve 0 $port $PINGS $MIB" </dev/null >/dev/null 2>&1 &
	timeout 600 ./vchan-probe "$1" measure "$xid" "$port" "$PINGS" "$MIB"
}
channels() {
	local how what i
	as_root bench1 'cat >/tmp/vchan-probe && chmod 755 /tmp/vchan-probe' <vchan-probe || { fail "no probe in the qube"; return; }
	for ((i = 0; i < TURNS; i++)); do
		for how in raw ours; do
			channel $how >>"channel.$how" || { fail "the channels failed"; return; }
		done
	done
	i=1
	for what in "a byte to a qube and back: us" "data to a qube: MiB/s" "data from a qube: MiB/s"; do
		line "${what%: *}" "$(cut -d' ' -f$i channel.ours | median)" "${what##* }" \
			"$(cut -d' ' -f$i channel.raw | median)" libxenvchan
		i=$((i + 1))
	done
}

# --- calls ---

# seconds COMMAND...: how long it takes; nothing if it fails
seconds() {
	local start=$EPOCHREALTIME
	"$@" || return
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'
}
give() { timeout 600 "$@" </dev/null >/dev/null; }
take() { head -c $((MIB << 20)) /dev/zero | timeout 600 "$@" >/dev/null; }
rate() { awk -v s="${1:-0}" -v m="$MIB" 'BEGIN { if (s > 0) printf "%.2f\n", m / s; else print 0 }'; }

ours() { "$@" /usr/bin/qrexec-client -d bench1 "$command"; }
theirs() {
	LD_LIBRARY_PATH=$here/reference/lib \
		"$@" "$here/reference/qrexec-client" --socket-dir="$here/sockets" -d bench2 "$command"
}
calls() {
	local whose=(ours) who i command=user:true ms=()
	if [ -d reference ]; then
		if reference_begin; then whose+=(theirs); fi
	fi
	# One after the other of the same kind: each prints "MEDIAN 10TH-PERCENTILE FAILED".
	for ((i = 0; i < CALLS; i++)); do
		for who in "${whose[@]}"; do $who ./qrexec-probe time 1 >>"call.$who"; done
	done
	for ((i = 0; i < TURNS; i++)); do
		for who in "${whose[@]}"; do
			command='user:cat >/dev/null'
			rate "$(seconds $who take)" >>"to.$who"
			command="user:head -c $((MIB << 20)) /dev/zero"
			rate "$(seconds $who give)" >>"from.$who"
		done
	done
	[ ! -d reference ] || reference_end
	for who in "${whose[@]}"; do
		i=$(awk '$3 != 0' "call.$who" | wc -l)
		[ "$i" = 0 ] || fail "$i of $CALLS calls failed ($who)"
		ms+=("$(cut -d' ' -f1 "call.$who" | median)" "$(median <"to.$who")" "$(median <"from.$who")")
	done
	line "a call of dom0 to a qube" "${ms[0]}" ms "${ms[3]:-}" "the reference"
	line "a call's data to a qube" "${ms[1]}" MiB/s "${ms[4]:-}" "the reference"
	line "a call's data from a qube" "${ms[2]}" MiB/s "${ms[5]:-}" "the reference"
}

# Another agent in a qube of its own, and its daemon here. Ours for that qube is held while that
# lasts: both want the same channel.
reference_begin() {
	local xid2 uuid=()
	make_qube bench2 >/dev/null || { fail "bench2 does not start"; return 1; }
	xid2=$(qvm-prefs bench2 xid)
	tar -cf - -C reference . | as_root bench2 'mkdir -p /tmp/ref && tar -xf - -C /tmp/ref' ||
		{ fail "the reference is not in its qube"; return 1; }
	as_root bench2 'systemd-run -q --unit=bench-agent sh -c "sleep 2; systemctl stop qubes-qrexec-agent;
		exec env LD_LIBRARY_PATH=/tmp/ref/lib /tmp/ref/qrexec-agent"' </dev/null
	held=$(tr -d '\n' <"/run/qubes/qrexec.$xid2.pid")
	kill -STOP "$held"
	sleep 5
	mkdir -p sockets
	chmod 777 sockets
	# Not all versions know that option; those that do insist on it.
	LD_LIBRARY_PATH=$here/reference/lib "$here/reference/qrexec-daemon" --help 2>&1 | grep -q -e --uuid &&
		uuid=(--uuid="$(virsh -c xen:///system domuuid bench2 | tr -d '\n')")
	LD_LIBRARY_PATH=$here/reference/lib timeout 600 "$here/reference/qrexec-daemon" \
		--socket-dir="$here/sockets" "${uuid[@]}" "$xid2" bench2 user >daemon.log 2>&1 ||
		{ fail "the reference's daemon: $(tail -n 1 daemon.log)"; return 1; }
	reference_daemon=$(pgrep -f "^$here/reference/qrexec-daemon" | head -n 1)
}
reference_end() {
	[ -z "${reference_daemon:-}" ] || kill "$reference_daemon" 2>/dev/null
	[ -z "${held:-}" ] || kill -CONT "$held" 2>/dev/null
	qvm-kill bench2
}

make_qube bench1 || { echo "bench-xen: bench1 does not start"; exit 1; }
xid=$(qvm-prefs bench1 xid)
channels
calls
qvm-kill bench1
exit $failed
