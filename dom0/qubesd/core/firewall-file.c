// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * firewall.xml of a qube, and the timers of rules that end. The file is dom0's, but may come
 * from a backup: it is checked like what clients say.
 */
#include "dom0/qubesd/core/netvm.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/firewall.h"
#include "dom0/qubesd/core/flow.h"
#include "qrexec/base/io.h"

#include <string.h>

/* The clock may be set meanwhile: looked at again at the latest after this. */
#define LOOK_AGAIN_S 3600

char *firewall_path(const Domain *d)
{
	g_autofree char *dir = domain_dir(d); /* made of what never changes */

	return *dir ? g_build_filename(dir, "firewall.xml", NULL) : NULL;
}

GPtrArray *firewall_load(const char *path, GError **error)
{
	g_autofree char *xml = NULL;
	GPtrArray *rules;
	gsize len;

	if (g_file_get_contents(path, &xml, &len, NULL))
		return firewall_from_xml(xml, len, error);
	rules = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(rules, g_strdup(FIREWALL_DEFAULT));
	return rules;
}

static gint64 now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

/* When the first of them ends; 0: none does. */
static gint64 next_end(const GPtrArray *rules)
{
	gint64 next = 0;

	for (guint i = 0; i < rules->len; i++) {
		gint64 at = firewall_expire(g_ptr_array_index(rules, i));

		if (at && (!next || at < next))
			next = at;
	}
	return next;
}

bool firewall_save(const char *path, const GPtrArray *rules, gint64 *ret_next, GError **error)
{
	g_autoptr(GPtrArray) valid = g_ptr_array_new();
	g_autofree char *dir = g_path_get_dirname(path), *xml = NULL;
	g_autoptr(GError) why = NULL;

	for (guint i = 0; i < rules->len; i++)
		if (!firewall_expired(g_ptr_array_index(rules, i), now_s()))
			g_ptr_array_add(valid, g_ptr_array_index(rules, i));
	xml = firewall_to_xml(valid);
	io_mkdir_p(dir, 0770);
	if (!g_file_set_contents(path, xml, -1, &why))
		return fail(error, E_QUBES, "%s cannot be written: %s; nothing was changed", path,
			    why->message);
	*ret_next = next_end(valid);
	return true;
}

/* --- rules that end --- */

typedef struct {
	Domain *d; /* a reference */
	char *path;
	gint64 next;
	bool changed;
} Expiry;

static void expire_run(Flow *f, gpointer p)
{
	Expiry *e = p;
	g_autoptr(GError) why = NULL;
	g_autoptr(GPtrArray) rules = firewall_load(e->path, &why);

	if (!rules)
		return; /* said when it is used */
	e->next = next_end(rules);
	if (!e->next || e->next >= now_s())
		return;
	e->changed = firewall_save(e->path, rules, &e->next, &why);
	if (!e->changed)
		g_warning("qube %s: %s", e->d->name, why->message);
}

static void expire_done(gpointer p)
{
	Expiry *e = p;

	if (!e->d->gone) {
		netvm_expire_at(e->d, e->next);
		if (e->changed)
			event_fire(e->d->h.app, e->d, "firewall-changed", NULL);
	}
	domain_unref(e->d);
	g_free(e->path);
	g_free(e);
}

static void expire_look(Domain *d)
{
	Expiry *e;
	char *path = firewall_path(d);

	if (!path)
		return;
	e = g_new0(Expiry, 1);
	e->d = domain_ref(d);
	e->path = path;
	flow_start(d->h.app, expire_run, e, expire_done);
}

static gboolean expire_now(gpointer p)
{
	Domain *d = p;

	/* The source goes with its entry. */
	g_hash_table_remove(d->h.app->firewall_timers, d->uuid);
	if (!d->gone)
		expire_look(d);
	return G_SOURCE_REMOVE;
}

static void timer_free(gpointer p)
{
	g_source_destroy(p);
	g_source_unref(p);
}

static void unref_domain(gpointer p)
{
	domain_unref(p);
}

void netvm_expire_at(Domain *d, gint64 at)
{
	App *app = d->h.app;
	GSource *s;
	gint64 left;

	if (!app->firewall_timers)
		app->firewall_timers =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, timer_free);
	g_hash_table_remove(app->firewall_timers, d->uuid);
	if (!at)
		return;
	/* A rule ends when its second is over. */
	left = CLAMP(at + 1 - now_s(), 0, LOOK_AGAIN_S);
	s = g_timeout_source_new_seconds((guint)left);
	g_source_set_callback(s, expire_now, domain_ref(d), unref_domain);
	g_source_attach(s, app->context);
	g_hash_table_insert(app->firewall_timers, g_strdup(d->uuid), s);
}

/* All in one flow: it is one look at each file that there is. */
typedef struct {
	GPtrArray *list; /* Expiry*, each with a reference */
} Survey;

static void survey_run(Flow *f, gpointer p)
{
	Survey *s = p;

	for (guint i = 0; i < s->list->len; i++)
		expire_run(f, g_ptr_array_index(s->list, i));
}

static void survey_done(gpointer p)
{
	Survey *s = p;

	for (guint i = 0; i < s->list->len; i++)
		expire_done(g_ptr_array_index(s->list, i));
	g_ptr_array_unref(s->list);
	g_free(s);
}

void netvm_expire_begin(App *app)
{
	Survey *s = g_new0(Survey, 1);

	s->list = g_ptr_array_new();
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);
		char *path = firewall_path(d);
		Expiry *e;

		if (!path)
			continue;
		e = g_new0(Expiry, 1);
		e->d = domain_ref(d);
		e->path = path;
		g_ptr_array_add(s->list, e);
	}
	flow_start(app, survey_run, s, survey_done);
}

void netvm_expire_stop(App *app)
{
	g_clear_pointer(&app->firewall_timers, g_hash_table_unref);
}
