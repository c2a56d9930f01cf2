# SPDX-License-Identifier: GPL-2.0-or-later
# Menus of dom0's desktop with the applications of the qubes.
LIBS += appmenus appmenus-decoder
appmenus_SRCS := $(addprefix dom0/appmenus/,received.c categories.c entry.c picture.c draw.c png.c \
	store.c menus.c receive.c)
appmenus_PKGS := glib-2.0
appmenus_DEPS := admin gui-proto base
appmenus_LDLIBS := -lm
# Not of the fuzzed part: it has the confinement.
appmenus-decoder_SRCS := dom0/appmenus/decoder.c
appmenus-decoder_PKGS := glib-2.0
appmenus-decoder_DEPS := appmenus sandbox

TESTS += test-appmenus
test-appmenus_SRCS := tests/unit/test-appmenus.c
test-appmenus_DEPS := appmenus-decoder

FUZZERS += fuzz-appmenus
fuzz-appmenus_SRCS := tests/fuzz/fuzz-appmenus.c
fuzz-appmenus_DEPS := appmenus
SYSTEM_TESTS += tests/system/appmenus.sh
