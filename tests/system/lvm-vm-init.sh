#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /init of the virtual machine of lvm-vm.sh: a thin pool in a loop device, then the driver's own
# test and qubesd with qubes in that pool. Prints TAP between the lines "TAP" and "END".
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C QUBES_ROOT=/q
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=700m tmp /tmp
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
mkdir -p /run /q/etc/qubes-rpc /dev/mapper
cp /bin/admin.vm.volume.Import /q/etc/qubes-rpc/
ln -s admin.vm.volume.Import /q/etc/qubes-rpc/admin.vm.volume.ImportWithSize
echo 4 >/proc/sys/kernel/printk
modprobe -a loop dm-mod dm-thin-pool dm-crypt xts aesni_intel 2>/dev/null

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
lvs_named() { lvm lvs --noheadings -o name,pool_lv | sed -n 's/^ *\(vm-[^ ]*\) .*/\1/p' | sort | tr '\n' ' '; }

echo TAP
truncate -s 600M /tmp/disk
dev=$(losetup -f --show /tmp/disk)
run "a volume group" lvm vgcreate qubes_dom0 "$dev"
run "a thin pool" lvm lvcreate --type thin-pool -L 400M --poolmetadatasize 8M -n pool00 qubes_dom0
qubesd --libvirt test:///default 2>/tmp/log &
daemon=$!
for _ in $(seq 3000); do
	qvm-ls >/dev/null 2>&1 && break
	sleep 0.1
done
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
for _ in $(seq 100); do [[ $(lvs_named) == *snap* ]] || break; sleep 0.1; done
same "its size" "$(qvm-volume info work:private size)" 67108864
run "the content lasts" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--work--private
run "qvm-volume revert" qvm-volume revert work:private
run "qvm-clone" qvm-clone work copy
run "the clone has the content" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--copy--private
run "qvm-clone to a pool of files" qvm-clone -P varlibqubes work files
run "and it, too" cmp -n 3000000 /tmp/data /q/var/lib/qubes/appvms/files/private.img
qvm-start work
kill -9 $daemon
wait $daemon 2>/dev/null
qubesd --libvirt test:///default 2>>/tmp/log &
daemon=$!
for _ in $(seq 3000); do
	qvm-ls >/dev/null 2>&1 && break
	sleep 0.1
done
for _ in $(seq 200); do [[ $(lvs_named) == *snap* ]] || break; sleep 0.1; done
run "after kill -9 the content lasts" cmp -n 3000000 /tmp/data /dev/mapper/qubes_dom0-vm--work--private
same "and nothing half-made stays" "$(lvs_named | tr ' ' '\n' | grep -E 'snap|import|volatile')" ""
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
