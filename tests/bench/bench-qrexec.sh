#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a service call costs: two qubes that are only an agent each, their daemons, and a policy
# that says yes. Each figure has a reference that runs in turns with it: starting /bin/true (a
# call starts two programs at least), a plain pipe. Needs no containers. As root, runs as another user: a
# login per call is another thing.
#
# With QUBES_BENCH_OTHER=DIR, where DIR holds another implementation's qrexec-agent, -client,
# -client-vm and -daemon, the same figures for it, in turns with ours, and the ratio. As that one may know
# only /run/qubes/policy.sock, this needs root (for a mount namespace with a /run/qubes of its own).
# QUBES_BENCH_ROUNDS (3): of the transfers and of the 100 calls at once.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${QUBES_BUILD:-$tree/build} other=${QUBES_BENCH_OTHER:-} rounds=${QUBES_BENCH_ROUNDS:-3}
probe=$build/tests/qrexec-probe mib=512 calls=200
for need in "$probe" "$build/bin/qrexec-daemon" "$build/bin/qrexec-agent"; do
	[ -x "$need" ] || { echo "bench-qrexec: $need is missing, run make tests; left out"; exit 0; }
done
if [ "$(id -u)" = 0 ]; then
	run=(setpriv --reuid=nobody --regid=nogroup --clear-groups "$0" "$@")
	export QUBES_BUILD=$build
	[ -z "$other" ] && exec "${run[@]}"
	mkdir -p /run/qubes && exec unshare --mount bash -c \
		'mount -t tmpfs -o mode=1777 bench /run/qubes && exec "$@"' bash "${run[@]}"
elif [ -n "$other" ] && ! [ -w /run/qubes ]; then
	echo "bench-qrexec: comparing with $other needs root" >&2
	exit 1
fi

dir=$(mktemp -d /tmp/bench-qrexec.XXXXXX) || exit 1
pids=()
stop() {
	local i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$dir"
	[ -z "$other" ] || rm -f /run/qubes/policy.sock
}
trap stop EXIT
trap 'exit 130' INT TERM
start() { "$@" >>"$dir/log" 2>&1 </dev/null & pids+=($!); }

me=$(id -un)
export QUBES_ROOT=$dir QREXEC_SERVICE_PATH=$dir/rpc QUBES_RPC_CONFIG_PATH=$dir/none
mkdir -p "$dir"/{rpc,run/qubes,var/log/qubes}
ln -s /bin/true "$dir/rpc/bench.True"
printf '#!/bin/sh\nexec cat >/dev/null\n' >"$dir/rpc/bench.Drop"
printf '#!/bin/sh\nexec head -c "${1}M" /dev/zero\n' >"$dir/rpc/bench.Give"
printf '#!/bin/sh\nexec cat\n' >"$dir/rpc/bench.Cat"
chmod 755 "$dir"/rpc/bench.[DGC]*
if [ -n "$other" ]; then
	start "$probe" policy /run/qubes/policy.sock "$me"
	ln -s /run/qubes/policy.sock "$dir/run/qubes/policy.sock"
else
	start "$probe" policy "$dir/run/qubes/policy.sock" "$me"
fi

# stack NAME BINDIR: two qubes, work (42) and vault (43), and their daemons
declare -A bin agent daemon
stack() {
	local d t=$dir/$1
	mkdir -p "$t/vchan" "$t/sock"
	bin[$1]=$2
	export VCHAN_SOCKET_DIR=$t/vchan
	for d in 42 43; do
		start env VCHAN_DOMAIN=$d "$2/qrexec-agent" -S -a "$t/agent.$d"
		[ $d = 42 ] && agent[$1]=$!
	done
	for _ in $(seq 100); do
		[ -S "$t/vchan/vchan.42.0.512.sock" ] && [ -S "$t/vchan/vchan.43.0.512.sock" ] && break
		sleep 0.05
	done
	start env VCHAN_DOMAIN=0 "$2/qrexec-daemon" -D --uuid=0-42 --socket-dir="$t/sock" 42 work "$me"
	daemon[$1]=$!
	start env VCHAN_DOMAIN=0 "$2/qrexec-daemon" -D --uuid=0-43 --socket-dir="$t/sock" 43 vault "$me"
	for _ in $(seq 100); do
		[ -S "$t/sock/qrexec.vault" ] && [ -S "$t/sock/qrexec.work" ] && break
		sleep 0.05
	done
}
who=(ours)
[ -z "$other" ] || who+=(other)
stack ours "$build/bin"
[ -z "$other" ] || stack other "$(realpath "$other")"

# call NAME FROM TARGET SERVICE: sets the array command
call() {
	local t=$dir/$1
	command=(VCHAN_SOCKET_DIR="$t/vchan" VCHAN_DOMAIN="$2")
	if [ "$2" = 0 ]; then
		command+=("${bin[$1]}/qrexec-client" --socket-dir="$t/sock" -d "$3" "$me:QUBESRPC $4 dom0")
	else
		command+=("${bin[$1]}/qrexec-client-vm" -a "$t/agent.$2" "$3" "$4")
	fi
}

# latency WHAT FROM TARGET: of bench.True
latency() {
	local what=$1 all=() name
	for name in "${who[@]}"; do
		call "$name" "$2" "$3" bench.True
		all+=("${command[@]}" @@)
	done
	"$probe" time $calls "${all[@]}" /bin/true | awk -v what="$what" '
		{ median[NR] = $1; p10[NR] = $2; if ($3) bad = bad " " $3 " CALLS FAILED" }
		END {
			printf "%-44s %8.2f ms, p10 %.2f  (x%.1f of starting /bin/true)", what ":", median[1], p10[1], median[1] / median[NR]
			if (NR > 2) printf "; other %.2f, p10 %.2f: x%.2f, p10 x%.2f", median[2], p10[2], median[1] / median[2], p10[1] / p10[2]
			print bad
		}'
}
latency "call dom0 -> qube" 0 work
latency "call qube -> qube, policy in the path" 42 vault
latency "call qube -> dom0, policy in the path" 42 dom0

# seconds COMMAND...: prints how long it took
seconds() {
	local start
	start=$(date +%s%N)
	"$@" || echo failed
	echo $((($(date +%s%N) - start) / 1000)) | sed 's/.\{6\}$/.&/'
}
zeroes() { head -c ${mib}M /dev/zero; }
through_pipe() { zeroes | cat >/dev/null; }
push() { zeroes | env "${command[@]}"; }
pull() { env "${command[@]}" </dev/null | cat >/dev/null; }
median() { sort -n | awk '{ v[NR] = $1 } /failed/ { bad = 1 } END { print bad ? "failed" : v[int((NR + 1) / 2)] }'; }

# rate WHAT push|pull FROM TARGET SERVICE
rate() {
	local what=$1 way=$2 name
	shift 2
	for _ in $(seq "$rounds"); do
		for name in "${who[@]}"; do
			call "$name" "$@"
			seconds $way >>"$dir/rate.$name"
		done
		seconds through_pipe >>"$dir/rate.pipe"
	done
	for name in "${who[@]}" pipe; do
		median <"$dir/rate.$name"
		rm "$dir/rate.$name"
	done | awk -v what="$what" -v mib=$mib '
		/failed/ { what = what " FAILED"; $1 = 1e9 }
		{ rate[NR] = mib / $1 }
		END {
			printf "%-44s %8.0f MiB/s  (x%.2f of a pipe)", what ":", rate[1], rate[1] / rate[NR]
			if (NR > 2) printf "; other %.0f: x%.2f", rate[2], rate[1] / rate[2]
			print ""
		}'
}
rate "bulk dom0 -> service in a qube" push 0 work bench.Drop
rate "bulk service in a qube -> dom0" pull 0 work bench.Give+$mib
rate "bulk qube -> service in another" push 42 vault bench.Drop
rate "bulk service in another -> qube" pull 42 vault bench.Give+$mib

# How many of 100 calls at once, each a client of its own, went wrong.
many() {
	local i p=() bad=0
	call "$1" 42 vault bench.Cat
	for i in $(seq 100); do
		{ [ "$(echo "$i" | env "${command[@]}")" = "$i" ]; } &
		p+=($!)
	done
	for i in "${p[@]}"; do wait "$i" || bad=$((bad + 1)); done
	echo $bad
}
for _ in $(seq "$rounds"); do
	for name in "${who[@]}"; do
		started=$(date +%s%N)
		bad=$(many "$name")
		echo "$((($(date +%s%N) - started) / 1000000)) $bad" >>"$dir/many.$name"
	done
done
for name in "${who[@]}"; do
	sort -n "$dir/many.$name" | awk '{ ms[NR] = $1; bad += $2 } END { print ms[int((NR + 1) / 2)], bad, NR }'
done | awk '
	{ ms[NR] = $1; bad[NR] = $2; n = $3 * 100 }
	END {
		printf "%-44s %8d ms  (%d of %d failed)", "100 calls qube -> qube at once:", ms[1], bad[1], n
		if (NR > 1) printf "; other %d (%d failed): x%.2f", ms[2], bad[2], ms[1] / ms[2]
		print ""
	}'

# All processes with the command line of process $1: RSS, private and proportional, in kB.
memory_of() {
	local p
	for p in /proc/[0-9]*; do
		cmp -s "$p/cmdline" "/proc/$1/cmdline" && echo "$p"
	done | while read -r p; do
		awk '/^Rss/ { r = $2 } /^Pss:/ { p = $2 } /^Private/ { s += $2 } END { print r, s, p }' "$p/smaps_rollup"
	done | awk '{ r += $1; s += $2; p += $3 } END { print r, s, p, NR }'
}
# memory WHAT ARRAY: which holds a process of each implementation
memory() {
	local what=$1 name
	local -n process=$2
	for name in "${who[@]}"; do
		memory_of "${process[$name]}"
	done | awk -v what="$what" '
		{ r[NR] = $1; s[NR] = $2; p[NR] = $3; n[NR] = $4 }
		END {
			printf "%-44s %8d kB  (private %d, proportional %d; processes: %d)", what ":", r[1], s[1], p[1], n[1]
			if (NR > 1) printf "; other %d (%d, %d; %d): x%.2f (x%.2f, x%.2f)", r[2], s[2], p[2], n[2], r[1] / r[2], s[1] / s[2], p[1] / p[2]
			print ""
		}'
}
sleep 3 # for what the calls left to be given back
memory "memory of an idle daemon" daemon
memory "memory of an idle agent" agent
