/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of qvm-ls: which of the qubes are shown. */
#ifndef QUBES_CLI_FILTERS_H
#define QUBES_CLI_FILTERS_H

#include "dom0/cli/ctx.h"

/* Adds the properties that the filters given look at to names, separated by spaces. */
void filters_add_props(struct ctx *c, GString *names);

/* Checks the filters' values: EXIT_OK, or a status after a message. */
int filters_check(struct ctx *c);

/* Removes what the filters exclude from vms (struct admin_vm). */
void filters_apply(struct ctx *c, GPtrArray *vms);

#endif
