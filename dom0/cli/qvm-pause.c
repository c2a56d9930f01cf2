/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-pause: stops the clock of qubes, or suspends them. */
#include "dom0/cli/commands.h"
#include "dom0/cli/power.h"

static int run(struct ctx *c)
{
	bool suspend = args_has(c->args, "suspend");
	g_autoptr(GPtrArray) failed =
		power_run(c, c->targets, suspend ? "admin.vm.Suspend" : "admin.vm.Pause", NULL,
			  ADMIN_ERROR_N);

	return power_report(failed, suspend ? "Failed to suspend" : "Failed to pause") ? EXIT_FAILED
										       : EXIT_OK;
}

static const struct opt opts[] = {
	{"--suspend -S", OPT_FLAG, NULL, NULL, "suspend to memory (S3) instead of pausing"},
	{0},
};

const struct command qvm_pause = {
	.name = "qvm-pause",
	.summary = "Pause qubes.",
	.epilog = "Paused qubes are killed when the system shuts down.",
	.flags = CMD_VMS,
	.vms = COMPLETE_RUNNING,
	.opts = opts,
	.run = run,
};
