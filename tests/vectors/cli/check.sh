#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command vectors: what another implementation of each command calls, prints and exits
# with. replay.py serves the answers; here its summary becomes TAP, one test per command.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=${QUBES_BUILD:-$here/../../../build}/bin

n=0
while read -r line; do
	case $line in
	'not ok '*': no such tool binary') ;;
	'not ok '*) echo "# ${line#not ok }" ;;
	'# '*' passed '*' failed')
		read -r _ tool passed _ failed _ <<<"$line"
		# Commands that do not exist yet have vectors, too.
		[ -e "$bin/$tool" ] || continue
		n=$((n + 1))
		if [ "$failed" = 0 ]; then
			echo "ok $n - $passed vectors: $tool"
		else
			echo "not ok $n - $failed of $((passed + failed)) vectors: $tool"
		fi
		;;
	esac
done < <(
	# Some vectors were recorded on a machine of this name.
	alone="unshare --uts"
	$alone true 2>/dev/null || alone="unshare --user --map-root-user --uts"
	timeout 800 $alone sh -c 'hostname testvm; exec /usr/bin/python3 "$0" --tools-dir "$1" -j 2 --vectors "$2"' \
		"$here/replay.py" "$bin" "$here/vectors.json,$here/more.json" 2>&1
)
if [ "$n" = 0 ]; then
	n=1
	echo "not ok 1 - the vectors were run"
fi
echo "1..$n"
