/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-prefs: shows and changes properties of the whole system. */
#include "dom0/cli/commands.h"
#include "dom0/cli/prefs.h"

static int run(struct ctx *c)
{
	return prefs_run(c, "dom0", "admin.property.");
}

const struct command qubes_prefs = {
	.name = "qubes-prefs",
	.summary = "Show and change properties of the system.",
	.opts = prefs_opts,
	.pos = prefs_pos_global,
	.run = run,
};
