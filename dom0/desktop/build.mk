# SPDX-License-Identifier: GPL-2.0-or-later
# What programs of the user's session share.
LIBS += desktop
desktop_SRCS := dom0/desktop/oneshot.c dom0/desktop/program.c
desktop_PKGS := gtk+-3.0
desktop_DEPS := base
