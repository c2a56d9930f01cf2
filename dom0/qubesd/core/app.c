// SPDX-License-Identifier: GPL-2.0-or-later
/* The set of qubes, labels and pools. */
#include "dom0/qubesd/core/model.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/undo.h"

#include <string.h>
#include <unistd.h>

/* A dispid, and with it an address and a name, does not come back within a week. */
#define DISPID_REST_S (7 * 24 * 3600)

static void label_free(gpointer p)
{
	Label *l = p;

	g_free(l->color);
	g_free(l->name);
	g_free(l);
}

App *app_new(const Options *opt, GMainContext *context)
{
	App *app = g_new0(App, 1);

	app->h.cls = CLS_GLOBAL;
	app->h.app = app;
	app->context = context;
	app->opt.root = g_strdup(opt->root);
	app->opt.uri = g_strdup(opt->uri);
	app->opt.bindir = g_strdup(opt->bindir);
	app->opt.owner_uid = opt->owner_uid;
	app->opt.owner_gid = opt->owner_gid;
	app->opt.test_daemons = opt->test_daemons;
	app->catalog = catalog_new();
	app->domains = g_ptr_array_new_with_free_func((GDestroyNotify)domain_unref);
	app->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	app->by_uuid = g_hash_table_new(g_str_hash, g_str_equal);
	app->labels = g_ptr_array_new_with_free_func(label_free);
	app->pools = g_ptr_array_new_with_free_func((GDestroyNotify)pool_unref);
	app->subscribers = g_ptr_array_new_with_free_func(g_free);
	app->copy_tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	app->old_dispids = g_hash_table_new(NULL, NULL);
	app->host_cpus = (unsigned)MAX(1, sysconf(_SC_NPROCESSORS_ONLN));
	app->host_mib = (guint64)sysconf(_SC_PHYS_PAGES) * (guint64)sysconf(_SC_PAGESIZE) >> 20;
	return app;
}

void app_free(App *app)
{
	if (!app)
		return;
	if (app->threads)
		g_thread_pool_free(app->threads, FALSE, TRUE);
	undo_list_free(app->undo);
	for (int i = 0; i < P_N; i++)
		value_clear(&app->h.values[i]);
	g_ptr_array_unref(app->domains);
	g_hash_table_unref(app->by_name);
	g_hash_table_unref(app->by_uuid);
	g_hash_table_unref(app->copy_tokens);
	g_hash_table_unref(app->old_dispids);
	g_ptr_array_unref(app->pools);
	g_ptr_array_unref(app->labels);
	g_ptr_array_unref(app->subscribers);
	if (app->flow_waiters)
		g_ptr_array_unref(app->flow_waiters);
	catalog_free(app->catalog);
	g_free(app->system_info);
	g_free(app->opt.root);
	g_free(app->opt.uri);
	g_free(app->opt.bindir);
	g_free(app);
}

/* dom0 first, then by name. */
static gint domain_order(gconstpointer a, gconstpointer b)
{
	const Domain *x = *(Domain *const *)a, *y = *(Domain *const *)b;

	if (x->h.cls == CLS_ADMIN || y->h.cls == CLS_ADMIN)
		return (y->h.cls == CLS_ADMIN) - (x->h.cls == CLS_ADMIN);
	return strcmp(x->name, y->name);
}

/* Who still has a removed qube may look at its template and the like. */
static void hold(Domain *d, bool on)
{
	if (d->holds == on)
		return;
	d->holds = on;
	for (int id = 0; id < P_N; id++) {
		const Value *v = &d->h.values[id];

		if (v->kind != V_VM || v->vm == d)
			continue;
		if (on)
			domain_ref(v->vm);
		else
			domain_unref(v->vm);
	}
}

void app_add_domain(App *app, Domain *d)
{
	hold(d, false); /* one that comes back */
	g_ptr_array_add(app->domains, domain_ref(d));
	g_ptr_array_sort(app->domains, domain_order);
	g_hash_table_insert(app->by_name, d->name, d);
	g_hash_table_insert(app->by_uuid, d->uuid, d);
	if (d->h.cls == CLS_ADMIN)
		app->dom0 = d;
}

/* Nothing may point to what goes. (Only what failed to be made is ever pointed to.) */
static void forget(Holder *h, const Domain *d)
{
	for (int id = 0; id < P_N; id++)
		if (h->values[id].kind == V_VM && h->values[id].vm == d)
			prop_put(h, (PropId)id, value_unset());
}

void app_drop_domain(App *app, Domain *d)
{
	forget(&app->h, d);
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *other = g_ptr_array_index(app->domains, i);

		if (other != d)
			forget(&other->h, d);
	}
	g_hash_table_remove(app->by_name, d->name);
	g_hash_table_remove(app->by_uuid, d->uuid);
	d->gone = true;
	hold(d, true);
	g_ptr_array_remove(app->domains, d);
}

Domain *app_domain(App *app, const char *name)
{
	return g_hash_table_lookup(app->by_name, name);
}

Domain *app_domain_by_uuid(App *app, const char *uuid)
{
	return g_hash_table_lookup(app->by_uuid, uuid);
}

Domain *app_resolve(App *app, const char *untrusted_dest, GError **error)
{
	Domain *d;

	if (g_str_has_prefix(untrusted_dest, "uuid:")) {
		if (!name_is_uuid(untrusted_dest + 5)) {
			fail(error, E_VM_INVALID_UUID, "VM UUID is not valid: '%.64s'",
			     name_is_ascii(untrusted_dest) ? untrusted_dest + 5 : "?");
			return NULL;
		}
		d = app_domain_by_uuid(app, untrusted_dest + 5);
	} else {
		if (!name_check_qube(untrusted_dest, error))
			return NULL;
		d = app_domain(app, untrusted_dest);
	}
	if (!d)
		fail(error, E_VM_NOT_FOUND, "No such domain: '%s'", untrusted_dest);
	return d;
}

Label *app_label(App *app, const char *name_or_index)
{
	for (guint i = 0; i < app->labels->len; i++) {
		Label *l = g_ptr_array_index(app->labels, i);

		if (!strcmp(l->name, name_or_index))
			return l;
	}
	for (guint i = 0; i < app->labels->len; i++) {
		Label *l = g_ptr_array_index(app->labels, i);
		char text[16];

		g_snprintf(text, sizeof(text), "%d", l->index);
		if (!strcmp(text, name_or_index))
			return l;
	}
	return NULL;
}

static gint label_order(gconstpointer a, gconstpointer b)
{
	const Label *x = *(Label *const *)a, *y = *(Label *const *)b;

	return x->index - y->index;
}

Label *app_add_label(App *app, int index, const char *color, const char *name)
{
	Label *l = g_new0(Label, 1);

	l->index = index;
	l->color = g_strdup(color);
	l->name = g_strdup(name);
	g_ptr_array_add(app->labels, l);
	g_ptr_array_sort(app->labels, label_order);
	return l;
}

void app_drop_label(App *app, Label *label)
{
	g_ptr_array_remove(app->labels, label);
}

void app_add_builtin_labels(App *app)
{
	static const char *const builtin[LABEL_BUILTIN_MAX][2] = {
		{"0xcc0000", "red"},	{"0xf57900", "orange"}, {"0xedd400", "yellow"},
		{"0x73d216", "green"},	{"0x555555", "gray"},	{"0x3465a4", "blue"},
		{"0x75507b", "purple"}, {"0x000000", "black"},
	};

	for (int i = 0; i < LABEL_BUILTIN_MAX; i++)
		app_add_label(app, i + 1, builtin[i][0], builtin[i][1]);
}

Pool *app_pool(App *app, const char *name)
{
	for (guint i = 0; i < app->pools->len; i++) {
		Pool *p = g_ptr_array_index(app->pools, i);

		if (!strcmp(p->name, name))
			return p;
	}
	return NULL;
}

int app_free_qid(App *app)
{
	g_autofree guint8 *used = g_malloc0(QID_MAX);

	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (d->qid >= 0 && d->qid < QID_MAX)
			used[d->qid] = 1;
	}
	for (int i = 1; i < QID_MAX; i++)
		if (!used[i])
			return i;
	return -1;
}

static bool dispid_usable(App *app, int id, gint64 now_s)
{
	gpointer freed;

	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);
		g_autofree char *name = g_strdup_printf("disp%d", id);

		if (!strcmp(d->name, name) ||
		    (d->h.values[P_dispid].kind == V_INT && d->h.values[P_dispid].i == id))
			return false;
	}
	if (!g_hash_table_lookup_extended(app->old_dispids, GINT_TO_POINTER(id), NULL, &freed))
		return true;
	if (now_s - GPOINTER_TO_INT(freed) < DISPID_REST_S)
		return false;
	g_hash_table_remove(app->old_dispids, GINT_TO_POINTER(id));
	return true;
}

int app_free_dispid(App *app)
{
	gint64 now_s = g_get_monotonic_time() / G_USEC_PER_SEC;

	for (int tries = 0; tries < 200; tries++) {
		int id = g_random_int_range(0, DISPID_MAX);

		if (dispid_usable(app, id, now_s))
			return id;
	}
	/* Nearly all are taken or resting: the first that is not in use. */
	for (int id = 0; id < DISPID_MAX; id++)
		if (dispid_usable(app, id, G_MAXINT64))
			return id;
	return -1;
}

void app_retire_dispid(App *app, int dispid)
{
	g_hash_table_insert(app->old_dispids, GINT_TO_POINTER(dispid),
			    GINT_TO_POINTER((int)(g_get_monotonic_time() / G_USEC_PER_SEC)));
}
