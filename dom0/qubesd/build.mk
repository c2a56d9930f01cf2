# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubesd
LIBS += qubesd-api qubesd-core

qubesd-core_SRCS := $(wildcard dom0/qubesd/core/*.c)
qubesd-core_PKGS := glib-2.0 gio-2.0 libxml-2.0
qubesd-core_DEPS := devices net hypervisor storage qubesdb-client base

qubesd-api_SRCS := $(wildcard dom0/qubesd/api/*.c)
qubesd-api_PKGS := glib-2.0 gio-2.0
qubesd-api_DEPS := qubesd-core policy-engine

qubesd_SRCS := dom0/qubesd/main.c dom0/qubesd/options.c
qubesd_PKGS := glib-2.0 gio-2.0
qubesd_DEPS := qubesd-api

TESTS += test-qubesd-api test-qubesd-core test-qubesd-preload test-qubesd-store
test-qubesd-api_SRCS := tests/unit/test-qubesd-api.c dom0/qubesd/api/request.c dom0/qubesd/api/reply.c
test-qubesd-api_PKGS := glib-2.0
test-qubesd-core_SRCS := tests/unit/test-qubesd-core.c tests/unit/test-qubesd-env.c
test-qubesd-core_DEPS := qubesd-core
test-qubesd-core_PKGS := glib-2.0
test-qubesd-preload_SRCS := tests/unit/test-qubesd-preload.c tests/unit/test-qubesd-env.c
test-qubesd-preload_DEPS := qubesd-core
test-qubesd-preload_PKGS := glib-2.0
test-qubesd-store_SRCS := tests/unit/test-qubesd-store.c tests/unit/test-qubesd-env.c
test-qubesd-store_DEPS := qubesd-core
test-qubesd-store_PKGS := glib-2.0

FUZZERS += fuzz-qubesd-request fuzz-qubesd-store fuzz-qubesd-firewall
fuzz-qubesd-request_SRCS := tests/fuzz/fuzz-qubesd-request.c dom0/qubesd/api/request.c
fuzz-qubesd-store_SRCS := tests/fuzz/fuzz-qubesd-store.c
fuzz-qubesd-store_DEPS := qubesd-core
fuzz-qubesd-store_PKGS := glib-2.0
fuzz-qubesd-firewall_SRCS := tests/fuzz/fuzz-qubesd-firewall.c \
	$(addprefix dom0/qubesd/core/,firewall.c firewall-xml.c names.c error.c)
fuzz-qubesd-firewall_PKGS := glib-2.0 libxml-2.0

SYSTEM_TESTS += tests/system/qubesd-api.sh tests/system/qubesd-helpers.sh tests/system/qubesd-devices.sh tests/system/announce.sh \
	tests/system/qubesd-preload.sh tests/system/qubesd-robust.sh
MANPAGES += docs/man/qubesd.8

TEST_PROGS += qubesd-probe
qubesd-probe_SRCS := tests/bench/qubesd-probe.c tests/bench/samples.c
qubesd-probe_DEPS := base
