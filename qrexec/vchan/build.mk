# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += vchan
vchan_SRCS := qrexec/vchan/vchan.c qrexec/vchan/socket.c qrexec/vchan/place.c \
	qrexec/vchan/watch.c qrexec/vchan/permit.c qrexec/vchan/xen.c qrexec/vchan/xen-api.c
vchan_DEPS := base

TESTS += test-vchan
test-vchan_SRCS := tests/unit/test-vchan.c
test-vchan_DEPS := vchan
test-vchan_PKGS := glib-2.0

ASAN_PROGS += vchan-broker
