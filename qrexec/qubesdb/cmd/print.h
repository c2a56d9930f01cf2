/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How qubesdb-cmd prints values: they come from a qube and may go to a terminal. */
#ifndef QUBES_QUBESDB_CMD_PRINT_H
#define QUBES_QUBESDB_CMD_PRINT_H

#include <stdbool.h>

/* Prints a value and a newline; bytes that are not printable ASCII as \xHH unless raw. */
void print_value(const char *untrusted_value, bool raw);

#endif
