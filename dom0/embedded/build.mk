# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubes-embedded-init
qubes-embedded-init_SRCS := dom0/embedded/init.c
qubes-embedded-init_DEPS := base
