# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubes-poweroff
qubes-poweroff_SRCS := templates/vm/poweroff/poweroff.c
MANPAGES += docs/man/qubes-poweroff.8
