# SPDX-License-Identifier: GPL-2.0-or-later
# The client library of the Admin API.
LIBS += admin
admin_SRCS := $(addprefix dom0/admin/,error.c reply.c program.c conn.c stream.c property.c \
	vm.c state.c \
	firewall.c device.c device-line.c assignment.c interface.c service.c listen.c)
admin_PKGS := glib-2.0
admin_DEPS := base

TESTS += test-admin test-admin-device test-admin-conn
test-admin_SRCS := tests/unit/test-admin.c
test-admin_DEPS := admin
test-admin-device_SRCS := tests/unit/test-admin-device.c
test-admin-device_DEPS := admin
test-admin-conn_SRCS := tests/unit/test-admin-conn.c
test-admin-conn_DEPS := admin

FUZZERS += fuzz-admin-reply fuzz-admin-lines
fuzz-admin-reply_SRCS := tests/fuzz/fuzz-admin-reply.c
fuzz-admin-reply_DEPS := admin
fuzz-admin-lines_SRCS := tests/fuzz/fuzz-admin-lines.c
fuzz-admin-lines_DEPS := admin
