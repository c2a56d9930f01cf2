# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += qubesdb-proto qubesdb-core qubesdb-client
qubesdb-proto_SRCS := qrexec/qubesdb/proto.c
qubesdb-proto_DEPS := base
qubesdb-core_SRCS := qrexec/qubesdb/store.c qrexec/qubesdb/core.c qrexec/qubesdb/core-link.c
qubesdb-core_DEPS := qubesdb-proto base
qubesdb-client_SRCS := $(addprefix qrexec/qubesdb/,client.c client-list.c client-io.c)
qubesdb-client_DEPS := qubesdb-proto base

TESTS += test-qubesdb
test-qubesdb_SRCS := tests/unit/test-qubesdb.c
test-qubesdb_DEPS := qubesdb-core
test-qubesdb_PKGS := glib-2.0

FUZZERS += fuzz-qubesdb
fuzz-qubesdb_SRCS := tests/fuzz/fuzz-qubesdb.c
fuzz-qubesdb_DEPS := qubesdb-core qubesdb-proto base

ASAN_PROGS += qubesdb-daemon qubesdb-cmd

FUZZERS += fuzz-qubesdb-client
fuzz-qubesdb-client_SRCS := tests/fuzz/fuzz-qubesdb-client.c
fuzz-qubesdb-client_DEPS := qubesdb-client qubesdb-proto base
