/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filters of qvm-ls (filters.h): different filters must all match, of the values of
 * one filter any. The peer is qubesd, trusted.
 */
#include "dom0/cli/filters.h"

#include <string.h>

/* A test of one qube; arg is what the test is about. */
typedef bool (*test_fn)(struct ctx *c, struct admin_vm *vm, const char *const *values);

static bool test_class(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return g_strv_contains(values, vm->klass);
}

static bool prop_in(struct ctx *c, struct admin_vm *vm, const char *prop, const char *const *values)
{
	const char *v = admin_vm_show(c->admin, vm, prop);

	return g_strv_contains(values, v ? v : "");
}

static bool test_label(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return prop_in(c, vm, "label", values);
}

static bool test_template(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return prop_in(c, vm, "template", values);
}

static bool test_netvm(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return prop_in(c, vm, "netvm", values);
}

static bool has_tag(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	g_auto(GStrv) tags = admin_list(c->admin, vm->name, "admin.vm.tag.List", NULL);

	for (char **t = tags; t && *t; t++)
		if (g_strv_contains(values, *t))
			return true;
	return false;
}

static bool lacks_tags(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return !has_tag(c, vm, values);
}

/* A feature that is on in the sense of internal and servicevm. */
static bool feature_on(struct ctx *c, struct admin_vm *vm, const char *name)
{
	g_autofree char *v = admin_feature(c->admin, vm->name, name, false, NULL);

	return v && word_in("1 true True", v, strlen(v));
}

static bool test_internal(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return feature_on(c, vm, "internal") == (**values == 'y');
}

static bool test_servicevm(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	return feature_on(c, vm, "servicevm") == (**values == 'y');
}

static bool test_update(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	g_autofree char *v = admin_feature(c->admin, vm->name, "updates-available", false, NULL);

	return v && *v;
}

static bool test_power(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	g_autofree char *state = g_ascii_strdown(vm->state, -1);

	return g_strv_contains(values, state);
}

/* The value wanted in NAME=VALUE: NULL for nothing after "=", "" for two quotes. */
static const char *wanted_value(const char *pair)
{
	const char *v = strchr(pair, '=') + 1;

	if (!*v)
		return NULL;
	return !strcmp(v, "\"\"") || !strcmp(v, "''") ? "" : v;
}

static bool test_features(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	for (; *values; values++) {
		g_autofree char *name = g_strndup(*values, strcspn(*values, "="));
		g_autofree char *v = admin_feature(c->admin, vm->name, name, false, NULL);

		if (g_strcmp0(v, wanted_value(*values)) != 0)
			return false;
	}
	return true;
}

static bool test_prefs(struct ctx *c, struct admin_vm *vm, const char *const *values)
{
	for (; *values; values++) {
		g_autofree char *name = g_strndup(*values, strcspn(*values, "="));
		const char *v = admin_vm_show(c->admin, vm, name), *want = wanted_value(*values);

		/* A missing value matches no preference: even nothing has the text "None". */
		if (!want || strcmp(v ? v : "None", want) != 0)
			return false;
	}
	return true;
}

static const struct {
	const char *dest;
	test_fn test;
	const char *prop; /* the property it looks at, "*": the names in its values */
} tests[] = {
	{"klass", test_class, NULL},
	{"label", test_label, "label"},
	{"tags", has_tag, NULL},
	{"exclude_tags", lacks_tags, NULL},
	{"template_source", test_template, "template"},
	{"netvm_is", test_netvm, "netvm"},
	{"internal", test_internal, NULL},
	{"servicevm", test_servicevm, NULL},
	{"pending_update", test_update, NULL},
	{"features", test_features, NULL},
	{"prefs", test_prefs, "*"},
};

void filters_add_props(struct ctx *c, GString *names)
{
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
		const char *const *v = args_all(c->args, tests[i].dest);

		if (!tests[i].prop || !*v)
			continue;
		if (strcmp(tests[i].prop, "*") != 0)
			g_string_append_printf(names, " %s", tests[i].prop);
		for (; !strcmp(tests[i].prop, "*") && *v; v++)
			g_string_append_printf(names, " %.*s", (int)strcspn(*v, "="), *v);
	}
}

static void keep(struct ctx *c, GPtrArray *vms, test_fn test, const char *const *values)
{
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (guint i = 0; i < vms->len; i++)
		if (test(c, g_ptr_array_index(vms, i), values))
			g_ptr_array_add(kept, g_ptr_array_index(vms, i));
	g_ptr_array_set_size(vms, 0);
	g_ptr_array_extend(vms, kept, NULL, NULL);
}

static int check_pairs(struct ctx *c, const char *dest)
{
	for (const char *const *v = args_all(c->args, dest); *v; v++)
		if (**v == '=' || !strchr(*v, '='))
			return ctx_usage_error(c, "Invalid argument: --%s %s", dest, *v);
	return EXIT_OK;
}

int filters_check(struct ctx *c)
{
	int r = check_pairs(c, "features");

	return r ? r : check_pairs(c, "prefs");
}

void filters_apply(struct ctx *c, GPtrArray *vms)
{
	static const char *const states[] = {"running", "paused", "halted"};
	const char *power[G_N_ELEMENTS(states) + 1] = {0};
	guint n = 0;

	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		if (args_has(c->args, tests[i].dest))
			keep(c, vms, tests[i].test, args_all(c->args, tests[i].dest));
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		if (args_has(c->args, states[i]))
			power[n++] = states[i];
	if (n)
		keep(c, vms, test_power, power);
}
