# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += base sandbox
base_SRCS := qrexec/base/paths.c qrexec/base/io.c qrexec/base/unixsock.c \
	qrexec/base/bytebuf.c qrexec/base/pidfile.c qrexec/base/notify.c
sandbox_SRCS := qrexec/base/sandbox.c
sandbox_PKGS := libseccomp
sandbox_DEPS := base
TESTS += test-base
test-base_SRCS := tests/unit/test-base.c
test-base_PKGS := glib-2.0
test-base_DEPS := base
