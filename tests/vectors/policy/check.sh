#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The policy vectors: what another implementation of the language decides, request by request,
# must be what ours decides. Prints TAP: one test per group of vectors.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=${QUBES_BUILD:-$here/../../../build}/bin
export QREXEC_POLICY_EVAL=$bin/qrexec-policy-eval QUBES_POLICY_LINT=$bin/qubes-policy-lint

n=0
while read -r line; do
	case $line in
	FAIL*) echo "# $line" ;;
	*' passed '*' failed')
		read -r group passed _ failed _ <<<"$line"
		n=$((n + 1))
		if [ "$failed" = 0 ]; then
			echo "ok $n - $passed vectors: $group"
		else
			echo "not ok $n - $failed of $((passed + failed)) vectors: $group"
		fi
		;;
	esac
done < <(timeout 800 /usr/bin/python3 "$here/run.py" 2>&1)
if [ "$n" = 0 ]; then
	n=1
	echo "not ok 1 - the vectors were run"
fi
echo "1..$n"
