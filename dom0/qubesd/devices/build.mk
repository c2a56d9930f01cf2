# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += devices
devices_SRCS := $(wildcard dom0/qubesd/devices/*.c)
devices_PKGS := glib-2.0
