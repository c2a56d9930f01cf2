#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a service call costs: two qubes that are only an agent each, their daemons, and a policy
# that says yes. Beside each time, starting /bin/true alone: a call starts at least two programs.
# Needs no containers. As root, run it as another user: a login per call is another thing.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${QUBES_BUILD:-$tree/build}
probe=$build/tests/qrexec-probe
for need in "$probe" "$build/bin/qrexec-daemon" "$build/bin/qrexec-agent"; do
	[ -x "$need" ] || { echo "bench-qrexec: $need is missing, run make tests; left out"; exit 0; }
done
if [ "$(id -u)" = 0 ]; then
	exec setpriv --reuid=nobody --regid=nogroup --clear-groups env QUBES_BUILD="$build" "$0" "$@"
fi

dir=$(mktemp -d /tmp/bench-qrexec.XXXXXX) || exit 1
export QUBES_ROOT=$dir VCHAN_SOCKET_DIR=$dir/vchan QREXEC_SERVICE_PATH=$dir/rpc QUBES_RPC_CONFIG_PATH=$dir/none
mkdir -p "$dir"/{vchan,rpc,run/qubes,var/log/qubes}
pids=()
stop() {
	local i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM
start() { "$@" >>"$dir/log" 2>&1 </dev/null & pids+=($!); }

me=$(id -un)
ln -s /bin/true "$dir/rpc/bench.True"
printf '#!/bin/sh\nexec cat >/dev/null\n' >"$dir/rpc/bench.Drop"
printf '#!/bin/sh\nexec head -c "${1}M" /dev/zero\n' >"$dir/rpc/bench.Give"
printf '#!/bin/sh\nexec cat\n' >"$dir/rpc/bench.Cat"
chmod 755 "$dir"/rpc/bench.[DGC]*
start "$probe" policy "$dir/run/qubes/policy.sock" "$me"
for d in 42 43; do
	start env VCHAN_DOMAIN=$d "$build/bin/qrexec-agent" -S -a "$dir/agent.$d"
done
agent=${pids[1]}
start env VCHAN_DOMAIN=0 "$build/bin/qrexec-daemon" -D --uuid=0-42 42 work "$me"
daemon=${pids[3]}
start env VCHAN_DOMAIN=0 "$build/bin/qrexec-daemon" -D --uuid=0-43 43 vault "$me"
for _ in $(seq 100); do
	[ -S "$dir/run/qubes/qrexec.vault" ] && [ -S "$dir/run/qubes/qrexec.work" ] && break
	sleep 0.05
done

client=("$build/bin/qrexec-client" -d work)
client_vm=("$build/bin/qrexec-client-vm" -a "$dir/agent.42")
true_ms=$("$probe" time 300 /bin/true)

# latency WHAT DOMAIN COMMAND...
latency() {
	local what=$1 domain=$2 t
	shift 2
	t=$(VCHAN_DOMAIN=$domain "$probe" time 300 "$@") || what="$what (CALLS FAILED)"
	awk -v what="$what" -v t="$t" -v ref="$true_ms" 'BEGIN {
		split(t, a, " "); split(ref, b, " ")
		printf "%-44s %8.2f ms, p10 %.2f  (x%.1f of starting /bin/true)\n", what ":", a[1], a[2], a[1] / b[1] }'
}
latency "call dom0 -> qube" 0 "${client[@]}" "$me:QUBESRPC bench.True dom0"
latency "call qube -> qube, policy in the path" 42 "${client_vm[@]}" vault bench.True
latency "call qube -> dom0, policy in the path" 42 "${client_vm[@]}" dom0 bench.True

# rate WHAT COMMAND...: it moves 1 GiB
pipe_ms=
rate() {
	local what=$1 start ms
	shift
	start=$(date +%s%N)
	"$@" || what="$what (FAILED)"
	ms=$((($(date +%s%N) - start) / 1000000))
	: "${pipe_ms:=$ms}"
	awk -v what="$what" -v ms="$ms" -v ref="$pipe_ms" 'BEGIN {
		printf "%-44s %8.0f MiB/s  (x%.2f of a pipe)\n", what ":", 1024000 / ms, ref / ms }'
}
zeroes() { head -c 1G /dev/zero; }
through_pipe() { zeroes | cat >/dev/null; }
into_qube() { zeroes | VCHAN_DOMAIN=0 "${client[@]}" "$me:QUBESRPC bench.Drop dom0"; }
out_of_qube() { VCHAN_DOMAIN=0 "${client[@]}" "$me:QUBESRPC bench.Give+1024 dom0" </dev/null | cat >/dev/null; }
to_qube() { zeroes | VCHAN_DOMAIN=42 "${client_vm[@]}" vault bench.Drop; }
from_qube() { VCHAN_DOMAIN=42 "${client_vm[@]}" vault bench.Give+1024 </dev/null | cat >/dev/null; }
rate "1 GiB through a pipe" through_pipe
rate "1 GiB dom0 -> service in a qube" into_qube
rate "1 GiB service in a qube -> dom0" out_of_qube
rate "1 GiB qube -> service in another" to_qube
rate "1 GiB service in another -> qube" from_qube

many() {
	local i p=() bad=0
	for i in $(seq 100); do
		{ [ "$(echo "$i" | VCHAN_DOMAIN=42 "${client_vm[@]}" vault bench.Cat)" = "$i" ]; } &
		p+=($!)
	done
	for i in "${p[@]}"; do wait "$i" || bad=$((bad + 1)); done
	echo $bad
}
start=$(date +%s%N)
bad=$(many)
printf '%-44s %8d ms  (%d failed)\n' "100 calls qube -> qube at once:" $((($(date +%s%N) - start) / 1000000)) "$bad"

memory() {
	printf '%-44s %8d kB  (private %d kB)\n' "$1:" "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$2/status")" \
		"$(awk '/^Private/ { s += $2 } END { print s }' "/proc/$2/smaps_rollup" 2>/dev/null || echo 0)"
}
memory "memory of an idle daemon" "$daemon"
memory "memory of an idle agent" "$agent"
