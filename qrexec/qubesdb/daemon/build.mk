# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubesdb-daemon
qubesdb-daemon_SRCS := qrexec/qubesdb/daemon/main.c qrexec/qubesdb/daemon/server.c \
	qrexec/qubesdb/daemon/link.c qrexec/qubesdb/daemon/files.c
qubesdb-daemon_DEPS := qubesdb-core vchan base sandbox
MANPAGES += docs/man/qubesdb-daemon.8

TESTS += test-qubesdb-daemon
test-qubesdb-daemon_SRCS := tests/unit/test-qubesdb-daemon.c
test-qubesdb-daemon_DEPS := qubesdb-client qubesdb-proto base
test-qubesdb-daemon_PKGS := glib-2.0
