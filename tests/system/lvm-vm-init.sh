#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /init of the virtual machine of lvm-vm.sh: a thin pool in a loop device, then the driver's own
# test and qubesd with qubes in that pool. Prints TAP between the lines "TAP" and "END".
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C QUBES_ROOT=/q
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=1300m tmp /tmp
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
mkdir -p /run /q/etc/qubes-rpc /dev/mapper
cp /bin/admin.vm.volume.Import /q/etc/qubes-rpc/
ln -s admin.vm.volume.Import /q/etc/qubes-rpc/admin.vm.volume.ImportWithSize
echo 1 >/proc/sys/kernel/printk
modprobe -a loop dm-mod dm-thin-pool dm-crypt ecb xts
modprobe aesni_intel 2>/dev/null

n=0
ok() { # status text
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
run() { # text command...
	local text=$1 out
	shift
	out=$("$@" 2>&1)
	local status=$?
	ok $status "$text"
	[ $status = 0 ] || echo "$out" | tail -n 15 | sed 's/^/# /'
}
same() { # text got wanted
	[ "$2" = "$3" ]
	ok $? "$1"
	[ "$2" = "$3" ] || printf '# got    %s\n# wanted %s\n' "$2" "$3"
}
begin() { # qubesd
	qubesd --libvirt test:///default 2>>/tmp/log &
	daemon=$!
	for _ in $(seq 3000); do
		qvm-ls >/dev/null 2>&1 && return
		sleep 0.1
	done
}
crash() { # qubesd, and begin it again
	kill -9 $daemon
	wait $daemon 2>/dev/null
	begin
}
# What is there only while a qube runs or data comes in; waits until it is gone.
passing() {
	local left
	for _ in $(seq 300); do
		left=$(lvs_named | tr ' ' '\n' | grep -E 'snap|import|volatile')
		[ -n "$left" ] || return
		sleep 0.1
	done
	echo "$left"
}
lvs_named() { lvm lvs --noheadings -o name,pool_lv | sed -n 's/^ *\(vm-[^ ]*\) .*/\1/p' | sort | tr '\n' ' '; }

echo TAP
truncate -s 600M /tmp/disk
dev=$(losetup -f --show /tmp/disk)
run "a volume group" lvm vgcreate qubes_dom0 "$dev"
run "a thin pool" lvm lvcreate --type thin-pool -L 400M --poolmetadatasize 8M -n pool00 qubes_dom0
begin
run "qvm-pool add" qvm-pool add -o volume_group=qubes_dom0 -o thin_pool=pool00 lvm lvm_thin
run "a pool that is not there is refused" bash -c \
	'! qvm-pool add -o volume_group=qubes_dom0 -o thin_pool=nosuch no lvm_thin'
qvm-pool info lvm | grep -E '^(driver|volume_group|thin_pool|size)' | sed 's/^/# /'
qubes-prefs default_pool lvm
run "a template" qvm-create --class TemplateVM --label black tpl
qubes-prefs default_template tpl
run "a qube" qvm-create --label red work
same "their volumes" "$(lvs_named)" "vm-tpl-private vm-tpl-root vm-work-private "
head -c 3000000 /dev/urandom >/tmp/data
run "qvm-volume import" qvm-volume import work:private /tmp/data
run "the content is what was imported" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--work--private
run "qvm-start" qvm-start work
same "running" "$(lvs_named)" \
	"vm-tpl-private vm-tpl-root vm-work-private $(lvm lvs --noheadings -o name | grep -o 'vm-work-private-[0-9]*-back' | tr '\n' ' ')vm-work-private-snap vm-work-root-snap vm-work-volatile "
run "qvm-volume resize, of a running one" qvm-volume resize work:private 67108864
run "qvm-kill" qvm-kill work
same "nothing stays of a run" "$(passing)" ""
same "its size" "$(qvm-volume info work:private size)" 67108864
run "the content lasts" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--work--private
run "qvm-volume revert" qvm-volume revert work:private
run "qvm-clone" qvm-clone work copy
run "the clone has the content" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--copy--private
run "qvm-clone to a pool of files" qvm-clone -P varlibqubes work files
run "and it, too" cmp -n 3000000 /tmp/data /q/var/lib/qubes/appvms/files/private.img
qvm-start work
crash
same "after kill -9 nothing half-made stays" "$(passing)" ""
run "and the content lasts" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--work--private

# The volumes of the pool without revisions, and what its qubes should have.
stored() { lvs_named | tr ' ' '\n' | grep -v -e back | sort | tr '\n' ' '; }
wanted() {
	{
		echo vm-tpl-root
		qvm-ls --raw-list --all --exclude files | sed -n 's/^dom0$//; s/..*/vm-&-private/p'
	} | sort | tr '\n' ' '
}

# Killed in the middle of what changes volumes: either done, or not begun.
for round in $(seq 8); do
	case $((round % 4)) in
	0) qvm-create --label red "new$round" ;;
	1) qvm-clone work "new$round" ;;
	2) qvm-volume import work:private /tmp/data ;;
	3) qvm-remove -f "new$((round - 2))" ;;
	esac >/dev/null 2>&1 &
	client=$!
	sleep "$((RANDOM % 5)).$((RANDOM % 10))"
	crash
	wait $client 2>/dev/null
	passing >/tmp/left
	for _ in $(seq 100); do
		[ "$(stored)" = "$(wanted)" ] && break
		sleep 0.1
	done
	same "round $round: a volume for each qube, and no other" "$(stored)$(cat /tmp/left)" "$(wanted)"
	run "round $round: the content lasts" cmp -n 3000000 /tmp/data \
		/dev/mapper/qubes_dom0-vm--work--private
done
for vm in $(qvm-ls --raw-list --all | grep new); do qvm-remove -f "$vm"; done

# More than the pool can hold.
tr '\0' x </dev/zero | head -c 420M | timeout 600 qvm-volume import --size 440401920 copy:private - >/tmp/full 2>&1
[ $? = 1 ]
ok $? "an import that fills the pool fails"
sed 's/^/# /' /tmp/full
same "and leaves nothing" "$(passing)" ""
run "nor does the old content suffer" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--copy--private
run "the pool is of use again" qvm-volume import files:private /tmp/data
run "and qubes start" qvm-start work
qvm-kill work
passing >/dev/null
qvm-volume config work:volatile ephemeral True
run "an encrypted volatile volume" qvm-start work
[ -b "/dev/mapper/vm-volatile-work-crypt@volatile" ]
ok $? "its device"
qvm-kill work
for _ in $(seq 100); do [ -b "/dev/mapper/vm-volatile-work-crypt@volatile" ] || break; sleep 0.1; done
[ ! -b "/dev/mapper/vm-volatile-work-crypt@volatile" ]
ok $? "is gone with the qube"
for vm in work copy files; do run "qvm-remove $vm" qvm-remove -f $vm; done
same "their volumes are gone" "$(lvs_named)" "vm-tpl-private vm-tpl-root "
kill $daemon
wait $daemon
ok $? "qubesd ends well"
sed 's/^/# log: /' /tmp/log | tail -n 30
lvm lvremove -f qubes_dom0/vm-tpl-private qubes_dom0/vm-tpl-root >/dev/null 2>&1
run "the driver, by itself" timeout 1500 /bin/test-lvm-real qubes_dom0 pool00
same "nothing stays of that" "$(lvs_named)" ""
echo "1..$n"
echo END
echo o >/proc/sysrq-trigger
sleep 10
