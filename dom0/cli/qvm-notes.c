/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-notes: the user's notes about a qube. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/table.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

/* The user did not confirm. */
#define EXIT_CANCELLED 2
#define NOTES_MAX (256 * 1024)

static char *get(struct ctx *c, GError **err)
{
	return admin_call(c->admin, ctx_vm(c)->name, "admin.vm.notes.Get", NULL, NULL, err);
}

static int set(struct ctx *c, const char *notes)
{
	GError *err = NULL;

	if (admin_do(c->admin, ctx_vm(c)->name, "admin.vm.notes.Set", NULL, notes, &err))
		return EXIT_OK;
	if (*notes || err->code != ADMIN_ERROR_PROTOCOL)
		return ctx_fail(c, err);
	/* A qubesd that wants a payload gets the least there is. */
	g_error_free(err);
	return set(c, "\n");
}

static int print(struct ctx *c)
{
	GError *err = NULL;
	g_autofree char *notes = get(c, &err);

	if (!notes)
		return ctx_fail(c, err);
	if (args_has(c->args, "format"))
		json_print(notes, false);
	else
		puts(notes);
	return EXIT_OK;
}

static int import(struct ctx *c, const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = io_read_file(path, NOTES_MAX, &text, &len);

	if (r < 0)
		return ctx_error(c, "cannot read '%s': %s", path,
				 r == -EMSGSIZE ? "more than 256 KiB" : g_strerror(-r));
	if (!g_utf8_validate(text, (gssize)len, NULL))
		return ctx_error(c, "'%s' is not UTF-8 text", path);
	return set(c, text);
}

static int append(struct ctx *c, const char *text)
{
	GError *err = NULL;
	g_autofree char *notes = get(c, &err);
	g_autofree char *all = NULL;

	if (!notes)
		return ctx_fail(c, err);
	all = g_strconcat(notes, *notes && !g_str_has_suffix(notes, "\n") ? "\n" : "", text, NULL);
	return set(c, all);
}

static int delete_notes(struct ctx *c)
{
	if (!args_has(c->args, "force")) {
		puts("You are about to delete existing qube notes");
		if (!ctx_confirm("Are you certain? [y/N]"))
			return EXIT_CANCELLED;
	}
	return set(c, "");
}

static int run_editor(struct ctx *c, const char *path)
{
	const char *argv[] = {"/bin/sh", "-c", "${VISUAL:-${EDITOR:-vi}} \"$0\"", path, NULL};
	GError *err = NULL;
	pid_t pid = program_spawn(argv, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, &err);

	if (pid < 0)
		return ctx_fail(c, err);
	return program_wait(pid) ? ctx_error(c, "the editor failed; the notes are unchanged")
				 : EXIT_OK;
}

static int edit_file(struct ctx *c, const char *path)
{
	struct stat before, after;
	int r;

	if (stat(path, &before) < 0)
		return ctx_error(c, "cannot edit the notes: %s", g_strerror(errno));
	r = run_editor(c, path);
	if (r)
		return r;
	if (stat(path, &after) < 0)
		return ctx_error(c, "the edited notes are gone: %s", g_strerror(errno));
	if (before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
	    before.st_mtim.tv_nsec == after.st_mtim.tv_nsec)
		return EXIT_OK;
	return import(c, path);
}

static int edit(struct ctx *c)
{
	GError *err = NULL;
	g_autofree char *notes = get(c, &err);
	g_autofree char *path = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (!notes)
		return ctx_fail(c, err);
	path = g_strdup_printf("%s/%s_qube_XXXXXX_notes.txt", g_get_tmp_dir(), ctx_vm(c)->name);
	fd = mkostemps(path, (int)strlen("_notes.txt"), O_CLOEXEC);
	if (fd < 0 || io_write_all(fd, notes, strlen(notes)))
		r = ctx_error(c, "cannot write '%s': %s", path, g_strerror(errno));
	else
		r = edit_file(c, path);
	if (fd >= 0)
		unlink(path);
	return r;
}

static int run(struct ctx *c)
{
	const char *action = args_get(c->args, "action");

	if (args_has(c->args, "append"))
		return append(c, args_get(c->args, "append"));
	if (args_has(c->args, "notes"))
		return set(c, args_get(c->args, "notes"));
	if (args_has(c->args, "filename"))
		return import(c, args_get(c->args, "filename"));
	if (!action || !strcmp(action, "edit"))
		return edit(c);
	return !strcmp(action, "print") ? print(c) : delete_notes(c);
}

static const struct opt opts[] = {
	{"--force -f", OPT_FLAG, NULL, NULL, "do not ask"},
	{"--edit -e", OPT_CONST, "action", NULL, "edit them with $VISUAL or $EDITOR (default)",
	 "edit", .group = 1},
	{"--print -p", OPT_CONST, "action", NULL, "print them", "print", .group = 1},
	{"--import -i", OPT_VALUE, "filename", "FILE", "replace them by the content of a file",
	 .group = 1, .complete = COMPLETE_FILE},
	{"--set -s", OPT_VALUE, "notes", "NOTES", "replace them", .group = 1},
	{"--append", OPT_VALUE, NULL, "NOTES", "add to them", .group = 1},
	{"--delete -d", OPT_CONST, "action", NULL, "delete them", "delete", .group = 1},
	OPT_FORMAT,
	{0},
};

const struct command qvm_notes = {
	.name = "qvm-notes",
	.summary = "Notes about a qube.",
	.epilog = "Notes can be 256 KiB of text. Exit status 2: not confirmed.",
	.flags = CMD_VM,
	.opts = opts,
	.run = run,
};
