/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-unpause: lets paused or suspended qubes go on. */
#include <string.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/power.h"

/* Qubes to act on: with --all not those that only the system uses. */
static GPtrArray *wanted(struct ctx *c)
{
	GPtrArray *vms = g_ptr_array_new();

	for (guint i = 0; i < c->targets->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(c->targets, i);
		g_autofree char *internal =
			args_has(c->args, "all_domains")
				? admin_feature(c->admin, vm->name, "internal", false, NULL)
				: NULL;

		if (!internal || !*internal)
			g_ptr_array_add(vms, vm);
	}
	return vms;
}

static int run(struct ctx *c)
{
	g_autoptr(GPtrArray) vms = wanted(c);
	g_autoptr(GPtrArray) failed = NULL;
	struct admin_call **calls = g_new0(struct admin_call *, vms->len + 1);

	for (guint i = 0; i < vms->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms, i);
		g_autofree char *state = admin_power_state(c->admin, vm->name, NULL);

		calls[i] = admin_begin(c->admin, vm->name,
				       state && !strcmp(state, "Suspended") ? "admin.vm.Resume"
									    : "admin.vm.Unpause",
				       NULL, NULL, 0);
	}
	failed = power_finish(vms, calls, ADMIN_ERROR_N);
	return power_report(failed, "Failed to unpause/resume") ? EXIT_FAILED : EXIT_OK;
}

const struct command qvm_unpause = {
	.name = "qvm-unpause",
	.summary = "Let paused or suspended qubes go on.",
	.flags = CMD_VMS,
	.vms = COMPLETE_PAUSED,
	.run = run,
};
