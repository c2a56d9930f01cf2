# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += devices
devices_SRCS := $(wildcard dom0/qubesd/devices/*.c)
devices_PKGS := glib-2.0

TESTS += test-qubesd-devices
test-qubesd-devices_SRCS := tests/unit/test-qubesd-devices.c
test-qubesd-devices_DEPS := devices net

FUZZERS += fuzz-qubesd-devices fuzz-qubesd-device-wire
fuzz-qubesd-devices_SRCS := tests/fuzz/fuzz-qubesd-devices.c
fuzz-qubesd-devices_DEPS := devices
fuzz-qubesd-device-wire_SRCS := tests/fuzz/fuzz-qubesd-device-wire.c
fuzz-qubesd-device-wire_DEPS := devices
