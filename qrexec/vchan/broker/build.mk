# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += vchan-permits
vchan-permits_SRCS := qrexec/vchan/broker/permits.c qrexec/vchan/broker/stale.c \
	qrexec/vchan/broker/request.c
vchan-permits_DEPS := vchan base

PROGS += vchan-broker
vchan-broker_SRCS := qrexec/vchan/broker/main.c
vchan-broker_DEPS := vchan-permits vchan base sandbox
MANPAGES += docs/man/vchan-broker.8

TESTS += test-vchan-hostile
test-vchan-hostile_SRCS := tests/unit/test-vchan-hostile.c
test-vchan-hostile_DEPS := vchan-permits vchan base
test-vchan-hostile_PKGS := glib-2.0
