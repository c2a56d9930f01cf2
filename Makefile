# SPDX-License-Identifier: GPL-2.0-or-later
#
# One non-recursive build. Each folder describes what it contributes in a
# build.mk fragment; mk/rules.mk turns those descriptions into rules.
#
#   make             build everything into build/bin (no root needed)
#   sudo make run    set up this machine and show a working system
#   sudo make run-xen  the same on the real Xen, inside QEMU
#   sudo make check  set up this machine and run all the tests
#   sudo make stop   take the running system down, leave nothing behind
#   make bench       print the benchmarks
#   sudo make check-xen  run the tests on Xen, inside QEMU
#   sudo make bench-xen  measure channels and calls on Xen, inside QEMU
#   sudo make screenshots  pictures of the desktop, into docs/images
#   make help        this list and the other targets

O ?= build
include mk/flags.mk

.DEFAULT_GOAL := all

# A fragment adds to these lists:
#   LIBS   static libraries    (foo_SRCS, foo_PKGS, foo_DEPS)
#   PROGS  programs            (foo_SRCS, foo_PKGS, foo_DEPS, foo_LDLIBS, foo_LINKS, foo_STATIC)
#   TESTS  unit test programs  (as programs; also built and run with sanitizers)
#   TEST_PROGS programs that system tests start (into $(O)/tests)
#   PLAIN_TESTS  those of them that make no sense with sanitizers
#   ASAN_PROGS   programs that unit tests start, so that they are built with sanitizers too
#   FUZZERS libFuzzer harnesses (as programs; built by clang into $(O)/fuzz)
#   SYSTEM_TESTS  scripts that test the real binaries and print TAP
#   MANPAGES  manual pages
LIBS :=
PROGS :=
TESTS :=
TEST_PROGS :=
PLAIN_TESTS :=
ASAN_PROGS :=
FUZZERS :=
SYSTEM_TESTS :=
MANPAGES :=

FRAGMENTS := $(sort $(wildcard */build.mk */*/build.mk */*/*/build.mk))
include $(FRAGMENTS)
include mk/rules.mk
include mk/setup.mk
