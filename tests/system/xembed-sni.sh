#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Docked icons in a panel that knows only StatusNotifierItem, on a session bus of its own.
build=$(readlink -f "${QUBES_BUILD:-$(dirname "$0")/../../build}")
cd "$(dirname "$0")/../gui" || exit 1
exec timeout 800 dbus-run-session -- /usr/bin/python3 xembed_sni.py "$build/bin" "$build/tests" "$@"
