# SPDX-License-Identifier: GPL-2.0-or-later
# gui-agent-core is what needs no X server: the unit tests link it.
LIBS += gui-agent-core
gui-agent-core_SRCS := guid/agent/hints.c guid/agent/modifiers.c guid/agent/cursor-names.c guid/agent/layout.c guid/agent/settings.c
gui-agent-core_PKGS := xcb
gui-agent-core_DEPS := gui-proto base

PROGS += qubes-gui-agent
qubes-gui-agent_SRCS := guid/agent/main.c guid/agent/display.c guid/agent/events.c \
	guid/agent/win.c guid/agent/present.c guid/agent/paint.c guid/agent/settle.c \
	guid/agent/image.c guid/agent/pages.c guid/agent/input.c guid/agent/control.c guid/agent/clipboard.c \
	guid/agent/cursor.c guid/agent/screen.c guid/agent/monitors.c guid/agent/scale.c guid/agent/tray.c guid/agent/link.c guid/agent/sidechan.c
qubes-gui-agent_PKGS := xcb xcb-composite xcb-damage xcb-shm xcb-xfixes xcb-xtest xcb-randr xcb-xkb
qubes-gui-agent_DEPS := gui-agent-core gui-proto vchan base

TESTS += test-gui-agent
test-gui-agent_SRCS := tests/unit/test-gui-agent.c
test-gui-agent_PKGS := glib-2.0
test-gui-agent_DEPS := gui-agent-core

SYSTEM_TESTS += tests/system/gui-agent.sh tests/system/gui-pixels.sh
MANPAGES += docs/man/qubes-gui-agent.1

TEST_PROGS += gui-probe
gui-probe_SRCS := tests/bench/gui-probe.c
gui-probe_PKGS := xcb xcb-damage xcb-shm xcb-xfixes
