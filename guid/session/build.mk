# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubes-gui-session
qubes-gui-session_SRCS := $(addprefix guid/session/,main.c server.c dialog.c icons.c notice.c qubes.c \
	tray.c command.c menu.c clipboard.c describe.c)
qubes-gui-session_PKGS := gtk+-3.0 ayatana-appindicator3-0.1 x11
qubes-gui-session_DEPS := desktop gui-proto gui-clipboard admin base
MANPAGES += docs/man/qubes-gui-session.1
SYSTEM_TESTS += tests/system/gui-session.sh

TESTS += test-gui-session
test-gui-session_SRCS := tests/unit/test-gui-session.c guid/session/describe.c
test-gui-session_PKGS := glib-2.0
test-gui-session_DEPS := gui-proto gui-clipboard base

FUZZERS += fuzz-gui-session
fuzz-gui-session_SRCS := tests/fuzz/fuzz-gui-session.c
fuzz-gui-session_DEPS := gui-proto gui-clipboard base
