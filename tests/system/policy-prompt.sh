#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The question to the user: policy daemon and policy agent with a stand-in for qubesd, on a
# virtual screen, worked by keyboard. Needs no root.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
stage policy-prompt
export QUBES_ROOT=$dir VCHAN_SOCKET_DIR=$dir/vchan

mkdir -p "$dir/run/qubes/policy.d" "$dir/etc/qubes/policy.d" "$dir/etc/qubes-rpc"
qube() { # NAME NUMBER COLOR LABEL
	printf '"%s": {"type": "AppVM", "tags": [], "power_state": "Running", "guivm": "dom0", ' "$1"
	printf '"uuid": "0000000%s-1111-4222-8333-000000000000", "default_dispvm": "dvm", ' "$2"
	printf '"template_for_dispvms": %s, "icon": "appvm-%s", "label": "%s"}' \
		"$([ "$1" = dvm ] && echo true || echo false)" "$3" "$4"
}
{
	printf '{"domains": {"dom0": {"type": "AdminVM", "uuid": "00000000-0000-0000-0000-000000000000"}'
	printf ', %s' "$(qube x-far 6 blue 0x3465a4 | sed 's/"guivm": "dom0"/"guivm": "x-desk"/')"
	printf ', %s' "$(qube x-desk 7 blue 0x3465a4)"
	printf ', %s' "$(qube work 1 blue 0x3465a4)" "$(qube personal 2 yellow 0xedd400)" \
		"$(qube untrusted 3 red 0xcc0000)" "$(qube vault 4 black 0x000000)" "$(qube dvm 5 red 0xcc0000)"
	printf '}}\n'
} >"$dir/info"
cat >"$dir/etc/qubes/policy.d/30-user.policy" <<'P'
test.Copy * @anyvm @anyvm ask
test.Default * work @anyvm ask default_target=vault
test.Deny * work @anyvm deny
test.Later * x-far @anyvm ask
P

screen 1024x768x24
start wm.log openbox
start qubesd.log "$BUILD/tests/policy-probe" qubesd "$dir/run/qubesd.sock" "$dir/run/qubesd.internal.sock" "$dir/info"
eventually 10 listens "$dir/run/qubesd.internal.sock"
start daemon.log env VCHAN_DOMAIN=0 "$BUILD/bin/qrexec-policy-daemon"
# No session bus, and none is to be started.
start agent.log env DBUS_SESSION_BUS_ADDRESS=unix:path="$dir/none" "$BUILD/bin/qrexec-policy-agent"
agent=$!
check "daemon and agent listen" eventually 10 listens "$dir/run/qubes/policy.sock" "$dir/run/qubes/policy-agent.sock"

# ask FILE SOURCE TARGET SERVICE: asks in the background, the answer goes to FILE
asker=
ask() {
	/usr/bin/python3 - "$dir/run/qubes/policy.sock" "$2" "$3" "$4" >"$dir/$1" <<'P' &
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"source=%s\nintended_target=%s\nservice_and_arg=%s\n\n" % tuple(a.encode() for a in sys.argv[2:5]))
print(b"".join(iter(lambda: s.recv(4096), b"")).decode())
P
	asker=$!
	started+=("$asker")
}
window() { xdotool search --onlyvisible --name "^\[dom0\] $1 asks\$"; }
no_window() { ! window "$1"; }
answered() { [ -s "$dir/$1" ]; }
# confirms, refuses FILE QUBE: a question does not take every key at first
confirms() { pressed "^\[dom0\] $2 asks\$" Return answered "$1"; }
refuses() { pressed "^\[dom0\] $2 asks\$" Escape answered "$1"; }
# asks FILE SOURCE...: as ask, when the windows of the questions before it are gone
asks() {
	eventually 10 no_window "$2"
	ask "$@"
}
target_of() { sed -n 's/^target=//p; s/^result=deny$/deny/p' "$dir/$1"; }

ask a work personal test.Copy
# The first one brings all of the toolkit along.
check "the question appears" eventually 20 window work
is_announced() { announced "$(window "$1")"; }
check "and is announced" eventually 10 is_announced work
eventually 10 active "work asks"
xdotool key Return
sleep 0.3
check "nothing can be confirmed at once" test ! -s "$dir/a"
sleep 1
xdotool key Return
sleep 0.3
check "nor without a choice" test ! -s "$dir/a"
check "it wears the color of the source" eventually 5 top_color "$(window work)" "#3465A4"
eventually 10 active "work asks"
xdotool type vau
check "typing finds the target" eventually 5 confirms a work
equal "and Return confirms it" vault "$(target_of a)"
check "the question is gone" eventually 5 no_window work
check "from what is announced, too" eventually 5 none_announced

asks b work personal test.Copy
check "Escape refuses" eventually 10 refuses b work
equal "with a denial" deny "$(target_of b)"

asks c work personal test.Default
check "a default target only wants confirmation" eventually 10 confirms c work
equal "and is the one of the rule" vault "$(target_of c)"

asks d work personal test.Copy
eventually 10 active "work asks"
xdotool key --delay 50 Down Down Up Down
eventually 10 confirms d work
equal "the arrow keys choose" personal "$(target_of d)"

asks e work personal test.Copy
first=$asker
eventually 10 window work
ask f work vault test.Copy
ask g personal vault test.Copy
check "another qube's question appears beside it" eventually 5 window personal
equal "but of one qube only one at a time" 1 "$(window work | grep -c .)"
eventually 10 refuses g personal
gone=$(window work)
kill "$first"
check "a caller that goes away takes its question along, and the next one appears" \
	eventually 5 grep -q "the caller is gone" "$dir/daemon.log"
another_window() { [ "$(window work | grep -c .)" = 1 ] && window work | grep -qvx "$gone"; }
eventually 5 another_window
check "and can be answered" eventually 10 refuses f work

ask h work vault test.Deny
check "a refusal is told, here on standard error" eventually 5 grep -q "Denied: test.Deny from work to vault" "$dir/agent.log"
equal "the log names the rule" 1 "$(grep -c 'test.Deny+: work -> vault: denied: denied by policy (.*30-user.policy:3)' "$dir/daemon.log")"

# With a notification service the refusal is shown there: one notice for each source and service.
kill "$agent"
eventually 5 test ! -e "$dir/run/qubes/policy-agent.sock"
export DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus
start bus.log dbus-daemon --session --nofork --nopidfile --address="$DBUS_SESSION_BUS_ADDRESS"
eventually 5 listens "$dir/bus"
start dunst.log dunst -print
# Else the bus starts another one for the first notice, which nobody reads.
eventually 10 on_bus org.freedesktop.Notifications
start agent2.log "$BUILD/bin/qrexec-policy-agent"
eventually 5 listens "$dir/run/qubes/policy-agent.sock"
told() {
	ask j work vault test.Deny
	eventually 2 grep -q "Denied <b>test.Deny</b> from <b>work</b> to <b>vault</b>" "$dir/dunst.log"
}
check "a desktop shows it as a notification" eventually 10 told

# A desktop in a qube: the question goes there, by qrexec, from within the daemon's confinement.
if [ "$(id -u)" = 0 ]; then
	mkdir "$dir/vchan" "$dir/rpc"
	# Our own copies: nobody need not be able to enter the build's folder.
	cp -r "$BUILD"/bin/qrexec-{agent,client,daemon}* "$dir/rpc/"
	cat >"$dir/rpc/policy.Ask" <<-'P'
		#!/bin/sh
		cd "$(dirname "$0")" && cat >asked
		if grep -q test.Later asked; then
			echo $$ >waits
			exec sleep 1000
		fi
		printf allow:vault
	P
	chmod 755 "$dir" "$dir/rpc/policy.Ask"
	chmod 777 "$dir/rpc" "$dir/vchan"
	start vmagent.log env VCHAN_DOMAIN=77 QREXEC_SERVICE_PATH="$dir/rpc" QUBES_RPC_CONFIG_PATH="$dir/none" \
		setpriv --reuid=nobody --regid=nogroup --clear-groups "$dir/rpc/qrexec-agent" -S -a "$dir/rpc/agent"
	start vmdaemon.log env VCHAN_DOMAIN=0 "$dir/rpc/qrexec-daemon" -D --uuid=0-77 77 x-desk nobody
	eventually 10 listens "$dir/run/qubes/qrexec.x-desk"
	ask k x-far vault test.Copy
	check "a desktop in a qube is asked there" eventually 10 answered k
	equal "and its answer counts" vault "$(target_of k)"
	check "it was told what is asked" grep -q '"source": *"x-far"' "$dir/rpc/asked"
	ask l x-far vault test.Later
	eventually 5 test -s "$dir/rpc/waits"
	kill "$asker"
	no_call() { ! pgrep -f 'qrexec-client.* -d x-desk -- DEFAULT:QUBESRPC policy.Ask dom0'; }
	check "a caller that goes away ends the question there, too" eventually 5 no_call
	kill "$(cat "$dir/rpc/waits")"
fi

# As root the daemon becomes the owner, and still reads what only root can.
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$dir/other/run/qubes/policy.d" "$dir/other/etc/qubes/policy.d" "$dir/other/etc/qubes-rpc"
	(umask 077 && echo 'test.Copy * work vault allow' >"$dir/other/etc/qubes/policy.d/30-user.policy")
	chmod 755 "$dir"
	ln -s "$dir/run/qubesd.sock" "$dir/run/qubesd.internal.sock" "$dir/other/run"
	start other.log env QUBES_ROOT="$dir/other" "$BUILD/bin/qrexec-policy-daemon" --owner 65534:65534
	other=$!
	eventually 10 listens "$dir/other/run/qubes/policy.sock"
	uids() { awk '/^Uid:/{print $2, $3, $4, $5}' "/proc/$other/status"; }
	rights() { awk '/^CapEff:|^CapBnd:|^NoNewPrivs:|^Seccomp:/{print $2}' "/proc/$other/status" | xargs; }
	confined() { [ "$(rights | cut -d' ' -f4)" = 2 ]; }
	eventually 5 confined
	equal "the daemon is not root" "65534 65534 65534 65534" "$(uids)"
	equal "it can read, and nothing else" "0000000000000004 0000000000000000 1 2" "$(rights)"
	equal "its socket belongs to the owner" "65534:65534 660" "$(stat -c '%u:%g %a' "$dir/other/run/qubes/policy.sock")"
	ln -sfn "$dir/other/run/qubes/policy.sock" "$dir/run/qubes/policy.sock.other"
	mv "$dir/run/qubes/policy.sock" "$dir/run/qubes/policy.sock.first"
	mv "$dir/run/qubes/policy.sock.other" "$dir/run/qubes/policy.sock"
	ask i work vault test.Copy
	eventually 5 answered i
	equal "and decides" vault "$(target_of i)"
fi
finish
