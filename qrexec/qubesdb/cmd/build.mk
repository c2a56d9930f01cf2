# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubesdb-cmd
qubesdb-cmd_SRCS := qrexec/qubesdb/cmd/main.c qrexec/qubesdb/cmd/print.c
qubesdb-cmd_DEPS := qubesdb-client base
qubesdb-cmd_LINKS := qubesdb-read qubesdb-write qubesdb-rm qubesdb-multiread qubesdb-list \
	qubesdb-watch qubesdb-read-bool
MANPAGES += docs/man/qubesdb-cmd.1 $(qubesdb-cmd_LINKS:%=docs/man/%.1)
