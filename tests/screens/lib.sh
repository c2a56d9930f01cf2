# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the scripts that take pictures of the desktop share: a dom0 of their own on a virtual screen, hands, and
# a camera. Sourced; sets $out from --out DIR, and leaves the other arguments in "${args[@]}".

usage="usage: $(basename "$0") --build DIR --out DIR"
build= out= args=()
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$(readlink -f "$2"); shift 2 ;;
	--out) out=$2; shift 2 ;;
	-*) echo "$usage" >&2; exit 2 ;;
	*) args+=("$1"); shift ;;
	esac
done
[ -n "$build" ] && [ -n "$out" ] || { echo "$usage" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "screenshots: starting qubes needs root: use sudo" >&2; exit 1; }
export QUBES_BUILD=$build
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
mkdir -p "$out"
out=$(readlink -f "$out")
failed=0

# What is to be in the picture did not come: it is taken nevertheless, to see why.
missing() { echo "screenshots: $*" >&2; failed=1; }
shot() { # NAME: once the screen has stopped changing, or nearly (a cursor blinks)
	local last= now i
	for ((i = 0; i < 6; i++)); do
		now=$(import -window root rgb:- | md5sum)
		[ "$now" != "$last" ] || break
		last=$now
		sleep 0.3
	done
	import -window root "$out/$1.png" && echo "$out/$1.png"
}
titled() { xdotool search --onlyvisible --name "$1" 2>/dev/null | head -n 1; }
await() { eventually 30 test_title "$1" || missing "no window is called $1"; }
test_title() { [ -n "$(titled "$1")" ]; }
gone() { ! test_title "$1"; }
in_qube() { # QUBE COMMAND: in the background
	inside qvm-run -q "$1" "$2" >/dev/null 2>&1 </dev/null &
}
# TITLE COLUMNSxROWS+X+Y, and what is in it
terminal() {
	# What is pasted comes from the clipboard, not from what was marked last.
	in_qube "$1" "xterm -xrm '*selectToClipboard: true' -title '$2' -geometry $3 -e sh -c 'printf \"%s\\n\" \"$4\" \"\"; exec sh'"
	await "^\[$1\] $2"
}
point() { xdotool mousemove --sync "$1" "$2"; }
click() { point "$1" "$2" && xdotool click "${3:-1}"; }
# Where a window is: x y width height
place() { xwininfo -id "$1" | awk '/Absolute upper-left X/{x=$4} /Absolute upper-left Y/{y=$4} /Width/{w=$2} /Height/{print x, y, w, $2}'; }
notices_gone() { eventually 60 gone '^Dunst$'; }

# The middle of the window with this title gets a click.
focus() {
	local x y w h
	read -r x y w h < <(place "$(titled "$1")")
	click $((x + w / 2)) $((y + h - 20))
	sleep 0.3
}
