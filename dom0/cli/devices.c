/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of one class (devices.h). Lines come from qubesd and are decoded in dom0/admin. */
#include "dom0/cli/devices.h"

#include <string.h>

void devices_init(struct devices *d, struct ctx *c, const char *devclass)
{
	*d = (struct devices){.c = c, .devclass = devclass};
	d->exposed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   (GDestroyNotify)g_ptr_array_unref);
	d->attached = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)g_ptr_array_unref);
	d->assigned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)g_ptr_array_unref);
}

void devices_clear(struct devices *d)
{
	g_clear_pointer(&d->exposed, g_hash_table_unref);
	g_clear_pointer(&d->attached, g_hash_table_unref);
	g_clear_pointer(&d->assigned, g_hash_table_unref);
}

static GStrv call(struct devices *d, const char *vm, const char *what, GError **err)
{
	g_autofree char *method = g_strdup_printf("admin.vm.device.%s.%s", d->devclass, what);

	return admin_list(d->c->admin, vm, method, err);
}

GPtrArray *devices_exposed(struct devices *d, const char *backend, GError **err)
{
	GPtrArray *list = g_hash_table_lookup(d->exposed, backend);
	g_auto(GStrv) lines = list ? NULL : call(d, backend, "Available", err);

	if (list || !lines)
		return list;
	list = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
	for (char **l = lines; *l; l++) {
		g_autoptr(GError) e = NULL;

		if (**l)
			g_ptr_array_add(list, device_parse(*l, backend, d->devclass, &e));
		if (e)
			fprintf(stderr, "%s: %s\n", backend, e->message);
	}
	g_hash_table_insert(d->exposed, g_strdup(backend), list);
	return list;
}

static GPtrArray *assignments(struct devices *d, GHashTable *cache, const char *frontend,
			      const char *what, GError **err)
{
	GPtrArray *list = g_hash_table_lookup(cache, frontend);
	g_auto(GStrv) lines = list ? NULL : call(d, frontend, what, err);

	if (list || !lines)
		return list;
	list = g_ptr_array_new_with_free_func((GDestroyNotify)assignment_free);
	for (char **l = lines; *l; l++) {
		struct assignment *a = **l ? assignment_parse(*l, d->devclass, err) : NULL;

		if (a) {
			g_ptr_array_add(list, a);
		} else if (**l) {
			g_ptr_array_unref(list);
			return NULL;
		}
	}
	g_hash_table_insert(cache, g_strdup(frontend), list);
	return list;
}

GPtrArray *devices_attached(struct devices *d, const char *frontend, GError **err)
{
	return assignments(d, d->attached, frontend, "Attached", err);
}

GPtrArray *devices_assigned(struct devices *d, const char *frontend, GError **err)
{
	return assignments(d, d->assigned, frontend, "Assigned", err);
}

const struct device *devices_at(struct devices *d, const char *backend, const char *port,
				GError **err)
{
	GPtrArray *list = devices_exposed(d, backend, err);
	struct device *dev;

	if (!list)
		return NULL;
	for (guint i = 0; i < list->len; i++) {
		dev = g_ptr_array_index(list, i);
		if (!strcmp(dev->port, port))
			return dev;
	}
	/* Not part of what the backend exposes: kept in a list of its own. */
	dev = device_unknown(backend, port, d->devclass, NULL);
	list = g_hash_table_lookup(d->exposed, "");
	if (!list) {
		list = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
		g_hash_table_insert(d->exposed, g_strdup(""), list);
	}
	g_ptr_array_add(list, dev);
	return dev;
}

GPtrArray *devices_meant(struct devices *d, const struct assignment *a, bool *ret_unknown,
			 GError **err)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	GPtrArray *list;

	*ret_unknown = false;
	if (!strcmp(a->backend, "*"))
		return g_steal_pointer(&out);
	if (strcmp(a->port, "*") != 0) {
		const struct device *dev = devices_at(d, a->backend, a->port, err);

		if (!dev)
			return NULL;
		*ret_unknown = !dev->known;
		if (!dev->known || !strcmp(a->id, "*") || !strcmp(a->id, dev->id)) {
			g_ptr_array_add(out, (gpointer)dev);
			return g_steal_pointer(&out);
		}
	}
	if (!strcmp(a->id, DEVICE_UNKNOWN_ID))
		return g_steal_pointer(&out);
	list = devices_exposed(d, a->backend, err);
	for (guint i = 0; list && i < list->len; i++)
		if (assignment_matches(a, g_ptr_array_index(list, i)))
			g_ptr_array_add(out, g_ptr_array_index(list, i));
	return list ? g_steal_pointer(&out) : NULL;
}
