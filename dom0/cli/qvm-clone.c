/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-clone: makes a copy of a qube. */
#include "dom0/cli/clone.h"
#include "dom0/cli/commands.h"

static int run(struct ctx *c)
{
	struct clone_request r = {
		.source = ctx_vm(c)->name,
		.name = args_get(c->args, "new_name"),
		.klass = args_get(c->args, "cls"),
		.ignore_errors = args_has(c->args, "ignore_errors"),
	};
	GError *err = NULL;
	int status = clone_pools_read(c, &r.pools);

	if (!status && !clone_vm(c, &r, &err))
		status = ctx_fail(c, err);
	clone_pools_clear(&r.pools);
	return status;
}

static const struct opt opts[] = {
	{"--class -C", OPT_VALUE, "cls", "CLASS", "class of the new qube (that of the source)",
	 .complete = COMPLETE_CLASS},
	{"--ignore-errors", OPT_FLAG, NULL, NULL, "go on when something cannot be copied"},
	{"-P", OPT_VALUE, "one_pool", "POOL", "storage pool of all volumes", .group = 1,
	 .complete = COMPLETE_POOL},
	{"-p --pool", OPT_LIST, "pool", "VOLUME=POOL", "storage pool of a volume", .group = 1},
	{0},
};

static const struct pos pos[] = {
	{"new_name", POS_ONE, "NEWVM", "name of the new qube", 0, COMPLETE_NONE},
	{0},
};

const struct command qvm_clone = {
	.name = "qvm-clone",
	.summary = "Clone a qube: settings and disks.",
	.flags = CMD_VM,
	.opts = opts,
	.pos = pos,
	.run = run,
};
