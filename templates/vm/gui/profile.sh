# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Windows of everything that is started in this qube go to its X server. Read by login
# shells, so also by services and commands that come through qrexec.
if [ -z "${DISPLAY:-}" ] && [ -S /tmp/.X11-unix/X0 ]; then
	export DISPLAY=:0
	export XENVIRONMENT=/etc/X11/qubes.Xresources
	# There is no window manager that reparents: without this, Java draws nothing.
	export _JAVA_AWT_WM_NONREPARENTING=1
fi
if [ -z "${DBUS_SESSION_BUS_ADDRESS:-}" ] && [ -S /run/qubes-session/bus ]; then
	export DBUS_SESSION_BUS_ADDRESS=unix:path=/run/qubes-session/bus
fi
