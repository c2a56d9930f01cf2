#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A day's work in small: Firefox in a qube, and an editor in another, used with keyboard and mouse on dom0's
# screen: typing, choosing, scrolling, dragging, menus, the dialog for files, copy and paste between the two.
# Says in TAP what arrived, by the page's title, and takes a picture of each step. Not a part of make check: it
# downloads Firefox into a template of its own.  browser.sh --build DIR --out DIR
set -u
# shellcheck source=tests/screens/lib.sh
. "$(dirname "$0")/lib.sh"
export QUBES_TEMPLATE_PACKAGES="firefox-esr mousepad"
export QUBES_TEMPLATE_CACHE=${QUBES_TEMPLATE_CACHE:-/var/cache/qubes-c/template-browser}
here=$(dirname "$(readlink -f "$0")")

says() { test_title "^\[work\] .*$1"; }
# Where the page's content is on the screen; it may have been moved.
at() {
	local title
	title=$(xdotool getwindowname "$(titled '^\[work\] .*at=')")
	[[ $title =~ at=(-?[0-9]+),(-?[0-9]+) ]] && x=${BASH_REMATCH[1]} y=${BASH_REMATCH[2]}
}
on_page() { at && click $((x + $1)) $((y + $2)) "${3:-1}"; }

dom0_up || exit 1
embedded qubes >&2 || exit 1
inside qvm-start work personal >&2 || exit 1
inside qvm-run -q --pass-io work 'cat >/tmp/page.html' <"$here/browser.html"
inside qvm-run -q --pass-io work 'mkdir -p /tmp/profile && cat >/tmp/profile/user.js' <<'PREFS'
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.tabs.warnOnClose", false);
PREFS
in_qube work "firefox-esr --no-remote --profile /tmp/profile --width 900 --height 600 file:///tmp/page.html"
in_qube personal "mousepad"
check "Firefox shows a page in a qube" eventually 60 says 'at='
check "an editor shows itself in another" eventually 30 test_title '^\[personal\] .*Mousepad'
notices_gone
xdotool windowmove --sync "$(titled '^\[work\] ')" 40 60 2>/dev/null
xdotool windowmove --sync "$(titled '^\[personal\] ')" 700 380 2>/dev/null
sleep 1
eventually 10 active '^\[work\] '
sleep 1
shot browser-page

on_page 200 60
sleep 0.5
xdotool type --delay 40 'Hello, qubes: (x) {y} @ 1/2!'
check "typing" eventually 10 says 'text=28 '
shot browser-typing
on_page 100 142
sleep 1
shot browser-choice
xdotool key --delay 200 Down Down Return
check "choosing from a list" eventually 10 says 'choice=three '
at && point $((x + 50)) $((y + 260)) && xdotool mousedown 1 && point $((x + 150)) $((y + 262)) &&
	point $((x + 250)) $((y + 264)) && xdotool mouseup 1
check "dragging" eventually 10 says 'box=220 '
on_page 500 300 3
sleep 1
shot browser-context-menu
xdotool key Escape
sleep 0.5
xdotool key alt+v
sleep 1
shot browser-menu-bar
xdotool key --delay 200 Escape Escape
at && point $((x + 600)) $((y + 300)) && xdotool click --repeat 10 --delay 60 5
scrolled() { says 'scrolled=[1-9]'; }
check "scrolling" eventually 10 scrolled
sleep 1
shot browser-scrolled
xdotool click --repeat 20 --delay 30 4
eventually 10 says 'scrolled=0 '

on_page 60 192
check "the dialog for files" eventually 20 test_title '^\[work\] File Upload'
sleep 1
shot browser-file-dialog
xdotool type --delay 60 '/etc/hostname'
sleep 1
xdotool key Return
check "a file is chosen" eventually 10 says 'file=hostname '

on_page 200 60
xdotool key --delay 200 ctrl+a ctrl+c
sleep 0.5
xdotool key ctrl+shift+c
check "copying out of a qube is told" eventually 20 test_title '^Dunst$'
shot browser-copied
notices_gone
eventually 10 active '^\[personal\] '
sleep 0.5
xdotool key ctrl+shift+v
check "pasting into another is told" eventually 20 test_title '^Dunst$'
xdotool key ctrl+v
check "the text is there" eventually 10 test_title '^\[personal\] \*'
sleep 1
shot browser-pasted
finish
