#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The session service on a virtual screen: dialogs and notices that GUI daemons ask for, the
# clipboard's icon, the menu of qubes, against qubesd on libvirt's in-memory hypervisor. With
# SCREENSHOTS=DIR pictures are left there.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

stage gui-session
# Toolkits would start the bus of assistive programs, and complain when it is slow to come.
export QUBES_ROOT=$dir/dom0 XDG_RUNTIME_DIR=$dir/user HOME=$dir NO_AT_BRIDGE=1
unset QUBESD_SOCKET QUBES_CONNECTION
mkdir -p "$QUBES_ROOT/run/qubes" "$QUBES_ROOT/var/lib/qubes/vm-kernels/1.0"
mkdir -m 700 "$XDG_RUNTIME_DIR"
touch "$QUBES_ROOT"/var/lib/qubes/vm-kernels/1.0/{vmlinuz,initramfs}

screen 1024x768x24
export DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus
start bus.log dbus-daemon --session --nofork --nopidfile --address="$DBUS_SESSION_BUS_ADDRESS"
eventually 5 listens "$dir/bus"
start wm.log openbox
start dunst.log dunst -print
bus_call() { timeout 60 gdbus call --session "$@"; }
eventually 10 on_bus org.freedesktop.Notifications
[ -z "${SCREENSHOTS:-}" ] || start panel.log tint2
start qubesd.log qubesd --root "$QUBES_ROOT" --libvirt test:///default
eventually 20 qvm-ls || { echo "not ok 1 - qubesd"; diag <"$dir/qubesd.log"; echo "1..1"; exit 1; }
qvm-create --class TemplateVM -l black tpl >/dev/null 2>&1
qvm-create -t tpl -l blue work >/dev/null 2>&1
qvm-create -t tpl -l black vault >/dev/null 2>&1
start session.log qubes-gui-session
session=$!
socket=$QUBES_ROOT/run/qubes/gui-session.sock
check "the service listens" eventually 10 listens "$socket"
equal "to its user alone" 600 "$(stat -c %a "$socket")"
refused "a second one is told that there is one" "is running already" qubes-gui-session
shot() { [ -z "${SCREENSHOTS:-}" ] || import -window root "$SCREENSHOTS/$1.png"; }

# request FILE KIND QUBE COLOR TEXT: as a GUI daemon sends it, in the background
request() {
	/usr/bin/python3 - "$socket" "${@:2}" >"$dir/$1" <<'P' &
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b"\0".join(a.encode("latin-1") for a in sys.argv[2:]))
    s.shutdown(socket.SHUT_WR)
    print(s.recv(100).decode(), "end")
except OSError: # closed with some of it unread
    print("", "end")
P
	asker=$!
	started+=("$asker")
}
window() { xdotool search --onlyvisible --name "^\[dom0\] $1\$"; }
gone() { ! window "$1"; }
said() { grep -q "$2" "$dir/$1"; }
request a ask work 0x3465a4 "The qube work made a display request that no well-behaved program makes."
check "a question is shown" eventually 10 window work
colored() { top_color "$(window "$1")" "$2"; }
told_to_daemons() { announced "$(window "$1")"; }
check "under the color of the qube" eventually 5 colored work "#3465A4"
check "announced as one" eventually 10 told_to_daemons work
shot session-question
eventually 10 active "\[dom0\] work"
xdotool key Return key space
sleep 0.3
check "a stray key decides nothing" test ! -s "$dir/a"
check "the user may terminate" eventually 5 pressed "\[dom0\] work" alt+t said a "^terminate end"
eventually 5 gone work
request b ask work 0x3465a4 "Again."
check "or ignore" eventually 10 pressed "\[dom0\] work" Escape said b "^ignore end"
eventually 5 gone work
request c ask work 0x3465a4 "And again."
eventually 10 window work
kill "$asker"
check "a daemon that goes away takes its question along" eventually 5 gone work
check "of what is announced nothing stays" eventually 5 none_announced
request d error vault 0x000000 "The qube sent nonsense. Its windows are gone."
check "a failure is shown" eventually 10 window vault
check "for which the daemon need not stay" eventually 5 said d "^ end"
check "until it is closed" eventually 5 pressed "\[dom0\] vault" Escape gone vault
request e notify work 0x3465a4 "Too many menus: <b>shown as windows</b>"
check "a notice reaches the desktop, as plain text" eventually 10 said dunst.log "&lt;b&gt;shown as windows"

bad() { # DESCRIPTION ARGUMENTS OF request
	local what=$1
	shift
	request z "$@"
	wait "$asker"
	check "$what" grep -q "^ end" "$dir/z"
}
lines=$(printf 'a\n%.0s' $(seq 1000))
request h ask work 0x3465a4 "$lines"
eventually 10 window work
fits() { [ "$(xdotool getwindowgeometry --shell "$(window work)" | sed -n 's/^HEIGHT=//p')" -lt 600 ]; }
check "however much is said, the buttons are on the screen" eventually 5 fits
shot session-long
eventually 10 pressed "\[dom0\] work" Escape said h "^ignore end"
eventually 5 gone work
for n in 1 2 3 4 5 6 7; do request e error work 0x3465a4 "Failure $n"; wait "$asker"; done
check "a qube that fails and fails has so many windows, and the rest as notices" eventually 10 said dunst.log "Failure 7"
equal "which are four" 4 "$(window work | wc -l)"
none_left() { none_announced || { pressed "\[dom0\] work" Escape none_announced; }; }
eventually 10 none_left

bad "no request" "hello"
bad "no color" ask work red "x"
bad "a name that is none" ask "wo rk" 0x112233 "x"
bad "what is not UTF-8" ask work 0x112233 "$(printf '\xc3\xa4\xff' | iconv -f latin1 -t utf8)"
bad "too much" ask work 0x112233 "$(head -c 5000 /dev/zero | tr '\0' x)"
check "the service goes on" kill -0 "$session"
equal "and tells of what was malformed, not of who only looked whether it is there" 4 "$(grep -c malformed "$dir/session.log")"

# --- qubes ------------------------------------------------------------------------------------------
qvm-start work
check "a start is told" eventually 10 said dunst.log "work has started"
# The service's name on the bus that has the menu. It has others there, which never answer: those
# are given little time at first.
menu_owner() { # MENU
	local seconds name
	for seconds in 1 5 30; do
		[ ! -s "$dir/owner.$1" ] || break
		for name in $(bus_call --dest org.freedesktop.DBus --object-path / --method org.freedesktop.DBus.ListNames | grep -o ':[0-9.]*'); do
			bus_call --timeout $seconds --dest "$name" --object-path "/org/ayatana/NotificationItem/$1/Menu" \
				--method com.canonical.dbusmenu.GetLayout -- 0 0 '[]' >/dev/null 2>&1 || continue
			echo "$name" >"$dir/owner.$1"
			break
		done
	done
	cat "$dir/owner.$1"
}
# The menu of the panel's icon, as the panel gets it.
menu() {
	local name
	name=$(menu_owner "$1")
	bus_call --dest "$name" --object-path "/org/ayatana/NotificationItem/$1/Menu" \
		--method com.canonical.dbusmenu.GetLayout -- 0 -1 '["label"]'
}
menu_has() { menu "$1" | grep -qF "$2"; }
check "the menu has what runs" eventually 10 menu_has qubes_domains "'label': <'work'>"
check "and what can be done with it" eventually 10 menu_has qubes_domains "'_Shut down'"
check "and what could be started" eventually 10 menu_has qubes_domains "'vault'"
choose() { # MENU LABEL: the first entry of that label
	local name id
	name=$(menu_owner "$1")
	id=$(menu "$1" | grep -oE "\(([0-9]+), \{'label': <'$2'" | head -n 1 | grep -oE '[0-9]+' | head -n 1)
	bus_call --dest "$name" --object-path "/org/ayatana/NotificationItem/$1/Menu" \
		--method com.canonical.dbusmenu.Event -- "$id" clicked '<0>' 0 >/dev/null
}
# chosen MENU LABEL COMMAND...: until the command succeeds, as a menu may be made anew meanwhile
chosen() {
	local menu=$1 label=$2
	shift 2
	"$@" || { choose "$menu" "$label"; eventually 1 "$@"; }
}
check "choosing starts it" eventually 10 chosen qubes_domains vault qvm-check -q --running vault
# The first entry of that name is vault's once both are there.
both_run() { [ "$(menu qubes_domains | grep -o "'_Shut down'" | wc -l)" = 2 ]; }
check "then it is among those that run" eventually 10 both_run
check "pausing works" eventually 10 chosen qubes_domains _Pause qvm-check -q --paused vault
check "and is shown" eventually 10 menu_has qubes_domains "(paused)"
check "a kill is asked about" eventually 10 chosen qubes_domains _Kill window Qubes
check "where no qube can cover it" eventually 5 told_to_daemons Qubes
is_running() { qvm-check -q --running work; }
check "and is not done if it is not wanted" eventually 5 pressed "\[dom0\] Qubes" Escape gone Qubes
check "so the qube runs" is_running
check "it is done if it is" eventually 10 chosen qubes_domains _Kill window Qubes
killed() { ! qvm-check -q --running work || ! qvm-check -q --paused vault; }
check "at once" eventually 5 pressed "\[dom0\] Qubes" alt+k killed
check "and another question" eventually 10 chosen qubes_domains _Kill window Qubes

# --- the clipboard ------------------------------------------------------------------------------------
clip=$QUBES_ROOT/run/qubes/qubes-clipboard.bin
# metadata NAME TIME FIELD...: all of it at once, as the daemon does
metadata() {
	local fields
	fields=$(printf '"%s":1,\n' "${@:3}")
	printf '{\n"vmname":"%s",\n"xevent_timestamp":%s,\n"successful":1,\n%s\n"sent_size":5,\n"buffer_size":64000\n}\n' \
		"$1" "$2" "$fields" >"$dir/metadata"
	mv "$dir/metadata" "$clip.metadata"
}
check "an empty clipboard is said to be empty" eventually 5 menu_has qubes_clipboard "is empty"
printf hello >"$clip"
printf work >"$clip.source"
printf '77\n' >"$clip.xevent"
metadata work 77 copy_action
check "a copy is told" eventually 5 said dunst.log "5 bytes copied from work"
check "the icon names its qube" eventually 5 menu_has qubes_clipboard "holds data from work"
sleep 0.3
shot session-clipboard
metadata vault 78 paste_action cleared
: >"$clip.source"
check "a paste as well" eventually 5 said dunst.log "5 bytes pasted into vault"
printf hello >"$clip"
printf work >"$clip.source"
metadata work 79 copy_action
eventually 5 menu_has qubes_clipboard "holds data from work"
empty() { [ ! -s "$clip" ] && [ ! -s "$clip.source" ]; }
check "the user can empty it" eventually 5 chosen qubes_clipboard "_Empty it" empty
check "a later operation is still later" eventually 5 grep -q '"xevent_timestamp":79,' "$clip.metadata"
printf 'from dom0' | xclip -selection clipboard
full() { [ "$(cat "$clip")" = "from dom0" ] && [ "$(cat "$clip.source")" = dom0 ]; }
check "and put dom0's in" eventually 5 chosen qubes_clipboard "_Copy the clipboard of dom0 into it" full

kill "$session"
check "it leaves no socket behind" eventually 5 test ! -e "$socket"
# GTK itself complains when a window goes before the window manager has answered for it.
equal "and had nothing to complain of" "" "$(grep -v 'malformed request\|gdk_window_thaw_toplevel_updates' "$dir/session.log")"
# Docked, in a tray that counts the screen's pixels, whatever GTK takes for one.
docked() { # NAME SCALE COMMAND...: until the command succeeds
	start "tray-$1.log" /usr/bin/python3 "$tree/tests/system/tray.py" 24
	local tray=$! service status
	GDK_SCALE=$2 start "session-$1.log" qubes-gui-session
	service=$!
	eventually 10 "${@:3}"
	status=$?
	kill "$service" "$tray"
	wait "$service" "$tray" 2>/dev/null
	return $status
}
# What is seen of the icons at last, in any order.
seen() { tac "$dir/tray-$1.log" | awk '!known[$1]++ {print $2}' | sort; }
both_seen() { [ "$(seen small | wc -l)" = 2 ] && sleep 2; }
same_seen() { [ "$(seen large)" = "$(seen small)" ] && sleep 1 && [ "$(seen large)" = "$(seen small)" ]; }
# A panel that is killed takes the windows along that are in it.
comes_back() {
	local n
	[ "$(seen gone | wc -l)" = 2 ] || return
	for n in 1 2; do
		kill -9 "$tray"
		wait "$tray"
		start "tray-gone.log" /usr/bin/python3 "$tree/tests/system/tray.py" 24
		tray=$!
		eventually 5 same_as_small || return
	done
}
same_as_small() { [ "$(seen gone)" = "$(seen small)" ]; }
# A panel for items follows another at once, and the icons are not docked beside it. Tried once.
docked_icons() { xwininfo -root -tree | grep -c '"qubes-\(domains\|clipboard\)"'; }
all_docked() { [ "$(docked_icons)" = 2 ]; }
follows() {
	local n
	[ ! -e "$dir/followed" ] || return
	all_docked || return
	for n in 1 2; do
		(echo host; sleep 3) | "$BUILD/tests/sni-watcher" >"$dir/items.$n.log"
	done &
	eventually 10 grep -q clipboard "$dir/items.2.log"
	sleep 1
	docked_icons >"$dir/followed"
	wait $!
}
check "without a panel for items its icons are docked" docked small 1 both_seen
check "as large as the tray wants them, also where all is twice as large" docked large 2 same_seen
check "and again in the panel after one that was killed" docked gone 1 comes_back
docked again 1 follows
equal "and only while there is no panel for items" 0 "$(cat "$dir/followed")"
xprop -root -f RESOURCE_MANAGER 8s -set RESOURCE_MANAGER "Xft.dpi: 192"
start session-large.log qubes-gui-session
eventually 10 listens "$socket"
request f error work 0x3465a4 "The qube sent nonsense."
eventually 10 window work
large() { top_color "$(window work)" "#3465A4" 12; }
check "with text that is twice as large, so is what tells whose it is" eventually 10 large
shot session-large
finish
