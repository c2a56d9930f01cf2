#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Menus of dom0's desktop with the applications of the qubes: from what a stand-in for a qube tells to
# what Xfce's menu shows, against qubesd on libvirt's in-memory hypervisor.
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
stage appmenus
export QUBES_ROOT=$dir/dom0 HOME=$dir/home
unset QUBESD_SOCKET QUBES_CONNECTION QREXEC_REMOTE_DOMAIN XDG_DATA_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR
unset XDG_DATA_DIRS XDG_CONFIG_DIRS XDG_CACHE_HOME QUBES_EMBEDDED
mkdir -p "$QUBES_ROOT/run/qubes" "$QUBES_ROOT/var/lib/qubes/vm-kernels/1.0" "$HOME"
touch "$QUBES_ROOT"/var/lib/qubes/vm-kernels/1.0/{vmlinuz,initramfs}
start qubesd.log qubesd --root "$QUBES_ROOT" --libvirt test:///default
eventually 20 qvm-ls || { echo "not ok 1 - qubesd"; diag <"$dir/qubesd.log"; echo "1..1"; exit 1; }

# In place of qrexec-client: the qube's end of the services. What it was called for is in calls.
mkdir "$dir/vm"
export VM=$dir/vm
cat >"$dir/qrexec-client" <<'Q'
#!/bin/bash
qube=
while [ $# -gt 1 ]; do
	[ "$1" != -d ] || qube=$2
	shift
done
service=${1#*:QUBESRPC }
service=${service% dom0}
echo "$qube $service" >>"$VM/calls"
case $service in
qubes.GetAppmenus+) cat "$VM/apps" ;;
qubes.GetImageRGBA+)
	read -r name
	echo "$name" >>"$VM/icons"
	cat "$VM/${name#xdgicon:}.rgba" 2>/dev/null
	;;
esac
exit "$(cat "$VM/status" 2>/dev/null || echo 0)"
Q
chmod +x "$dir/qrexec-client"
export QREXEC_CLIENT=$dir/qrexec-client
apps() { printf '%s\n' "$@" >"$VM/apps"; }
menu() { XDG_MENU_PREFIX=xfce- timeout 200 /usr/bin/python3 "$here/xfcemenu.py"; }
shows() { menu | grep -qxF -- "$1"; }
hides() { ! menu | grep -qF -- "$1"; }
base=$HOME/.local/share/qubes-appmenus

qvm-create --class TemplateVM -l black tpl >/dev/null 2>&1
qvm-create -t tpl -l blue work >/dev/null 2>&1
start watch.log qvm-appmenus --watch
watch=$!
check "a new session has a menu for each qube" eventually 20 shows "Qube: work|work: Start qube|$base/work/qube.png|qvm-start --quiet --skip-if-running -- work"
refused "only one watches" "is running already" qvm-appmenus --watch

refused "a qube that does not run is not asked" "tpl does not run" qvm-sync-appmenus tpl
qvm-start tpl
apps "/usr/share/applications/fire-fox.desktop:Name=Fire & Fox" "fire-fox.desktop:Categories=Network;WebBrowser;" \
	"fire-fox.desktop:Icon=fox" "fire-fox.desktop:Exec=qubes-desktop-run fire-fox.desktop" \
	"xterm.desktop:Name=XTerm" "xterm.desktop:Comment=A terminal" "xterm.desktop:Icon=none" \
	"qubes-start.desktop:Name=Mine" "evil.desktop:Name=$(printf 'vault: \342\200\256x$(touch /tmp/x)')" \
	"nameless.desktop:Exec=x" "../../up.desktop:Name=Up"
{ printf '48 48\n' && convert -size 48x48 xc:'#808080' -depth 8 rgba:-; } >"$VM/fox.rgba"
check "the list of a template is taken" qvm-sync-appmenus tpl
equal "icons were asked for by name" "xdgicon:fox xdgicon:none" "$(sort "$VM/icons" | tr '\n' ' ' | sed 's/ $//')"
check "and shows in the template's menu" eventually 10 shows "Template: tpl|tpl: Fire & Fox|$base/tpl/apps.icons/fire-fox.png|qvm-run -q -a --service -- tpl qubes.StartApp+fire-fox"
check "and in that of the qube based on it" eventually 10 shows "Qube: work|work: Fire & Fox|$base/work/apps.icons/fire-fox.png|qvm-run -q -a --service -- work qubes.StartApp+fire-fox"
check "an application without an icon has the qube's" eventually 10 shows "Qube: work|work: XTerm|$base/work/qube.png|qvm-run -q -a --service -- work qubes.StartApp+xterm"
check "a name has no characters but harmless ones" eventually 10 shows "Qube: work|work: vault: _x_(touch /tmp/x)|$base/work/qube.png|qvm-run -q -a --service -- work qubes.StartApp+evil"
check "names of files stay in the folder" eventually 10 shows "Qube: work|work: Up|$base/work/qube.png|qvm-run -q -a --service -- work qubes.StartApp+up"
check "what is reserved is not the qube's to name" eventually 10 hides "Mine"
check "what has no name is no entry" eventually 10 hides "nameless"
once() { [ "$(menu | grep -c 'work: Fire & Fox')" = 1 ]; }
check "qubes' applications are only in the qubes' menus" eventually 10 once
blue() { read -r r g b < <(convert "$1" -gravity center -crop 1x1+0+0 -depth 8 rgb:- | od -An -tu1); [ "$b" -gt "$r" ] && [ "$b" -gt "$g" ]; }
check "the icon is in the color of the qube" eventually 10 blue "$base/work/apps.icons/fire-fox.png"

# What the menu runs, run.
: >"$VM/calls"
qvm-start work 2>/dev/null
sh -c "$(menu | sed -n 's/^Qube: work|work: Fire & Fox|[^|]*|//p')"
check "choosing it starts it in the qube" eventually 10 grep -qx "work qubes.StartApp+fire-fox" "$VM/calls"

# --- what is in a menu ----------------------------------------------------------------------------
equal "all that there is, listed" "evil.desktop - vault: _x_(touch /tmp/x)
fire-fox.desktop - Fire & Fox
qubes-start.desktop - Start qube
up.desktop - Up
xterm.desktop - XTerm" "$(qvm-appmenus --get-available work)"
equal "with further keys" "xterm.desktop|XTerm|A terminal|X-Qubes-VM;" "$(qvm-appmenus --get-available --file-field Comment --file-field Categories work | grep ^xterm)"
printf 'xterm.desktop\nqubes-start.desktop\n' | qvm-appmenus --set-whitelist - work
equal "a list of what is wanted" "xterm.desktop
qubes-start.desktop" "$(qvm-appmenus --get-whitelist work)"
check "takes the others out" eventually 10 hides "work: Fire & Fox"
check "and leaves those" eventually 10 shows "Qube: work|work: XTerm|$base/work/qube.png|qvm-run -q -a --service -- work qubes.StartApp+xterm"
check "with no icon left over" eventually 10 test ! -e "$base/work/apps.icons/fire-fox.png"
qvm-features --unset work menu-items
check "without the list all are there" eventually 10 shows "Qube: work|work: Fire & Fox|$base/work/apps.icons/fire-fox.png|qvm-run -q -a --service -- work qubes.StartApp+fire-fox"
echo xterm.desktop >"$dir/list"
check "a list for new qubes" qvm-appmenus --set-default-whitelist "$dir/list" tpl
equal "is kept" xterm.desktop "$(qvm-appmenus --get-default-whitelist tpl)"
qvm-create -t tpl -l red a-b_c.d >/dev/null 2>&1
check "a new qube has what is on it" eventually 10 shows "Qube: a-b_c.d|a-b_c.d: XTerm|$base/a-b_c.d/qube.png|qvm-run -q -a --service -- a-b_c.d qubes.StartApp+xterm"
check "and nothing else" eventually 10 hides "a-b_c.d: Fire"

# --- qubes that change -------------------------------------------------------------------------------
qvm-prefs work label green
green() { read -r r g b < <(convert "$1" -gravity center -crop 1x1+0+0 -depth 8 rgb:- | od -An -tu1); [ "$g" -gt "$r" ] && [ "$g" -gt "$b" ]; }
check "a new label shows" eventually 10 green "$base/work/apps.icons/fire-fox.png"
qvm-prefs work provides_network True
check "a qube that provides network is a service" eventually 10 shows "|Service: work|$base/work/qube.png|"
qvm-prefs a-b_c.d template_for_dispvms True
qvm-features a-b_c.d appmenus-dispvm 1
check "disposables have a menu of their own" eventually 10 shows "Disposable: a-b_c.d|a-b_c.d (dvm): XTerm|$base/a-b_c.d/disposable.png|qvm-run -q -a --service --dispvm=a-b_c.d -- qubes.StartApp+xterm"
check "beside that of their template" eventually 10 shows "Template (disp): a-b_c.d|a-b_c.d: XTerm|$base/a-b_c.d/qube.png|qvm-run -q -a --service -- a-b_c.d qubes.StartApp+xterm"
qvm-features a-b_c.d appmenus-dispvm ""
check "until that is not wanted" eventually 10 hides "Disposable:"
qvm-features a-b_c.d internal 1
check "internal qubes have none" eventually 10 hides "a-b_c.d"
qvm-features --unset a-b_c.d internal
eventually 10 shows "|Template (disp): a-b_c.d|$base/a-b_c.d/qube.png|"
qvm-remove -f a-b_c.d
check "a qube that is removed leaves the menu" eventually 10 hides "a-b_c.d"
nothing_left() { [ -z "$(find "$HOME" -name '*a_db_uc_pd*' -o -name 'a-b_c.d')" ]; }
check "and nothing behind" eventually 10 nothing_left

# --- hostile qubes -------------------------------------------------------------------------------------
before=$(menu)
yes 'x.desktop:Name=x' | head -n 100001 >"$VM/apps"
refused "too much is refused" "more than a list" qvm-sync-appmenus tpl
: >"$VM/apps"
check "nothing leaves all as it is" qvm-sync-appmenus tpl
echo 1 >"$VM/status"
apps "x.desktop:Name=x"
refused "as does a service that fails" "could not be had" qvm-sync-appmenus tpl
rm "$VM/status"
as_before() { [ "$(menu)" = "$before" ]; }
check "the menu is as before" eventually 10 as_before
apps "fire-fox.desktop:Name=Fox" "fire-fox.desktop:Icon=fox"
printf '9999 9999\n' >"$VM/fox.rgba"
check "an icon that is none does no harm" qvm-sync-appmenus tpl
check "the old one stays" eventually 10 shows "Template: tpl|tpl: Fox|$base/tpl/apps.icons/fire-fox.png|qvm-run -q -a --service -- tpl qubes.StartApp+fire-fox"
check "what is gone there goes here" eventually 10 hides "tpl: XTerm"
# As the service qubes.SyncAppMenus, for the caller alone.
QREXEC_REMOTE_DOMAIN=work qvm-sync-appmenus vault < <(echo "own.desktop:Name=Own")
check "a qube tells of its own applications" eventually 10 shows "Service: work|work: Own|$base/work/qube.png|qvm-run -q -a --service -- work qubes.StartApp+own"
check "which are no other's" eventually 10 hides "tpl: Own"
check "the service still runs" kill -0 "$watch"
equal "a clone is made without a complaint" "" "$(qvm-clone -q tpl copy 2>&1)"
check "and has its source's applications" cmp "$base"/{tpl,copy}/apps.templates/fire-fox.desktop
if [ "$(id -u)" = 0 ]; then
	# Of a desktop that is not root's, by its owner's number alone.
	chmod 755 "$dir"
	mkdir "$QUBES_ROOT/home"
	chown 64042:64042 "$QUBES_ROOT/home" "$QUBES_ROOT/run/qubes" "$QUBES_ROOT/run/qubesd.sock"
	equal "root clones without a complaint" "" "$(qvm-clone -q tpl roots 2>&1)"
	equal "the menu is the desktop user's" 64042 \
		"$(stat -c %u "$QUBES_ROOT/home/.local/share/qubes-appmenus/roots/apps.templates" 2>&1)"
fi
qvm-appmenus --remove work
check "a menu can be removed" eventually 10 hides "Service: work"
qvm-appmenus --update --all
check "and made again" eventually 10 shows "Service: work|work: Fox|$base/work/apps.icons/fire-fox.png|qvm-run -q -a --service -- work qubes.StartApp+fire-fox"
refused "a qube that is none" "is not an existing qube" qvm-appmenus --update nothere
refused "not even to remove" "is not an existing qube" qvm-appmenus --remove ../x
equal "the service had nothing to complain of" "" "$(cat "$dir/watch.log")"
finish
