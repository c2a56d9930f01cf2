# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += hypervisor
hypervisor_SRCS := $(addprefix dom0/qubesd/hypervisor/,hypervisor.c connection.c events.c \
	domain.c xml.c xml-lxc.c xml-vm.c xml-device.c driver-vm.c driver-xen.c xen-console.c xen-present.c xml-override.c \
	driver-lxc.c lxc-create.c lxc-record.c \
	lxc-image.c lxc-device.c gpt.c lxc-mount.c lxc-loop.c lxc-cgroup.c lxc-process.c lxc-dirs.c)
hypervisor_PKGS := libvirt libxml-2.0 glib-2.0
hypervisor_DEPS := base

# Runs as the first process of every container: nothing of the qube's may be loaded into it.
PROGS += qubes-container-init
qubes-container-init_SRCS := dom0/qubesd/hypervisor/container-init.c
ifneq ($(SAN),1)
qubes-container-init_LDLIBS := -static-pie
endif

TESTS += test-hypervisor
test-hypervisor_SRCS := tests/unit/test-hypervisor.c
test-hypervisor_DEPS := hypervisor

TESTS += test-hypervisor-restart
test-hypervisor-restart_SRCS := tests/unit/test-hypervisor-restart.c
test-hypervisor-restart_DEPS := hypervisor

# Started by the system test: what it checks with, and the init of the containers it starts.
TEST_PROGS += hypervisor-lxc-check hypervisor-guest
hypervisor-lxc-check_SRCS := tests/system/hypervisor-lxc-check.c tests/system/hypervisor-lxc-stage.c
hypervisor-lxc-check_DEPS := hypervisor
hypervisor-guest_SRCS := tests/system/hypervisor-guest.c
ifneq ($(SAN),1)
hypervisor-guest_LDLIBS := -static-pie
endif
SYSTEM_TESTS += tests/system/hypervisor-lxc.sh

FUZZERS += fuzz-gpt
fuzz-gpt_SRCS := tests/fuzz/fuzz-gpt.c dom0/qubesd/hypervisor/gpt.c
MANPAGES += docs/man/qubes-container-init.8
