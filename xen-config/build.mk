# SPDX-License-Identifier: GPL-2.0-or-later
# The init of qubes' initramfs: static, since it is alone there.
PROGS += qubes-vm-init
qubes-vm-init_SRCS := $(addprefix xen-config/init/,main.c disks.c table.c volatile.c dm.c)
ifneq ($(SAN),1)
qubes-vm-init_CFLAGS := -fno-PIE
qubes-vm-init_LDLIBS := -no-pie -static
endif

# What libxl runs for disks.
PROGS += qubes-xen-block
qubes-xen-block_SRCS := xen-config/hotplug/block.c
qubes-xen-block_PKGS := xenstore
SYSTEM_TESTS += tests/system/xen-runner.sh tests/system/units.sh
MANPAGES += docs/man/qubes-vm-init.8 docs/man/qubes-xen-block.8

TESTS += test-vm-init
test-vm-init_SRCS := tests/unit/test-vm-init.c xen-config/init/volatile.c \
	xen-config/init/disks.c xen-config/init/table.c
test-vm-init_PKGS := glib-2.0
