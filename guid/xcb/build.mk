# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += gui-xcb
gui-xcb_SRCS := guid/xcb/tray-client.c
gui-xcb_PKGS := xcb
