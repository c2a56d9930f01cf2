#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The services that every qube offers, by real calls between containers; files from qube to qube
# and from dom0; and QubesDB at both ends. QFILE_LARGE=1: 100,000 files and 4 GiB instead of fewer.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

in_vm() { timeout 300 qvm-run -p "$1" "$2" </dev/null 2>/dev/null; }
as_root() { timeout 300 qvm-run -p -u root "$1" "$2" </dev/null 2>/dev/null; }
call() { timeout 300 qvm-run -p -u root --service "$@" 2>/dev/null; }

if ! dom0_up || ! embedded qubes >&2; then
	report 1 "dom0 comes up"
	finish
	exit 1
fi
cp "$tree/tests/system/policy/30-services.policy" "$QUBES_ROOT/etc/qubes/policy.d/"
qvm-service work cups on
check "work and personal start" timeout 300 qvm-start work personal

# --- what a qube has -----------------------------------------------------------------
equal "everything that is to be installed is there" "" \
	"$(awk '$1 == "link" {print $3} $1 ~ /\// {print $2}' "$tree/templates/vm/install.list" |
		timeout 300 qvm-run -p work 'while read -r f; do [ -e "$f" ] || [ -L "$f" ] || echo "$f"; done' 2>/dev/null)"

# --- commands ------------------------------------------------------------------------
equal "qvm-run-vm runs as the user, at home" "user /home/user" \
	"$(in_vm work "qvm-run-vm personal 'id -un; pwd'" | paste -sd' ')"
equal "its arguments are one command" "a'b  c \"d\"; e" \
	"$(in_vm work "qvm-run-vm -t personal 'echo \"a'\\''b  c \\\"d\\\"; e\"'")"
equal "several lines too" "1 2" "$(in_vm work "qvm-run-vm personal 'echo 1
echo 2'" | paste -sd' ')"
equal "input goes to the command, not to the shell" "echo no" \
	"$(in_vm work "echo 'echo no' | qvm-run-vm personal cat")"
in_vm work "qvm-run-vm personal 'exit 42'"
equal "its exit code comes back" 42 $?
equal "qubes.VMExec" "personal user" \
	"$(in_vm work 'qrexec-client-vm personal qubes.VMExec+hostname; qrexec-client-vm personal qubes.VMExec+id+--un' | paste -sd' ')"
equal "its words may hold anything" "a b+c-%" \
	"$(in_vm work 'qrexec-client-vm personal qubes.VMExec+echo+a-20b-2Bc---25')"
in_vm work 'qrexec-client-vm personal qubes.VMExec+nosuchprogram'
equal "a program that is not there gives 127" 127 $?
equal "qubes.VMExecGUI waits for the session, then runs" user \
	"$(in_vm work 'qrexec-client-vm personal qubes.VMExecGUI+id+--un')"
equal "qubes.VMRootExec and qubes.VMRootShell run as root" "root root" \
	"$(in_vm work 'qrexec-client-vm personal qubes.VMRootExec+id+--un; echo id -un | qrexec-client-vm personal qubes.VMRootShell' | paste -sd' ')"
equal "qubes.VMShell+WaitForSession" "ok" \
	"$(in_vm work 'echo echo ok | qrexec-client-vm personal qubes.VMShell+WaitForSession')"
check "qubes.WaitForSession ends" call work qubes.WaitForSession <<<user
is_now() {
	local before got
	before=$(date -u +%Y-%m-%dT%H:%M)
	got=$(in_vm work 'qrexec-client-vm personal qubes.GetDate' | cut -c1-16)
	[[ ! $got < $before && ! $got > $(date -u +%Y-%m-%dT%H:%M) ]]
}
check "qubes.GetDate is the time" is_now
check "and +ns is more exact" grep -qE '^20[0-9-]+T[0-9:]+,[0-9]{9}\+00:00$' <(in_vm work 'qrexec-client-vm personal qubes.GetDate+ns')

# --- files ---------------------------------------------------------------------------
files=2000 size=256M
[ -z "${QFILE_LARGE:-}" ] || files=100000 size=4G
in_vm work "mkdir -p ~/tree/sub && cd ~/tree && seq $files | split -l 1 -a 5 - sub/f &&
	chmod 640 sub/faaaab && touch -d '2001-02-03 04:05:06.789' sub && ln -s sub/faaaaa link &&
	printf x >'sub/ü \$x' && cd .. && truncate -s $size sparse && printf end >>sparse"
sums='cd; cd "$1" && find tree sparse -printf "%p %y %m %T@ %l " \( -type d -printf "\n" -o -printf "%s\n" \) | sort | sha256sum; find tree -type f -print0 | sort -z | xargs -0 cat sparse | sha256sum'
before=$(in_vm work "sh -c '$sums' - .")
start=$(date +%s%N)
check "$files files and $size of holes are copied" timeout 500 qvm-run -p work 'qvm-copy tree sparse' </dev/null
echo "# it took $((($(date +%s%N) - start) / 1000000)) ms"
equal "with names, modes, times, links and contents" "$before" "$(in_vm personal "sh -c '$sums' - QubesIncoming/work")"
equal "holes stay holes" yes "$(in_vm personal '[ $(du -k ~/QubesIncoming/work/sparse | cut -f1) -lt 100 ] && echo yes')"
in_vm personal 'rm -rf ~/QubesIncoming/work'
equal "a move leaves nothing behind" "tree sparse" \
	"$(in_vm work 'cp -r tree/sub/faaaaa m1; mkdir m2; cp m1 m2; qvm-move m1 m2 && ls -d m1 m2 2>/dev/null; ls -d tree sparse' | sort -r | paste -sd' ')"
equal "and all is there" "1 1" "$(in_vm personal 'cat ~/QubesIncoming/work/m1 ~/QubesIncoming/work/m2/m1' | paste -sd' ')"
equal "a name of any bytes is taken when the sender asks for that" "bad?name" \
	"$(in_vm work "printf x >\"\$(printf 'bad\nname')\" && qvm-copy-to-vm personal bad*"; in_vm personal 'cd ~/QubesIncoming/work && ls -q bad*')"
equal "what is there is not replaced" "1 1" "$(in_vm work 'cp tree/sub/faaaac m1; qvm-copy m1; echo $?')$(in_vm personal 'echo " $(cat ~/QubesIncoming/work/m1)"')"
equal "a hostile sender is refused in one line" "1 qubes.Filecopy: refused \"../../x\" from work: the name, or the link's target, has characters or parts that are not accepted" \
	"$(in_vm work 'printf "\010\0\0\0\244\201\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0../../x\0x" >/tmp/h;
		{ cat /tmp/h; sleep 1; } | qrexec-client-vm personal qubes.Filecopy 2>&1 >/dev/null; echo "$?"' | sort | paste -sd' ')"
equal "and leaves nothing" "" "$(in_vm personal 'find ~ / -maxdepth 2 -name x 2>/dev/null')"

mkdir "$QUBES_ROOT/files"
echo from dom0 >"$QUBES_ROOT/files/letter"
cp "$QUBES_ROOT/files/letter" "$QUBES_ROOT/files/moved"
check "dom0 copies into a halted qube, which starts" timeout 300 qvm-copy-to-vm vault "$QUBES_ROOT/files"
equal "it is there" "from dom0" "$(in_vm vault 'cat ~/QubesIncoming/dom0/files/letter')"
check "dom0 moves" timeout 300 qvm-move-to-vm vault "$QUBES_ROOT/files/moved"
equal "gone here, there there" "letter from dom0" "$(ls "$QUBES_ROOT/files") $(in_vm vault 'cat ~/QubesIncoming/dom0/moved')"
refused "an unknown qube" "nosuch" qvm-copy-to-vm nosuch "$QUBES_ROOT/files/letter"
check "vault is stopped" qvm-kill vault

# --- opening elsewhere ---------------------------------------------------------------
as_root personal "printf '#!/bin/sh\nsleep 1.1\n[ -f \"\$1\" ] && echo edited >>\"\$1\" || echo \"\$1\" >~/url\n' >/usr/local/bin/qubes-open; chmod 755 /usr/local/bin/qubes-open"
equal "a file that is changed elsewhere comes back" "first edited 600" \
	"$(in_vm work 'umask 077; echo first >note; qvm-open-in-vm personal note; cat note; stat -c %a note' | paste -sd' ')"
equal "not when it is only to be viewed" "second" \
	"$(in_vm work 'echo second >note2; qvm-open-in-vm --view-only personal note2; cat note2')"
equal "an address" "https://example.org/?a=b%20c" \
	"$(in_vm work "qvm-open-in-vm personal 'https://example.org/?a=b%20c'"; in_vm personal 'cat url')"
in_vm work "echo 'file:///etc/passwd' | qrexec-client-vm personal qubes.OpenURL"
equal "but not any" 1 $?

# --- the rest ------------------------------------------------------------------------
in_vm personal 'systemd-socket-activate -l 127.0.0.1:7777 --inetd -a /bin/cat >/dev/null 2>&1 </dev/null &
	for _ in $(seq 600); do grep -q " 0100007F:1E61 .* 0A " /proc/net/tcp && break; sleep 0.05; done'
equal "qubes.ConnectTCP" "over tcp" "$(in_vm work 'echo over tcp | qrexec-client-vm personal qubes.ConnectTCP+7777')"
in_vm work 'qrexec-client-vm personal qubes.ConnectTCP+7778'
equal "not to another port" 126 $?
# A call that takes longer than two seconds tells a wrong one.
right_time() { call work qubes.SetDateTime <<<"$(date -u --iso-8601=seconds)"; }
check "qubes.SetDateTime leaves a right clock alone" eventually 5 right_time
refused "and refuses nonsense" "not a date" timeout 300 qvm-run -q -p -u root --service work qubes.SetDateTime
as_root work "mkdir -p /etc/qubes/suspend-pre.d; printf '#!/bin/sh\necho asleep >/run/asleep\n' >/etc/qubes/suspend-pre.d/t.sh; chmod 755 /etc/qubes/suspend-pre.d/t.sh"
check "qubes.SuspendPreAll" call work qubes.SuspendPreAll </dev/null
equal "runs the scripts" asleep "$(as_root work 'cat /run/asleep')"
check "qubes.SuspendPre and qubes.SuspendPost" bash -c "for s in Pre Post PostAll; do timeout 300 qvm-run -p -u root --service work qubes.Suspend\$s </dev/null 2>/dev/null || exit; done"
check "qubes.WaitForRunningSystem" call work qubes.WaitForRunningSystem </dev/null
equal "qubes.Backup keeps what it gets" "content" \
	"$(in_vm personal 'mkdir -p ~/backups'; in_vm work '(echo /home/user/backups; echo content) | qrexec-client-vm personal qubes.Backup >/dev/null'; in_vm personal 'cat ~/backups/*')"
equal "qubes.ResizeDisk says that a container's turn is at its start" 1 "$(echo private | call work qubes.ResizeDisk >/dev/null; echo $?)"
check "the template starts" timeout 300 qvm-start debian-12
check "qubes.PostInstall" call debian-12 qubes.PostInstall </dev/null
equal "and dom0 knows what it can do" "1 1" \
	"$(for f in supported-rpc.qubes.Filecopy qrexec; do qvm-features debian-12 $f; done | paste -sd' ')"
check "it is stopped" timeout 300 qvm-shutdown --wait debian-12

# --- QubesDB -------------------------------------------------------------------------
keys="/default-user /name /qubes-base-template /qubes-block-devices /qubes-debug-mode /qubes-timezone /qubes-usb-devices /qubes-vm-persistence /qubes-vm-updateable /type"
has_keys() {
	local k
	for k in $keys; do "$@" "$k" >/dev/null 2>&1 || echo "$k"; done
}
equal "the keys that dom0 publishes are there" "" "$(has_keys qubesdb-read -d work)"
equal "and in the qube" "work AppVM debian-12 False rw-only" \
	"$(in_vm work 'qubesdb-read /name /type /qubes-base-template /qubes-vm-updateable /qubes-vm-persistence' | paste -sd' ')"
equal "services are files" "1 yes" "$(in_vm work 'echo "$(qubesdb-read /qubes-service/cups) $([ -e /run/qubes-service/cups ] && echo yes)"')"
as_root work 'qubesdb-write /features-request/test 1'
came() { [ "$(qubesdb-read -d work /features-request/test)" = 1 ]; }
check "what a qube writes comes to dom0" eventually 5 came
(timeout 300 qubesdb-watch -d work /from-dom0 >"$QUBES_ROOT/event") &
watcher=$!
(timeout 300 qvm-run -p work 'qubesdb-read -w /from-dom0' </dev/null >"$QUBES_ROOT/waited" 2>/dev/null) &
waiter=$!
seen() { qubesdb-write -d work /from-dom0 hello; [ -s "$QUBES_ROOT/event" ] && grep -q hello "$QUBES_ROOT/waited"; }
eventually 20 seen
wait $watcher $waiter
equal "watches at both ends" "/from-dom0 hello" "$(cat "$QUBES_ROOT/event" "$QUBES_ROOT/waited" | grep -v ^Running | paste -sd' ')"
for p in $(pids_of qubesdb-daemon); do kill -9 "$p"; done
all_back() { [ -z "$(has_keys qubesdb-read -d work)" ] && [ "$(qubesdb-read -d work /features-request/test)" = 1 ]; }
check "after kill -9 of dom0's daemons everything is there again" eventually 15 all_back
linked() { [ "$(qubesdb-write -d work /linked $RANDOM; in_vm work 'qubesdb-read /linked')" = "$(qubesdb-read -d work /linked)" ]; }
check "and the two sides talk" eventually 15 linked
as_root work 'systemctl kill -s KILL qubes-db.service'
check "after kill -9 of the qube's daemon too" eventually 15 linked
named() { [ "$(in_vm work 'qubesdb-read /name')" = work ]; }
check "keys of dom0 included" eventually 10 named
check "its sockets can be used by its users" [ "$(in_vm work 'qubesdb-write /by-user 1 && qubesdb-read /by-user')" = 1 ]

check "everything shuts down" timeout 400 "$tree/dom0/embedded/qubes-embedded" --bin "$BUILD/bin" --state "$QUBES_ROOT" down
finish
