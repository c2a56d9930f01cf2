/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-kill: ends qubes at once. */
#include "dom0/cli/commands.h"
#include "dom0/cli/power.h"

static int run(struct ctx *c)
{
	g_autoptr(GPtrArray) failed =
		power_run(c, c->targets, "admin.vm.Kill", NULL, ADMIN_ERROR_VM_NOT_STARTED);

	return (int)MIN(power_report(failed, "Failed to kill"), 255);
}

const struct command qvm_kill = {
	.name = "qvm-kill",
	.summary = "End qubes at once, without a graceful shutdown.",
	.flags = CMD_VMS,
	.vms = COMPLETE_RUNNING,
	.run = run,
};
