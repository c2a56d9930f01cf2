// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the plain data of qubes.xml to the state. In the stages that references need:
 * labels and pools, qubes with their plain properties, the system's properties, then
 * what refers to other qubes. The file may come from elsewhere: everything is checked.
 */
#include "dom0/qubesd/core/store.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/pool.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store-load.h"

#include <string.h>

static const char *pair_get(const GPtrArray *pairs, const char *name)
{
	for (guint i = 0; i < pairs->len; i++) {
		const DocPair *p = g_ptr_array_index(pairs, i);

		if (!strcmp(p->name, name))
			return p->value;
	}
	return NULL;
}

static bool bad(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static bool bad(GError **error, const char *fmt, ...)
{
	va_list ap;
	g_autofree char *what = NULL;

	va_start(ap, fmt);
	what = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	g_set_error(error, STORE_DOC_ERROR, STORE_UNKNOWN, "%s", what);
	return false;
}

static bool load_labels(App *app, const StoreDoc *doc, GError **error)
{
	for (guint i = 0; i < doc->labels->len; i++) {
		const DocLabel *l = g_ptr_array_index(doc->labels, i);
		const char *color = g_strcmp0(l->color, "0x555753") ? l->color : "0x555555";

		if (l->index < 1 || !color || !name_check_color(color, NULL) ||
		    !name_check_label(l->name, false, NULL))
			return bad(error, "label number %u is not valid", i + 1);
		app_add_label(app, l->index, color, l->name);
	}
	if (!app->labels->len)
		app_add_builtin_labels(app);
	return true;
}

static bool load_pools(App *app, const StoreDoc *doc, GError **error)
{
	for (guint i = 0; i < doc->pools->len; i++) {
		Pool *p = pool_from_attributes(g_ptr_array_index(doc->pools, i));

		if (!p || app_pool(app, p->name)) {
			pool_unref(p);
			return bad(error, "pool number %u has no name or driver, or is there twice",
				   i + 1);
		}
		g_ptr_array_add(app->pools, p);
	}
	return true;
}

/* Properties of one stage. Names that no stage knows are an error of the whole. */
static bool load_properties(Holder *h, const GPtrArray *pairs, int stage, GError **error)
{
	for (guint i = 0; i < pairs->len; i++) {
		const DocPair *p = g_ptr_array_index(pairs, i);
		PropId id = prop_id(p->name);
		const PropDef *def = id < P_N ? prop_def(h, id) : NULL;
		g_autoptr(GError) why = NULL;
		g_auto(Value) v = value_unset();

		if (!def) {
			if (!store_legacy_property(h, p->name, p->value))
				return bad(error,
					   "property '%s' of %s is unknown: it was written by "
					   "another version; remove it from qubes.xml to go on "
					   "without it",
					   p->name, holder_name(h));
			continue;
		}
		if (def->stage != stage || def->flags & PF_READONLY)
			continue;
		if (h->vm && (id == P_name || id == P_uuid || id == P_qid))
			continue; /* set when it was made */
		if (prop_parse(h, def, p->value, true, &v, &why) &&
		    (v.kind == V_NONE || !def->check || def->check(h, def, &v, &why)))
			prop_put(h, id, value_copy(&v));
		else if (!store_repair_property(h, def, why->message))
			return bad(error, "property '%s' of %s: %s", p->name, holder_name(h),
				   why->message);
	}
	return true;
}

static int domain_qid(const DocDomain *dd)
{
	const char *text = pair_get(dd->properties, "qid");

	if (!text && dd->id && g_str_has_prefix(dd->id, "domain-"))
		text = dd->id + strlen("domain-");
	if (!text || !*text || strlen(text) > 5 || text[strspn(text, "0123456789")])
		return -1;
	return (int)g_ascii_strtoll(text, NULL, 10);
}

/* The stub: class, name, number, uuid. */
static Domain *load_stub(App *app, const DocDomain *dd, GError **error)
{
	const char *name = pair_get(dd->properties, "name");
	g_autofree char *uuid = NULL;
	Domain *d;
	VmClass cls;
	int qid = domain_qid(dd);

	if (!dd->cls || !class_from_name(dd->cls, &cls)) {
		bad(error, "qube '%s' is of the unknown class '%s'", name ? name : "?",
		    dd->cls ? dd->cls : "");
		return NULL;
	}
	if (cls == CLS_ADMIN)
		return store_new_domain(app, cls, "dom0", UUID_DOM0, 0);
	if (!name || !name_check_qube(name, NULL) || app_domain(app, name) || qid < 1 ||
	    qid > QID_MAX) {
		bad(error, "qube '%s' has an invalid name or number, or is there twice",
		    name ? name : "?");
		return NULL;
	}
	uuid = g_strdup(pair_get(dd->properties, "uuid"));
	if (!uuid || !name_is_uuid(uuid) || app_domain_by_uuid(app, uuid)) {
		g_free(uuid);
		uuid = g_uuid_string_random();
	}
	d = store_new_domain(app, cls, name, uuid, qid);
	return d;
}

static void load_attributes(Domain *d, const DocDomain *dd)
{
	for (guint i = 0; i < dd->features->len; i++) {
		const DocPair *f = g_ptr_array_index(dd->features, i);

		if (name_check_feature(f->name, "", NULL))
			feature_put(d, f->name, f->value);
		else
			g_warning("qube %s: feature with an invalid name dropped", d->name);
	}
	for (guint i = 0; i < dd->tags->len; i++) {
		const char *tag = g_ptr_array_index(dd->tags, i);

		if (name_check_tag(tag, NULL))
			tag_put(d, tag);
		else
			g_warning("qube %s: invalid tag dropped", d->name);
	}
}

/* The backend must be one of ours; an assignment to any backend is kept. */
static void load_devices(Domain *d, const DocDomain *dd, const char *sysfs)
{
	for (guint i = 0; i < dd->devices->len; i++) {
		const DocDevice *doc = g_ptr_array_index(dd->devices, i);
		Assignment *a = assignment_from_doc(doc, sysfs);
		DevArg arg;

		if (!a) {
			g_warning("qube %s: a %s device is assigned in an unknown mode: dropped",
				  d->name, doc->devclass);
			continue;
		}
		arg = (DevArg){.backend = a->backend, .port = a->port, .id = a->id};
		if ((strcmp(a->backend, "*") != 0 && !app_domain(d->h.app, a->backend)) ||
		    assignment_find(d, a->devclass, &arg)) {
			g_warning("qube %s: cannot find backend domain '%s' for device type %s "
				  "'%s', or it is there twice: dropped",
				  d->name, a->backend, a->devclass, a->port);
			assignment_free(a);
			continue;
		}
		g_ptr_array_add(d->devices, a);
	}
}

static void load_all_devices(App *app, const StoreDoc *doc, const GPtrArray *loaded)
{
	g_autofree char *sysfs = device_sysfs(app);

	for (guint i = 0; i < loaded->len; i++)
		load_devices(g_ptr_array_index(loaded, i), g_ptr_array_index(doc->domains, i),
			     sysfs);
}

static bool load_domains(App *app, const StoreDoc *doc, GPtrArray *loaded, GError **error)
{
	for (guint i = 0; i < doc->domains->len; i++) {
		const DocDomain *dd = g_ptr_array_index(doc->domains, i);
		Domain *d;

		if (!g_strcmp0(dd->cls, "AdminVM") && app->dom0)
			return bad(error, "there are two AdminVMs");
		d = load_stub(app, dd, error);
		if (!d)
			return false;
		g_ptr_array_add(loaded, d);
		if (!load_properties(&d->h, dd->properties, 2, error))
			return false;
		load_attributes(d, dd);
	}
	if (!app->dom0)
		store_new_domain(app, CLS_ADMIN, "dom0", UUID_DOM0, 0);
	return true;
}

static bool load_all(App *app, const StoreDoc *doc, GError **error)
{
	g_autoptr(GPtrArray) loaded = g_ptr_array_new();

	if (!load_labels(app, doc, error) || !load_pools(app, doc, error) ||
	    !load_domains(app, doc, loaded, error) ||
	    !load_properties(&app->h, doc->properties, 3, error))
		return false;
	for (guint i = 0; i < loaded->len; i++) {
		const DocDomain *dd = g_ptr_array_index(doc->domains, i);
		Domain *d = g_ptr_array_index(loaded, i);

		if (!load_properties(&d->h, dd->properties, 4, error))
			return false;
	}
	for (guint i = 0; i < loaded->len; i++) {
		const DocDomain *dd = g_ptr_array_index(doc->domains, i);

		if (!store_load_volumes(g_ptr_array_index(loaded, i), dd, error))
			return false;
	}
	store_fill_volumes(app);
	load_all_devices(app, doc, loaded);
	store_fix_up(app);
	return true;
}

bool store_load(App *app, const StoreDoc *doc, GError **error)
{
	bool ok;

	app->loading = true;
	ok = load_all(app, doc, error);
	app->loading = false;
	return ok;
}
