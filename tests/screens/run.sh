#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pictures of the desktop with qubes in it, taken on a virtual screen of a dom0 of its own: what people
# see, to be looked at.  run.sh --build DIR --out DIR [SCENE...]
set -u
# shellcheck source=tests/screens/lib.sh
. "$(dirname "$0")/lib.sh"
wanted=" ${args[*]:-desktop menu qubes fullscreen clipboard prompt tray} "

wants() { [[ $wanted == *" $1 "* ]]; }
panel() { place "$(titled '^xfce4-panel$')"; }

dom0_up || exit 1
embedded qubes >&2 || exit 1
inside qvm-start work personal untrusted >&2 || exit 1
xsetroot -solid '#4a5a6a' 2>/dev/null

terminal work report 64x14+60+80 "The report is due on Friday."
terminal personal shopping 56x12+620+120 "bread, cheese, apples"
terminal untrusted attachment 60x12+320+420 "This came by mail from a stranger."
notices_gone

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
	xdotool key Escape
	sleep 0.5
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
	notices_gone
	focus '^\[personal\] shopping'
	xdotool key ctrl+shift+v
	eventually 20 test_title '^Dunst$' || missing "nothing is told of the paste"
	xdotool key shift+Insert
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
