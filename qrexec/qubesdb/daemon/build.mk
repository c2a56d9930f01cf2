# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubesdb-daemon
qubesdb-daemon_SRCS := qrexec/qubesdb/daemon/main.c qrexec/qubesdb/daemon/server.c \
	qrexec/qubesdb/daemon/link.c qrexec/qubesdb/daemon/files.c qrexec/qubesdb/daemon/confine.c
qubesdb-daemon_DEPS := qubesdb-core vchan base sandbox
MANPAGES += docs/man/qubesdb-daemon.8

TESTS += test-qubesdb-daemon
test-qubesdb-daemon_SRCS := tests/unit/test-qubesdb-daemon.c tests/unit/test-qubesdb-env.c
test-qubesdb-daemon_CFLAGS := -Itests/unit
test-qubesdb-daemon_DEPS := qubesdb-client qubesdb-proto base
test-qubesdb-daemon_PKGS := glib-2.0

TESTS += test-qubesdb-kill
test-qubesdb-kill_SRCS := tests/unit/test-qubesdb-kill.c tests/unit/test-qubesdb-env.c
test-qubesdb-kill_CFLAGS := -Itests/unit
test-qubesdb-kill_DEPS := qubesdb-client qubesdb-proto base
test-qubesdb-kill_PKGS := glib-2.0

TESTS += test-qubesdb-restart
test-qubesdb-restart_SRCS := tests/unit/test-qubesdb-restart.c tests/unit/test-qubesdb-env.c
test-qubesdb-restart_CFLAGS := -Itests/unit
test-qubesdb-restart_DEPS := qubesdb-client qubesdb-proto base
test-qubesdb-restart_PKGS := glib-2.0

TESTS += test-qubesdb-confine
PLAIN_TESTS += test-qubesdb-confine
test-qubesdb-confine_SRCS := tests/unit/test-qubesdb-confine.c tests/unit/test-confine.c qrexec/qubesdb/daemon/confine.c
test-qubesdb-confine_DEPS := sandbox vchan
test-qubesdb-confine_PKGS := glib-2.0
