#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tests that run inside dom0 (on Xen, in QEMU), printing TAP. All through the commands
# that a user has. tests/xen/run.sh boots the machine that runs this.
#
#   in-dom0.sh [TEST...]   all of them, or those named
set -u
export LC_ALL=C
work=$(mktemp -d /tmp/xen-tests.XXXXXX)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
SECONDS=0

ok() { n=$((n + 1)); echo "ok $n - $1 # $SECONDS s"; }
not_ok() {
	n=$((n + 1)) failed=$((failed + 1))
	echo "not ok $n - $1 # $SECONDS s"
	tail -n 12 "$work/log" | sed 's/^/#   /'
}
# check TEXT COMMAND...: one test; what the command says is shown when it fails.
check() {
	local text=$1
	shift
	if "$@" >"$work/log" 2>&1; then ok "$text"; else not_ok "$text"; fi
}
in_time() { timeout 600 "$@"; }
state_of() { qvm-ls --raw-data --fields STATE "$1" 2>/dev/null; }
wait_state() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(state_of "$1")" = "$2" ] && return 0
		sleep 0.5
	done
	echo "$1 is $(state_of "$1"), not $2"
	return 1
}

# --- qubes of these tests: little memory, patience for a slow machine ---

make_qube() {
	qvm-check -q "$1" 2>/dev/null || qvm-create --class AppVM --label blue "$1" || return 1
	qvm-prefs "$1" netvm none
	qvm-prefs "$1" memory 300
	qvm-prefs "$1" maxmem 0
	qvm-prefs "$1" vcpus 1
	qvm-prefs "$1" qrexec_timeout 600
	qvm-prefs "$1" shutdown_timeout 300
}

run_in() { in_time qvm-run --no-gui -q -p "$@" </dev/null; }

# --- tests ---

t_pvh() {
	check "a PVH qube is created" make_qube pvh1
	check "it starts, and its agent connects" in_time qvm-start --trace pvh1
	sed 's/^/# /' "$work/log"
	check "it is PVH" sh -c "qvm-run --no-gui -q -p pvh1 'cat /sys/hypervisor/guest_type' | grep -x PVH"
	check "a call runs as the user" sh -c "qvm-run --no-gui -q -p pvh1 id | grep -F '(user)'"
	check "a call runs as root" sh -c "qvm-run --no-gui -q -u root -p pvh1 id | grep -F 'uid=0'"
	check "it has swap, private storage, and the kernel's modules" run_in -u root pvh1 \
		'grep -q xvdc1 /proc/swaps && mountpoint -q /rw && ls /lib/modules/$(uname -r)/modules.dep'
	check "QubesDB answers inside" sh -c "qvm-run --no-gui -q -p pvh1 'qubesdb-read /name' | grep -x pvh1"
}

t_exit_code() {
	check "exit codes come back" sh -c "qvm-run --no-gui -q -p pvh1 'exit 7'; [ \$? = 7 ]"
}

t_pv() {
	check "a PV qube is created" make_qube pv1
	qvm-prefs pv1 virt_mode pv
	check "it starts" in_time qvm-start pv1
	check "it is PV" sh -c "qvm-run --no-gui -q -p pv1 'cat /sys/hypervisor/guest_type' | grep -x PV"
}

policy() {
	cat >/etc/qubes/policy.d/10-xen-tests.policy <<-POLICY
		test.Echo     *  pvh1  pv1   allow
		qubes.Filecopy * pvh1  pv1   allow
		test.Dom0     *  pvh1  dom0  allow
	POLICY
	printf '#!/bin/sh\necho "dom0 heard $QREXEC_REMOTE_DOMAIN"\n' >/etc/qubes-rpc/test.Dom0
	chmod 755 /etc/qubes-rpc/test.Dom0
}

t_calls() {
	policy
	run_in -u root pv1 'printf "#!/bin/sh\ncat\n" >/etc/qubes-rpc/test.Echo; chmod 755 /etc/qubes-rpc/test.Echo'
	check "a qube calls another" \
		sh -c "qvm-run --no-gui -q -p pvh1 'echo hello | qrexec-client-vm pv1 test.Echo' | grep -x hello"
	check "a qube calls dom0" \
		sh -c "qvm-run --no-gui -q -p pvh1 'qrexec-client-vm dom0 test.Dom0' | grep -x 'dom0 heard pvh1'"
	check "what policy does not allow is refused" \
		sh -c "! qvm-run --no-gui -q -p pv1 'qrexec-client-vm pvh1 test.Echo </dev/null'"
}

t_copy() {
	check "100 MiB are made" run_in pvh1 'head -c 104857600 /dev/urandom >/home/user/big'
	check "they are copied" run_in pvh1 'qvm-copy-to-vm pv1 /home/user/big'
	check "they are the same" sh -c "
		a=\$(qvm-run --no-gui -q -p pvh1 'sha256sum </home/user/big')
		b=\$(qvm-run --no-gui -q -p pv1 'sha256sum </home/user/QubesIncoming/pvh1/big')
		[ -n \"\$a\" ] && [ \"\$a\" = \"\$b\" ]"
}

t_pause() {
	check "a qube is paused" qvm-pause pvh1
	check "its state says so" wait_state pvh1 Paused
	check "it is unpaused" qvm-unpause pvh1
	check "it answers again" run_in pvh1 true
}

t_restart() {
	local pid
	pid=$(systemctl show -p MainPID --value qubesd)
	kill -9 "$pid"
	sleep 1
	check "qubesd is back after kill -9" sh -c 'for i in $(seq 120); do qvm-ls --raw-list && exit; sleep 1; done; exit 1'
	check "the qube that ran is known" wait_state pvh1 Running
	check "and answers" run_in pvh1 true
}

main_pid() { systemctl show -p MainPID --value "$1"; }
# A start that then fails has a process, too.
replaced() { systemctl -q is-active "$1" && [ "$(main_pid "$1")" != "$2" ]; }
t_kill() {
	local unit pid
	for unit in qubes-policy qmemman libvirtd; do
		pid=$(main_pid $unit)
		kill -9 "$pid"
		check "$unit is back after kill -9" eventually replaced $unit "$pid"
	done
	check "calls are decided again" eventually sh -c \
		"qvm-run --no-gui -q -p pvh1 'echo hello | qrexec-client-vm pv1 test.Echo' | grep -x hello"
	kill -9 "$(tr -d '\n' <"/run/qubes/qrexec.$(qvm-prefs pvh1 xid).pid")"
	check "a qube's daemon is killed, and it answers again" eventually run_in pvh1 true
	check "memory is looked after again" eventually sh -c "qvm-memory --why | grep '^dom0 '"
	check "the hypervisor is heard of again" sh -c "timeout 600 qvm-pause pvh1 && timeout 600 qvm-unpause pvh1"
	check "and the qube answers" run_in pvh1 true
}

# A qube lends a disk to another: here a loop device.
offers() { qvm-block ls 2>/dev/null | grep -F "$1"; }
t_lend() {
	run_in -u root pv1 'truncate -s 16M /tmp/lent && printf "%-512s" "a disk of a qube" |
		dd of=/tmp/lent conv=notrunc status=none && losetup -f --show /tmp/lent' >"$work/loop"
	local loop
	loop=$(basename "$(cat "$work/loop")")
	check "a qube has a disk to lend" eventually offers "pv1:$loop"
	check "another gets it" in_time qvm-block attach pvh1 "pv1:$loop"
	check "and reads it" eventually sh -c \
		"qvm-run --no-gui -q -u root -p pvh1 'head -c 16 /dev/xvdi' 2>/dev/null | grep -q 'a disk of a qube'"
	check "it is given back" in_time qvm-block detach pvh1 "pv1:$loop"
	run_in -u root pv1 "losetup -d /dev/$loop"
}

t_block() {
	truncate -s 16M "$work/disk.img"
	echo "a block device" | dd of="$work/disk.img" conv=notrunc status=none
	losetup -f --show "$work/disk.img" >"$work/loop" || return
	local loop
	loop=$(basename "$(cat "$work/loop")")
	check "a block device is attached" in_time qvm-block attach pvh1 "dom0:$loop"
	check "the qube reads it" sh -c "
		for i in \$(seq 60); do
			qvm-run --no-gui -q -u root -p pvh1 'head -c 14 /dev/xvdi' 2>/dev/null | grep -q 'a block device' && exit
			sleep 1
		done; exit 1"
	check "it is detached" in_time qvm-block detach pvh1 "dom0:$loop"
	losetup -d "/dev/$loop"
}

t_disposable() {
	qvm-prefs default-dvm memory 300
	qvm-prefs default-dvm maxmem 0
	qvm-prefs default-dvm qrexec_timeout 600
	qvm-prefs default-dvm netvm none
	check "a disposable runs a command" \
		sh -c "timeout 600 qvm-run --no-gui -q -p --dispvm default-dvm 'qubesdb-read /type' | grep -x DispVM"
	check "it is gone after it" sh -c "for i in \$(seq 120); do qvm-ls --raw-list | grep -q ^disp || exit 0; sleep 1; done; exit 1"
}

smaller_than() { [ "$(stat -c %s "$2")" -lt "$1" ]; }

t_bad() {
	make_qube bad1
	qvm-prefs bad1 memory 60000
	check "too much memory is refused in one line" \
		sh -c "timeout 120 qvm-start bad1 2>&1 | grep -i 'memory'"
	qvm-prefs bad1 memory 200
	qvm-prefs bad1 kernelopts 'init=/nonexistent panic=1'
	check "a qube whose kernel panics is reported with its last words" \
		sh -c "timeout 300 qvm-start bad1 2>&1 | grep 'cannot run /nonexistent'"
	check "nothing of it is left" wait_state bad1 Halted
	qvm-prefs -D bad1 kernelopts
	qvm-prefs bad1 kernelopts 'systemd.mask=qubes-qrexec-agent.service'
	qvm-prefs bad1 qrexec_timeout 60
	check "a qube whose agent never connects is reported" \
		sh -c "timeout 400 qvm-start bad1 2>&1 | grep 'did not answer within 60 seconds'"
	qvm-prefs bad1 kernelopts 'init=/usr/bin/yes'
	check "and so is one that floods its console" \
		sh -c "timeout 400 qvm-start bad1 2>&1 | grep 'did not answer within 60 seconds'"
	check "whose log stays small" eventually smaller_than 8000000 /var/log/xen/console/guest-bad1.log
}

t_memory() {
	check "qmemman explains every figure" sh -c "qvm-memory --why | grep '^dom0 '"
	qvm-memory --why | sed 's/^/# /'
}

has_mib() { qvm-memory | awk -v name="$1" '$1 == name {print $2}'; }
uses() { qvm-memory | awk -v name="$1" '$1 == name {print $3}'; }
eventually() {
	local i
	for ((i = 0; i < 240; i++)); do
		"$@" && return 0
		sleep 0.5
	done
	return 1
}
reports() { [ -n "$(uses "$1")" ] && [ "$(uses "$1")" != - ]; }
has_more() { [ "$(has_mib "$1")" -gt "$(has_mib "$2")" ]; }
has_less_than() { [ "$(has_mib "$1")" -lt "$2" ]; }
all_is_given() { [ "$(($(has_mib mem1) + $(has_mib mem2)))" -gt 2300 ]; }

# Two qubes that could have more than there is.
t_balance() {
	local q before
	for q in mem1 mem2; do
		make_qube $q
		# An emulated qube takes and gives some 2 MiB a second.
		qvm-prefs $q memory 1100
		qvm-prefs $q maxmem 1600
		check "$q starts with memory to be balanced" in_time qvm-start $q
		check "$q reports what it uses" eventually reports $q
	done
	check "they are given what is free" eventually all_is_given
	qvm-memory --why | sed 's/^/# /'
	before=$(has_mib mem1)
	check "a call is answered" run_in mem2 true
	# tail keeps all that it has read until it can write it.
	run_in mem2 'head -c 400000000 /dev/zero | tail -c 400000000 | sleep 900' >"$work/load" 2>&1 &
	check "who uses more gets more" eventually has_more mem2 mem1
	sed 's/^/# load: /' "$work/load"
	check "and the other gave it" eventually has_less_than mem1 "$before"
	qvm-memory --why | sed 's/^/# /'
	check "they end" timeout 600 qvm-shutdown --wait mem1 mem2
}

# What is on the private volume now, read in dom0 while nobody runs on it.
stored() {
	debugfs -R 'cat file' /dev/qtest/vm-lvm1-private 2>&1 | grep -v '^debugfs' | tee "$work/stored"
	grep -qx "$1" "$work/stored" && return
	lvs --noheadings -o lv_name,lv_attr,origin,lv_time qtest
	journalctl -q --no-pager -u qubesd -n 6 -o cat
	return 1
}

t_lvm() {
	[ -b /dev/vdc ] || { echo "# no disk for a thin pool"; return; }
	check "a thin pool is made" sh -c "pvcreate -q /dev/vdc && vgcreate -q qtest /dev/vdc &&
		lvcreate -q -l 80%FREE -T qtest/thin"
	check "it becomes a pool" qvm-pool add thin lvm_thin -o volume_group=qtest -o thin_pool=thin
	check "a qube is created in it" qvm-create --class AppVM --label red -P thin lvm1
	make_qube lvm1
	mkdir "$work/private"
	echo one >"$work/private/file"
	mke2fs -q -t ext4 -d "$work/private" "$work/private.img" 32M >/dev/null 2>&1
	check "its private volume is imported" in_time qvm-volume import lvm1:private "$work/private.img"
	check "it starts" in_time qvm-start lvm1
	check "its disk is a logical volume" sh -c "xenstore-ls /local/domain/0/backend/vbd | grep -q 'dev/.*qtest'"
	check "what was imported is there" eventually sh -c "qvm-run --no-gui -q -p lvm1 'cat /rw/file' | grep -x one"
	check "it writes there" eventually run_in -u root lvm1 'echo two >/rw/file; sync'
	check "it shuts down" timeout 600 qvm-shutdown --wait lvm1
	check "what it wrote is kept" stored two
	check "its private volume is reverted" qvm-volume revert lvm1:private
	check "what was there before is there again" stored one
}

t_window() {
	qvm-features pvh1 gui 1
	qvm-run -q pvh1 'xterm -geometry 60x15+100+100' </dev/null >/dev/null 2>&1 &
	check "a window of the qube appears in dom0" eventually sh -c \
		"su user -c 'DISPLAY=:0 XAUTHORITY=/run/qubes-session/xauthority xwininfo -root -tree' | grep -F '[pvh1]'"
	check "its audio daemon runs" eventually pgrep -f 'pacat-simple-vchan.*pvh1'
	n=$((n + 1))
	echo "@screen $n 3465a4 the screen shows it in a frame of the qube's colour"
}

# A disk that starts with 21 bytes of code, which write what follows to the serial port over and
# over, a character at each tick of the clock: whoever listens later hears it as well.
boot_disk() {
	printf '\373\374\061\300\216\330\276\025\174\254\204\300\164\370\272\370\003\356\364\353\364%s\r\n\0' "$1"
} >"$work/boot"
hears() {
	local tty
	tty=$(xenstore-read "/local/domain/$(xl domid "$1")/serial/0/tty") && timeout 300 grep -a -m 1 "$2" "$tty"
}
is_hvm() { virsh -c xen:///system dominfo "$1" | grep -x 'OS Type: *hvm'; }

# Its emulator runs in dom0 and loads a kernel that dom0 gives it byte by byte: emulated itself,
# that takes minutes (t_hvm_kernel). A disk of its own to boot from shows the same machine.
t_hvm() {
	check "an HVM qube is created" qvm-create --class StandaloneVM --label red \
		--property virt_mode=hvm --property kernel= hvm1
	make_qube hvm1
	boot_disk "an HVM qube runs"
	truncate -s 510 "$work/boot"
	printf '\125\252' >>"$work/boot"
	truncate -s 1M "$work/boot"
	check "its disk is imported" in_time qvm-volume import hvm1:root "$work/boot"
	check "it starts" timeout 900 qvm-start hvm1
	check "it is HVM" is_hvm hvm1
	check "it boots from its own disk" hears hvm1 "an HVM qube runs"
	check "it is killed" in_time qvm-kill hvm1
	check "and halted" wait_state hvm1 Halted
}

# Not among those that run without being named.
t_hvm_kernel() {
	make_qube hvm2
	qvm-prefs hvm2 virt_mode hvm
	qvm-prefs hvm2 qrexec_timeout 1800
	check "an HVM qube starts with a kernel from dom0" timeout 2000 qvm-start hvm2
	check "it is HVM" sh -c "qvm-run --no-gui -q -p hvm2 'cat /sys/hypervisor/guest_type' | grep -x HVM"
	check "it shuts down" in_time qvm-shutdown --wait hvm2
}

t_shutdown() {
	check "qubes shut down" timeout 600 qvm-shutdown --wait pvh1 pv1
}

t_left() {
	check "Xen has no domain but dom0" eventually sh -c "[ \$(xl list | wc -l) = 2 ]"
	check "no loop device is left" eventually sh -c "! losetup -l -n -O BACK-FILE | grep /var/lib/qubes"
	check "no daemon of a qube is left" eventually sh -c "! pgrep -x qrexec-daemon && ! pgrep -x qubes-guid"
}

tests=${*:-pvh exit_code pv calls copy pause restart kill block lend memory window disposable shutdown lvm hvm balance bad left}
for t in $tests; do "t_$t"; done
echo "1..$n"
exit $((failed > 0))
