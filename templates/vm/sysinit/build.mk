# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubes-sysinit
qubes-sysinit_SRCS := templates/vm/sysinit/sysinit.c templates/vm/sysinit/storage.c
qubes-sysinit_DEPS := qubesdb-client qubesdb-proto base
MANPAGES += docs/man/qubes-sysinit.8
SYSTEM_TESTS += tests/system/sysinit.sh
