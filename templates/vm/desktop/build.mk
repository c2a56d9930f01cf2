# SPDX-License-Identifier: GPL-2.0-or-later
# Starting a qube's applications, and telling dom0 which there are.
LIBS += vm-desktop
vm-desktop_SRCS := templates/vm/desktop/desktop.c templates/vm/desktop/apps.c
vm-desktop_DEPS := base

PROGS += qubes-desktop-run qubes-list-apps qubes-png-rgba
qubes-desktop-run_SRCS := templates/vm/desktop/run.c
qubes-desktop-run_DEPS := vm-desktop base
qubes-list-apps_SRCS := templates/vm/desktop/list.c
qubes-list-apps_DEPS := vm-desktop base
qubes-png-rgba_SRCS := templates/vm/desktop/png.c
qubes-png-rgba_PKGS := libpng
MANPAGES += docs/man/qubes-desktop-run.1

TESTS += test-vm-desktop
test-vm-desktop_SRCS := tests/unit/test-vm-desktop.c
test-vm-desktop_PKGS := glib-2.0
test-vm-desktop_DEPS := vm-desktop base

FUZZERS += fuzz-vm-desktop
fuzz-vm-desktop_SRCS := tests/fuzz/fuzz-vm-desktop.c
fuzz-vm-desktop_DEPS := vm-desktop base
