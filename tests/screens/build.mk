# SPDX-License-Identifier: GPL-2.0-or-later
TEST_PROGS += tray-icon
tray-icon_SRCS := tests/screens/tray-icon.c
tray-icon_DEPS := gui-xcb
