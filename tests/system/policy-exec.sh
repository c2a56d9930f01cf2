#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qrexec-policy-exec in both forms, with stand-ins for qubesd (it answers two methods and writes
# down what it was asked) and for qrexec-client (it prints its arguments). Needs no root.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
. "$tree/tests/system/lib.sh"

dir=$(mktemp -d /tmp/policy-exec.XXXXXX) || exit 1
export QUBES_ROOT=$dir
qubesd=
stop() {
	[ -z "$qubesd" ] || kill "$qubesd" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

mkdir -p "$dir"/{bin,run/qubes/policy.d,etc/qubes/policy.d,etc/qubes-rpc}
cp "$BUILD/bin/qrexec-policy-exec" "$dir/bin/"
printf '#!/bin/sh\nfor a; do printf "[%%s]" "$a"; done\necho\nexit 7\n' >"$dir/bin/qrexec-client"
chmod 755 "$dir/bin/qrexec-client"
cat >"$dir/etc/qubes/policy.d/30-user.policy" <<'P'
test.Run    *  work  vault     allow user=root
test.Run    *  work  @adminvm  allow
test.Run    *  work  @dispvm   allow
test.Run    *  work  far       allow
test.Ask    *  work  vault     ask
P
cat >"$dir/qubesd.py" <<'P'
import json, os, socket, threading

root = os.environ["QUBES_ROOT"]

def qube(n, **more):
    return dict({"type": "AppVM", "tags": [], "power_state": "Halted", "guivm": None, "internal": None,
                 "uuid": "0000000%d-1111-4222-8333-000000000000" % n, "default_dispvm": "dvm", "label": "0xcc0000",
                 "template_for_dispvms": False, "icon": "x", "relayvm": None, "transport_rpc": None}, **more)

info = {"domains": {"dom0": qube(0, type="AdminVM", uuid="00000000-0000-0000-0000-000000000000"),
                    "work": qube(1), "vault": qube(2), "dvm": qube(3, template_for_dispvms=True),
                    "far": qube(4, type="RemoteVM", relayvm="vault", transport_rpc="test.Relay")}}

held = []  # an event stream stays open

def answer(conn):
    request = b"".join(iter(lambda: conn.recv(4096), b"")).decode()
    method, target = request.split("\0")[0].split()[0], request.split("\0")[0].split()[-1]
    if method.startswith("admin.Events"):
        conn.sendall(b"1\0\0connection-established\0\0")
        held.append(conn.dup())
        return
    if method.startswith("internal.GetSystemInfo"):
        conn.sendall(b"0\0" + json.dumps(info).encode())
    else:
        with open(root + "/asked", "a") as f:
            f.write("%s %s\n" % (method, target))
        if method == "admin.vm.CreateDisposable+":
            conn.sendall(b"0\0disp7")
        elif target == "vault":
            conn.sendall(b"2\0QubesVMNotHaltedError\0\0It runs already\0")
        else:
            conn.sendall(b"0\0")

def serve(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(root + path)
    s.listen(5)
    while True:
        with s.accept()[0] as conn:
            try:
                answer(conn)
            except OSError:
                pass  # a caller need not wait for its answer

threading.Thread(target=serve, args=("/run/qubesd.sock",), daemon=True).start()
serve("/run/qubesd.internal.sock")
P
/usr/bin/python3 "$dir/qubesd.py" &
qubesd=$!
check "the stand-in for qubesd listens" eventually 10 listens "$dir/run/qubesd.internal.sock" "$dir/run/qubesd.sock"

run() { # ARGUMENTS...: output, then the exit status
	: >"$dir/asked"
	timeout 300 "$dir/bin/qrexec-policy-exec" "$@" 2>"$dir/err"
	echo "status $?"
}

equal "the answer is printed" "user=root
result=allow
target=vault
target_uuid=uuid:00000002-1111-4222-8333-000000000000
autostart=True
requested_target=vault
status 0" "$(run work vault test.Run+a)"
equal "a denial as well" "result=deny
status 1" "$(run work vault test.Other)"
equal "--just-evaluate only says it by the status" "status 0" "$(run --just-evaluate work vault test.Run)"
equal "an open question is not permission" "status 1" "$(run --just-evaluate work vault test.Ask)"
equal "unless a yes is assumed" "status 0" "$(run --just-evaluate --assume-yes-for-ask work vault test.Ask)"

equal "the second form makes the call" "[-Ed][vault][-c][SOCKET42,work,9][--][root:QUBESRPC test.Run+a work]
status 7" "$(run 9 work vault test.Run+a SOCKET42)"
equal "one that runs need not be started" "admin.vm.Start+ vault" "$(cat "$dir/asked")"
equal "dom0 needs no start, and learns how it was called" \
	"[-Ed][dom0][-c][SOCKET42,work,9][--][QUBESRPC test.Run+a work keyword adminvm]
status 7" "$(run 9 work @adminvm test.Run+a SOCKET42)$(cat "$dir/asked")"
equal "a disposable is made, started and killed with the call" \
	"[-EWkd][disp7][-c][SOCKET42,work,9][--][DEFAULT:QUBESRPC test.Run+a work]
status 7" "$(run 9 work @dispvm test.Run+a SOCKET42)"
equal "by qubesd" "admin.vm.CreateDisposable+ dvm
admin.vm.Start+ disp7" "$(cat "$dir/asked")"
equal "a remote qube is reached by its relay" \
	"[-Ed][vault][-c][SOCKET42,work,9][--][DEFAULT:QUBESRPC test.Relay+far+test.Run+a work]
status 7" "$(run 9 work far test.Run+a SOCKET42)"
equal "what is denied starts nothing" "status 1" "$(run 9 work vault test.Other SOCKET42)$(cat "$dir/asked")"
check "and the log says why" grep -q "test.Other+: work -> vault: denied: no rule" "$dir/err"
equal "four arguments are neither form" "status 2" "$(run 9 work vault test.Run)"
finish
