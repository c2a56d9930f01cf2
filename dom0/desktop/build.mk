# SPDX-License-Identifier: GPL-2.0-or-later
# What programs of the user's session share.
LIBS += desktop
desktop_SRCS := $(addprefix dom0/desktop/,oneshot.c program.c announce.c color.c)
desktop_PKGS := gtk+-3.0 gdk-x11-3.0
desktop_DEPS := base
