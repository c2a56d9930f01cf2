# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += base sandbox
base_SRCS := qrexec/base/paths.c qrexec/base/io.c qrexec/base/unixsock.c \
	qrexec/base/bytebuf.c qrexec/base/pidfile.c qrexec/base/ppoll.c qrexec/base/notify.c qrexec/base/filter.c \
	qrexec/base/trim.c qrexec/base/signals.c
sandbox_SRCS := qrexec/base/sandbox.c qrexec/base/filter-names.c
sandbox_CFLAGS = -I$(O)/gen
sandbox_DEPS := base
$(O)/obj/sandbox/qrexec/base/filter-names.o: $(O)/gen/syscall-names.h
$(O)/gen/syscall-names.h:
	@mkdir -p $(@D)
	@printf '#include <sys/syscall.h>\n' | $(CC) -E -dM - | \
		sed -n 's/^#define SYS_\([a-z0-9_]*\) .*/X(\1)/p' | sort >$@
TESTS += test-base
test-base_SRCS := tests/unit/test-base.c
test-base_PKGS := glib-2.0
test-base_DEPS := base
TESTS += test-filter
test-filter_SRCS := tests/unit/test-filter.c
test-filter_PKGS := glib-2.0
test-filter_DEPS := sandbox
