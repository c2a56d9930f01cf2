/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties of a qube or of the system (prefs.h). The peer is qubesd, trusted. */
#include "dom0/cli/prefs.h"

#include <string.h>

#include "dom0/cli/table.h"

#define HELP_WIDTH 80

/* Properties where the word "none" means: nothing. */
#define NONE_PROPS "default_dispvm netvm template guivm audiovm"

struct prefs {
	struct ctx *c;
	const char *dest, *prefix;
};

static char *call(const struct prefs *p, const char *method, const char *arg, const char *payload,
		  GError **err)
{
	g_autofree char *full = g_strconcat(p->prefix, method, NULL);

	return admin_call(p->c->admin, p->dest, full, arg, payload, err);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct admin_prop *const *)a)->name,
		      (*(struct admin_prop *const *)b)->name);
}

static void print_json(const struct prefs *p, GPtrArray *props)
{
	static const char *const columns[] = {"name", "default", "type", "value", NULL};
	static const char *const types[] = {"str", "int", "bool", "vm", "label"};
	g_autoptr(Table) t = table_new(false, columns);

	for (guint i = 0; i < props->len; i++) {
		const struct admin_prop *prop = g_ptr_array_index(props, i);
		const char *v = admin_prop_show(prop);

		if (prop->is_default && args_has(p->c->args, "hide_default"))
			continue;
		table_row(t);
		table_cell(t, prop->name);
		table_cell_bare(t, prop->is_default ? "true" : "false");
		table_cell(t, types[prop->type]);
		if (prop->type == ADMIN_BOOL && v)
			table_cell_bare(t, admin_prop_true(prop) ? "true" : "false");
		else if (prop->type == ADMIN_INT)
			table_cell_bare(t, v);
		else
			table_cell(t, v);
	}
	table_print_json(t, stdout);
}

static int list(const struct prefs *p)
{
	GError *err = NULL;
	g_autoptr(GPtrArray) props = admin_all_props(p->c->admin, p->dest, p->prefix, &err);
	bool hide = args_has(p->c->args, "hide_default");
	int width = 0;

	if (!props)
		return ctx_fail(p->c, err);
	g_ptr_array_sort(props, by_name);
	if (args_has(p->c->args, "format")) {
		print_json(p, props);
		return EXIT_OK;
	}
	for (guint i = 0; i < props->len; i++) {
		const struct admin_prop *prop = g_ptr_array_index(props, i);

		width = MAX(width, (int)strlen(prop->name));
	}
	for (guint i = 0; i < props->len; i++) {
		const struct admin_prop *prop = g_ptr_array_index(props, i);
		const char *v = admin_prop_show(prop);

		if (!admin_prop_available(prop))
			printf("%-*s  U\n", width, prop->name);
		else if (!prop->is_default || !hide)
			printf("%-*s  %s  %s\n", width, prop->name, prop->is_default ? "D" : "-",
			       v ? v : "None");
	}
	return EXIT_OK;
}

/* One property's help, wrapped with continuation lines below the text. */
static void print_help(const char *name, int width, const char *help)
{
	g_auto(GStrv) words = g_strsplit_set(help, " \n\t", -1);
	int col = width + 3; /* columns in use: the first word starts after one more */

	printf("  %-*s ", width, name);
	for (char **w = words; *w; w++) {
		if (!**w)
			continue;
		if (col + 1 + (int)strlen(*w) > HELP_WIDTH && col > width + 6) {
			printf("\n%*s", width + 5, "");
			col = width + 5;
		}
		printf(" %s", *w);
		col += 1 + (int)strlen(*w);
	}
	putchar('\n');
}

static gint by_string(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int help_properties(const struct prefs *p)
{
	GError *err = NULL;
	g_autofree char *text = call(p, "List", NULL, NULL, &err);
	g_auto(GStrv) names = text ? admin_lines(text) : NULL;
	int width = 0;

	if (!names)
		return ctx_fail(p->c, err);
	qsort(names, g_strv_length(names), sizeof(*names), by_string);
	for (char **n = names; *n; n++)
		width = MAX(width, (int)strlen(*n));
	for (char **n = names; *n; n++) {
		g_autofree char *help = call(p, "Help", *n, NULL, &err);

		if (!help)
			return ctx_fail(p->c, err);
		print_help(*n, width, help);
	}
	return EXIT_OK;
}

/* Whether the list of properties is readable and does not name this one. */
static bool unlisted(const struct prefs *p, const char *name)
{
	g_autofree char *text = call(p, "List", NULL, NULL, NULL);
	g_auto(GStrv) names = text ? admin_lines(text) : NULL;

	return names && !g_strv_contains((const char *const *)names, name);
}

/* The exit status after a call about property name failed. */
static int failed(const struct prefs *p, const char *name, GError *err)
{
	int r;

	/* Not every refusal says why: a name nobody knows is the likelier reason. */
	if (!admin_error_is(err, ADMIN_ERROR_NO_SUCH_PROPERTY) &&
	    !(admin_error_is(err, ADMIN_ERROR_PROTOCOL) && unlisted(p, name)))
		return ctx_fail(p->c, err);
	r = ctx_usage_error(p->c, "no such property: '%s'", name);
	g_error_free(err);
	return r;
}

static int change(const struct prefs *p, const char *name, const char *method, const char *value)
{
	GError *err = NULL;
	g_autofree char *r = NULL;

	if (value && !g_ascii_strcasecmp(value, "none") && word_in(NONE_PROPS, name, strlen(name)))
		value = "";
	r = call(p, method, name, value, &err);
	return r ? EXIT_OK : failed(p, name, err);
}

static int get(const struct prefs *p, const char *name)
{
	GError *err = NULL;
	g_autofree char *text = call(p, "Get", name, NULL, &err);
	g_autoptr(AdminProp) prop = text ? admin_prop_parse(name, text, &err) : NULL;
	const char *v = prop ? admin_prop_show(prop) : NULL;

	if (!prop)
		return failed(p, name, err);
	if (prop->is_default && args_has(p->c->args, "hide_default"))
		return EXIT_OK;
	if (args_has(p->c->args, "format") && prop->type == ADMIN_BOOL && v)
		json_print(admin_prop_true(prop) ? "true" : "false", true);
	else if (args_has(p->c->args, "format"))
		json_print(v, prop->type == ADMIN_INT);
	else if (v)
		puts(v);
	return EXIT_OK;
}

int prefs_run(struct ctx *c, const char *dest, const char *prefix)
{
	struct prefs p = {c, dest, prefix};
	g_autofree char *name = g_strdup(args_get(c->args, "property"));
	const char *value = args_get(c->args, "value");

	if (args_has(c->args, "help_properties"))
		return help_properties(&p);
	if (!name)
		return list(&p);
	g_strdelimit(name, "-", '_');
	if (value)
		return change(&p, name, "Set", value);
	if (args_has(c->args, "delete"))
		return change(&p, name, "Reset", NULL);
	return get(&p, name);
}

const struct opt prefs_opts[] = {
	{"--help-properties", OPT_FLAG, NULL, NULL, "list the properties, each with a description"},
	{"--hide-default", OPT_FLAG, NULL, NULL, "leave out what has its default value"},
	{"--get -g", OPT_FLAG, NULL, NULL, "ignored, for old scripts"},
	{"--set -s", OPT_FLAG, NULL, NULL, "ignored, for old scripts"},
	{"--default -D", OPT_FLAG, "delete", NULL, "go back to the default value", .group = 1},
	OPT_FORMAT,
	{0},
};

const struct pos prefs_pos_vm[] = {
	{"property", POS_OPTIONAL, "PROPERTY", "name of the property", 0, COMPLETE_PROPERTY},
	{"value", POS_OPTIONAL, "VALUE", "its new value", 1, COMPLETE_VALUE},
	{0},
};

const struct pos prefs_pos_global[] = {
	{"property", POS_OPTIONAL, "PROPERTY", "name of the property", 0, COMPLETE_GLOBAL},
	{"value", POS_OPTIONAL, "VALUE", "its new value", 1, COMPLETE_GLOBAL_VALUE},
	{0},
};
