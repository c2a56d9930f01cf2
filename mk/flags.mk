# SPDX-License-Identifier: GPL-2.0-or-later
# Compiler flags. SAN=1 builds with AddressSanitizer and UBSan (into its own O).

CC ?= cc
PKG_CONFIG ?= pkg-config

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Wno-unused-parameter
HARDENING := -fstack-protector-strong -fPIE
# The same sources give the same bytes wherever the tree is.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.
HARDENING_LD := -pie -Wl,-z,relro -Wl,-z,now

ifeq ($(SAN),1)
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
OPT_LD := -fsanitize=address,undefined
else
OPT ?= -O2 -g
HARDENING += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
OPT_LD :=
endif

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. $(OPT) $(WARNINGS) $(HARDENING) $(REPRODUCIBLE) $(CFLAGS)
ALL_LDFLAGS = $(OPT_LD) $(HARDENING_LD) -Wl,--as-needed $(LDFLAGS)

# Programs with _STATIC: empty where the C library cannot do it, or a sanitizer is in the way.
STATIC_PIE := $(if $(filter 1,$(SAN)),,$(shell echo 'int main(void) { return 0; }' | \
	$(CC) -static-pie -fPIE -x c -o /dev/null - 2>/dev/null && echo yes))
STATIC_LDFLAGS = $(subst -pie,-static-pie,$(ALL_LDFLAGS)) -Wl,--fatal-warnings

FUZZ_CC := clang
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -I. -O1 -g $(filter-out -Werror,$(WARNINGS)) \
	-fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -DFUZZING
