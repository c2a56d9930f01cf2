/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-features: shows and changes features of a qube. */
#include "dom0/cli/commands.h"
#include "dom0/cli/featurelist.h"

static int list(struct ctx *c)
{
	static const char *const columns[] = {"name", "value", NULL};
	g_autoptr(GPtrArray) features = NULL;
	g_autoptr(Table) t = table_new(false, columns);
	GError *err = NULL;

	features = feature_list(c->admin, ctx_vm(c)->name, "", &err);
	if (!features)
		return ctx_fail(c, err);
	for (guint i = 0; i < features->len; i++) {
		const struct feature *f = g_ptr_array_index(features, i);

		table_add(t, f->name, f->value, NULL);
	}
	if (args_has(c->args, "format"))
		table_print_json(t, stdout);
	else
		table_print(t, stdout);
	return EXIT_OK;
}

static int run(struct ctx *c)
{
	const char *vm = ctx_vm(c)->name, *name = args_get(c->args, "feature");
	const char *value = args_get(c->args, "value");
	bool unset = args_has(c->args, "delete");
	GError *err = NULL;

	if (!name)
		return unset ? ctx_usage_error(c, "--unset requires a feature") : list(c);
	if (unset && value)
		return ctx_usage_error(c, "cannot both set and unset a value");
	if (unset)
		return feature_unset(c->admin, vm, name, &err) ? EXIT_OK : ctx_fail(c, err);
	if (value)
		return admin_do(c->admin, vm, "admin.vm.feature.Set", name, value, &err)
			       ? EXIT_OK
			       : ctx_fail(c, err);
	return feature_print(c, vm, name, false);
}

static const struct opt opts[] = {
	{"--unset --default --delete -D", OPT_FLAG, "delete", NULL, "unset the feature"},
	OPT_FORMAT,
	{0},
};

static const struct pos pos[] = {
	{"feature", POS_OPTIONAL, "FEATURE", "name of the feature", 0, COMPLETE_FEATURE},
	{"value", POS_OPTIONAL, "VALUE", "its new value", 0, COMPLETE_NONE},
	{0},
};

const struct command qvm_features = {
	.name = "qvm-features",
	.summary = "Show and change features of a qube.",
	.flags = CMD_VM,
	.opts = opts,
	.pos = pos,
	.run = run,
};
