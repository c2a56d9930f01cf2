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

# Programs with _STATIC are linked with musl: glibc's start asks the processor a hundred questions about
# its caches, each of which is a trap to the hypervisor when this is a virtual machine. Without musl,
# glibc does it; STATIC is empty where that cannot, or a sanitizer is in the way.
GNU_TRIPLET := $(shell $(CC) -dumpmachine)
MUSL_TRIPLET := $(patsubst %-gnu,%-musl,$(GNU_TRIPLET))
MUSL := /usr/lib/$(MUSL_TRIPLET)
file_of = $(shell $(CC) -print-file-name=$(1))
try_static = $(shell echo 'int main(void) { return 0; }' | \
	$(CC) $(1) -fPIE -x c -o /dev/null - -x none $(2) 2>/dev/null && echo $(3))
STATIC :=
# For programs that bring libraries of glibc's along: yes, or empty.
STATIC_PIE :=
ifneq ($(SAN),1)
STATIC_PIE := $(call try_static,-static-pie,,yes)
ifneq ($(wildcard $(MUSL)/rcrt1.o),)
MUSL_START := $(MUSL)/rcrt1.o $(MUSL)/crti.o $(call file_of,crtbeginS.o)
MUSL_END := -L$(MUSL) -lc -lgcc $(call file_of,crtendS.o) $(MUSL)/crtn.o
STATIC := $(call try_static,-static-pie -nostdlib $(MUSL_START),$(MUSL_END),musl)
endif
ifeq ($(STATIC),)
STATIC := $(if $(STATIC_PIE),glibc)
endif
endif
STATIC_CFLAGS = $(ALL_CFLAGS)
STATIC_LDFLAGS = $(subst -pie,-static-pie,$(ALL_LDFLAGS)) -Wl,--fatal-warnings
ifeq ($(STATIC),musl)
# The kernel's headers are only where glibc's are too.
MUSL_CFLAGS := -nostdinc -isystem /usr/include/$(MUSL_TRIPLET) -isystem $(call file_of,include) \
	-idirafter /usr/include -idirafter /usr/include/$(GNU_TRIPLET)
STATIC_CFLAGS = $(MUSL_CFLAGS) $(ALL_CFLAGS)
STATIC_LDFLAGS = $(subst -pie,-static-pie,$(ALL_LDFLAGS)) -nostdlib $(MUSL_START)
STATIC_LDLIBS = $(MUSL_END)
endif

FUZZ_CC := clang
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -I. -O1 -g $(filter-out -Werror,$(WARNINGS)) \
	-fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -DFUZZING
