/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of qvm-ls: which of the qubes are shown. */
#ifndef QUBES_CLI_FILTERS_H
#define QUBES_CLI_FILTERS_H

#include "dom0/cli/ctx.h"

/* True when a filter given looks at properties, which then should be fetched at once. */
bool filters_need_props(struct ctx *c);

/* Removes what the filters exclude from vms (struct admin_vm). EXIT_OK, or a status. */
int filters_apply(struct ctx *c, GPtrArray *vms);

#endif
