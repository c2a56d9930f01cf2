# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Sound of everything that is started in this qube goes to its sound server, which the first
# program starts (qubes-audio.socket).
if [ -z "${PULSE_SERVER:-}" ] && [ -S /run/qubes-audio/native ]; then
	export PULSE_SERVER=unix:/run/qubes-audio/native
fi
