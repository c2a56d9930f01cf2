/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-run: runs a command or a service in qubes, or in a disposable made for it. What the
 * command prints is the qube's: on a terminal its escape sequences are filtered and it is
 * colored.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/runvm.h"

/* Holds back the signals that end us: a disposable is removed whatever happens. */
static void hold_signals(struct run *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	admin_set_cancel(r->c->admin, r->signals);
}

static int wait_all(struct run *r, int code)
{
	for (guint i = 0; i < r->children->len; i++) {
		const struct run_child *child = &g_array_index(r->children, struct run_child, i);
		int one = run_wait(r, child->pid);

		if (one && r->verbose > 0)
			run_say(r, "%s: command failed with code: %d", child->vm, one);
		code = MAX(code, one);
	}
	return code;
}

static void color(int fd, const char *code, bool on)
{
	g_autofree char *seq = on ? g_strdup_printf("\033[0;%sm", code) : g_strdup("\033[0m");

	if (code && write(fd, seq, strlen(seq)) < 0)
		return;
}

static int check_args(struct run *r)
{
	struct ctx *c = r->c;

	if (r->local_command && !r->pass_io)
		return ctx_usage_error(c, "--localcmd has no effect without --pass-io");
	if (r->color_out && !r->filter_escapes)
		return ctx_usage_error(c,
				       "--colour-output must be used with --filter-escape-chars");
	if (r->service && args_has(c->args, "no_shell"))
		return ctx_usage_error(c, "--no-shell does not apply to --service");
	if (r->dispvm && args_has(c->args, "exclude"))
		return ctx_usage_error(c, "Cannot use --exclude with --dispvm");
	if (!args_has(c->args, "all_domains") && args_has(c->args, "exclude"))
		return ctx_usage_error(c, "--exclude can only be used with --all");
	return EXIT_OK;
}

/* "--colour-output 31"; "no" when switched off; by default red on a terminal. */
static const char *pick_color(struct ctx *c, const char *dest, bool dflt)
{
	const char *v = args_get(c->args, dest);

	if (!v)
		return dflt ? "31" : NULL;
	return strcmp(v, "no") ? v : NULL;
}

static void read_args(struct run *r)
{
	struct ctx *c = r->c;
	const char *filter = args_get(c->args, "filter_esc"), *gui = args_get(c->args, "gui");

	r->pass_io = args_has(c->args, "passio");
	r->service = args_has(c->args, "service");
	r->local_command = args_get(c->args, "localcmd");
	r->autostart = g_strcmp0(args_get(c->args, "autostart"), "no") != 0;
	r->filter_escapes = filter ? !strcmp(filter, "yes") : isatty(STDOUT_FILENO);
	r->dispvm = args_get(c->args, "dispvm");
	r->gui = gui ? !strcmp(gui, "yes") : -1;
	r->user = args_get(c->args, "user");
	r->verbose = c->verbose - r->pass_io;
	r->color_out = pick_color(c, "color_output", r->pass_io && r->filter_escapes);
	r->color_err = pick_color(c, "color_stderr", r->pass_io && isatty(STDERR_FILENO));
	r->command = args_get(c->args, "cmd");
	g_ptr_array_add(r->argv, (gpointer)r->command);
	/* With --dispvm and --all there is no VMNAME: what stands there is the command. */
	if ((r->dispvm || args_has(c->args, "all_domains")) && args_has(c->args, "vmname")) {
		r->command = args_get(c->args, "vmname");
		g_ptr_array_insert(r->argv, 0, (gpointer)r->command);
	}
	for (const char *const *a = args_all(c->args, "cmd_args"); *a; a++)
		g_ptr_array_add(r->argv, (gpointer)*a);
	r->use_exec = r->argv->len > 1 || args_has(c->args, "no_shell");
	g_ptr_array_add(r->argv, NULL);
}

/* The qubes to run in, as r->targets. */
static int find_targets(struct run *r)
{
	struct ctx *c = r->c;
	const char *name = args_get(c->args, "vmname");
	GError *err = NULL;
	int status = EXIT_OK;
	struct admin_vm *vm;

	if (r->dispvm)
		return EXIT_OK;
	if (args_has(c->args, "all_domains")) {
		if (!run_find_all(r, &err))
			return ctx_fail(c, err);
	} else if (!name) {
		return ctx_usage_error(c, "a qube to run the command in is required");
	} else if (!strcmp(name, "dom0") && admin_is_local(c->admin)) {
		return ctx_error(c, "this is dom0: run the command without qvm-run");
	} else if ((vm = ctx_find(c, name, &status))) {
		g_ptr_array_add(c->targets, vm);
	}
	if (!status && c->targets->len > 1 && r->pass_io && !r->local_command)
		return ctx_usage_error(c, "--pass-io cannot be used with more than one qube, "
					  "unless --localcmd is used");
	return status;
}

static int run_everywhere(struct run *r)
{
	GError *err = NULL;
	int code = 0;

	if (r->dispvm)
		run_in_disposable(r, &err);
	for (guint i = 0; i < r->c->targets->len && !err && !r->interrupted; i++)
		if (!run_in_qube(r, g_ptr_array_index(r->c->targets, i), &err))
			code = MAX(code, err ? 0 : EXIT_FAILED);
	if (err) {
		color(STDOUT_FILENO, r->color_out, false);
		ctx_error(r->c, "%s", err->message);
		g_error_free(err);
		code = RUN_FAILED;
	}
	return wait_all(r, code);
}

static int run(struct ctx *c)
{
	struct run r = {.c = c, .signals = -1};
	int status;

	r.argv = g_ptr_array_new();
	r.children = g_array_new(FALSE, TRUE, sizeof(struct run_child));
	read_args(&r);
	status = check_args(&r);
	if (!status)
		status = find_targets(&r);
	if (!status) {
		hold_signals(&r);
		color(STDOUT_FILENO, r.color_out, true);
		color(STDERR_FILENO, r.color_err, true);
		status = run_everywhere(&r);
		run_cleanup(&r);
		color(STDOUT_FILENO, r.color_out, false);
		color(STDERR_FILENO, r.color_err, false);
	}
	if (r.signals >= 0)
		close(r.signals);
	g_ptr_array_unref(r.argv);
	g_array_unref(r.children);
	return MIN(status, 255);
}

static const struct opt opts[] = {
	{"--user -u", OPT_VALUE, NULL, "USER", "run as this user (from dom0 only)"},
	{"--autostart --auto -a", OPT_CONST, "autostart", NULL, "ignored: this is the default",
	 "yes"},
	{"--no-autostart --no-auto -n", OPT_CONST, "autostart", NULL,
	 "do not start or unpause the qube", "no"},
	{"--pass-io -p", OPT_FLAG, "passio", NULL, "connect the command's input and output"},
	{"--localcmd", OPT_VALUE, NULL, "COMMAND",
	 "with --pass-io: connect them to this program instead"},
	{"--gui", OPT_CONST, "gui", NULL, "wait for the qube's graphical session first", "yes"},
	{"--no-gui --nogui", OPT_CONST, "gui", NULL, "do not wait for it", "no"},
	{"--colour-output --color-output", OPT_VALUE, "color_output", "COLOUR",
	 "ANSI color of the output, as 31 for red"},
	{"--colour-stderr --color-stderr", OPT_VALUE, "color_stderr", "COLOUR",
	 "ANSI color of stderr"},
	{"--no-colour-output --no-color-output", OPT_CONST, "color_output", NULL,
	 "do not color the output", "no"},
	{"--no-colour-stderr --no-color-stderr", OPT_CONST, "color_stderr", NULL,
	 "do not color stderr", "no"},
	{"--filter-escape-chars", OPT_CONST, "filter_esc", NULL,
	 "filter escape sequences (default on a terminal)", "yes"},
	{"--no-filter-escape-chars", OPT_CONST, "filter_esc", NULL,
	 "do not filter them; DANGEROUS on a terminal", "no"},
	{"--service", OPT_FLAG, NULL, NULL, "COMMAND is the name of a qrexec service"},
	{"--no-shell", OPT_FLAG, NULL, NULL, "COMMAND is a program, not a line for the shell"},
	{"--dispvm", OPT_MAYBE, NULL, "TEMPLATE", "run in a new disposable", .group = 1,
	 .complete = COMPLETE_VM},
	{"--all", OPT_FLAG, "all_domains", NULL, "run in all running qubes", .group = 1},
	{"--exclude", OPT_LIST, NULL, "VMNAME", "leave this qube out of --all",
	 .complete = COMPLETE_VM},
	{0},
};

static const struct pos pos[] = {
	{"vmname", POS_OPTIONAL, "VMNAME", "qube to run in", 0, COMPLETE_VM},
	{"cmd", POS_ONE, "COMMAND", "command or service", 0, COMPLETE_NONE},
	{"cmd_args", POS_REST, "ARG", "arguments of the command (implies --no-shell)", 0,
	 COMPLETE_NONE},
	{0},
};

const struct command qvm_run = {
	.name = "qvm-run",
	.summary = "Run a command or a service in qubes.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
