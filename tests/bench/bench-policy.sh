#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a decision costs, with the default policy and 2,000 rules of one's own, 41 qubes: in the
# engine alone, and through the policy daemon's socket beside a server that only answers.
# Upstream's figures are from specs of another machine and only give the order of size.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${QUBES_BUILD:-$tree/build}
probe=$build/tests/policy-probe
for need in "$probe" "$build/bin/qrexec-policy-daemon"; do
	[ -x "$need" ] || { echo "bench-policy: $need is missing, run make tests; left out"; exit 0; }
done

dir=$(mktemp -d /tmp/bench-policy.XXXXXX)
export QUBES_ROOT=$dir
pids=()
stop() {
	local i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

mkdir -p "$dir/run/qubes/policy.d" "$dir/etc/qubes" "$dir/etc/qubes-rpc"
cp -r "$tree/policy/policy.d" "$dir/etc/qubes/policy.d"
for i in $(seq 1 1000); do
	echo "bench.S$((i % 100)) * qube$((i % 41)) qube$((i * 7 % 41)) allow"
	echo "bench.Allow * qube$((i + 5)) qube$((i % 40)) ask"
done >"$dir/etc/qubes/policy.d/30-user.policy"
echo 'bench.Allow * @anyvm @anyvm allow' >>"$dir/etc/qubes/policy.d/30-user.policy"
sed -i 's/^bench.Allow \* qube5 .*//' "$dir/etc/qubes/policy.d/30-user.policy"
"$probe" info 41 >"$dir/info"

# line WHAT MICROSECONDS REFERENCE-MICROSECONDS REFERENCE NOTE
line() {
	awk -v what="$1" -v us="$2" -v ref="$3" -v name="$4" -v note="$5" \
		'BEGIN{printf "%-52s %9.2f us  (x%.2f of %s%s)\n", what ":", us, us / ref, name, note}'
}

declare -A us
"$probe" qubesd "$dir/run/qubesd.sock" "$dir/run/qubesd.internal.sock" "$dir/info" &
pids+=($!)
"$build/bin/qrexec-policy-daemon" 2>/dev/null &
daemon=$!
pids+=("$daemon")
for _ in $(seq 100); do [ -S "$dir/run/qubes/policy.sock" ] && break; sleep 0.05; done
sleep 0.3
while read -r what value; do us[$what]=$value; done < <("$probe" engine "$dir/etc/qubes/policy.d" "$dir/info"
	"$probe" echo "$dir/echo.sock"
	"$probe" socket "$dir/run/qubes/policy.sock")
rss=$(awk '/^VmRSS/{print $2}' "/proc/$daemon/status")
anon=$(awk '/^RssAnon/{print $2}' "/proc/$daemon/status")
rules=$(grep -hcv '^ *\(#\|$\)' "$dir/etc/qubes/policy.d/30-user.policy")

for what in allow deny none ask; do
	line "policy: decision in the daemon, $what, $rules rules" "${us[$what]}" "${us[echo]}" \
		"a bare round trip" "; upstream $(case $what in ask) echo 149 ;; *) echo 25-30 ;; esac) us, 256 rules"
done
line "policy: decision through the socket" "${us[socket]}" "${us[echo]}" "a bare round trip" "; upstream 530-1080 us, 256 rules"
line "policy: reading all of it" "${us[load]}" "${us[echo]}" "a bare round trip" "; upstream 25600 us, 256 rules"
line "policy: system info of 41 qubes" "${us[info]}" "${us[echo]}" "a bare round trip" ""
printf '%-52s %9.2f MiB  (%.2f private; upstream 26, 16 private)\n' "policy: memory of the daemon:" \
	"$(awk -v k="$rss" 'BEGIN{print k / 1024}')" "$(awk -v k="$anon" 'BEGIN{print k / 1024}')"
