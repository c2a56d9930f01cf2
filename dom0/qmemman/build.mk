# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += qmemman-core
qmemman-core_SRCS := $(addprefix dom0/qmemman/,balance.c config.c why.c)

PROGS += qmemman qvm-memory
qmemman_SRCS := $(addprefix dom0/qmemman/,main.c state.c clients.c xen.c)
qmemman_PKGS := xencontrol xenstore
# The headers of xenctrl are written in it.
qmemman_CFLAGS := -std=gnu11
qmemman_DEPS := qmemman-core base
qvm-memory_SRCS := dom0/qmemman/memory-tool.c
qvm-memory_DEPS := qmemman-core base

TESTS += test-qmemman test-qmemman-xen
test-qmemman_SRCS := tests/unit/test-qmemman.c dom0/qmemman/state.c
test-qmemman_PKGS := glib-2.0
test-qmemman_DEPS := qmemman-core
# On fakes of Xen's libraries, of which it takes the headers.
test-qmemman-xen_SRCS := tests/unit/test-qmemman-xen.c dom0/qmemman/xen.c
test-qmemman-xen_CFLAGS := -std=gnu11
test-qmemman-xen_PKGS := glib-2.0
test-qmemman-xen_DEPS := qmemman-core

FUZZERS += fuzz-meminfo
fuzz-meminfo_SRCS := tests/fuzz/fuzz-meminfo.c
fuzz-meminfo_DEPS := qmemman-core
MANPAGES += docs/man/qmemman.8 docs/man/qvm-memory.1 docs/man/meminfo-writer.8
