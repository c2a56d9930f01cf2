# SPDX-License-Identifier: GPL-2.0-or-later
# The inter-qube clipboard's files, which every daemon and the session share.
LIBS += gui-clipboard
gui-clipboard_SRCS := guid/clipboard/files.c
gui-clipboard_DEPS := base
