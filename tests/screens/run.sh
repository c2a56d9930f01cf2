#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pictures of the desktop with qubes in it, taken on a virtual screen of a dom0 of its own: what people
# see, to be looked at.  run.sh --build DIR --out DIR [SCENE...]
set -u
build= out=
while [ $# -gt 0 ]; do
	case $1 in
	--build) build=$(readlink -f "$2"); shift 2 ;;
	--out) out=$2; shift 2 ;;
	-*) echo "usage: run.sh --build DIR --out DIR [SCENE...]" >&2; exit 2 ;;
	*) break ;;
	esac
done
[ -n "$build" ] && [ -n "$out" ] || { echo "usage: run.sh --build DIR --out DIR [SCENE...]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "screenshots: starting qubes needs root: sudo make screenshots" >&2; exit 1; }
export QUBES_BUILD=$build
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
mkdir -p "$out"
out=$(readlink -f "$out")
wanted=" ${*:-desktop menu qubes fullscreen clipboard prompt tray} "
failed=0

wants() { [[ $wanted == *" $1 "* ]]; }
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
	in_qube "$1" "xterm -title '$2' -geometry $3 -e sh -c 'printf \"%s\\n\" \"$4\" \"\"; exec sh'"
	await "^\[$1\] $2"
}
point() { xdotool mousemove --sync "$1" "$2"; }
click() { point "$1" "$2" && xdotool click "${3:-1}"; }
# Where a window is: x y width height
place() { xwininfo -id "$1" | awk '/Absolute upper-left X/{x=$4} /Absolute upper-left Y/{y=$4} /Width/{w=$2} /Height/{print x, y, w, $2}'; }
panel() { place "$(titled '^xfce4-panel$')"; }
notices_gone() { eventually 60 gone '^Dunst$'; }

dom0_up || exit 1
embedded qubes >&2 || exit 1
inside qvm-start work personal untrusted >&2 || exit 1
xsetroot -solid '#4a5a6a' 2>/dev/null

terminal work report 64x14+60+80 "The report is due on Friday."
terminal personal shopping 56x12+620+120 "bread, cheese, apples"
terminal untrusted attachment 60x12+320+420 "This came by mail from a stranger."
notices_gone

# The middle of the window with this title gets a click.
focus() {
	local x y w h
	read -r x y w h < <(place "$(titled "$1")")
	click $((x + w / 2)) $((y + h - 20))
	sleep 0.3
}

if wants desktop; then
	focus '^\[work\] report'
	shot desktop
fi

if wants menu; then
	read -r x y w h < <(panel)
	click $((x + 20)) $((y + h / 2))
	sleep 1
	# The pointer leaves, with what is told of the button below it; then to a qube, and into its folder.
	point 900 40
	xdotool key --delay 150 $(printf 'Down %.0s' $(seq "${MENU_DOWNS:-8}"))
	xdotool key --delay 300 Right
	shot menu
	xdotool key --delay 200 Escape Escape Escape
fi

if wants fullscreen; then
	in_qube untrusted "xterm -title 'your bank' -fullscreen -bg '#224488' -fg white -e sh -c 'echo Log in here: ; exec sh'"
	await '^\[untrusted\] your bank'
	shot fullscreen
	xdotool windowclose "$(titled '^\[untrusted\] your bank')" 2>/dev/null
	eventually 20 gone '^\[untrusted\] your bank'
fi

if wants prompt; then
	in_qube untrusted "echo hello >/tmp/invoice.pdf; qvm-copy /tmp/invoice.pdf"
	await '^\[dom0\] untrusted asks$'
	shot prompt
	xdotool key --delay 200 Escape
	sleep 1
fi

if wants clipboard; then
	# A double click takes the word below the pointer.
	read -r x y w h < <(place "$(titled '^\[work\] report')")
	point $((x + 40)) $((y + 12))
	xdotool click --repeat 2 --delay 80 1
	sleep 0.5
	xdotool key ctrl+shift+c
	eventually 20 test_title '^Dunst$' || missing "nothing is told of the copy"
	shot clipboard-copied
	focus '^\[personal\] shopping'
	xdotool key ctrl+shift+v
	sleep 2
	shot clipboard-paste
	xdotool key --delay 200 Return
	sleep 1
	shot clipboard-pasted
	notices_gone
fi

if wants tray || wants qubes; then
	inside qvm-run -q --pass-io work 'cat >/tmp/tray-icon; chmod +x /tmp/tray-icon' <"$build/tests/tray-icon"
	inside qvm-run -q --pass-io untrusted 'cat >/tmp/tray-icon; chmod +x /tmp/tray-icon' <"$build/tests/tray-icon"
	in_qube work /tmp/tray-icon
	in_qube untrusted /tmp/tray-icon
	sleep 3
	shot tray
fi

# The panel has its own icons in the order in which they came: one of the two is that of the qubes.
if wants qubes; then
	read -r x y w h < <(panel)
	for at in 83 113; do
		click $((x + w - at)) $((y + h / 2))
		sleep 1
		xdotool key --delay 200 Down Down Right
		shot "qubes-$at"
		xdotool key --delay 200 Escape Escape
	done
fi
exit $failed
