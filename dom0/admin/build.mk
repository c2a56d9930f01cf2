# SPDX-License-Identifier: GPL-2.0-or-later
# The client library of the Admin API.
LIBS += admin
admin_SRCS := $(addprefix dom0/admin/,error.c reply.c program.c conn.c stream.c property.c \
	vm.c state.c \
	firewall.c device.c interface.c service.c listen.c)
admin_PKGS := glib-2.0
admin_DEPS := base
