# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += policy-wire policy-daemon
policy-wire_SRCS := policy/daemon/wire.c
policy-wire_DEPS := policy-engine
policy-daemon_SRCS := $(addprefix policy/daemon/,exchange.c starter.c qubesd.c store.c agent-call.c \
	call.c decide.c)
policy-daemon_PKGS := glib-2.0
policy-daemon_DEPS := policy-wire policy-tools policy-engine base

PROGS += qrexec-policy-daemon
qrexec-policy-daemon_SRCS := policy/daemon/main.c policy/daemon/confine.c
qrexec-policy-daemon_DEPS := policy-daemon sandbox base

TESTS += test-policy-wire test-policy-daemon
test-policy-wire_SRCS := tests/unit/test-policy-wire.c
test-policy-wire_PKGS := glib-2.0
test-policy-wire_DEPS := policy-wire policy-agent-params policy-engine
test-policy-daemon_SRCS := tests/unit/test-policy-daemon.c
test-policy-daemon_DEPS := policy-daemon policy-wire policy-engine base

FUZZERS += fuzz-policy-wire
fuzz-policy-wire_SRCS := tests/fuzz/fuzz-policy-wire.c
fuzz-policy-wire_DEPS := policy-wire policy-agent-params policy-engine
