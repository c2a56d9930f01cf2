# SPDX-License-Identifier: GPL-2.0-or-later
# dom0's icons in panels that know only StatusNotifierItem.
PROGS += qubes-xembed-sni
qubes-xembed-sni_SRCS := $(addprefix guid/dock/,main.c watcher.c manager.c events.c admit.c icon.c click.c text.c \
	item.c picture.c confine.c)
qubes-xembed-sni_PKGS := libsystemd xcb xcb-composite xcb-damage xcb-xfixes
qubes-xembed-sni_DEPS := gui-proto gui-xcb sandbox base
MANPAGES += docs/man/qubes-xembed-sni.1

TESTS += test-gui-dock
test-gui-dock_SRCS := tests/unit/test-gui-dock.c guid/dock/picture.c
test-gui-dock_PKGS := glib-2.0
SYSTEM_TESTS += tests/system/xembed-sni.sh
TEST_PROGS += sni-watcher tray-flood
sni-watcher_SRCS := tests/gui/sni-watcher.c
sni-watcher_PKGS := libsystemd
tray-flood_SRCS := tests/gui/tray-flood.c
tray-flood_DEPS := gui-xcb
