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
	err=$(timeout 60 "$@" 2>&1 >/dev/null </dev/null)
	status=$?
	lines=$(printf '%s\n' "$err" | grep -c .)
	[ $status -ne 0 ] && [ $status -lt 124 ] && [ "$lines" = 1 ] && [[ $err =~ $regex ]]
	status=$?
	report $status "$what"
	[ $status = 0 ] || printf 'wanted one line like: %s\ngot: %s\n' "$regex" "$err" | diag
}

# eventually SECONDS COMMAND...: succeeds within that time
eventually() {
	local tries=$(($1 * 20))
	shift
	while ((tries-- > 0)); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.05
	done
	return 1
}

finish() {
	echo "1..$tap_n"
	[ "$tap_failed" = 0 ]
}

# --- a dom0 of its own -----------------------------------------------------------

embedded() {
	"$tree/dom0/embedded/qubes-embedded" --bin "$BUILD/bin" --state "$QUBES_ROOT" --headless \
		--template "${QUBES_TEMPLATE_CACHE:-/var/cache/qubes-c/template}" "$@"
}

dom0_down() {
	[ -n "${QUBES_ROOT:-}" ] || return 0
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
