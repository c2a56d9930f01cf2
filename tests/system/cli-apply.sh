#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qvm-apply against qubesd on libvirt's in-memory hypervisor: the system comes to match the
# description whatever it was before, and then stays as it is. Needs no container.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

QUBES_ROOT=$(mktemp -d /tmp/qa.XXXXXX)/dom0
export QUBES_ROOT
unset QUBESD_SOCKET QUBES_CONNECTION
top=$(dirname "$QUBES_ROOT")
state=$QUBES_ROOT/var/lib/qubes
qubesd_pid=""

cleanup() {
	[ -z "$qubesd_pid" ] || kill "$qubesd_pid" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$state/vm-kernels/1.0" "$QUBES_ROOT/etc/qubes" "$QUBES_ROOT/etc/qubes-rpc"
touch "$state/vm-kernels/1.0/vmlinuz" "$state/vm-kernels/1.0/initramfs"
cp -r "$tree/policy/policy.d" "$QUBES_ROOT/etc/qubes/policy.d"
cp "$tree"/policy/rpc/* "$QUBES_ROOT/etc/qubes-rpc/"
PATH=$BUILD/bin:$PATH
"$BUILD/bin/qubesd" --root "$QUBES_ROOT" --libvirt test:///default >"$top/qubesd.log" 2>&1 &
qubesd_pid=$!
check "qubesd starts" eventually 10 qvm-ls
qubes-prefs default_kernel 1.0
cd "$top" || exit 1

# Applying once more: says and changes nothing.
settled() {
	local before
	before=$(sha256sum "$state/qubes.xml")
	[ -z "$(qvm-apply --diff "$1" 2>/dev/null)" ] && [ -z "$(qvm-apply "$1" 2>/dev/null)" ] &&
		qvm-apply -q --diff --exit-code "$1" && [ "$before" = "$(sha256sum "$state/qubes.xml")" ]
}

# --- from nothing, in an order that is nobody's ---------------------------------------------
cat >office.toml <<'EOT'
# Everything before what it depends on.
[qubes.disp]
class = "DispVM"
label = "gray"
template = "dvm"

[qubes.dvm]
label = "gray"
template_for_dispvms = true

[qubes.work]
label = "pink"
netvm = "fw"
memory = 500
tags = [
  "mine", # a comment
  "office",
]
firewall = [
  "accept 10.0.0.0/8 tcp 80-90",
  { action = "accept", dsthost = "example.com", proto = "tcp", dstports = 443, comment = "my site" },
  "drop",
]
notes = """
remember
this"""
services = { cups = true, crond = false }
features.color = "deep blue"
volumes.private.size = "3GiB"

[qubes.fw]
label = "green"
netvm = "net"
provides_network = true

[qubes.net]
label = "red"
netvm = "none"
provides_network = true

[qubes.tpl]
class = "TemplateVM"
label = "black"

[labels]
pink = "0xff88cc"

[system]
default_template = "tpl"
default_dispvm = "dvm"
default_netvm = "fw"
check_updates_vm = false

[policy]
30-user = '''
test.Service  *  work  @anyvm  deny
'''
EOT
equal "what would be done is shown" "6 create it" \
	"$(qvm-apply --diff office.toml | grep -o 'create it' | sort | uniq -c | xargs)"
equal "and not done" "dom0" "$(qvm-ls --raw-list)"
check "it is done" qvm-apply -q office.toml
equal "all qubes are there" "disp|DispVM|gray|dvm|fw
dom0|AdminVM|black|-|-
dvm|AppVM|gray|tpl|fw
fw|AppVM|green|tpl|net
net|AppVM|red|tpl|-
tpl|TemplateVM|black|-|-
work|AppVM|pink|tpl|fw" "$(qvm-ls --raw-data -O name,class,label,template,netvm)"
equal "with all they are to have" "500|mine office|cups on crond off|deep blue|remember this|3221225472" \
	"$(qvm-prefs work memory)|$(qvm-tags work | grep -x 'mine\|office' | xargs)|$(qvm-service work | sort -r | xargs)|$(qvm-features work color)|$(qvm-notes work -p | xargs)|$(qvm-volume info work:private size)"
equal "and its firewall" "action=accept proto=tcp dst4=10.0.0.0/8 dstports=80-90
action=accept proto=tcp dsthost=example.com dstports=443-443 comment=my site
action=drop" "$(qvm-firewall work --raw)"
equal "the system" "tpl|dvm|fw|False" \
	"$(qubes-prefs default_template)|$(qubes-prefs default_dispvm)|$(qubes-prefs default_netvm)|$(qubes-prefs check_updates_vm)"
equal "and the policy" "test.Service  *  work  @anyvm  deny" "$(qubes-policy -g 30-user)"
check "once more changes nothing" settled office.toml

# --- dumping and going back -------------------------------------------------------------------
check "dump" sh -c 'qvm-apply --dump >dump.toml && qvm-apply --dump --format json >dump.json'
check "both formats say the same" /usr/bin/python3 -c '
import json, tomllib
assert tomllib.load(open("dump.toml", "rb")) == json.load(open("dump.json"))'
check "the dump describes the system" settled dump.toml
check "so does the JSON" settled dump.json
check "change this and that" sh -c 'qvm-prefs work memory 700 && qvm-prefs -D work netvm && qvm-tags work del mine &&
	qvm-service -D work cups && qvm-firewall work reset && qvm-notes work --set x &&
	qvm-features work color red && qubes-prefs -D default_netvm && qubes-policy --remove 30-user'
equal "the difference is shown" "~ work: memory: 700 -> 500
+ work: tag mine
~ work: feature color: red -> deep blue
+ work: service cups = on
~ work: notes
~ work: firewall
~ work: netvm: none (default) -> fw
~ system: default_netvm: none (default) -> fw
+ policy: file 30-user" "$(qvm-apply --diff office.toml | grep '^[^ ]')"
qvm-apply --diff --exit-code office.toml >/dev/null
equal "as a status, too" 1 $?
equal "as JSON" "9" "$(qvm-apply --diff --format json office.toml |
	/usr/bin/python3 -c 'import json, sys; print(len(json.load(sys.stdin)["changes"]))')"
check "and undone" qvm-apply -q dump.toml
check "for good" settled office.toml

# --- networks change places ------------------------------------------------------------------------
cat >swap.toml <<'EOT'
[qubes]
net = { netvm = "fw" }
fw = { netvm = "" }
EOT
check "two networks swap" qvm-apply -q swap.toml
equal "as described" "fw|" "$(qvm-prefs net netvm)|$(qvm-prefs fw netvm)"
check "and back" qvm-apply -q office.toml
check "defaults come back" sh -c 'printf "[qubes.work]\nmemory = \"@default\"\ntags = [\"!mine\"]\nfeatures.color = \"@default\"\n" | qvm-apply -q -'
equal "where asked for" "D|1|1" "$(qvm-prefs work | awk '$1 == "memory" {print $2}')|$(qvm-tags work ls mine >/dev/null; echo $?)|$(qvm-features work color >/dev/null; echo $?)"

# --- failures ---------------------------------------------------------------------------------------------
cat >partly.toml <<'EOT'
[qubes.work]
memory = 450
kernel = "no-such-kernel"
[qubes.broken]
class = "DispVM"
template = "work"
label = "red"
memory = 300
[qubes.fine]
label = "red"
EOT
qvm-apply partly.toml >out 2>err
equal "a failure is one" 1 $?
equal "the rest is done" "450 fine" "$(qvm-prefs work memory) $(qvm-ls --raw-list fine)"
check "each is told" sh -c 'grep -q "^qvm-apply: error: work: kernel: .*no-such-kernel" err &&
	grep -q "^qvm-apply: error: broken: create it .*work" err &&
	grep -q "2 of 5 changes failed, 1 were left out" err'
qvm-start fine
refused "a running qube is not removed" "error: fine: remove it .*" sh -c 'echo "[qubes.fine]
state = \"absent\"" | qvm-apply -q -'
qvm-kill --all
before=$(sha256sum "$state/qubes.xml")
mistake() {
	local text=$1 line=$2 why=$3 status
	printf '%s' "$text" >bad.toml
	qvm-apply bad.toml >out 2>err
	status=$?
	equal "mistake: $why" "2 bad.toml:$line: yes" \
		"$status $(grep -om1 '^bad.toml:[0-9]*: ' err)$(grep -qe "$why" err && echo yes)"
}
mistake $'[qubes.a]\nlabel = red' 2 "strings need quotes"
mistake $'[qubes.a]\nlabel = "red"\nlabel = "blue"' 3 "given before, in line 2"
mistake $'{"qubes": {\n"a": {"label": "red",}}}' 2 "key in double quotes"
mistake $'[qubes.a]\n\nlabel = "redd"' 3 "no such label"
mistake $'[qubes.a]\nlabel = "red"\nnetvm = "nett"' 3 "did you mean 'net'"
mistake $'[qubes.a]\nmemory = 1' 1 "needs a label"
mistake $'[qubes.work]\nclass = "TemplateVM"' 2 "cannot become"
mistake $'[qubes.work]\nfirewall = ["accept", "sometimes"]' 2 "rule 2"
mistake $'[qubes.work]\nmemroy = 1' 2 "no property 'memroy'"
mistake $'[qubes.fw]\nnetvm = "work"\n[qubes.work]\nprovides_network = true' 2 "back to itself"
mistake $'[qubes.dom0]\nstate = "absent"' 1 "cannot be removed"
mistake $'[qubes.fw]\nstate = "absent"\n[qubes.work]\nnetvm = "fw"' 4 "to be removed"
mistake $'[qube.a]\nlabel = "red"' 1 "unknown section 'qube'"
mistake $'[system]\ndefault_netwm = ""' 2 "no property 'default_netwm'"
equal "nothing was changed by any of it" "$before" "$(sha256sum "$state/qubes.xml")"

# --- many, and none -------------------------------------------------------------------------------------
{ for i in $(seq 60); do printf '[qubes.many-%d]\nlabel = "red"\nmemory = %d\n' "$i" $((300 + i)); done; } >many.toml
check "many qubes" qvm-apply -q many.toml
equal "are there" 60 "$(qvm-ls --raw-list 'many-*' | wc -l)"
check "and stay" settled many.toml
{
	printf '[system]\ndefault_template = ""\ndefault_netvm = ""\ndefault_dispvm = ""\n[policy]\n30-user = "@absent"\n[qubes]\n'
	for q in $(qvm-ls --raw-list | grep -vx dom0 | sort -R); do printf '%s.state = "absent"\n' "$q"; done
} >none.toml
check "all go when that is said" qvm-apply -q none.toml
equal "in an order that works" "dom0" "$(qvm-ls --raw-list)"
check "and stay away" settled none.toml
check "all come back from the dump" qvm-apply -q dump.toml
check "as they were" settled dump.toml

kill "$qubesd_pid"
wait "$qubesd_pid" 2>/dev/null
qubesd_pid=""
refused "without qubesd" "cannot reach qubesd" qvm-apply office.toml
finish
