/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-start: starts qubes, all at once; may lend them a drive for this start. */
#include <string.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/drive.h"
#include "dom0/cli/power.h"
#include "dom0/cli/starttrace.h"

#define WINDOWS_TOOLS "cdrom:dom0:/usr/lib/qubes/qubes-windows-tools.iso"

/* The drive asked for, with its kind in front; NULL: none. g_free(). */
static char *asked_drive(struct ctx *c)
{
	if (args_has(c->args, "drive"))
		return g_strdup(args_get(c->args, "drive"));
	if (args_has(c->args, "hddisk"))
		return g_strconcat("hd:", args_get(c->args, "hddisk"), NULL);
	if (args_has(c->args, "cdrom"))
		return g_strconcat("cdrom:", args_get(c->args, "cdrom"), NULL);
	return args_has(c->args, "install_windows_tools") ? g_strdup(WINDOWS_TOOLS) : NULL;
}

/* Qubes that are down; those that run are failures, unless that is fine. */
static GPtrArray *pick_halted(struct ctx *c, GPtrArray *failed)
{
	struct admin_call **calls = power_begin(c, c->targets, "admin.vm.CurrentState", NULL);
	GPtrArray *vms = g_ptr_array_new();

	for (guint i = 0; i < c->targets->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(c->targets, i);
		GError *err = NULL;
		g_autofree char *text = admin_finish(calls[i], NULL, &err);
		g_autofree char *state = text ? admin_state_field(text, "power_state") : NULL;

		if (state && !admin_state_running(state))
			g_ptr_array_add(vms, vm);
		else if (err)
			power_failure_add(failed, vm, err);
		else if (!args_has(c->args, "skip_if_running"))
			power_failure_add(failed, vm,
					  g_error_new(ADMIN_ERROR, ADMIN_ERROR_VM_ALREADY_STARTED,
						      "Domain is already running"));
	}
	g_free(calls);
	return vms;
}

/* Assigns the drive, starts, takes the drive back for the next start. */
static bool start_with_drive(struct ctx *c, const char *vm, const char *drive, GError **err)
{
	g_autoptr(Assignment) a = drive_find(c, drive, vm, err);

	if (!a || !drive_call(c, a, "Assign", err))
		return false;
	if (admin_do(c->admin, vm, "admin.vm.Start", NULL, NULL, err) &&
	    drive_call(c, a, "Unassign", err))
		return true;
	drive_call(c, a, "Detach", NULL);
	return false;
}

static int run(struct ctx *c)
{
	g_autoptr(GPtrArray) failed = power_failures_new();
	g_autoptr(GPtrArray) vms = pick_halted(c, failed);
	g_autofree char *drive = asked_drive(c);
	g_autoptr(GPtrArray) started = NULL;
	guint n;

	if (drive) {
		for (guint i = 0; i < vms->len; i++) {
			struct admin_vm *vm = g_ptr_array_index(vms, i);
			GError *err = NULL;

			if (!start_with_drive(c, vm->name, drive, &err))
				power_failure_add(failed, vm, err);
		}
	} else if (args_has(c->args, "trace")) {
		trace_start(c, vms, failed);
	} else {
		started = power_run(c, vms, "admin.vm.Start", NULL, ADMIN_ERROR_N);
	}
	n = power_report(failed, "Starting qube failed");
	n += started ? power_report(started, "Starting qube failed") : 0;
	return n ? EXIT_FAILED : EXIT_OK;
}

static const struct opt opts[] = {
	{"--skip-if-running", OPT_FLAG, NULL, NULL, "qubes that already run are no error"},
	{"--trace", OPT_FLAG, NULL, NULL, "say how long each stage of the start took", .group = 1,
	 .in_full = true},
	OPT_FORMAT,
	{"--drive", OPT_VALUE, NULL, "DRIVE",
	 "lend the qube [cdrom:|hd:]VMNAME:DEVICE or VMNAME:/PATH for this start", .group = 1},
	{"--hddisk", OPT_VALUE, NULL, "DRIVE", "the same, as a hard disk", .group = 1},
	{"--cdrom", OPT_VALUE, NULL, "DRIVE", "the same, as a CD", .group = 1},
	{"--install-windows-tools", OPT_FLAG, NULL, NULL, "lend it the CD of the Windows tools",
	 .group = 1},
	{0},
};

const struct command qvm_start = {
	.name = "qvm-start",
	.summary = "Start qubes.",
	.flags = CMD_VMS,
	.vms = COMPLETE_HALTED,
	.opts = opts,
	.run = run,
};
