#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Service calls through the real programs: two qubes that are only an agent each, their
# daemons, a policy program, all meeting in one folder. Needs no containers, and no root;
# as root the daemons drop to another user and the agents log users in.
cd "$(dirname "$0")" || exit 1
. ./lib.sh

T=$(mktemp -d /tmp/qrexec-test.XXXXXX)
chmod 755 "$T"
export QUBES_ROOT=$T/root VCHAN_SOCKET_DIR=$T/vchan QREXEC_STARTUP_TIMEOUT=100
unset DISPLAY
me=$(id -un)
root=
drop=()
[ "$(id -u)" = 0 ] && root=1 && drop=(--user=65534:65534)
declare -A pid
mkdir -p "$T"/{vchan,rpc,conf,log} "$QUBES_ROOT"/{run/qubes,var/log/qubes,etc/qubes-rpc}
[ -z "$root" ] || chmod 1777 "$T"/{vchan,log} "$QUBES_ROOT"/run/qubes "$QUBES_ROOT"/var/log/qubes

cleanup() {
	local p
	for p in "${pid[@]}"; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT

# As root, calls log in. What this machine's root has in its profile is no part of the test: it may
# take its time, and locks that stay when a call is killed. So its home is another one there.
own_home=()
if [ -n "$root" ]; then
	mkdir "$T/login"
	awk -F: -v OFS=: -v home="$T/login" '$1 == "root" {$6 = home} {print}' /etc/passwd >"$T/passwd"
	own_home=(unshare --mount sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$T/passwd")
fi

# start_agent DOMID, start_daemon DOMID NAME
start_agent() {
	VCHAN_DOMAIN=$1 QREXEC_SERVICE_PATH=$T/rpc QUBES_RPC_CONFIG_PATH=$T/conf \
		"${own_home[@]}" "$BUILD/bin/qrexec-agent" -S -a "$T/agent.$1" 2>>"$T/log/agent.$1" &
	pid[a$1]=$!
}
start_daemon() {
	VCHAN_DOMAIN=0 "$BUILD/bin/qrexec-daemon" -D -q "${drop[@]}" --uuid="0000-$1" \
		--policy-program="$T/policy" "$1" "$2" "$me" 2>>"$T/log/daemon.$1" &
	pid[d$1]=$!
	eventually 5 is_up "$1"
}
# is_up DOMID: this daemon, not the one before it, which may have left its socket
is_up() {
	local run=$QUBES_ROOT/run/qubes
	[ "$(cat "$run/qrexec.$1.pid")" = "${pid[d$1]}" ] && listens "$run/qrexec.$1" && [ -L "$run/qrexec.uuid:0000-$1" ]
}
dom0() { VCHAN_DOMAIN=0 timeout 300 "$BUILD/bin/qrexec-client" "$@"; }
vm() { local d=$1; shift; VCHAN_DOMAIN=$d timeout 300 "$BUILD/bin/qrexec-client-vm" -a "$T/agent.$d" "$@"; }
# works DOMID: its agent is the one that was started last, or will be soon
works() { [ "$(dom0 -d "$1" "$me:echo ok" </dev/null)" = ok ]; }
service() { cat >"$T/rpc/$1"; chmod 755 "$T/rpc/$1"; cp "$T/rpc/$1" "$QUBES_ROOT/etc/qubes-rpc/"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# kill_it NAME: without a chance to clean up
kill_it() { kill -9 "${pid[$1]}"; wait "${pid[$1]}" 2>/dev/null; unset "pid[$1]"; }
# status_of COMMAND...: prints its exit code
status_of() { "$@" >/dev/null 2>&1 </dev/null; echo $?; }
ms_now() { echo $(($(date +%s%N) / 1000000)); }
# soon SINCE: "yes" when that is less than a second ago, or as long as fifty calls take now: the
# machine may be slow, or busy
soon() {
	local took=$(($(ms_now) - $1)) start
	start=$(ms_now)
	dom0 -d vault "$me:true" </dev/null
	[ $took -lt 1000 ] || [ $took -lt $((50 * ($(ms_now) - start))) ] && echo yes
	[ $took -lt 1000 ] || echo "# it took $took ms" >&2
}

allow_all() {
	cat >"$T/policy.new" <<-POLICY
		#!/bin/sh
		printf 'result=allow\nautostart=False\nuser=$me\ntarget=%s\nrequested_target=%s\n' "\$3" "\$3"
	POLICY
	chmod 755 "$T/policy.new"
	mv "$T/policy.new" "$T/policy"
}
policy_is() { cat >"$T/policy.new"; chmod 755 "$T/policy.new"; mv "$T/policy.new" "$T/policy"; }

service test.Echo <<'X'
#!/bin/sh
echo "$QREXEC_REMOTE_DOMAIN|$QREXEC_SERVICE_FULL_NAME|$QREXEC_SERVICE_ARGUMENT|$1"
echo problem >&2
cat
X
service test.Cat <<'X'
#!/bin/sh
exec cat
X
service test.Exit <<'X'
#!/bin/sh
exit "$1"
X
service test.Sum <<'X'
#!/bin/sh
sha256sum
X
service test.Give <<'X'
#!/bin/sh
cat "$(dirname "$0")/../data"
X
service test.Slow <<'X'
#!/bin/sh
echo start; while [ ! -e "$(dirname "$0")/../go" ]; do sleep 0.05; done; echo end; exit 5
X
# Once it says who it is, its caller has met it.
service test.Hang <<'X'
#!/bin/sh
head -c 1 >/dev/null
echo $$ >"$(dirname "$0")/../hang.$1"
cat >/dev/null; echo gone >>"$(dirname "$0")/../hang.$1"
X
[ -z "$root" ] || chmod 1777 "$T"
allow_all

start_agent 42
start_agent 43
start_daemon 42 work
report $? "a daemon connects to its agent"
start_daemon 43 vault
report $? "another daemon connects"

# --- calls ---------------------------------------------------------------------

call="$me:QUBESRPC"
equal "dom0 calls a service of a qube" "dom0|test.Echo+a|a|a hi" \
	"$(echo hi | dom0 -d work "$call test.Echo+a dom0" 2>/dev/null | paste -sd' ')"
equal "stderr of the service comes apart" problem \
	"$(echo hi | dom0 -d work "$call test.Echo dom0" 2>&1 >/dev/null)"
equal "dom0 runs a shell command as the default user" "$me" \
	"$(dom0 -d work 'DEFAULT:id -un' </dev/null)"
equal "a daemon is found by uuid and by number" "ok ok" \
	"$(dom0 -d uuid:0000-42 "$me:echo ok" </dev/null) $(dom0 -d 42 "$me:echo ok" </dev/null)"
equal "a qube calls another" "work|test.Echo+x|x|x hi" \
	"$(echo hi | vm 42 vault test.Echo+x 2>/dev/null | paste -sd' ')"
equal "a qube calls the other way" "vault|test.Echo+|| hi" \
	"$(echo hi | vm 43 work test.Echo 2>/dev/null | paste -sd' ')"
equal "a qube calls a service of dom0" "work|test.Echo+y|y|y hi" \
	"$(echo hi | vm 42 dom0 test.Echo+y 2>/dev/null | paste -sd' ')"
equal "exit codes come back" "7 9 11" \
	"$(status_of dom0 -d work "$call test.Exit+7 dom0") $(status_of vm 42 vault test.Exit+9) $(
		status_of vm 42 dom0 test.Exit+11)"
equal "a service that does not exist gives 127" "127 127 127" \
	"$(status_of dom0 -d work "$call test.None dom0") $(status_of vm 42 vault test.None) $(
		status_of vm 42 dom0 test.None)"
equal "starting without waiting gives 0" 0 "$(status_of dom0 -e -d work "$me:sleep 0.1")"
printf 'exit-on-client-eof = maybe\n' >"$T/conf/test.Cat+bad"
equal "a broken configuration gives 125" 125 "$(status_of vm 42 vault test.Cat+bad)"
said=$(dom0 -d nosuch "$me:true" 2>&1)
[ $? = 125 ] && [[ $said =~ "nosuch is not running".*"qvm-start nosuch" ]] && [ "$(wc -l <<<"$said")" = 1 ]
report $? "a qube that does not run is named, with what to do"
long=$(head -c 30000 /dev/zero | tr '\0' x)
equal "a command of 30,000 bytes goes through" 30000 \
	"$(timeout 300 "$BUILD/bin/qrexec-client" -d work "$me:printf %s $long" </dev/null | wc -c)"
equal "a local program is connected to the service" "input: hello" "$(
	vm 42 vault test.Cat /bin/sh -c 'echo hello; read x; echo "input: $x" >/dev/fd/$SAVED_FD_1')"

# --- refusals ------------------------------------------------------------------

policy_is <<'X'
#!/bin/sh
echo result=deny
exit 1
X
equal "a denied call gives 126 and says so" "Request refused 126" \
	"$(vm 42 vault test.Cat 2>&1 </dev/null | paste -sd' ') $(status_of vm 42 vault test.Cat)"
equal "a denied call to dom0 gives 126" 126 "$(status_of vm 42 dom0 test.Cat)"
policy_is <<'X'
#!/bin/sh
printf 'result=allow\ntarget=vault\n'
X
equal "half an answer is a refusal" 126 "$(status_of vm 42 vault test.Cat)"
policy_is <<'X'
#!/bin/sh
: >"$(dirname "$0")/asked"
exec sleep 1000
X
VCHAN_DOMAIN=42 "$BUILD/bin/qrexec-client-vm" -a "$T/agent.42" vault test.Cat </dev/null 2>/dev/null &
asker=$!
eventually 5 test -e "$T/asked"
equal "while one call is decided another goes on" ok "$(dom0 -d work "$me:echo ok" </dev/null)"
start=$(ms_now)
kill_it d42
wait $asker
equal "a call that waits for a decision is refused when the daemon dies" 126 $?
equal "at once" yes "$(soon "$start")"
start_daemon 42 work
report $? "a new daemon connects to the same agent"
allow_all

# --- data ----------------------------------------------------------------------

head -c 256M /dev/urandom >"$T/data"
sum=$(sha256sum <"$T/data")
equal "256 MiB from dom0 into a qube" "$sum" "$(dom0 -d work "$call test.Sum dom0" <"$T/data")"
equal "256 MiB out of a qube to dom0" "$sum" \
	"$(dom0 -d work "$call test.Give dom0" </dev/null | sha256sum)"
equal "256 MiB from a qube to another" "$sum" "$(vm 42 vault test.Sum <"$T/data")"
equal "256 MiB back" "$sum" "$(vm 42 vault test.Give </dev/null | sha256sum)"
equal "256 MiB there and back at once" "$sum" "$(vm 42 vault test.Cat <"$T/data" | sha256sum)"
equal "64 MiB from a qube into dom0" "$(head -c 64M "$T/data" | sha256sum)" \
	"$(head -c 64M "$T/data" | vm 42 dom0 test.Sum)"
rm -f "$T/data"
equal "a reader that stops early does not hurt" y \
	"$(dom0 -d work "$me:timeout 100 yes" </dev/null 2>/dev/null | head -n 1)"

many() {
	local i bad=0 p=()
	for i in $(seq 100); do
		{ [ "$(echo "$i" | "$@" 2>/dev/null)" = "$i" ]; } &
		p+=($!)
	done
	for i in "${p[@]}"; do wait "$i" || bad=$((bad + 1)); done
	echo $bad
}
equal "100 calls at once from dom0" 0 "$(many dom0 -d work "$call test.Cat dom0")"
equal "100 calls at once between qubes" 0 "$(many vm 42 vault test.Cat)"
equal "100 calls at once to dom0" 0 "$(many vm 43 dom0 test.Cat)"
equal "no port was lost" ok "$(for i in $(seq 260); do
	dom0 -d work "$call test.Exit+0 dom0" </dev/null || exit; done; echo ok)"

# --- files ---------------------------------------------------------------------

# The receiver finds its home in the environment of the agent that runs it.
mkdir "$T/home"
ln -s "$BUILD/bin/qfile-unpacker" "$T/rpc/qubes.Filecopy"
stop_quietly() { kill "${pid[$1]}"; wait "${pid[$1]}" 2>/dev/null; }
stop_quietly a43
HOME=$T/home start_agent 43
eventually 10 works 43
incoming=$T/home/QubesIncoming/work
if [ -n "$root" ]; then
	# A login sets HOME: let the service find ours again.
	rm "$T/rpc/qubes.Filecopy"
	printf '#!/bin/sh\nHOME=%s exec %s "$@"\n' "$T/home" "$BUILD/bin/qfile-unpacker" >"$T/rpc/qubes.Filecopy"
	chmod 755 "$T/rpc/qubes.Filecopy"
fi
mkdir -p "$T/tree/sub/deep"
for i in $(seq 500); do echo "$i" >"$T/tree/sub/$i"; done
head -c 20M /dev/zero >"$T/tree/zero"
head -c 3M /dev/urandom >"$T/tree/noise"
ln -s ../1 "$T/tree/sub/deep/link"
chmod 751 "$T/tree/sub/7" "$T/tree/sub/deep"
touch -d '2001-02-03 04:05:06.789' "$T/tree/sub/8" "$T/tree/sub"
listing() { (cd "$1" && find tree -printf '%p %y %m %s %T@ %l\n' | sort); }
send_files() { vm 42 vault qubes.Filecopy "$BUILD/bin/qfile-agent" "$@"; }
check "a tree of files is copied to another qube" send_files "$T/tree"
equal "with modes, times and links" "$(listing "$T")" "$(listing "$incoming")"
equal "and contents" "" "$(diff -r "$T/tree" "$incoming/tree" 2>&1)"
said=$(send_files "$T/tree/zero" "$T/tree/noise" 2>&1) && said=$(send_files "$T/tree/noise" 2>&1)
[ $? = 1 ] && [[ $said == *"noise: a file of that name is there already"* ]]
report $? "what is there already is not replaced, and the sender says so"
diag <<<"$said"
printf x >"$T/bad"$'\n'name
said=$(send_files "$T/bad"$'\n'name 2>&1)
[ $? = 1 ] && [[ $said == *"characters"* ]] && ! ls "$incoming" | grep -q bad
report $? "a name with control characters is refused"
head -c 100M /dev/urandom >"$T/large"
vm 42 vault qubes.Filecopy "$BUILD/bin/qfile-agent" "$T/large" >/dev/null 2>&1 & p=$!
sender() { pgrep -f "^$BUILD/bin/qfile-agent $T/large\$"; }
sends() { sender || gone $p; }
eventually 5 sends
sleep 0.1
kill -9 "$(sender)" 2>/dev/null
wait $p
[ ! -e "$incoming/large" ] || cmp -s "$T/large" "$incoming/large"
report $? "a sender that is killed leaves no half file"
rm -f "$T/large"

# --- deaths --------------------------------------------------------------------

vm 42 vault test.Slow </dev/null >"$T/out" & p=$!
eventually 5 test -s "$T/out"
kill_it d42
kill_it d43
start_daemon 42 work
report $? "both daemons come back during a call"
start_daemon 43 vault
equal "the next call works" again "$(echo again | vm 42 vault test.Cat)"
touch "$T/go"
wait $p
equal "the running call was not disturbed" "5 start end" "$? $(paste -sd' ' "$T/out")"

# Who calls between a daemon's death and its return waits for it: two seconds, which a busy machine
# may need more than once.
called_between() {
	kill_it d43
	dom0 -d vault "$me:echo waited" </dev/null >"$T/between" 2>/dev/null & p=$!
	start_daemon 43 vault
	wait $p
	[ "$(cat "$T/between")" = waited ]
}
eventually 5 called_between
report $? "a call to a daemon that is just restarted waits for it"
asked_between() {
	kill_it a42
	vm 42 vault test.Cat <<<waited >"$T/between" 2>/dev/null & p=$!
	start_agent 42
	wait $p
	[ "$(cat "$T/between")" = waited ]
}
eventually 5 asked_between
report $? "a call by way of an agent that is just restarted waits for it"

rm "$T/go" "$T/out"
vm 42 vault test.Slow </dev/null >"$T/out" & p=$!
eventually 5 test -s "$T/out"
kill_it a43
start_agent 43
check "an agent comes back during a call, and the next call works" \
	eventually 5 sh -c "[ \"\$(echo again | VCHAN_DOMAIN=42 timeout 50 $BUILD/bin/qrexec-client-vm -a $T/agent.42 vault test.Cat)\" = again ]"
touch "$T/go"
wait $p
equal "that call was not disturbed either" "5 start end" "$? $(paste -sd' ' "$T/out")"

VCHAN_DOMAIN=42 "$BUILD/bin/qrexec-client-vm" -a "$T/agent.42" vault test.Hang+1 </dev/zero >/dev/null & p=$!
eventually 5 test -s "$T/hang.1"
kill -9 $p
wait $p 2>/dev/null
check "when the caller is killed the service sees the end" eventually 10 grep -q gone "$T/hang.1"

mkfifo "$T/fifo"
exec 9<>"$T/fifo"
echo >&9
VCHAN_DOMAIN=42 "$BUILD/bin/qrexec-client-vm" -a "$T/agent.42" vault test.Hang+2 <&9 >/dev/null & p=$!
eventually 5 test -s "$T/hang.2"
start=$(ms_now)
kill -9 "$(ps -o ppid= "$(head -n 1 "$T/hang.2")" | tr -d ' ')"
wait $p
equal "when the service's process is killed the caller gets 255 within a second" "255 yes" "$? $(soon "$start")"

# --- hostile agents, confinement -------------------------------------------------

hostile() { # PYTHON-EXPRESSION: bytes sent after HELLO; the daemon must end, alone
	local status
	rm -f "$T/vchan/vchan.50.0.512.sock"
	timeout 300 /usr/bin/python3 - "$T/vchan/vchan.50.0.512.sock" "$1" <<-'PY' &
		import socket, struct, sys
		def msg(t, b): return struct.pack("<LL", t, len(b)) + b
		s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1)
		import os; os.chmod(sys.argv[1], 0o777)
		c, _ = s.accept(); c.settimeout(100)
		c.sendall(msg(0x300, struct.pack("<L", 4)))
		try:
		    c.sendall(eval(sys.argv[2]))
		    while c.recv(65536): pass
		except OSError: pass
	PY
	eventually 5 listens "$T/vchan/vchan.50.0.512.sock"
	VCHAN_DOMAIN=0 timeout 100 "$BUILD/bin/qrexec-daemon" -D "${drop[@]}" --uuid=0000-50 \
		--policy-program="$T/policy" 50 hostile "$me" 2>>"$T/log/daemon.50"
	status=$?
	wait $!
	[ $status = 1 ] && [ "$(dom0 -d work "$me:echo ok" </dev/null)" = ok ]
}
check "an unknown message ends that daemon only" hostile 'msg(0x999, b"x")'
check "a message of 4 GiB ends it" hostile 'struct.pack("<LL", 0x213, 0xffffffff)'
check "a message of an older version ends it" hostile 'msg(0x210, b"\0" * 128)'
check "a port out of range ends it" hostile 'msg(0x211, struct.pack("<LL", 0, 4000))'

refusals() { # more of them than the daemon holds at once, asked for in one breath: all come
	rm -f "$T/vchan/vchan.50.0.512.sock"
	timeout 300 /usr/bin/python3 - "$T/vchan/vchan.50.0.512.sock" "$BUILD/bin/qrexec-daemon" "$T/policy" "$me" <<-'PY'
		import os, signal, socket, struct, subprocess, sys
		def msg(t, b): return struct.pack("<LL", t, len(b)) + b
		path, daemon, policy, me = sys.argv[1:]
		s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(1)
		d = subprocess.Popen([daemon, "-D", "--uuid=0000-50", "--policy-program=" + policy, "50", "hasty", me],
		                     env=dict(os.environ, VCHAN_DOMAIN="0"), stderr=subprocess.DEVNULL)
		c, _ = s.accept(); c.settimeout(100)
		try:
		    c.setsockopt(socket.SOL_SOCKET, 32, 4 << 20)  # SO_SNDBUFFORCE
		except PermissionError:
		    d.terminate()
		    d.wait()
		    sys.exit(0)  # no breath is long enough then
		c.sendall(msg(0x300, struct.pack("<L", 3)))
		c.recv(12, socket.MSG_WAITALL)
		wrong = msg(0x212, b"vault".ljust(64, b"\0") + b"SOCKET1".ljust(32, b"\0") + b"+x\0")
		try:
		    for n in 3280, 3300:
		        d.send_signal(signal.SIGSTOP)
		        sent = c.send(wrong * n)
		        assert sent == len(wrong) * n, "the system gives no such buffers"
		        d.send_signal(signal.SIGCONT)
		        got = 0
		        while got < 40 * n:
		            got += len(c.recv(40 * n - got))
		finally:
		    d.send_signal(signal.SIGCONT)
		    d.terminate()
		    d.wait()
	PY
}
[ -z "$root" ] || check "an agent that asks in one breath for more than can be answered gets all answers" refusals

field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/${pid[d42]}/status"; }
equal "the daemon is confined: seccomp, no new privileges, no capabilities" "2 1 0000000000000000" \
	"$(field Seccomp) $(field NoNewPrivs) $(field CapEff)"
[ -z "$root" ] || equal "the daemon is not root" 65534 "$(field Uid | cut -f1)"

# --- the end -------------------------------------------------------------------

stop() { kill "${pid[$1]}"; wait "${pid[$1]}" 2>/dev/null; local s=$?; unset "pid[$1]"; return $s; }
stop d42
report $? "the daemons end when told to"
stop d43
report $? "both"
equal "and leave nothing behind" "" "$(ls "$QUBES_ROOT/run/qubes")"
stop a42
report $? "the agents end when told to"
stop a43
report $? "both"
vchans() { ls "$T/vchan" | grep -v '^vchan.50'; }
none_left() { [ -z "$(vchans)" ]; }
eventually 5 none_left # of calls that have ended without their agent
equal "no vchan is left behind" "" "$(vchans)"
start=$(ms_now)
QREXEC_STARTUP_TIMEOUT=1 VCHAN_DOMAIN=0 "$BUILD/bin/qrexec-daemon" -q "${drop[@]}" --uuid=0000-42 42 work 2>/dev/null
equal "without an agent the start fails in time, with 3" "3 yes" \
	"$? $([ $(($(ms_now) - start)) -lt 30000 ] && echo yes)"
finish
