# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += storage
storage_SRCS := $(wildcard dom0/qubesd/storage/*.c)
storage_PKGS := glib-2.0 json-glib-1.0
storage_DEPS := base

TESTS += test-storage test-storage-crash test-storage-lvm test-storage-drivers
test-storage-lvm_SRCS := tests/unit/test-storage-lvm.c
test-storage-lvm_DEPS := storage
test-storage-lvm_PKGS := glib-2.0
test-storage_SRCS := tests/unit/test-storage.c tests/unit/test-storage-env.c
test-storage_DEPS := storage
test-storage_PKGS := glib-2.0
test-storage-crash_SRCS := tests/unit/test-storage-crash.c tests/unit/test-storage-env.c
test-storage-crash_DEPS := storage
test-storage-crash_PKGS := glib-2.0
test-storage-drivers_SRCS := tests/unit/test-storage-drivers.c tests/unit/test-storage-env.c
test-storage-drivers_DEPS := storage
test-storage-drivers_PKGS := glib-2.0 json-glib-1.0

TEST_PROGS += lvm-real
lvm-real_SRCS := tests/system/lvm-real.c
lvm-real_DEPS := storage
lvm-real_PKGS := glib-2.0
# Minutes in an emulated machine: only where that is asked for.
SYSTEM_TESTS += $(if $(QUBES_LONG),tests/system/lvm-vm.sh)
