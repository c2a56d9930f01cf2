# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += vchan vchan-xen vchan-no-xen
vchan_SRCS := qrexec/vchan/vchan.c qrexec/vchan/socket.c qrexec/vchan/socket-wait.c qrexec/vchan/place.c \
	qrexec/vchan/watch.c qrexec/vchan/permit.c
# Programs with _STATIC get vchan-no-xen instead of vchan-xen.
vchan_DEPS := vchan-xen base
vchan-xen_SRCS := $(addprefix qrexec/vchan/,xen.c xen-api.c xen-peer.c xen-call.c)
vchan-xen_DEPS := base
vchan-no-xen_SRCS := qrexec/vchan/no-xen.c

TESTS += test-vchan
test-vchan_SRCS := tests/unit/test-vchan.c
test-vchan_DEPS := vchan
test-vchan_PKGS := glib-2.0

ASAN_PROGS += vchan-broker

TESTS += test-vchan-xen
test-vchan-xen_SRCS := tests/unit/test-vchan-xen.c tests/unit/fake/xen.c qrexec/vchan/xen.c \
	qrexec/vchan/xen-peer.c
test-vchan-xen_DEPS := vchan
test-vchan-xen_PKGS := glib-2.0

# For make bench-xen.
TEST_PROGS += vchan-probe
vchan-probe_SRCS := tests/bench/vchan-probe.c
vchan-probe_PKGS := xenvchan xenstore
vchan-probe_DEPS := vchan
