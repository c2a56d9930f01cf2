/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Features of a qube (featurelist.h). The peer is qubesd, trusted. */
#include "dom0/cli/featurelist.h"

/* Requests under way at once. */
#define PIPELINE 16

static void feature_free(gpointer p)
{
	struct feature *f = p;

	g_free(f->name);
	g_free(f->value);
	g_free(f);
}

static void add(GPtrArray *out, const char *name, char *value)
{
	struct feature *f = g_new0(struct feature, 1);

	f->name = g_strdup(name);
	f->value = value;
	g_ptr_array_add(out, f);
}

GPtrArray *feature_list(struct admin *a, const char *vm, const char *prefix, GError **err)
{
	g_auto(GStrv) names = admin_list(a, vm, "admin.vm.feature.List", err);
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(feature_free);
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	struct admin_call *calls[PIPELINE];
	g_autoptr(GError) first = NULL;

	if (!names)
		return NULL;
	for (char **n = names; *n; n++)
		if (**n && g_str_has_prefix(*n, prefix))
			g_ptr_array_add(wanted, *n);
	for (guint done = 0; done < wanted->len; done += PIPELINE) {
		guint n = MIN(PIPELINE, wanted->len - done);

		for (guint i = 0; i < n; i++)
			calls[i] = admin_begin(a, vm, "admin.vm.feature.Get",
					       g_ptr_array_index(wanted, done + i), NULL, 0);
		for (guint i = 0; i < n; i++) {
			g_autoptr(GError) e = NULL;
			char *value = admin_finish(calls[i], NULL, &e);

			if (value)
				add(out, g_ptr_array_index(wanted, done + i), value);
			else if (!first && !admin_error_is(e, ADMIN_ERROR_KEY))
				first = g_steal_pointer(&e);
		}
	}
	if (!first)
		return g_steal_pointer(&out);
	g_propagate_error(err, g_steal_pointer(&first));
	return NULL;
}

bool feature_unset(struct admin *a, const char *vm, const char *name, GError **err)
{
	g_autoptr(GError) e = NULL;

	if (admin_do(a, vm, "admin.vm.feature.Remove", name, NULL, &e) ||
	    admin_error_is(e, ADMIN_ERROR_KEY))
		return true;
	g_propagate_error(err, g_steal_pointer(&e));
	return false;
}

int feature_print(struct ctx *c, const char *vm, const char *name, bool on_off)
{
	GError *err = NULL;
	g_autofree char *value = admin_feature(c->admin, vm, name, false, &err);

	if (err)
		return ctx_fail(c, err);
	if (!value)
		return EXIT_FAILED;
	if (args_has(c->args, "format"))
		json_print(!on_off ? value : *value ? "true" : "false", on_off);
	else
		puts(!on_off ? value : *value ? "on" : "off");
	return EXIT_OK;
}
