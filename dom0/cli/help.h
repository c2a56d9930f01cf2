/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage lines and --help, generated from a command's table. */
#ifndef QUBES_CLI_HELP_H
#define QUBES_CLI_HELP_H

#include <stdio.h>

#include "dom0/cli/command.h"

/* "usage: qvm-start [--all] … VMNAME…". parent is NULL, or the command that sub is of. */
void help_usage(FILE *f, const char *prog, const struct command *parent, const struct command *cmd);

/* The whole help text of a command, or of one of its subcommands. */
void help_print(FILE *f, const char *prog, const struct command *parent, const struct command *cmd);

#endif
