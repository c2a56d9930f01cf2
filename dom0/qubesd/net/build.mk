# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += net
net_SRCS := $(wildcard dom0/qubesd/net/*.c)
net_PKGS := glib-2.0
