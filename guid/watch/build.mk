# SPDX-License-Identifier: GPL-2.0-or-later
# What the qubes of a session follow: monitors, resolution, keyboard layout.
LIBS += gui-watch-core
gui-watch-core_SRCS := guid/watch/describe.c
gui-watch-core_DEPS := gui-proto

PROGS += qubes-gui-watch
qubes-gui-watch_SRCS := guid/watch/main.c
qubes-gui-watch_PKGS := xcb xcb-randr xcb-xkb
qubes-gui-watch_DEPS := gui-watch-core gui-proto base

TESTS += test-gui-watch
test-gui-watch_SRCS := tests/unit/test-gui-watch.c
test-gui-watch_PKGS := glib-2.0
test-gui-watch_DEPS := gui-watch-core gui-agent-core gui-proto

SYSTEM_TESTS += tests/system/gui-watch.sh
MANPAGES += docs/man/qubes-gui-watch.1
