#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Admin API with 100 qubes, on libvirt's in-memory hypervisor: what a call costs, how many a
# second, qvm-ls, creating and removing. Beside a server that only answers; upstream's
# figures are of another machine and only give the order of size.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${QUBES_BUILD:-$tree/build}
probe=$build/tests/qubesd-probe
for need in "$probe" "$build/bin/qubesd" "$build/bin/qvm-ls"; do
	[ -x "$need" ] || { echo "bench-qubesd: $need is missing, run make tests; left out"; exit 0; }
done

dir=$(mktemp -d /tmp/bench-qubesd.XXXXXX)
export QUBES_ROOT=$dir QUBESD_SOCKET=$dir/run/qubesd.sock
mkdir -p "$dir/var/lib/qubes/vm-kernels/1.0"
for f in vmlinuz initramfs modules.img; do : >"$dir/var/lib/qubes/vm-kernels/1.0/$f"; done
"$build/bin/qubesd" --root "$dir" --libvirt test:///default 2>"$dir/log" &
daemon=$!
stop() {
	kill $daemon 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM
for _ in $(seq 100); do [ -S "$QUBESD_SOCKET" ] && break; sleep 0.05; done

rss() { awk '/^VmRSS/{print $2}' "/proc/$daemon/status"; }
now() { date +%s%N; }
# line WHAT VALUE UNIT REFERENCE-VALUE REFERENCE NOTE
line() {
	awk -v what="$1" -v v="$2" -v unit="$3" -v ref="$4" -v name="$5" -v note="$6" \
		'BEGIN{printf "%-52s %9.2f %s  (x%.2f of %s%s)\n", what ":", v, unit, v / ref, name, note}'
}
latency() { "$probe" latency "$QUBESD_SOCKET" "$@"; }
creations() {
	local i
	for i in $(seq "$1" "$2"); do echo "admin.vm.Create.AppVM dom0 tpl name=$3$i label=red"; done
}

"$probe" each "$QUBESD_SOCKET" <<-CALLS || exit 1
	admin.property.Set dom0 default_kernel 1.0
	admin.vm.Create.TemplateVM dom0 - name=tpl label=black
	admin.property.Set dom0 default_template tpl
	admin.vm.feature.Set tpl gui 1
CALLS
start=$(now)
creations 1 98 work | "$probe" each "$QUBESD_SOCKET" || exit 1
created=$((($(now) - start) / 98000))

echo_us=$("$probe" echo "$dir/echo.sock" 5000)
bare="a bare round trip"
line "qubesd: admin.vm.List, 100 qubes" "$(latency admin.vm.List dom0 - 2000)" us "$echo_us" "$bare" \
	"; upstream 1700-2800 us"
line "qubesd: admin.vm.property.Get" "$(latency admin.vm.property.Get work1 memory 5000)" us "$echo_us" "$bare" \
	"; upstream 640-1000 us"
line "qubesd: admin.vm.property.GetAll" "$(latency admin.vm.property.GetAll work1 - 3000)" us "$echo_us" "$bare" \
	"; upstream 1600 us"
line "qubesd: 50 clients side by side" "$("$probe" load "$QUBESD_SOCKET" 50 3)" "calls/s" 1970 \
	"upstream's 8 clients" ""
line "qubesd: 8 clients side by side" "$("$probe" load "$QUBESD_SOCKET" 8 3)" "calls/s" 1970 \
	"upstream's 8 clients" ""
line "qubesd: creating an AppVM" "$created" us "$echo_us" "$bare" "; upstream 24000 us"

# median_us RUNS COMMAND...
median_us() {
	local runs=$1 i a
	shift
	for ((i = 0; i < runs; i++)); do
		a=$(now)
		"$@" >/dev/null 2>&1 </dev/null || return 1
		echo $((($(now) - a) / 1000))
	done | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
line "qubesd: qvm-ls, 100 qubes" "$(median_us 40 "$build/bin/qvm-ls")" us "$(median_us 40 /bin/true)" \
	"starting a process" "; upstream 457000 us"

before=$(rss)
for round in 1 2 3; do
	creations 1 100 "more$round-" | "$probe" each "$QUBESD_SOCKET"
	for i in $(seq 100); do echo "admin.vm.Remove more$round-$i - -"; done | "$probe" each "$QUBESD_SOCKET"
	[ $round = 1 ] && first=$(rss)
done
printf '%-52s %9d KiB  (then %d; after 100 more made and removed %d, after 300 %d; upstream 44000)\n' \
	"qubesd: memory with 100 qubes:" "$before" "$before" "$first" "$(rss)"
