#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way of pixels: from being drawn in a qube to being seen on dom0's screen, beside a nested
# X server (Xephyr), a local client and, where they are installed, x11vnc with a viewer, all on
# this machine in this run. Needs no root. CPU is that of all processes on the way
# but the one that draws and looks. All but x11vnc run side by side and have short turns, one after the other, so
# that what else the machine does meets all of them; the median of the turns counts.
set -u
build=${QUBES_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build}
tree=$(cd "$(dirname "$0")/../.." && pwd)
probe=$build/tests/gui-probe
for need in "$probe" "$build/bin/qubes-guid" "$build/bin/qubes-gui-agent"; do
	[ -x "$need" ] || { echo "bench-gui: $need is missing, run make tests; left out"; exit 0; }
done
command -v Xvfb >/dev/null || { echo "bench-gui: Xvfb is missing, left out"; exit 0; }

dir=$(mktemp -d /tmp/bench-gui.XXXXXX)
mkdir -p "$dir/run/qubes" "$dir/var/log/qubes"
export QUBES_ROOT=$dir VCHAN_SOCKET_DIR=$dir
TURNS=32
# Of each way: the displays that are drawn to and looked at, its processes and its measurements.
# shellcheck disable=SC2034
declare -A draw seen procs lat latp frame ticks seconds cpu
way=
pids=()
stop() {
	local i
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null; done
	wait 2>/dev/null
}
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

start() {
	"$@" >>"$dir/log" 2>&1 </dev/null &
	pids+=($!)
	procs[$way]+=" $!"
}
# x_server DISPLAY-VARIABLE COMMAND...: starts an X server on a free display
x_server() {
	local -n ret=$1
	local n cmd=$2
	shift 2
	while n=$((100 + RANDOM % 900)); grep -q "X11-unix/X$n\$" /proc/net/unix; do :; done
	mkfifo "$dir/ready"
	exec 9<>"$dir/ready"
	start "$cmd" ":$n" "$@" -nolisten tcp -noreset -displayfd 9
	read -rt 10 _ <&9
	exec 9>&-
	rm "$dir/ready"
	# shellcheck disable=SC2034
	ret=:$n
}
used() { # ticks, of all processes of the way and their children
	local p c sum=0
	for p in ${procs[$way]}; do
		for c in "$p" $(cat /proc/"$p"/task/*/children 2>/dev/null); do
			sum=$((sum + $(sed 's/.*) //' "/proc/$c/stat" 2>/dev/null | awk '{print $12 + $13}')))
		done
	done
	echo $sum
}

# One more turn of the way. Frames come less often: they vary less.
turn() {
	local a l p f s
	read -r l p < <(timeout 60 "$probe" lat "${draw[$way]}" "${seen[$way]}" 60) || return 1
	lat[$way]+=" $l" latp[$way]+=" $p"
	((n % 4)) && return
	read -r f _ < <(timeout 60 "$probe" frame "${draw[$way]}" "${seen[$way]}" 40) || return 1
	frame[$way]+=" $f"
	((n % 8)) && return
	a=$(used)
	s=$(timeout 60 "$probe" video "${draw[$way]}" "${seen[$way]}" 240) || return 1
	ticks[$way]=$((${ticks[$way]:-0} + $(used) - a))
	seconds[$way]=$(awk -v a="${seconds[$way]:-0}" -v s="$s" 'BEGIN{print a + s}')
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# shellcheck disable=SC2034
screen() {
	local display
	x_server display Xvfb -screen 0 2200x1400x24
	seen[$way]=$display
}

start_local() {
	screen
	draw[$way]=${seen[$way]}
}
start_Xephyr() {
	local inner
	command -v Xephyr >/dev/null || return
	screen
	DISPLAY=${seen[$way]} x_server inner Xephyr -screen 2100x1300
	draw[$way]=$inner
}
start_x11vnc() {
	local inner viewer
	viewer=$(command -v xtigervncviewer || command -v vncviewer) && command -v x11vnc >/dev/null || return
	screen
	x_server inner Xvfb -screen 0 2100x1300x24
	start x11vnc -display "$inner" -localhost -forever -shared -nopw -rfbport 5987 -quiet
	sleep 2
	DISPLAY=${seen[$way]} start "$viewer" -PreferredEncoding=raw localhost::5987
	sleep 2
	draw[$way]=$inner
}
start_qube() {
	local inner
	screen
	if [ -e /usr/lib/xorg/modules/drivers/dummy_drv.so ]; then
		x_server inner /usr/lib/xorg/Xorg -config "$tree/templates/vm/gui/xorg-qubes.conf" -logfile "$dir/Xorg.log" \
			-modulepath "$(realpath "$build/bin"),/usr/lib/xorg/modules" \
			-novtswitch -sharevts -background none -extension GLX
	else
		x_server inner Xvfb -screen 0 2200x1400x24
	fi
	VCHAN_DOMAIN=5 start "$build/bin/qubes-gui-agent" -D "$inner"
	DISPLAY=${seen[$way]} VCHAN_DOMAIN=0 start "$build/bin/qubes-guid" -d 5 -N work -c 0x3465a4 -l 6 -f
	sleep 0.5
	draw[$way]=$inner
}

ratio() { awk -v a="${1:-0}" -v b="${2:-0}" 'BEGIN{if (b > 0) printf "x%.2f", a / b; else printf "-"}'; }
report() { # TITLE ARRAY UNIT SCALE
	local -n all=$2
	local -A v
	local n
	for n in qube Xephyr local x11vnc; do
		[ -n "${all[$n]:-}" ] || continue
		# shellcheck disable=SC2086
		v[$n]=$(median ${all[$n]})
	done
	for n in qube Xephyr local x11vnc; do
		[ -n "${v[$n]:-}" ] || continue
		printf '%-52s %9.2f %s  (%s of Xephyr, %s of local)\n' "$1, $n:" \
			"$(awk -v a="${v[$n]}" -v s="$4" 'BEGIN{print a / s}')" "$3" \
			"$(ratio "${v[$n]}" "${v[Xephyr]:-}")" "$(ratio "${v[$n]}" "${v[local]:-}")"
	done
}
for way in local Xephyr qube; do
	"start_$way"
done
for ((n = 0; n < TURNS; n++)); do
	for way in "${!draw[@]}"; do
		turn && continue
		echo "bench-gui: $way: nothing was seen:"
		cat "$dir/log"
		exit 1
	done
done
way=x11vnc n=0
start_x11vnc && turn
for way in "${!draw[@]}"; do
	# shellcheck disable=SC2034
	cpu[$way]=$(awk -v t="${ticks[$way]:-0}" -v s="${seconds[$way]:-1}" -v hz="$(getconf CLK_TCK)" 'BEGIN{printf "%.1f", 100 * t / hz / s}')
done
report "draw to seen, median" lat ms 1000
report "draw to seen, 95th percentile" latp ms 1000
report "full-HD frame to seen" frame ms 1000
report "CPU at 60 full-HD frames a second" cpu "% of a core" 1
