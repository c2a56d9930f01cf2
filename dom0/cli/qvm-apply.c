/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-apply: makes the system match a description of it, or writes one. See apply/apply.h. The
 * description is the user's own; the peer is qubesd, trusted.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dom0/cli/apply/apply.h"
#include "dom0/cli/commands.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static void clear(struct apply *a)
{
	doc_free(a->doc);
	g_clear_pointer(&a->actions, g_ptr_array_unref);
	g_strfreev(a->labels);
	g_strfreev(a->classes);
}

/* JSON when the file is called that, or begins with a brace. */
static enum doc_format format_of(const char *file, const char *text)
{
	text += strspn(text, " \t\r\n");
	return g_str_has_suffix(file, ".json") || *text == '{' ? DOC_JSON : DOC_TOML;
}

static int read_file(struct apply *a)
{
	const char *name = args_get(a->c->args, "file");
	_cleanup_free_ char *text = NULL;
	g_autofree char *why = NULL;
	unsigned line;
	size_t len;
	int r;

	a->file = strcmp(name, "-") != 0 ? name : "(standard input)";
	r = strcmp(name, "-") != 0 ? io_read_file(name, DOC_BYTES_MAX, &text, &len)
				   : io_read_to_end(STDIN_FILENO, DOC_BYTES_MAX, &text, &len);
	if (r < 0)
		return ctx_error(a->c, "cannot read '%s': %s", a->file,
				 r == -EMSGSIZE ? "it is too large" : g_strerror(-r));
	a->doc = doc_parse(format_of(name, text), text, len, &line, &why);
	if (a->doc)
		return EXIT_OK;
	fprintf(stderr, "%s:%u: %s\n", a->file, line, why);
	return EXIT_USAGE;
}

static int dump(struct apply *a)
{
	g_autoptr(GString) out = g_string_new(NULL);
	GError *err = NULL;

	a->doc = apply_dump(a, &err);
	if (!a->doc)
		return ctx_fail(a->c, err);
	if (args_has(a->c->args, "format"))
		doc_write_json(out, a->doc);
	else
		doc_write_toml(out, a->doc);
	fputs(out->str, stdout);
	return EXIT_OK;
}

static int apply(struct apply *a)
{
	guint n = a->actions->len, failed = 0, skipped = 0;

	if (apply_run(a, args_has(a->c->args, "stop"))) {
		for (guint i = 0; i < n; i++) {
			const struct action *act = g_ptr_array_index(a->actions, i);

			failed += act->outcome == ACTION_FAILED;
			skipped += act->outcome == ACTION_SKIPPED;
		}
		if (n == 1)
			return EXIT_FAILED;
		return ctx_error(a->c, "%u of %u changes failed, %u were left out because of that",
				 failed, n, skipped);
	}
	if (a->c->verbose > 0 && n)
		fprintf(stderr, n == 1 ? "%u change made.\n" : "%u changes made.\n", n);
	return EXIT_OK;
}

static int run_file(struct apply *a)
{
	bool diff = args_has(a->c->args, "diff"), json = args_has(a->c->args, "format");
	GError *err = NULL;
	int r = read_file(a);

	if (r)
		return r;
	if (!apply_check(a, &err) || !apply_plan(a, &err) || a->problems)
		return err ? ctx_fail(a->c, err)
			   : ctx_usage_error(a->c, "%u %s in '%s'; nothing was changed",
					     a->problems, a->problems == 1 ? "mistake" : "mistakes",
					     a->file);
	if (!a->actions->len && a->c->verbose > 0 && !json)
		fputs("Nothing to change.\n", stderr);
	if (!diff)
		return apply(a);
	if (json)
		apply_show_json(a);
	else
		apply_show(a);
	return a->actions->len && args_has(a->c->args, "exit_code") ? EXIT_FAILED : EXIT_OK;
}

static int run(struct ctx *c)
{
	struct apply a = {.c = c, .file = ""};
	bool dumps = args_has(c->args, "dump");
	int r;

	if (dumps == args_has(c->args, "file"))
		return ctx_usage_error(c, dumps ? "--dump takes no file"
						: "a file is required, or --dump");
	a.actions = g_ptr_array_new_with_free_func((GDestroyNotify)action_free);
	r = dumps ? dump(&a) : run_file(&a);
	clear(&a);
	return r;
}

static const struct opt opts[] = {
	{"--diff -n", OPT_FLAG, NULL, NULL, "only show what would be changed", .group = 1},
	{"--dump", OPT_FLAG, NULL, NULL, "write the present system as such a file", .group = 1},
	{"--exit-code", OPT_FLAG, NULL, NULL, "with --diff: exit 1 if something would be changed"},
	{"--stop", OPT_FLAG, NULL, NULL, "stop at the first failure instead of doing the rest"},
	OPT_FORMAT,
	{0},
};

static const struct pos pos[] = {
	{"file", POS_OPTIONAL, "FILE", "the description, TOML or JSON; - reads standard input", 0,
	 COMPLETE_FILE},
	{0},
};

const struct command qvm_apply = {
	.name = "qvm-apply",
	.summary = "Make the system match a description of qubes, settings and policy.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
