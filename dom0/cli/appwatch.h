/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-appmenus --watch: menus that follow the qubes. */
#ifndef QUBES_CLI_APPWATCH_H
#define QUBES_CLI_APPWATCH_H

#include "dom0/appmenus/menus.h"
#include "dom0/cli/ctx.h"

/* Until SIGTERM. The exit status. */
int appwatch_run(struct ctx *c, struct menus *m);

#endif
