#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole system through its real programs: containers are started, services called
# between them and refused by policy, windows opened and their frames looked at pixel by
# pixel, daemons killed, and nothing may be left at the end.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

state_of() { qvm-ls --raw-data -O STATE "$1" 2>/dev/null; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
in_vm() { timeout 300 qvm-run -p "$1" "$2" </dev/null 2>/dev/null; }
answers() { [ "$(in_vm "$1" 'echo alive')" = alive ]; }

own_devices() { stat -c '%n %u:%g %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; }
devices=$(own_devices)
if ! dom0_up || ! embedded qubes >&2; then
	report 1 "dom0 comes up"
	finish
	exit 1
fi
cp "$tree/tests/system/policy/30-test.policy" "$QUBES_ROOT/etc/qubes/policy.d/"

# --- the usual qubes ---------------------------------------------------------------
equal "the usual qubes exist" "default-dvm dom0 debian-12 personal untrusted vault work" \
	"$(qvm-ls --raw-list | sort | paste -sd' ' | sed 's/debian-12 default-dvm dom0/default-dvm dom0 debian-12/')"
equal "labels" "blue yellow red black" \
	"$(for q in work personal untrusted vault; do qvm-prefs $q label; done | paste -sd' ')"
equal "vault has no network" "" "$(qvm-prefs vault netvm)"
equal "nothing runs yet" "Halted" "$(state_of work)"

# --- start ---------------------------------------------------------------------------
check "work starts" timeout 300 qvm-start work
check "personal starts" timeout 300 qvm-start personal
equal "work is running" Running "$(state_of work)"
check "work answers" answers work
equal "qubes know their names" "work personal" "$(in_vm work hostname) $(in_vm personal hostname)"
equal "QubesDB in the qube" "work AppVM" "$(in_vm work 'qubesdb-read /name; qubesdb-read /type' | paste -sd' ')"
equal "commands run as the user" user "$(in_vm work 'id -un')"
equal "qvm-run -u root" root "$(qvm-run -p -u root work 'id -un' 2>/dev/null </dev/null)"
equal "systemd has no failed unit" "" "$(qvm-run -p -u root work 'systemctl --failed --no-legend --plain' 2>/dev/null </dev/null)"
qvm-run -p work 'exit 42' </dev/null >/dev/null 2>&1
equal "exit codes pass" 42 $?
equal "standard input passes" "$(head -c 3000000 "$BUILD/bin/qubesd" | sha256sum)" \
	"$(head -c 3000000 "$BUILD/bin/qubesd" | qvm-run -p work sha256sum 2>/dev/null)"
before=$(date -u +%Y-%m-%d)
is_today() {
	local got
	got=$(qvm-run -p --service work qubes.GetDate </dev/null 2>/dev/null | cut -c1-10)
	[[ ! $got < $before && ! $got > $(date -u +%Y-%m-%d) ]]
}
check "qvm-run --service" is_today

# --- calls between qubes ---------------------------------------------------------------
equal "work may call personal" "served by personal for work" \
	"$(in_vm personal 'cat >/dev/null; mkdir -p ~/x' ; qvm-run -p -u root personal \
		"printf '#!/bin/sh\necho served by \$(hostname) for \$QREXEC_REMOTE_DOMAIN\n' >/etc/qubes-rpc/test.Hello; chmod 755 /etc/qubes-rpc/test.Hello" \
		</dev/null 2>/dev/null; in_vm work 'qrexec-client-vm personal test.Hello')"
in_vm work 'qrexec-client-vm personal test.Denied' >/dev/null
equal "a denied call gets 126" 126 $?
in_vm personal 'qrexec-client-vm work test.Hello' >/dev/null
equal "and not the other way round" 126 $?
qvm-run -p -u root personal "printf '#!/bin/sh\nexec sha256sum\n' >/etc/qubes-rpc/test.Sum; chmod 755 /etc/qubes-rpc/test.Sum" </dev/null 2>/dev/null
equal "50 MB between qubes" "$(head -c 50000000 /dev/zero | sha256sum)" \
	"$(in_vm work 'head -c 50000000 /dev/zero | qrexec-client-vm personal test.Sum')"
check "a call starts a halted qube" [ "$(in_vm work 'qrexec-client-vm untrusted qubes.GetDate' | cut -c1-4)" = "$(date -u +%Y)" ]
equal "and it runs now" Running "$(state_of untrusted)"

# --- applications ------------------------------------------------------------------------
equal "a qube knows its applications" "qubes-run-terminal.desktop:Exec=qubes-desktop-run qubes-run-terminal.desktop" \
	"$(qvm-run -p work '/usr/lib/qubes/qubes-list-apps | grep ^qubes-run-terminal.desktop:Exec' </dev/null 2>/dev/null)"
qvm-run -p --service work qubes.StartApp+not-there </dev/null >/dev/null 2>&1
equal "and says which it has not" 127 $?

# --- sound -----------------------------------------------------------------------------------
# shellcheck source=tests/audio/in-qube.sh
. "$tree/tests/audio/in-qube.sh"

# --- administration from a qube --------------------------------------------------------------
in_vm work 'qvm-prefs vault memory 1' >/dev/null
[ $? -ne 0 ]
report $? "a qube cannot administrate"
for f in admin-global-ro admin-local-ro admin-local-rwx; do
	echo 'work @adminvm allow target=dom0' >>"$QUBES_ROOT/etc/qubes/policy.d/include/$f"
	echo 'work @anyvm allow target=dom0' >>"$QUBES_ROOT/etc/qubes/policy.d/include/$f"
done
lists() { [ "$(in_vm work 'qvm-ls --raw-data -O name,class,label')" = "$(qvm-ls --raw-data -O name,class,label)" ]; }
check "unless the policy says so: it sees what dom0 sees" eventually 15 lists
equal "properties" "red" "$(in_vm work 'qvm-prefs untrusted label')"
equal "changes them" "350" "$(in_vm work 'qvm-prefs vault memory 350'; qvm-prefs vault memory)"
equal "features and tags" "a b|mine" "$(in_vm work 'qvm-features vault x "a b"; qvm-tags vault add mine'
	echo "$(qvm-features vault x)|$(qvm-tags vault ls mine)")"
equal "starts" Running "$(in_vm work 'qvm-start -q --skip-if-running vault'; state_of vault)"
equal "stops" Halted "$(in_vm work 'qvm-shutdown -q --wait vault'; state_of vault)"
equal "and is told what it may not" 1 "$(in_vm work 'qubes-prefs default_user x; echo $?')"
qvm-prefs -D vault memory
qvm-features -D vault x
for f in admin-global-ro admin-local-ro admin-local-rwx; do
	sed -i '/^work @/d' "$QUBES_ROOT/etc/qubes/policy.d/include/$f"
done

# --- where the time of a start goes -----------------------------------------------------------
stages() {
	qvm-kill "$1" && timeout 300 qvm-start --trace "$1" | awk '{print $1}' |
		grep -xE 'volumes|domain|kernel|init|agent|total' | paste -sd' '
}
equal "a start tells its stages" "volumes domain kernel init agent total" "$(stages untrusted)"

# console SECONDS: what it prints to a Return in that time
console() { (sleep 1; printf '\r'; sleep "$1"; printf '\035') | timeout 100 qvm-console work; }
prints() { console 1 | grep -q . || console 10 | grep -q .; }
check "its console can be reached" eventually 5 prints
refused "that of a halted one cannot" "vault is not running" qvm-console vault

# --- windows ---------------------------------------------------------------------------
frame_of() { "$tree/tests/system/frame.py" "$1" "$2"; }
qvm-run work 'xterm -geometry 60x10+50+60 -T first' </dev/null >/dev/null 2>&1 &
qvm-run personal 'xterm -geometry 60x10+600+400 -T second' </dev/null >/dev/null 2>&1 &
check "a window of work appears" eventually 30 frame_of work 3465a4
check "framed in blue on all four sides" eventually 5 frame_of work 3465a4
check "a window of personal appears" eventually 30 frame_of personal edd400
check "framed in yellow on all four sides" eventually 5 frame_of personal edd400
check "a frame is not any colour" bash -c "! $tree/tests/system/frame.py work edd400"
# No key repeats because xdotool is slow to let it go.
/usr/bin/python3 -c 'from Xlib import X, display
d = display.Display()
d.change_keyboard_control(auto_repeat_mode=X.AutoRepeatModeOff)
d.sync()'
typed() { [ "$(in_vm work 'cat ~/typed')" = typed-in-dom0 ]; }
types() {
	eventually 5 active '^\[work\]'
	xdotool key ctrl+u
	xdotool type --delay 20 'echo typed-in-dom0 >~/typed'
	xdotool key Return
	eventually 1 typed
}
check "typing reaches the qube" eventually 15 types
import -window root "$QUBES_ROOT/screen.png" 2>/dev/null

# --- the user is asked -------------------------------------------------------------------
no_question() { ! xdotool search --onlyvisible --name 'work asks'; }
in_vm work 'echo for the vault >~/letter'
qvm-run -p work 'qvm-copy ~/letter; echo status $?' </dev/null >"$QUBES_ROOT/asked" 2>&1 &
asked=$!
check "copying a file asks" eventually 15 active 'work asks'
import -window root "$QUBES_ROOT/prompt.png" 2>/dev/null
xdotool type --delay 50 vault
# Not at once: a question does not take every key at first.
check "the vault is chosen" eventually 10 pressed 'work asks' Return no_question
wait $asked
check "choosing vault sends it" grep -q 'status 0' "$QUBES_ROOT/asked"
equal "and it arrives" "for the vault" "$(in_vm vault 'cat ~/QubesIncoming/work/letter')"
qvm-run -p work 'qrexec-client-vm vault qubes.Filecopy 2>&1; echo status $?' </dev/null >"$QUBES_ROOT/asked" 2>&1 &
asked=$!
check "asked again" eventually 15 active 'work asks'
check "refused" eventually 10 pressed 'work asks' Escape no_question
wait $asked
equal "refusing refuses" "Request refused status 126" "$(grep -v '^Running' "$QUBES_ROOT/asked" | paste -sd' ')"
qvm-kill vault >/dev/null 2>&1

# --- what a qube cannot reach -------------------------------------------------------------
as_root() { qvm-run -p -u root work "$1" </dev/null 2>/dev/null; }
equal "dom0's sockets are not there" "" "$(as_root "find / -xdev -name 'qubesd*sock' -o -name policy.sock 2>/dev/null")"
equal "nor the host's files" "" "$(as_root "ls -d '$QUBES_ROOT' '$tree' 2>/dev/null")"
equal "one vchan folder, its own" "$(qvm-prefs work xid)" "$(as_root 'cat /run/vchan/domid')"
equal "root in a qube is nobody outside" 1 "$(as_root "awk '\$1 == 0 && \$2 >= 65536 && \$3 == 65536' /proc/self/uid_map | wc -l")"
equal "no foreign process is visible" 0 "$(as_root 'pgrep -c -x qubesd')"
equal "kernel settings are out of reach" 1 "$(as_root 'echo x >/proc/sys/kernel/core_pattern; echo $?')"
equal "block devices are out of reach" "" "$(as_root 'for d in /dev/loop* /dev/vd* /dev/sd*; do head -c1 $d && echo $d; done' 2>/dev/null)"
equal "nor can its vchan folder be filled without end" yes \
	"$(as_root '[ "$(head -c 100M /dev/zero 2>/dev/null | dd of=/run/vchan/fill bs=1M iflag=fullblock 2>/dev/null; stat -c %s /run/vchan/fill)" -lt 20000000 ] && echo yes; rm -f /run/vchan/fill')"
equal "no network" "lo" "$(as_root 'ls /sys/class/net' | paste -sd' ')"

# --- daemons die ----------------------------------------------------------------------------
xid=$(qvm-prefs work xid)
kill_and_check() {
	local what=$1 pid
	for pid in $(pids_of "$what"); do kill -9 "$pid" 2>/dev/null; done
	check "after kill -9 of $what: work answers" eventually 20 answers work
	# While what died is started again it is not yet.
	eventually 20 is_state work Running
	equal "after kill -9 of $what: it never stopped" "$xid Running" "$(qvm-prefs work xid) $(state_of work)"
}
for d in qubesd qrexec-daemon qubesdb-daemon qrexec-policy-daemon libvirtd vchan-broker; do
	kill_and_check $d
done
check "libvirtd is back" eventually 20 inside virsh -q -c "$QUBES_LIBVIRT_URI" list
for pid in $(pids_of qubes-guid); do kill -9 "$pid" 2>/dev/null; done
check "after kill -9 of qubes-guid: the windows come back" eventually 30 frame_of work 3465a4
check "after all that: a call between qubes" eventually 20 \
	bash -c "[ \"\$(qvm-run -p work 'qrexec-client-vm personal test.Hello' </dev/null 2>/dev/null)\" = 'served by personal for work' ]"

# --- a disposable -----------------------------------------------------------------------------
disposable=$(timeout 300 qvm-run -p --dispvm default-dvm 'hostname; touch ~/trace' </dev/null 2>/dev/null)
check "a disposable ran" bash -c "[[ '$disposable' =~ ^disp[0-9]+$ ]]"
gone() { ! qvm-check -q "$disposable" && [ -z "$(inside find "$QUBES_ROOT/var/lib/qubes" -path "*/$disposable*")" ]; }
check "and is gone, volumes and all" eventually 20 gone

# --- one that waits already -------------------------------------------------------------------
qvm-features default-dvm preload-dispvm-max 1
waiting() { qvm-features default-dvm preload-dispvm 2>/dev/null; }
is_waiting() {
	local name
	name=$(waiting) && [ "$(state_of "$name")" = Paused ] && [ -z "$(qvm-features "$name" preload-dispvm-in-progress 2>/dev/null)" ]
}
check "a disposable is preloaded and paused" eventually 60 is_waiting
disposable=$(waiting)
equal "who wants a disposable gets that one" "$disposable" \
	"$(timeout 300 qvm-run -p --dispvm default-dvm hostname </dev/null 2>/dev/null)"
check "which is gone afterwards" eventually 20 gone
check "the next one waits" eventually 60 is_waiting
disposable=$(waiting)
qvm-features --unset default-dvm preload-dispvm-max
check "switched off, none waits" eventually 20 gone

# --- the Admin API from a qube -----------------------------------------------------------------
admin() { in_vm work "qrexec-client-vm $1 $2 </dev/null | tr '\\0' ' '"; }
equal "a list shows what policy lets the caller see" "dom0 personal" \
	"$(admin dom0 admin.vm.List | sed 's/^0 //' | cut -d' ' -f1 | paste -sd' ')"
check "a call about one qube" grep -q '^0 mem=.*power_state=Running' <(admin personal admin.vm.CurrentState)
equal "a change that policy names" purple \
	"$(in_vm work 'printf purple | qrexec-client-vm personal admin.vm.property.Set+label' >/dev/null; qvm-prefs personal label)"
qvm-prefs personal label yellow
in_vm work 'qrexec-client-vm personal admin.vm.property.Set+netvm </dev/null' >/dev/null
equal "no other change" 126 $?
in_vm work 'qrexec-client-vm personal admin.vm.Kill </dev/null' >/dev/null
equal "no other call" 126 $?
console() { in_vm work '(sleep 1; echo; sleep 2; echo; sleep 5) | timeout 100 qrexec-client-vm personal admin.vm.Console' | grep -q Linux; }
check "the console of another qube" eventually 5 console

# --- life cycle ---------------------------------------------------------------------------------
in_vm personal 'echo kept >~/note' >/dev/null
check "pause" qvm-pause personal
equal "paused" Paused "$(state_of personal)"
check "unpause" qvm-unpause personal
check "shut down" timeout 300 qvm-shutdown --wait personal
equal "halted" Halted "$(state_of personal)"
check "clone" qvm-clone personal copy
check "start the clone" timeout 300 qvm-start copy
equal "the clone has the data" kept "$(in_vm copy 'cat ~/note')"
qvm-run -p -u root copy 'touch /etc/gone' </dev/null >/dev/null 2>&1
check "kill" qvm-kill copy
check "start again" timeout 300 qvm-start copy
equal "home persists, root does not" "kept" "$(in_vm copy 'cat ~/note; ls /etc/gone 2>/dev/null')"
check "kill again" qvm-kill copy
check "remove" qvm-remove -f copy
refused "and it is gone" "no such domain: 'copy'" qvm-start copy

# --- bad input --------------------------------------------------------------------------------------
before=$(qvm-ls --raw-list | sort)
refused "unknown qube" "no such domain: 'nosuch'" qvm-start nosuch
refused "duplicate name" "already exists|already" qvm-create -l red work
refused "invalid name" "9x" qvm-create -l red '9x/..'
refused "missing template" "nosuchtemplate" qvm-create -l red -t nosuchtemplate other
refused "wrong label" "label" qvm-create -l nosuchlabel other
equal "nothing was changed by any of it" "$before" "$(qvm-ls --raw-list | sort)"

echo 'test.Broken * work' >"$QUBES_ROOT/etc/qubes/policy.d/20-broken.policy"
broken() { ! in_vm work 'qrexec-client-vm personal test.Hello' && grep -q '20-broken.policy:1' "$QUBES_ROOT/var/log/qubes/25-policy-daemon.log"; }
check "a broken policy denies, with file and line in the log" eventually 10 broken
check "and qubes-policy-lint names the line" bash -c \
	"qubes-policy-lint '$QUBES_ROOT/etc/qubes/policy.d/20-broken.policy' | grep -q ':1: error:'"
rm "$QUBES_ROOT/etc/qubes/policy.d/20-broken.policy"
mended() { in_vm work 'qrexec-client-vm untrusted qubes.GetDate' | grep -q "^$(date -u +%Y)"; }
check "mended, it allows again" eventually 10 mended

pool=$QUBES_ROOT/var/lib/qubes
if inside test -d "$pool/appvms/vault"; then
	before=$(inside sha256sum "$pool/appvms/vault/private.img" | cut -c1-64)
	head -c 200000000 /dev/urandom >"$QUBES_ROOT/big"
	# All but 100 MB is taken; in pieces, where what is free cannot be had in one; and once more,
	# where what was removed before gives back its room late.
	room() { inside sync -f "$pool" && inside df --output=avail -B1M "$pool" | tail -n 1; }
	pieces=0
	fill() {
		local size
		size=$(($(room) - 100))
		for _ in $(seq 20); do
			[ "$size" -gt 0 ] || break
			pieces=$((pieces + 1))
			if inside fallocate -l "${size}M" "$pool/ballast.$pieces" 2>/dev/null; then
				size=$(($(room) - 100))
			else
				inside rm -f "$pool/ballast.$pieces"
				size=$((size / 2))
			fi
		done
		sleep 1
		[ "$(room)" -lt 130 ]
	}
	eventually 10 fill
	refused "full pool" "[Ss]pace|full" "$tree/dom0/embedded/qubes-embedded" --bin "$BUILD/bin" --state "$QUBES_ROOT" shell qvm-volume import vault:private "$QUBES_ROOT/big"
	equal "and the volume is as it was" "$before" "$(inside sha256sum "$pool/appvms/vault/private.img" | cut -c1-64)"
	inside sh -c "rm -f '$pool'/ballast.*"
	rm -f "$QUBES_ROOT/big"
fi

# Dead, and kept from coming back: something else stands in its place.
service=$QUBES_ROOT/embedded/services/10-libvirtd
mv "$service" "$service.kept"
printf '#!/bin/sh\nexec tail -f /dev/null\n' >"$service"
chmod 755 "$service"
for p in $(pids_of libvirtd); do kill -9 "$p"; done
stood_in() { [ -n "$(pids_of tail)" ]; }
eventually 20 stood_in
refused "dead libvirtd" "libvirt" qvm-start vault
mv "$service.kept" "$service"
for p in $(pids_of tail); do kill "$p"; done
check "and vault starts when it is back" timeout 300 bash -c "until qvm-start --skip-if-running vault; do sleep 1; done"

# --- the end -------------------------------------------------------------------------------------------
check "everything shuts down" timeout 400 "$tree/dom0/embedded/qubes-embedded" --bin "$BUILD/bin" --state "$QUBES_ROOT" down
left_processes() {
	local p
	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" != $$ ] && [ "$(awk '/^PPid/{print $2}' "$p/status")" != $$ ] || continue
		tr '\0' '\n' <"$p/environ" | grep -qxF "QUBES_ROOT=$QUBES_ROOT" && tr '\0' ' ' <"$p/cmdline"
	done 2>/dev/null
}
left_of() {
	left_processes
	grep -F "$QUBES_ROOT" /proc/mounts
	losetup -a | grep -F "$QUBES_ROOT"
}
nothing_left() { [ -z "$(left_of)" ]; }
eventually 5 nothing_left # what has lost its connection takes a moment to end
equal "no process, mount or loop device is left" "" "$(left_of)"
equal "this machine's own devices are as they were" "$devices" "$(own_devices)"
check "no runtime file is left" [ ! -e "$QUBES_ROOT/run" ]
finish
