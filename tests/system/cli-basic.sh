#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line against qubesd on libvirt's in-memory hypervisor: what users type every
# day, what they mistype, and the session's GUI daemons. Needs no container and no display.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

QUBES_ROOT=$(mktemp -d /tmp/qc.XXXXXX)/dom0
export QUBES_ROOT
unset QUBESD_SOCKET QUBES_CONNECTION
tools=$(dirname "$QUBES_ROOT")/bin
state=$QUBES_ROOT/var/lib/qubes
qubesd_pid="" daemon_pid=""

cleanup() {
	local p
	for p in $daemon_pid $qubesd_pid; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	for p in "$QUBES_ROOT"/run/qubes/{guid-running,pacat}.*; do
		[ -f "$p" ] && kill "$(cat "$p")" 2>/dev/null
	done
	rm -rf "$(dirname "$QUBES_ROOT")"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

start_qubesd() {
	"$BUILD/bin/qubesd" --root "$QUBES_ROOT" --libvirt test:///default \
		>>"$QUBES_ROOT/qubesd.log" 2>&1 &
	qubesd_pid=$!
}

stop_qubesd() {
	kill "$qubesd_pid"
	wait "$qubesd_pid" 2>/dev/null
}

# A copy of qvm whose neighbours are not the real helpers.
mkdir -p "$tools" "$state/vm-kernels/1.0" "$QUBES_ROOT/run/user"
cp -L "$BUILD/bin/qvm" "$tools/qvm"
for l in "$BUILD"/bin/q*; do [ "$(readlink "$l")" = qvm ] && ln -s qvm "$tools/${l##*/}"; done
touch "$state/vm-kernels/1.0/vmlinuz" "$state/vm-kernels/1.0/initramfs"
cat >"$tools/qubes-guid" <<'EOF'
#!/usr/bin/python3
# Stands for the GUI and the audio daemon: holds the lock on its pid file until it is told to end.
import fcntl, os, signal, sys
audio = sys.argv[0].endswith('pacat-simple-vchan')
path = os.environ['QUBES_ROOT'] + '/run/qubes/' + \
    ('pacat.' + sys.argv[-2] if audio else 'guid-running.' + sys.argv[sys.argv.index('-d') + 1])
print(*sys.argv[1:], flush=True)
f = open(path, 'w')
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
print(os.getpid(), file=f, flush=True)
def end(*_):
    os.unlink(path)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    signal.pause()
EOF
cat >"$tools/qrexec-client" <<'EOF'
#!/bin/sh
# Stands for qrexec-client: notes its arguments; the last one may ask for something.
echo "$*" >>"$QUBES_ROOT/qrexec.log"
case $* in
*SetMonitorLayout*)
	printf '%s: %s\n' "$*" "$(tr '\n' ';')" >>"$QUBES_ROOT/layout.log"
	exit 0
	;;
*exit42*) exit 42 ;;
*wait*) exec sleep 1000 ;;
*-e*) exit 0 ;;
esac
echo "from the qube"
cat
EOF
cat >"$tools/qubes-gui-watch" <<'EOF'
#!/bin/sh
# Stands for the program that watches the X session.
exec cat "$QUBES_ROOT/session"
EOF
cp "$tools/qubes-guid" "$tools/pacat-simple-vchan"
chmod 755 "$tools/pacat-simple-vchan" "$tools/qubes-guid" "$tools/qrexec-client" "$tools/qubes-gui-watch"
PATH=$tools:$PATH

start_qubesd
check "qubesd starts" eventually 10 qvm-ls
qubes-prefs default_kernel 1.0

# --- every day ----------------------------------------------------------------------------
check "create a template" qvm-create -C TemplateVM -l black tpl
check "make it the default" qubes-prefs default_template tpl
check "create qubes" sh -c 'qvm-create -l blue --prop provides_network=True net &&
	qvm-create -l red --prop netvm=net work && qvm-create -l yellow --standalone alone'
equal "they are listed" "NAME   STATE    CLASS         LABEL   TEMPLATE  NETVM
alone  Halted   StandaloneVM  yellow  -         -
dom0   Running  AdminVM       black   -         -
net    Halted   AppVM         blue    tpl       -
tpl    Halted   TemplateVM    black   -         -
work   Halted   AppVM         red     tpl       net" "$(qvm-ls)"
equal "as a tree" "alone dom0 tpl net └─work" "$(qvm-ls --tree -O name | tail -n +2 | xargs)"
equal "for scripts" "net|AppVM|blue" "$(qvm-ls --raw-data -O name,class,label net)"
equal "as JSON" "red AppVM" "$(qvm-ls --format json work |
	/usr/bin/python3 -c 'import json, sys; q = json.load(sys.stdin)[0]; print(q["label"], q["class"])')"
equal "by pattern" "net work" "$(qvm-ls --raw-list 'n*' '?or[kx]' | xargs)"
equal "a property" "400" "$(qvm-prefs work memory)"
check "changes" qvm-prefs work memory 500
equal "and is as set" "500 -" "$(qvm-prefs work memory) $(qvm-prefs work | awk '$1 == "memory" {print $2}')"
check "goes back" qvm-prefs -D work memory
equal "to its default" "400 D" "$(qvm-prefs work memory) $(qvm-prefs work | awk '$1 == "memory" {print $2}')"
check "features" qvm-features work color 'deep blue'
equal "are kept" "color  deep blue" "$(qvm-features work)"
check "services" qvm-service work cups on
equal "are switched" "cups  on" "$(qvm-service work)"
check "tags" qvm-tags work add mine yours
equal "are listed" "mine yours" "$(qvm-tags work | grep -x 'mine\|yours' | xargs)"
check "firewall rules" qvm-firewall work add accept 10.0.0.0/8 tcp 80-90
equal "are in order" "action=accept
action=accept proto=tcp dst4=10.0.0.0/8 dstports=80-90" "$(qvm-firewall work --raw)"
check "notes" qvm-notes work --set 'remember this'
equal "are kept, too" "remember this" "$(qvm-notes work --print)"
check "resize a volume" qvm-volume resize work:private 3GiB
equal "and it is larger" 3221225472 "$(qvm-volume info work:private size)"
check "start" qvm-start work
equal "with its network" "net work" "$(qvm-ls --running --raw-list | grep -v dom0 | xargs)"
check "trace a start" bash -c 'qvm-start --trace alone | grep -q "^total "'
check "pause" qvm-pause work
check "it is" qvm-check -q --paused work
check "unpause" qvm-unpause work
check "clone" qvm-clone -q work copy
equal "with all that it has" "deep blue|mine|action=accept|remember this|net" \
	"$(qvm-features copy color)|$(qvm-tags copy ls mine)|$(qvm-firewall copy --raw | head -n 1)|$(qvm-notes copy -p)|$(qvm-prefs copy netvm)"
check "shut down" qvm-shutdown --wait work
check "kill" qvm-kill alone
equal "all are down" "" "$(qvm-ls --running --raw-list | grep -v 'dom0\|net')"
check "remove" qvm-remove -f copy
qvm-check -q copy
equal "and it is gone" 1 $?
equal "asked first" "Remove cancelled." "$(echo n | qvm-remove work 2>&1 >/dev/null | tail -n 1)"
check "it is still there" qvm-check -q work

# --- consoles, and the clock --------------------------------------------------------------------
qvm-start -q --skip-if-running work
mkdir "$QUBES_ROOT/services"
cat >"$QUBES_ROOT/services/admin.vm.Console" <<'EOF'
#!/bin/sh
# Stands for the service: says who asks for what, gives back what is typed.
[ ! -e "$QUBES_ROOT/busy" ] || exit 200
echo "$QREXEC_REMOTE_DOMAIN at $QREXEC_REQUESTED_TARGET"
cat
EOF
chmod 755 "$QUBES_ROOT/services/admin.vm.Console"
export QREXEC_SERVICES_DIR=$QUBES_ROOT/services
equal "the console of a qube" "dom0 at work|typed" "$(echo typed | qvm-console work | tr '\n' '|' | sed 's/|$//')"
# It has to come to the point where it says something.
left_by_key() { [ "$( (while sleep "$1"; do printf '\035' || exit; done) | timeout 90 qvm-console work)" = "dom0 at work" ]; }
left() { left_by_key 1 || left_by_key 10; }
check "is left by ^]" eventually 5 left
touch "$QUBES_ROOT/busy"
refused "one at a time has it" "somebody else has the console of work" qvm-console work
rm "$QUBES_ROOT/busy"
refused "a halted qube has none" "tpl is not running: qvm-start tpl" qvm-console tpl
refused "nor has an unknown one" "no such domain: 'wrok'; did you mean 'work'" qvm-console wrok
refused "in a disposable: unknown qube" "domain 'wrok' does not exist or is not running; did you mean 'work'" \
	qvm-console-dispvm wrok
refused "in a disposable: halted qube" "domain 'tpl' does not exist or is not running" qvm-console-dispvm tpl
refused "in a disposable: of which template" "cannot determine management DispVM of domain 'work'" \
	qvm-console-dispvm -- work
qvm-create -l red mgmt
qvm-prefs mgmt template_for_dispvms True
qvm-prefs work management_dispvm mgmt
mv "$tools/qvm-run" "$tools/qvm-run.real"
printf '#!/bin/sh\nprintf "%%s|" "$@"\nexit 7\n' >"$tools/qvm-run"
printf '#!/bin/sh\nexec "$@"\n' >"$tools/sudo"
chmod 755 "$tools/qvm-run" "$tools/sudo"
equal "in a disposable" "-p|--localcmd=QREXEC_REQUESTED_TARGET=work QREXEC_REMOTE_DOMAIN=dom0 '$QREXEC_SERVICES_DIR/admin.vm.Console'|--service|--dispvm=mgmt|--|qubes.ShowInTerminal| 7" \
	"$(qvm-console-dispvm work; echo " $?")"
qvm-kill work
check "which starts it when told to" bash -c 'qvm-console-dispvm --autostart work; qvm-check -q --running work'
mv "$tools/qvm-run.real" "$tools/qvm-run"
rm -f "$tools/sudo"
unset QREXEC_SERVICES_DIR
if [ "$(id -u)" = 0 ]; then
	check "no qube knows the time: nothing to do" qvm-sync-clock
	qubes-prefs clockvm net
	qvm-shutdown -q --wait --force net
	equal "one that is halted does not tell it" \
		"Error: net, which is to tell the time, is not running; nothing is changed|0" \
		"$(qvm-sync-clock 2>&1 | tr '\n' '|'; echo "${PIPESTATUS[0]}")"
	qvm-start -q net
	refused "what it says is not believed blindly" "net told no usable time: .*; nothing is changed" qvm-sync-clock
	qubes-prefs clockvm none
else
	refused "only root sets the clock" "only root may set the clock: sudo qvm-sync-clock" qvm-sync-clock
fi
qvm-prefs -D work management_dispvm
qvm-remove -q -f mgmt

# --- a template's package, as it was unpacked ---------------------------------------------------
ln -s "$(readlink -f "$(dirname "$0")/../../dom0/rpc/admin.vm.volume.Import")" "$QUBES_ROOT/services/admin.vm.volume.ImportWithSize"
package=$QUBES_ROOT/package
unpack() { # plain, tar or parts
	rm -rf "$package"
	mkdir "$package"
	cp "$QUBES_ROOT/root.img" "$package/"
	printf 'gui=1\nqrexec=1\nkernel=\nvirt_mode=pv\nnosuch=1\n' >"$package/template.conf"
	printf 'one.desktop\ntwo.desktop\n' >"$package/whitelisted-appmenus.list"
	[ "$1" != plain ] || return
	tar -C "$package" -cf "$package/root.img.tar" root.img
	rm "$package/root.img"
	[ "$1" != parts ] || (cd "$package" && split -b 100K -d root.img.tar root.img.part. && rm root.img.tar)
}
postprocess() { QREXEC_SERVICES_DIR=$QUBES_ROOT/services qvm-template-postprocess --really --skip-start "$@"; }
for form in plain tar parts; do
	head -c 300000 /dev/urandom >"$QUBES_ROOT/root.img"
	unpack $form
	check "a package ($form) becomes a template" postprocess post-install packed "$package"
	check "with the image that it brought" cmp "$QUBES_ROOT/root.img" "$state/vm-templates/packed/root.img"
	equal "and its settings" "one.desktop two.desktop|1||pvh|True" \
		"$(qvm-features packed menu-items)|$(qvm-features packed gui)|$(qvm-prefs packed kernel)|$(qvm-prefs packed virt_mode)|$(qvm-prefs packed installed_by_rpm)"
	check "what was unpacked is gone" test ! -e "$package"
done
unpack plain
rm "$package/root.img"
refused "a package without an image" "root.img not found" qvm-template-postprocess --really --skip-start post-install unpacked "$package"
qvm-check -q unpacked
equal "is no template" 1 $?
refused "one that is in use stays" "." bash -c 'qvm-template-postprocess --really pre-remove tpl x 2>&1 >/dev/null | tail -n 1 >&2; exit 1'
check "one that is not goes" postprocess pre-remove packed "$package"

# --- mistakes: one line, a status, and nothing changes ------------------------------------------
before=$(sha256sum "$state/qubes.xml")
refused "unknown qube" "no such domain: 'wrok'; did you mean 'work'" qvm-start wrok
refused "unknown qube, nothing like it" "no such domain: 'other'\$" qvm-prefs other
refused "duplicate name" "exists" qvm-create -l red work
refused "invalid name" "9bad" qvm-create -l red 9bad
refused "name with a space" "space" qvm-create -l red 'my qube'
refused "missing template" "nosuch" qvm-create -l red -t nosuch new
refused "wrong label" "no such label: 'pink'; available: red" qvm-create -l pink new
refused "no label" "label" qvm-create new
refused "wrong class" "NoSuchVM" qvm-create -l red -C NoSuchVM new
refused "wrong pool" "nosuchpool" qvm-create -l red -P nosuchpool new
refused "unknown property" "no such property: 'nosuch'" qvm-prefs work nosuch
refused "unknown property to set" "no such property: 'nosuch'" qvm-prefs work nosuch 1
refused "wrong value" "." qvm-prefs work memory much
refused "wrong netvm" "." qvm-prefs work netvm tpl
refused "dom0 cannot be removed" "dom0" qvm-remove -f dom0
refused "a template in use neither" "in use" bash -c 'qvm-remove -f tpl 2>&1 >/dev/null | tail -n 1 >&2; exit 1'
refused "unknown volume" "no volume 'nosuch'" qvm-volume info work:nosuch
refused "shrinking" "shrink" qvm-volume resize work:private 1G
refused "bad rule" "proto" qvm-firewall work add accept 1.2.3.4 sctp
refused "bad switch" "neither on nor off" qvm-service work cups maybe
qvm-start -q --skip-if-running net
refused "already running" "already running" qvm-start net
qvm-shutdown -q --wait net
qvm-start 2>/dev/null
equal "nothing named is a usage error" 2 $?
qvm-ls --nosuch 2>/dev/null
equal "so is an unknown option" 2 $?
equal "nothing was changed by any of it" "$before" "$(sha256sum "$state/qubes.xml")"

# --- running things -------------------------------------------------------------------------------
qvm-start work
: >"$QUBES_ROOT/qrexec.log"
equal "pass input and output" "from the qube
input" "$(echo input | qvm-run -q -p work 'cat')"
equal "through qrexec" "-d work -p cat; exit
 DEFAULT:QUBESRPC qubes.VMShell+ dom0" "$(cat "$QUBES_ROOT/qrexec.log")"
qvm-run -q work exit42
equal "the command's status is ours" 42 $?
qvm-create -l red --prop template_for_dispvms=True dvm
before=$(qvm-ls --raw-list)
check "run in a disposable" qvm-run -q -p --no-gui --dispvm dvm 'ls' </dev/null
# It is removed by its shutdown, after the call has ended.
same_list() { [ "$before" = "$(qvm-ls --raw-list)" ]; }
check "which is gone then" eventually 20 same_list
qvm-run -q --no-gui --dispvm dvm 'wait' </dev/null &
runner=$!
eventually 10 bash -c '[ "$(qvm-ls --raw-list --class DispVM | wc -l)" = 1 ]'
kill $runner
wait $runner 2>/dev/null
check "also when qvm-run is ended" eventually 10 bash -c '[ "$(qvm-ls --raw-list --class DispVM | wc -l)" = 0 ]'
equal "work is no template for disposables" 255 "$(qvm-run -q --dispvm work ls >/dev/null 2>&1; echo $?)"
refused "not this one" "no such domain" qvm-run nosuch ls

# --- completion --------------------------------------------------------------------------------------
equal "completes qubes" "work" "$(qvm --complete 1 qvm-prefs wo)"
equal "commands" "add" "$(qvm --complete 2 qvm-tags work a)"
equal "properties" "memory" "$(qvm --complete 2 qvm-prefs work memo)"
equal "options" "--running" "$(qvm --complete 1 qvm-ls --runn)"
equal "labels" "red" "$(qvm --complete 2 qvm-create -l re)"
equal "volumes" "work:private" "$(qvm --complete 2 qvm-volume info work:pr | head -n 1)$(qvm --complete 2 qvm-volume info work:pr | tail -n +2)"
equal "values of a property" "purple" "$(qvm --complete 3 qvm-prefs work label pur)"
equal "and of an option in one word" "--label=orange" "$(qvm --complete 1 qvm-create --label=ora)"
equal "only what runs can be shut down" "" "$(qvm --complete 1 qvm-shutdown alo)"
equal "only what does not can be started" "alone" "$(qvm --complete 1 qvm-start alo)"
equal "short names of commands" "work" "$(qvm --complete 2 qvm prefs wo)"
in_shell() { timeout 100 "$(dirname "$0")/cli_complete.py" "$@" </dev/null; }
for s in "bash $BUILD/share/bash-completion/completions/qvm" "zsh $BUILD/share/zsh/site-functions/_qvm"; do
	# shellcheck disable=SC2086
	check "${s%% *} completes a qube" in_shell $s "qvm-start alo" "<alone>"
	# shellcheck disable=SC2086
	check "${s%% *} completes behind a colon" in_shell $s "qvm-volume info work:pri" "<info><work:private>"
done
equal "every command is known to both" "" "$(/usr/bin/python3 - "$BUILD" <<'EOF'
import os, sys
b = sys.argv[1]
names = {n for n in os.listdir(b + '/bin') if os.path.islink(b + '/bin/' + n) and os.readlink(b + '/bin/' + n) == 'qvm'}
for f in 'bash-completion/completions/qvm', 'zsh/site-functions/_qvm':
    print(*(names - set(open(b + '/share/' + f).read().split())), end='')
EOF
)"

# --- JSON --------------------------------------------------------------------------------------------
equal "whatever prints data prints JSON" "" "$(/usr/bin/python3 - <<'EOF'
import json, subprocess
for c in ('qvm-prefs work', 'qvm-prefs work memory', 'qvm-prefs work netvm', 'qubes-prefs', 'qvm-features work',
          'qvm-features work color', 'qvm-service work', 'qvm-service work cups', 'qvm-tags work', 'qvm-tags work ls mine',
          'qvm-volume info work:private', 'qvm-volume info work:private size', 'qvm-volume list', 'qvm-firewall work',
          'qvm-notes work -p', 'qvm-check work nosuch', 'qvm-create --help-classes', 'qvm-ls', 'qvm-ls -O name,disk,priv-used',
          'qvm-pool', 'qvm-pool drivers', 'qvm-pool info varlibqubes', 'qvm-block', 'qvm-block --list-device-classes',
          'qvm-apply --dump'):
    try:
        json.loads(subprocess.run(c.split() + ['--format', 'json'], stdout=subprocess.PIPE).stdout)
    except ValueError:
        print(c)
EOF
)"
equal "with types" "400 false null" "$(qvm-prefs alone memory --format json) $(qvm-prefs alone debug --format json) $(qvm-prefs tpl netvm --format json)"

# --- help and manual pages ---------------------------------------------------------------------------
undocumented() {
	local link page option
	for link in "$BUILD"/bin/q*; do
		[ "$(readlink "$link")" = qvm ] || continue
		page=$tree/docs/man/${link##*/}.1
		[ -f "$page" ] || { echo "no $page" && continue; }
		page=$tree/docs/man/$(sed -n 's,^\.so man1/,,p' "$page" | grep . || echo "${link##*/}.1")
		for option in $("${link##*/}" --help | grep -oE '^  (-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
			sed 's/\\//g' "$page" | grep -q -- "$option" || echo "${link##*/} $option"
		done
	done
}
equal "every command and option has its place in a manual page" "" "$(undocumented)"

# --- GUI daemons of the session -------------------------------------------------------------------------
export XDG_RUNTIME_DIR=$QUBES_ROOT/run/user
qvm-features tpl gui 1
unset DISPLAY
start_daemon() {
	qvm-start-daemon --all --watch 2>>"$QUBES_ROOT/daemon.log" &
	daemon_pid=$!
}
audio_of() { cat "$QUBES_ROOT/run/qubes/pacat.$(qvm-prefs "$1" xid)" 2>/dev/null; }
has_audio() { kill -0 "$(audio_of "$1")"; }
no_audio() { ! has_audio "$1"; }
guid_of() { cat "$QUBES_ROOT/run/qubes/guid-running.$(qvm-prefs "$1" xid)" 2>/dev/null; }
has_guid() { kill -0 "$(guid_of "$1")"; }
changed_guid() { has_guid work && [ "$(guid_of work)" != "$first" ]; }

start_daemon
check "a running qube gets its GUI daemon" eventually 10 has_guid work
first=$(guid_of work)
check "told its name, color and number" grep -q "^-N work -c 0xcc0000 -l 1 -d $(qvm-prefs work xid) -C .*/guid-conf" \
	"$QUBES_ROOT/var/log/qubes/guid.work.log"
check "and its audio daemon" eventually 10 has_audio work
check "told its icon, number and name" grep -q "^-l -i appvm-red -- $(qvm-prefs work xid) work$" \
	"$QUBES_ROOT/var/log/qubes/pacat.work.log"
qvm-prefs work audiovm ""
check "none while nobody plays its sound" eventually 10 no_audio work
qvm-prefs -D work audiovm
check "again when somebody does" eventually 10 has_audio work
sounding=$(audio_of work)
kill -9 "$first"
check "one that dies is started again" eventually 10 changed_guid
first=$(guid_of work)
kill -9 $daemon_pid
wait $daemon_pid 2>/dev/null
check "it outlives the launcher" has_guid work
mkfifo "$QUBES_ROOT/session"
exec 8<>"$QUBES_ROOT/session"
export DISPLAY=:none
start_daemon
check "which finds it again" eventually 10 grep -q "work: GUI daemon $first is running already" "$QUBES_ROOT/daemon.log"
equal "and starts no second one" "$first" "$(guid_of work)"
equal "nor a second audio daemon" "$sounding" "$(audio_of work)"
told() { grep -q -- "-d $1 DEFAULT:QUBESRPC qubes.SetMonitorLayout.*: $2\$" "$QUBES_ROOT/layout.log"; }
echo "layout 1920 1080 0 0 508 285 96;800 600 1920 0 211 158 96" >&8
check "it is told the monitors" eventually 10 told work "1920 1080 0 0 508 285 96;800 600 1920 0 211 158 96;"
echo "layout 1920 1080 0 0 508 285 144" >&8
check "and when they change" eventually 10 told work "1920 1080 0 0 508 285 144;"
kbd_is() { [ "$(qvm-prefs "$1" keyboard_layout)" = "$2" ]; }
echo "keyboard de+nodeadkeys+caps:none" >&8
check "the keyboard layout is followed" eventually 10 kbd_is work de+nodeadkeys+caps:none
echo "keyboard us++" >&8
check "back, too" eventually 10 kbd_is work us++
qvm-start alone
sleep 0.5
equal "a qube without the feature gets none" "" "$(guid_of alone)$(audio_of alone)"
equal "nor monitors" "" "$(grep alone "$QUBES_ROOT/layout.log")"
stop_qubesd
sleep 0.3
start_qubesd
check "qubesd comes back" eventually 10 qvm-ls
qvm-shutdown -q --wait --force net
qvm-start -q --skip-if-running net
check "and its events are followed again" eventually 15 has_guid net
check "a qube that starts is told the monitors" eventually 10 told net "1920 1080 0 0 508 285 144;"
xid=$(qvm-prefs work xid)
if [ "$xid" != -1 ]; then
	qvm-shutdown -q --wait work
fi
check "a qube that ends takes its daemon along" eventually 10 test ! -e "$QUBES_ROOT/run/qubes/guid-running.$xid"
check "and its configuration" eventually 5 test ! -e "$QUBES_ROOT/run/qubes/guid-conf.$xid"
kill $daemon_pid
wait $daemon_pid
equal "the launcher ends when told" 0 $?
none_left() { ! ls "$QUBES_ROOT"/run/qubes/{guid-running,pacat}.* | grep -q .; }
check "with all it started" eventually 5 none_left
daemon_pid=

# --- a daemon that is just restarted, within two seconds; a busy machine may need another try --------------
asked_between() {
	local p
	kill -9 "$qubesd_pid"
	wait "$qubesd_pid" 2>/dev/null
	qvm-ls --raw-list >"$QUBES_ROOT/between" 2>&1 &
	p=$!
	start_qubesd
	wait $p && grep -qx work "$QUBES_ROOT/between"
}
eventually 5 asked_between
report $? "a command waits for a qubesd that is just restarted"

# --- no daemon ------------------------------------------------------------------------------------------------
stop_qubesd
qubesd_pid=
for c in "qvm-ls" "qvm-start work" "qvm-prefs work memory" "qvm-create -l red new" "qvm-run work ls" \
	"qvm-shutdown work" "qubes-prefs" "qvm-volume" "qvm-pool" "qvm-check work"; do
	# shellcheck disable=SC2086
	refused "without qubesd: $c" "cannot reach qubesd at $QUBES_ROOT/run/qubesd.sock" $c
done

finish
