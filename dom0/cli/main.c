/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm: one program, many names. The command is the name it was started by (qvm-ls is a
 * link to it), or its first argument ("qvm ls"). The input is the user's.
 */
#include <stdio.h>
#include <string.h>

#include "dom0/cli/complete.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/help.h"
#include "dom0/cli/version.h"

/* As long as a qubesd that died may take to be there again. */
#define QUBESD_RESTART_MS 2000

/* "ls" → qvm-ls; a full name stays as it is. */
static const struct command *find_short(const char *name)
{
	g_autofree char *full = g_strconcat("qvm-", name, NULL);
	const struct command *cmd = command_find(full);

	return cmd ? cmd : command_find(name);
}

static int run(struct ctx *c, char **argv)
{
	GError *err = NULL;
	int r;

	c->args = args_parse(c->cmd, argv, &err);
	if (!c->args) {
		help_usage(stderr, c->prog, c->sub ? c->cmd : NULL, c->sub ? c->sub : c->cmd);
		r = ctx_usage_error(c, "%s", err->message);
		g_clear_error(&err);
		return r;
	}
	c->sub = c->args->sub;
	if (c->args->help) {
		const struct command *of = c->args->help_of;

		help_print(stdout, c->prog, of == c->cmd ? NULL : c->cmd, of);
		return EXIT_OK;
	}
	if (c->args->version) {
		printf("%s (qubes-c) %s\n", c->prog, QUBES_VERSION);
		return EXIT_OK;
	}
	c->verbose = 1 + (int)args_count(c->args, "verbose") - (int)args_count(c->args, "quiet");
	c->admin = admin_new();
	admin_set_patience(c->admin, QUBESD_RESTART_MS);
	r = ctx_resolve(c);
	return r ? r : (c->sub ? c->sub : c->cmd)->run(c);
}

static int run_command(const struct command *cmd, const char *prog, char **argv)
{
	struct ctx c = {.cmd = cmd, .prog = prog};
	int r;

	c.targets = g_ptr_array_new();
	c.unknown = g_ptr_array_new_with_free_func(g_free);
	r = run(&c, argv);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: error: cannot write the output\n", prog);
		r = r ? r : EXIT_FAILED;
	}
	g_ptr_array_unref(c.targets);
	g_ptr_array_unref(c.unknown);
	admin_vms_free(c.vms);
	admin_free(c.admin);
	args_free(c.args);
	return r;
}

static int list_commands(FILE *f, int status)
{
	fputs("usage: qvm COMMAND [ARGUMENTS]\n\ncommands:\n", f);
	for (const struct command *const *cmd = all_commands; *cmd; cmd++)
		fprintf(f, "  %-24s%s\n", (*cmd)->name, (*cmd)->summary);
	return status;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	const struct command *cmd = command_find(name);

	if (cmd)
		return run_command(cmd, name, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete_main(argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--commands")) {
		complete_commands();
		return EXIT_OK;
	}
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return list_commands(argc < 2 ? stderr : stdout, argc < 2 ? EXIT_USAGE : EXIT_OK);
	cmd = find_short(argv[1]);
	if (!cmd) {
		fprintf(stderr, "%s: error: no such command: '%s' (see qvm --help)\n", name,
			argv[1]);
		return EXIT_USAGE;
	}
	return run_command(cmd, cmd->name, argv + 2);
}
