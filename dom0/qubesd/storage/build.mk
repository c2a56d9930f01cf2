# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += storage
storage_SRCS := $(addprefix dom0/qubesd/storage/,storage.c fileio.c filecopy.c reflink-files.c \
	reflink.c reflink-import.c kernel.c)
storage_PKGS := glib-2.0

TESTS += test-storage test-storage-crash
test-storage_SRCS := tests/unit/test-storage.c tests/unit/test-storage-env.c
test-storage_DEPS := storage
test-storage_PKGS := glib-2.0
test-storage-crash_SRCS := tests/unit/test-storage-crash.c tests/unit/test-storage-env.c
test-storage-crash_DEPS := storage
test-storage-crash_PKGS := glib-2.0
