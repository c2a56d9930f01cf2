/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-service: shows and switches services of a qube, which are features service.NAME. */
#include <string.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/featurelist.h"

#define PREFIX "service."

static int list(struct ctx *c)
{
	static const char *const columns[] = {"name", "state", NULL};
	g_autoptr(GPtrArray) features = NULL;
	g_autoptr(Table) t = table_new(false, columns);
	GError *err = NULL;

	features = feature_list(c->admin, ctx_vm(c)->name, PREFIX, &err);
	if (!features)
		return ctx_fail(c, err);
	for (guint i = 0; i < features->len; i++) {
		const struct feature *f = g_ptr_array_index(features, i);

		table_row(t);
		table_cell(t, f->name + sizeof(PREFIX) - 1);
		if (args_has(c->args, "format"))
			table_cell_bare(t, *f->value ? "true" : "false");
		else
			table_cell(t, *f->value ? "on" : "off");
	}
	if (args_has(c->args, "format"))
		table_print_json(t, stdout);
	else
		table_print(t, stdout);
	return EXIT_OK;
}

/* The feature's value for a word; NULL for one that is neither yes nor no. */
static const char *parse_switch(const char *word)
{
	g_autofree char *w = g_ascii_strdown(word, -1);

	if (word_in("1 yes true on", w, strlen(w)))
		return "1";
	return word_in("0 no false off", w, strlen(w)) ? "" : NULL;
}

static int set(struct ctx *c, const char *feature, const char *word)
{
	const char *value = parse_switch(word);
	GError *err = NULL;

	if (!value)
		return ctx_error(c, "'%s' is neither on nor off", word);
	return admin_do(c->admin, ctx_vm(c)->name, "admin.vm.feature.Set", feature, value, &err)
		       ? EXIT_OK
		       : ctx_fail(c, err);
}

static int run(struct ctx *c)
{
	const char *vm = ctx_vm(c)->name, *name = args_get(c->args, "service");
	const char *value = args_get(c->args, "value");
	g_autofree char *feature = name ? g_strconcat(PREFIX, name, NULL) : NULL;
	bool unset = args_has(c->args, "delete");
	GError *err = NULL;

	if (!name)
		return unset ? ctx_usage_error(c, "--unset requires a service") : list(c);
	if (unset && value)
		return ctx_usage_error(c, "cannot both set and unset a value");
	if (unset)
		return feature_unset(c->admin, vm, feature, &err) ? EXIT_OK : ctx_fail(c, err);
	return value ? set(c, feature, value) : feature_print(c, vm, feature, true);
}

static const struct opt opts[] = {
	{"--unset --default --delete -D", OPT_FLAG, "delete", NULL, "leave it to the qube"},
	{"--list -l", OPT_FLAG, NULL, NULL, "list the services (default)"},
	{"--enable -e", OPT_CONST, "value", NULL, "the same as the value on", "1"},
	{"--disable -d", OPT_CONST, "value", NULL, "the same as the value off", "0"},
	OPT_FORMAT,
	{0},
};

static const struct pos pos[] = {
	{"service", POS_OPTIONAL, "SERVICE", "name of the service", 0, COMPLETE_SERVICE},
	{"value", POS_OPTIONAL, "VALUE", "on or off", 0, COMPLETE_SWITCH},
	{0},
};

const struct command qvm_service = {
	.name = "qvm-service",
	.summary = "Show and switch services of a qube.",
	.flags = CMD_VM,
	.opts = opts,
	.pos = pos,
	.run = run,
};
