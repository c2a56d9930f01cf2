/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-prefs: shows and changes properties of a qube. */
#include "dom0/cli/commands.h"
#include "dom0/cli/prefs.h"

static int run(struct ctx *c)
{
	return prefs_run(c, ctx_vm(c)->name, "admin.vm.property.");
}

const struct command qvm_prefs = {
	.name = "qvm-prefs",
	.summary = "Show and change properties of a qube.",
	.flags = CMD_VM,
	.opts = prefs_opts,
	.pos = prefs_pos_vm,
	.run = run,
};
