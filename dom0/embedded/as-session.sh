#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a program of the user's session: as the owner, once the display and the session bus
# are there.
set -eu
i=0
until xdpyinfo >/dev/null 2>&1; do
	i=$((i + 1))
	[ $i -lt 200 ] || { echo "display $DISPLAY does not answer" >&2; exit 1; }
	sleep 0.05
done
HOME=$QUBES_ROOT/home
XDG_RUNTIME_DIR=$QUBES_ROOT/run/user
mkdir -p "$XDG_RUNTIME_DIR"
chown "$QUBES_OWNER" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
XDG_CONFIG_DIRS=$QUBES_EMBEDDED/xdg:/etc/xdg
export HOME XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS XDG_CONFIG_DIRS
# Whoever finds no session bus does without for good, so that one comes first. Its socket has a
# name a moment before it listens.
has_bus() { grep -q " 00010000 .* $XDG_RUNTIME_DIR/bus\$" /proc/net/unix; }
i=0
while [ "$1" != dbus-daemon ] && [ $i -lt 400 ] && ! has_bus; do
	i=$((i + 1))
	sleep 0.05
done
exec setpriv --reuid "$QUBES_OWNER_UID" --regid "$QUBES_OWNER_GID" --clear-groups "$@"
