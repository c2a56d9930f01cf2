#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs every test and counts. A test is a program that prints TAP. Unit tests run twice, as
# built and with sanitizers; a fuzz harness counts as one test that passes when nothing was
# found in its time; at the end, what the tests left behind counts too. The last line is
# "N passed, M failed" (", K skipped" when some were); the exit status is 1 if any failed.
#
#   run.sh --build DIR --template DIR --fuzz-seconds N --unit "…" --fuzz "…" --system "…"
#          [--plain "…"] [--only REGEX] [--xen IMAGE]
#
# --plain names the unit tests that make no sense with sanitizers. --xen: the tests on Xen, in QEMU,
# with that image of dom0.
set -u
cd "$(dirname "$0")/.." || exit 1

build=build template= fuzz_seconds=30 unit= plain= fuzz= system= xen= only=${ONLY:-.}
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$2 ;;
	--template) template=$2 ;;
	--fuzz-seconds) fuzz_seconds=$2 ;;
	--unit) unit=$2 ;;
	--plain) plain=$2 ;;
	--fuzz) fuzz=$2 ;;
	--system) system=$2 ;;
	--only) only=$2 ;;
	--xen) xen=$2 ;;
	*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done

# Tests run in the same environment wherever they are started: the system's own programs first,
# no desktop, no terminal, none of what another dom0's shell sets.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C.UTF-8
for name in $(compgen -e); do
	case $name in
	DISPLAY | WAYLAND_DISPLAY | XAUTHORITY | DBUS_* | XDG_* | DESKTOP_* | GTK_* | GDK_* | G_* | PYTHON* | \
		QUBES_ROOT | QUBES_LIBVIRT_URI | QUBES_CONNECTION | QUBES_BIN | QUBES_OWNER* | QUBES_EMBEDDED | \
		QUBESD_* | VCHAN_* | QREXEC_REMOTE_* | QREXEC_SERVICE_* | QREXEC_STARTUP_* | QREXEC_REQUESTED_* | \
		NOTIFY_SOCKET | LISTEN_* | SUDO_* | TZ | TMPDIR | COLUMNS | LINES | POSIXLY_CORRECT | MAKEFLAGS | MAKELEVEL | MFLAGS)
		unset "$name"
		;;
	esac
done
export HOME=${HOME:-/root} PYTHONDONTWRITEBYTECODE=1
umask 022

logs=$build/test-logs
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0 bad_ones=
QUBES_BUILD=$(readlink -f "$build")
export QUBES_BUILD QUBES_TEMPLATE_CACHE=$template
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

note() { printf '%-44s %s\n' "$1" "$2"; }

# What there is to know of a failure where only this output is kept: what failed, with what was
# said about it, and the end of the log.
explain() {
	echo "--- what failed"
	grep -nE -B 12 -A 12 '^not ok\b|ERROR|runtime error' "$1" | cut -c1-400 | head -n 120
	echo "--- the end of the log"
	tail -n 40 "$1" | cut -c1-400
	echo "--- whole log: $1"
}

# Counts the TAP of a finished test: tap NAME STATUS [SECONDS]
tap() {
	local name=$1 status=$2 seconds=${3:-} log=$logs/$1.log ok bad skip planned total
	skip=$(grep -cE '^ok\b.*# *SKIP' "$log")
	ok=$(($(grep -cE '^ok\b' "$log") - skip))
	bad=$(grep -cE '^not ok\b' "$log")
	total=$((ok + bad + skip))
	planned=$(sed -nE 's/^1\.\.([0-9]+).*/\1/p' "$log" | tail -n 1)
	if [ "$bad" = 0 ]; then
		if [ "$status" != 0 ]; then
			bad=1
			echo "not ok - ended with status $status" >>"$log"
		elif [ -z "$planned" ] || [ "$planned" != "$total" ] || [ "$total" = 0 ]; then
			bad=1
			echo "not ok - ran $total of ${planned:-no plan}" >>"$log"
		fi
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	note "$name" "$ok ok${bad:+$([ "$bad" != 0 ] && echo ", $bad FAILED")}$([ "$skip" != 0 ] && echo ", $skip skipped")${seconds:+ ($seconds s)}"
	grep -E '^ok\b.*# *SKIP' "$log" | sed 's/^/    /'
	if [ "$bad" != 0 ]; then
		explain "$log" | sed 's/^/    /'
		bad_ones+=$(grep -E -B 7 -A 7 '^not ok\b' "$log" | grep -vE '^ok\b' | cut -c1-200 | head -n 20 | sed "s/^/$name: /")$'\n'
	fi
}

run() {
	local name=$1 seconds=$2
	shift 2
	[[ $name =~ $only ]] || return 0
	local since=$SECONDS
	timeout --kill-after=20 "$seconds" "$@" >"$logs/$name.log" 2>&1 </dev/null
	tap "$name" $? $((SECONDS - since))
}

leftovers() {
	{
		losetup -a 2>/dev/null | sed 's/^/loop device: /'
		ip -br link 2>/dev/null | awk '/veth|vif/{print "interface: " $1}'
		awk '/qubes|\/tmp\/qc/{print "mount: " $2}' /proc/mounts
		find /sys/fs/cgroup -type d -path '*machine/lxc-*' -prune 2>/dev/null | sed 's/^/cgroup: /'
		# Ours, and not of a system that the user runs beside the tests.
		for p in /proc/[0-9]*; do
			exe=$(readlink "$p/exe" 2>/dev/null) || continue
			case $exe in
			"$QUBES_BUILD"/* | /tmp/qc.*) echo "process: ${p#/proc/} $exe" ;;
			esac
		done
	} | sort
}

before=$(leftovers)
for t in $unit; do
	run "$t" 600 "$build/tests/$t" --tap
	[[ " $plain " = *" $t "* ]] || run "$t.asan" 900 "$build/asan/tests/$t" --tap
done

# Two harnesses at a time: there are two cores.
fuzz_one() {
	local name=$1 corpus=tests/fuzz/corpus/$1 work
	work=$(mktemp -d)
	[ -d "$corpus" ] || corpus=
	if timeout --kill-after=10 $((fuzz_seconds + 300)) "$build/fuzz/$name" -max_total_time="$fuzz_seconds" \
		-rss_limit_mb=2048 -timeout=60 -artifact_prefix="$logs/$name." "$work" $corpus \
		>"$logs/$name.log" 2>&1; then
		echo "ok 1 - nothing found in $fuzz_seconds s" >>"$logs/$name.log"
	else
		echo "not ok 1 - see $logs/$name.log" >>"$logs/$name.log"
	fi
	echo "1..1" >>"$logs/$name.log"
	rm -rf "$work"
}
running=()
for f in $fuzz; do
	[[ $f =~ $only ]] || continue
	fuzz_one "$f" &
	running+=("$f")
	if [ ${#running[@]} = 2 ]; then
		wait
		for r in "${running[@]}"; do tap "$r" 0; done
		running=()
	fi
done
wait
for r in ${running[@]+"${running[@]}"}; do tap "$r" 0; done

for s in $system; do
	name=${s#tests/}
	name=${name%.sh}
	run "${name//\//-}" 900 "$s"
done

# 8 minutes on two cores with nothing else to do; 25 on slow ones.
[ -z "$xen" ] || run xen 2700 tests/xen/run.sh --image "$xen" --timeout 2500 --log "$logs/xen.console"

# What the last test ended may take a moment to be gone.
for _ in $(seq 60); do
	left=$(comm -13 <(echo "$before") <(leftovers))
	[ -n "$left" ] || break
	sleep 1
done
if [ -z "$left" ]; then
	passed=$((passed + 1))
	note leftovers "none"
else
	failed=$((failed + 1))
	note leftovers "FAILED"
	sed 's/^/    /' <<<"$left"
fi

# Once more, for whoever has only the end of this.
if [ -n "$bad_ones" ]; then
	echo "--- what failed"
	printf '%s' "$bad_ones" | head -n 16
fi
if [ "$skipped" != 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
