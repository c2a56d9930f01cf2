/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qvm-prefs and qubes-prefs share. */
#ifndef QUBES_CLI_PREFS_H
#define QUBES_CLI_PREFS_H

#include "dom0/cli/ctx.h"

extern const struct opt prefs_opts[];
extern const struct pos prefs_pos_vm[];
extern const struct pos prefs_pos_global[];

/* Runs on dest with the methods that start with prefix ("admin.vm.property."). */
int prefs_run(struct ctx *c, const char *dest, const char *prefix);

#endif
