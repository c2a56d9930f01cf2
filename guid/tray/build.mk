# SPDX-License-Identifier: GPL-2.0-or-later
# Tray icons of a qube's programs that know only StatusNotifierItem.
PROGS += qubes-sni-tray
qubes-sni-tray_SRCS := $(addprefix guid/tray/,main.c watcher.c item.c xtray.c image.c find.c)
qubes-sni-tray_PKGS := libsystemd xcb libpng
qubes-sni-tray_DEPS := gui-xcb base
PROGS += qubes-sni-menu
qubes-sni-menu_SRCS := guid/tray/menu.c
qubes-sni-menu_PKGS := gtk+-3.0
MANPAGES += docs/man/qubes-sni-tray.1

TESTS += test-gui-tray
test-gui-tray_SRCS := tests/unit/test-gui-tray.c guid/tray/image.c
test-gui-tray_PKGS := glib-2.0
SYSTEM_TESTS += tests/system/sni-tray.sh
TEST_PROGS += sni-item
sni-item_SRCS := tests/gui-agent/sni-item.c
sni-item_PKGS := libsystemd
