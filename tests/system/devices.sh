#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Block devices in containers: dom0 lends an image to a qube, which mounts it, writes to it,
# gives it back; what is in use stays; what is assigned comes again; what is pulled out is gone.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

loops=()
end() {
	local l
	dom0_down
	for l in "${loops[@]}"; do losetup -d "$l" 2>/dev/null; done
}
as_root() { timeout 300 qvm-run -p -u root work "$1" </dev/null 2>/dev/null; }
# attached: what qvm-block says of the image
attached() { qvm-block ls | awk -v d="dom0:$dev" '$1 == d' | grep -o 'work (.*)'; }
lend() {
	local l
	l=$(losetup -f --show "$1") || return 1
	loops+=("$l")
	dev=${l#/dev/}
}

if ! dom0_up || ! embedded qubes >&2; then
	report 1 "dom0 comes up"
	finish
	exit 1
fi
trap end EXIT
image=$(dirname "$QUBES_ROOT")/image
truncate -s 32M "$image"
mkdir "$image.d"
echo "from dom0" >"$image.d/letter"
mkfs.ext4 -q -d "$image.d" "$image"
if ! lend "$image"; then
	report 1 "a loop device for the image"
	finish
	exit 1
fi

check "work starts" timeout 300 qvm-start work
check "dom0 offers the image" eventually 10 bash -c "qvm-block ls | grep -q '^dom0:$dev .*image'"
equal "and not the qube's own images" "" "$(qvm-block ls | grep -F "$QUBES_ROOT/var")"
equal "the qube has no such device yet" "" "$(as_root 'ls /dev/xvd*')"
check "attach" qvm-block attach work "dom0:$dev"
equal "listed with its options" "work (attached: read-only=no, frontend-dev=xvdi)" "$(attached)"
equal "the same bytes" "$(sha256sum <"/dev/$dev")" "$(as_root 'sha256sum </dev/xvdi')"
as_root 'mkdir -p /mnt/x; mount /dev/xvdi /mnt/x'
equal "the qube mounts it" "from dom0" "$(as_root 'cat /mnt/x/letter')"
equal "users of the qube can read it" "from dom0" "$(timeout 300 qvm-run -p work 'cat /mnt/x/letter' </dev/null 2>/dev/null)"
as_root 'echo "from work" >/mnt/x/answer; sync'
refused "what is mounted is not taken away" "/dev/xvdi is in use in work" qvm-block detach work "dom0:$dev"
# Its file system is a process of the qube, which ends a moment after it is unmounted.
as_root 'umount /mnt/x; while pgrep -x fuse2fs; do sleep 0.1; done'
check "unmounted, it is" qvm-block detach work "dom0:$dev"
equal "and gone from the qube" "" "$(as_root 'ls /dev/xvd*')"
equal "what the qube wrote is there" "from work" "$(debugfs -R 'cat answer' "$image" 2>/dev/null)"

check "attach read-only" qvm-block attach --ro work "dom0:$dev"
equal "it is" "read-only" "$(as_root 'dd if=/dev/zero of=/dev/xvdi count=1 conv=notrunc 2>/dev/null && echo written || echo read-only')"
for p in $(pids_of qubesd); do kill -9 "$p"; done
check "after kill -9 of qubesd it is known" eventually 20 bash -c "qvm-block ls work | grep -q 'work (attached: read-only=yes'"
check "and can be detached" qvm-block detach work "dom0:$dev"

check "assign, required" qvm-block assign --required work "dom0:$dev"
check "stop" qvm-kill work
check "start" timeout 300 qvm-start work
equal "it is there from the beginning" "from dom0" "$(as_root 'mkdir -p /mnt/x; mount /dev/xvdi /mnt/x; cat /mnt/x/letter; umount /mnt/x')"
refused "and stays while it runs" "required device" qvm-block detach work "dom0:$dev"
check "unassign" qvm-block unassign work "dom0:$dev"

as_root 'mount /dev/xvdi /mnt/x; (cd /mnt/x && exec sleep 100) >/dev/null 2>&1 &'
losetup -d "/dev/$dev"
qvm-kill work
check "start again" timeout 300 qvm-start work
equal "without it" "" "$(as_root 'ls /dev/xvd*')"
lend "$image"
check "attach again" eventually 5 qvm-block attach work "dom0:$dev"
losetup -d "/dev/$dev"
pulled() { [ -z "$(as_root 'ls /dev/xvd*')" ] && [ -z "$(qvm-block ls | grep "dom0:$dev ")" ]; }
check "pulled out, it is gone from the qube" eventually 15 pulled
finish
