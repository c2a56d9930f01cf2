/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage lines and --help (help.h). Pure formatting of our own tables. */
#include "dom0/cli/help.h"

#include <string.h>

#define WIDTH 80
#define HELP_COLUMN 26

static char *opt_metavar(const struct opt *o)
{
	if (o->metavar)
		return g_strdup(o->metavar);
	return g_ascii_strup(o->dest ? o->dest : "VALUE", -1);
}

/* "--exclude VMNAME", with the first name only or with all of them. */
static char *opt_spelling(const struct opt *o, bool all_names)
{
	g_autoptr(GString) s = g_string_new(NULL);
	g_autofree char *meta = opt_metavar(o);
	g_auto(GStrv) names = g_strsplit(o->names, " ", -1);

	for (char **n = names; *n && (n == names || all_names); n++)
		g_string_append_printf(s, "%s%s", n == names ? "" : ", ", *n);
	switch (o->kind) {
	case OPT_VALUE:
	case OPT_INT:
	case OPT_LIST:
		g_string_append_printf(s, " %s", meta);
		break;
	case OPT_MAYBE:
		g_string_append_printf(s, " [%s]", meta);
		break;
	case OPT_SOME:
		g_string_append_printf(s, " %s...", meta);
		break;
	case OPT_PAIR:
		g_string_append_printf(s, " %s DRIVER", meta);
		break;
	default:
		break;
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}

static char *pos_spelling(const struct command *cmd, const struct pos *p)
{
	switch (p->kind) {
	case POS_OPTIONAL:
		return g_strdup_printf("[%s]", p->metavar);
	case POS_ANY:
		return g_strdup_printf("[%s...]", p->metavar);
	case POS_SOME:
		return g_strdup_printf("%s...", p->metavar);
	case POS_REST:
		return g_strdup_printf("[%s...]", p->metavar);
	case POS_COMMAND: {
		g_autoptr(GString) s = g_string_new("[");

		for (const struct command *sub = cmd->subs; sub && sub->name; sub++)
			g_string_append_printf(s, "%s%s", s->len > 1 ? "|" : "", sub->name);
		g_string_append(s, " ...]");
		return g_string_free(g_steal_pointer(&s), FALSE);
	}
	default:
		return g_strdup(p->metavar);
	}
}

/* Prints words after a head, wrapped, continuation lines below the first word. */
static void print_wrapped(FILE *f, const char *head, GPtrArray *words)
{
	size_t indent = MIN(strlen(head), 24), col = strlen(head);

	fputs(head, f);
	for (guint i = 0; i < words->len; i++) {
		const char *w = g_ptr_array_index(words, i);

		if (col + 1 + strlen(w) > WIDTH && i) {
			fprintf(f, "\n%*s", (int)indent, "");
			col = indent;
		}
		fprintf(f, " %s", w);
		col += 1 + strlen(w);
	}
	fputc('\n', f);
}

void help_usage(FILE *f, const char *prog, const struct command *parent, const struct command *cmd)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	const struct pos *before = parent && parent->flags & CMD_VM ? command_pos(parent, 0) : NULL;
	g_autofree char *head = g_strdup_printf("usage: %s%s%s%s%s", prog, before ? " " : "",
						before ? before->metavar : "", parent ? " " : "",
						parent ? cmd->name : "");
	const struct opt *o;
	const struct pos *p;
	guint i = 0;

	while ((o = command_opt(cmd, &i))) {
		g_autofree char *s = opt_spelling(o, false);

		if (o->help && strcmp(o->names, "--version") != 0)
			g_ptr_array_add(words, g_strdup_printf("[%s]", s));
	}
	for (i = 0; (p = command_pos(cmd, i)); i++)
		g_ptr_array_add(words, pos_spelling(cmd, p));
	print_wrapped(f, head, words);
}

static void print_item(FILE *f, const char *what, const char *help)
{
	g_auto(GStrv) words = g_strsplit(help, " ", -1);
	size_t col = HELP_COLUMN;

	fprintf(f, "  %s", what);
	if (strlen(what) + 4 > HELP_COLUMN)
		fprintf(f, "\n%*s", HELP_COLUMN, "");
	else
		fprintf(f, "%*s", (int)(HELP_COLUMN - 2 - strlen(what)), "");
	for (char **w = words; *w; w++) {
		if (col + strlen(*w) + 1 > WIDTH && col > HELP_COLUMN) {
			fprintf(f, "\n%*s", HELP_COLUMN, "");
			col = HELP_COLUMN;
		}
		fprintf(f, "%s%s", col > HELP_COLUMN ? " " : "", *w);
		col += strlen(*w) + 1;
	}
	fputc('\n', f);
}

static void print_options(FILE *f, const struct command *cmd)
{
	const struct opt *o;
	guint i = 0;

	fputs("\noptions:\n", f);
	while ((o = command_opt(cmd, &i))) {
		g_autofree char *what = opt_spelling(o, true);
		g_autofree char *help =
			o->choices ? g_strdup_printf("%s (%s)", o->help ? o->help : "", o->choices)
				   : g_strdup(o->help);

		if (o->help)
			print_item(f, what, help);
	}
}

static void print_arguments(FILE *f, const struct command *cmd)
{
	const struct pos *p;
	bool head = false;

	for (guint i = 0; (p = command_pos(cmd, i)); i++) {
		if (!p->help || p->kind == POS_COMMAND)
			continue;
		if (!head)
			fputs("\narguments:\n", f);
		head = true;
		print_item(f, p->metavar, p->help);
	}
}

static void print_commands(FILE *f, const struct command *cmd)
{
	if (!cmd->subs)
		return;
	fputs("\ncommands:\n", f);
	for (const struct command *s = cmd->subs; s->name; s++) {
		g_autofree char *what =
			s->aliases ? g_strdup_printf("%s (%s)", s->name, s->aliases) : NULL;

		print_item(f, what ? what : s->name, s->summary);
	}
}

void help_print(FILE *f, const char *prog, const struct command *parent, const struct command *cmd)
{
	help_usage(f, prog, parent, cmd);
	fprintf(f, "\n%s\n", cmd->summary);
	print_arguments(f, cmd);
	print_options(f, cmd);
	print_commands(f, cmd);
	if (cmd->epilog)
		fprintf(f, "\n%s\n", cmd->epilog);
}
