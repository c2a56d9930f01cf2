#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots dom0 on Xen in QEMU without a window, and passes on the TAP that tests/xen/in-dom0.sh
# prints there.
#
#   run.sh --image DIR [--timeout SECONDS] [--log FILE] [--cpus N] [--with DIR] [TEST...]
#
# --with DIR: what is in DIR is taken along, and DIR/run is run there in place of the tests.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image= limit=1500 log= cpus=2 with=
while [ $# -gt 0 ]; do
	case $1 in
	--image) image=$2; shift 2 ;;
	--timeout) limit=$2; shift 2 ;;
	--log) log=$2; shift 2 ;;
	--cpus) cpus=$2; shift 2 ;;
	--with) with=$2; shift 2 ;;
	-*) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
done

work=$(mktemp -d)
monitor=$work/monitor
# For a pool of its own: nothing is written to it, it only has to be there.
truncate -s 8G "$work/disk"
more=() append="qubes.tests=$(IFS=,; echo "$*")"
if [ -n "$with" ]; then
	tar -cf "$work/with" -C "$with" .
	# A disk is a whole number of sectors.
	truncate -s %512 "$work/with"
	more=(--disk "$work/with")
	append="$append qubes.tests-disk=/dev/vdd"
fi
qemu=
clean() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM
[ -n "$log" ] || log=$work/console

start=$SECONDS boots=0
boot() {
	: >"$log"
	boots=$((boots + 1)) booted=$SECONDS
	"$here/../../xen-config/run-qemu.sh" --image "$image" --cpus "$cpus" --headless --console "$log" \
		--monitor "$monitor" --disk "$work/disk" "${more[@]}" \
		--append "$append" >"$work/qemu" 2>&1 &
	qemu=$!
}
# An emulated CPU can lose an interrupt, and with it Xen or dom0's kernel stands still (docs/xen.md). Before
# there is a program, nothing of ours can be the cause, and another machine is taken.
SILENCE=120
stands_still() {
	! grep -q -e '^dom0: ' -e '@tap ' "$log" && [ $(($(date +%s) - $(stat -c %Y "$log"))) -gt $SILENCE ]
}
boot
result=1 seen=0 failed=0

# "@screen N RRGGBB TEXT" from the machine: test N is done here, on the picture that QEMU has. What
# is to be seen stays there for some tests, but may not be painted yet.
on_screen() {
	local i
	for ((i = 0; i < 60; i++)); do
		"$here/screen.py" "$monitor" "$1" >"$work/screen" 2>&1 && return 0
		sleep 1
	done
	return 1
}
show() {
	local line n colour text
	while IFS= read -r line; do
		case $line in
		@screen\ *)
			read -r _ n colour text <<<"$line"
			if on_screen "$colour"; then
				echo "ok $n - $text"
			else
				failed=1
				echo "not ok $n - $text"
				sed 's/^/#   /' "$work/screen"
			fi ;;
		*) echo "$line" ;;
		esac
	done
}
# Lines of the tests are marked, since kernel and Xen print there, too.
while kill -0 "$qemu" 2>/dev/null; do
	sed -n 's/\r$//; s/^.*@tap //p' "$log" | tail -n "+$((seen + 1))" >"$work/new"
	if [ -s "$work/new" ]; then
		[ $seen -gt 0 ] || echo "# dom0 was ready after $((SECONDS - booted)) s"
		show <"$work/new"
		seen=$((seen + $(wc -l <"$work/new")))
	fi
	if grep -q '@end ' "$log"; then
		result=$(sed -n 's/\r$//; s/^.*@end \([0-9]*\).*/\1/p' "$log" | tail -n 1)
		break
	fi
	if [ $boots -lt 3 ] && stands_still; then
		echo "# the kernel of dom0 stood still for $SILENCE s: another machine is started"
		kill "$qemu"
		wait "$qemu" 2>/dev/null
		boot
	fi
	if [ $((SECONDS - start)) -gt "$limit" ]; then
		echo "Bail out! The tests did not end within $limit s; the console ended with:"
		tail -n 15 "$log" | sed 's/^/# /'
		exit 1
	fi
	sleep 1
done
if [ "$result" != 0 ] && ! grep -q '@end ' "$log"; then
	echo "Bail out! The machine ended before the tests did:"
	cat "$work/qemu" "$log" | tail -n 15 | sed 's/^/# /'
	exit 1
fi
# A clean end is part of it.
ended=$SECONDS
while kill -0 "$qemu" 2>/dev/null; do
	if [ $((SECONDS - ended)) -gt 300 ]; then
		echo "Bail out! dom0 did not go down within 300 s; the console ended with:"
		tail -n 15 "$log" | sed 's/^/# /'
		exit 1
	fi
	sleep 1
done
echo "# dom0 went down in $((SECONDS - ended)) s; all of it took $((SECONDS - start)) s"
[ "$failed" = 0 ] || exit 1
exit "$result"
