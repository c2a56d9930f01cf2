# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += meminfo-writer
meminfo-writer_SRCS := templates/vm/meminfo/writer.c
meminfo-writer_PKGS := xenstore
