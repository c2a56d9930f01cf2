/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-console-dispvm: the console of a qube in a window of a disposable, so that what the qube
 * writes is interpreted by a terminal there and not by one of dom0. qvm-run does the work.
 */
#include <string.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"

/* A qube that runs; NULL after a message. */
static struct admin_vm *find(struct ctx *c, const char *name)
{
	bool start = args_has(c->args, "autostart");
	GError *err = NULL;
	struct admin_vms *vms = ctx_vms(c, &err);
	struct admin_vm *vm = vms ? admin_vms_find(vms, name) : NULL;
	g_autofree char *state = NULL;
	const char *close;

	if (!vms) {
		ctx_fail(c, err);
		return NULL;
	}
	if (!vm) {
		close = admin_vms_suggest(vms, name);
		ctx_report("domain '%s' does not exist or %s%s%s%s", name,
			   start ? "cannot be started" : "is not running",
			   close ? "; did you mean '" : "", close ? close : "", close ? "'?" : "");
		return NULL;
	}
	state = admin_power_state(c->admin, name, &err);
	if (state && admin_state_running(state))
		return vm;
	if (state && start && admin_do(c->admin, name, "admin.vm.Start", NULL, NULL, &err))
		return vm;
	if (err)
		ctx_report("domain '%s' cannot be started: %s", name, err->message);
	else
		ctx_report(
			"domain '%s' does not exist or is not running; start it with --autostart",
			name);
	g_clear_error(&err);
	return NULL;
}

/* The line for qvm-run's shell: the console's service as if dom0 called it. g_free(). */
static char *console_command(const char *name)
{
	g_autofree char *program = service_program("admin.vm.Console");
	g_autofree char *quoted = g_shell_quote(program);

	return g_strdup_printf("--localcmd=QREXEC_REQUESTED_TARGET=%s QREXEC_REMOTE_DOMAIN=dom0 %s",
			       name, quoted);
}

static int run(struct ctx *c)
{
	struct admin_vm *vm;
	g_autofree char *dvm = NULL, *dispvm = NULL, *command = NULL, *program = NULL;
	const char *argv[9];
	size_t n = 0;
	GError *err = NULL;
	pid_t pid;

	if (!admin_is_local(c->admin))
		return ctx_error(c, "works in dom0 only: from a qube, call admin.vm.Console");
	vm = find(c, args_get(c->args, "vmname"));
	if (!vm)
		return EXIT_FAILED;
	dvm = admin_get_prop(c->admin, vm->name, "management_dispvm");
	if (!dvm || !*dvm) {
		ctx_report("cannot determine management DispVM of domain '%s': qvm-prefs %s "
			   "management_dispvm",
			   vm->name, vm->name);
		return EXIT_FAILED;
	}
	program = program_find("qvm-run", NULL);
	dispvm = g_strconcat("--dispvm=", dvm, NULL);
	command = console_command(vm->name);
	/* The terminal of a console is root's. */
	if (geteuid() != 0)
		argv[n++] = "sudo";
	argv[n++] = program;
	argv[n++] = "-p";
	argv[n++] = command;
	argv[n++] = "--service";
	argv[n++] = dispvm;
	argv[n++] = "--";
	argv[n++] = "qubes.ShowInTerminal";
	argv[n] = NULL;
	pid = program_spawn(argv, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, &err);
	return pid < 0 ? ctx_fail(c, err) : program_wait(pid);
}

static const struct opt opts[] = {
	{"--autostart", OPT_FLAG, NULL, NULL, "start the qube first"},
	{0},
};

static const struct pos pos[] = {
	{"vmname", POS_ONE, "VMNAME", "whose console", 0, COMPLETE_RUNNING},
	{0},
};

const struct command qvm_console_dispvm = {
	.name = "qvm-console-dispvm",
	.summary = "The text console of a qube, in a terminal of a disposable.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
