#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the software in this template can do (qubes.PostInstall).
set -eu
set -- qrexec=1 vmexec=1 os=Linux
[ ! -x /usr/bin/qubes-gui-agent ] || set -- "$@" gui=1
# shellcheck disable=SC1091
if [ -r /etc/os-release ]; then
	. /etc/os-release
	set -- "$@" "os-distribution=${ID:-}" "os-version=${VERSION_ID:-}"
fi
for service in /etc/qubes-rpc/qubes.*; do
	if [ -e "$service" ] || [ -L "$service" ]; then set -- "$@" "supported-rpc.${service##*/}=1"; fi
done
exec qvm-features-request --commit "$@"
