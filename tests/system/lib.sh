# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For system tests: TAP, and a dom0 of their own below a temporary folder. Sourced by the
# scripts that tests/run.sh starts (it sets QUBES_BUILD and QUBES_TEMPLATE_CACHE).

tap_n=0
tap_failed=0
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${QUBES_BUILD:-$tree/build}
PATH=$BUILD/bin:$PATH

# report STATUS DESCRIPTION
report() {
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_n - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $2"
	fi
}

diag() { sed 's/^/# /' >&1; }

# check DESCRIPTION COMMAND...: the command succeeds
check() {
	local what=$1 out status
	shift
	out=$("$@" 2>&1)
	status=$?
	report $status "$what"
	[ $status = 0 ] || { echo "status $status: $out"; } | diag
}

# equal DESCRIPTION WANTED GOT
equal() {
	[ "$2" = "$3" ]
	report $? "$1"
	[ "$2" = "$3" ] || printf 'wanted: %s\ngot:    %s\n' "$2" "$3" | diag
}

# refused DESCRIPTION REGEX COMMAND...: fails, with one line on standard error that matches
refused() {
	local what=$1 regex=$2 err status lines
	shift 2
	err=$(timeout 300 "$@" 2>&1 >/dev/null </dev/null)
	status=$?
	lines=$(printf '%s\n' "$err" | grep -c .)
	[ $status -ne 0 ] && [ $status -lt 124 ] && [ "$lines" = 1 ] && [[ $err =~ $regex ]]
	status=$?
	report $status "$what"
	[ $status = 0 ] || printf 'wanted one line like: %s\ngot: %s\n' "$regex" "$err" | diag
}

# eventually SECONDS COMMAND...: succeeds within that time, which is an idle machine's: one with
# other things to do gets ten times as much
eventually() {
	local end=$((SECONDS + 10 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# listens SOCKET...: the file is there a moment before anybody can connect to it
listens() {
	local path
	for path; do
		path=$(readlink -e "$path") && [ -S "$path" ] && grep -q " 00010000 .*/${path##*/}\$" /proc/net/unix || return
	done
}

# on_bus NAME: somebody has the name on the session bus
on_bus() {
	timeout 60 gdbus call --session --dest org.freedesktop.DBus --object-path / \
		--method org.freedesktop.DBus.NameHasOwner "$1" | grep -q true
}

finish() {
	echo "1..$tap_n"
	[ "$tap_failed" = 0 ]
}

# --- programs beside the test ------------------------------------------------------

# stage NAME: a folder, $dir; it goes with the script, and so does what start() started
started=()
stage() {
	dir=$(mktemp -d "/tmp/$1.XXXXXX") || exit 1
	trap stage_clear EXIT
	trap 'exit 130' INT TERM HUP
}
stage_clear() {
	local i
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do kill "${started[i]}" 2>/dev/null; done
	wait 2>/dev/null
	if [ "$tap_failed" != 0 ]; then
		tail -v -n 25 "$dir"/*.log 2>/dev/null | diag
	fi
	rm -rf "$dir"
}

# start LOG COMMAND...: in the background, its pid is $!
start() {
	local log=$dir/$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	started+=($!)
}

# screen SIZE: a virtual screen, $DISPLAY, on a number that the X server finds free. Keys do not
# repeat: who presses them may be slow to let them go.
screen() {
	local number
	start screen.log Xvfb -displayfd 3 -screen 0 "$1" -nolisten tcp -noreset -r 3>"$dir/display"
	has_number() { read -r number <"$dir/display"; }
	if eventually 20 has_number; then
		export DISPLAY=:$number
	else
		report 1 "a virtual screen"
		finish
		exit 1
	fi
}

# active TITLE: the newest window whose title matches has the keyboard
active() {
	local w
	w=$(xdotool search --onlyvisible --name "$1" | tail -n 1)
	[ -n "$w" ] || return
	[ "$(xdotool getactivewindow)" = "$w" ] || { xdotool windowactivate "$w"; return 1; }
}

# pressed TITLE KEY COMMAND...: until the command succeeds
pressed() {
	local title=$1 key=$2
	shift 2
	"$@" || { active "$title" && xdotool key "$key"; } && "$@"
}

# X's tools would have the user click on a window if they are not told which.

# top_color WINDOW COLOR [Y]: the upper edge of its content has that color, #RRGGBB
top_color() {
	local x y
	[ -n "$1" ] || return
	read -r x y < <(xwininfo -id "$1" | awk '/Absolute upper-left X/{x = $4} /Absolute upper-left Y/{print x, $4}')
	[ "$(import -window root png:- | convert png:- -crop "1x1+$((x + 100))+$((y + ${3:-4}))" txt:- |
		grep -o '#[0-9A-F]\{6\}' | head -n 1)" = "$2" ]
}

# announced WINDOW, none_announced: to the GUI daemons, as a question that no qube may cover
announced() {
	[ -n "$1" ] &&
		xprop -id "$1" _QUBES_PROMPT | grep -q ' = 1$' &&
		xprop -root _QUBES_PROMPTS | grep -qw "$(printf '0x%x' "$1")"
}
none_announced() { ! xprop -root _QUBES_PROMPTS | grep -q 0x; }

# --- a dom0 of its own -----------------------------------------------------------

embedded() {
	"$tree/dom0/embedded/qubes-embedded" --bin "$BUILD/bin" --state "$QUBES_ROOT" --headless \
		--template "${QUBES_TEMPLATE_CACHE:-/var/cache/qubes-c/template}" "$@"
}

dom0_down() {
	[ -n "${QUBES_ROOT:-}" ] || return 0
	if [ "$tap_failed" != 0 ]; then
		tail -v -n 20 "$QUBES_ROOT"/var/log/qubes/*.log 2>/dev/null | grep . | diag
	fi
	embedded down >&2
	[ -n "${KEEP:-}" ] || rm -rf "$(dirname "$QUBES_ROOT")"
}

# Brings a dom0 up; it is taken down when the script ends, however it ends.
dom0_up() {
	QUBES_ROOT=$(mktemp -d /tmp/qc.XXXXXX)/dom0
	export QUBES_ROOT
	chmod 755 "$(dirname "$QUBES_ROOT")"
	trap dom0_down EXIT
	trap 'exit 130' INT TERM HUP
	embedded up >&2 || return 1
	# shellcheck disable=SC1091
	. "$QUBES_ROOT/run/environment"
}

# Pids of a program of this dom0 (and not of another one that runs beside it).
pids_of() {
	local p
	for p in $(pgrep -x "$(echo "$1" | cut -c1-15)"); do
		tr '\0' '\n' <"/proc/$p/environ" | grep -qxF "QUBES_ROOT=$QUBES_ROOT" && echo "$p"
	done 2>/dev/null
}

inside() { embedded shell "$@"; }
