// SPDX-License-Identifier: GPL-2.0-or-later
/* Pools. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/pool-watch.h"
#include "dom0/qubesd/core/pool.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/undo.h"
#include "dom0/qubesd/core/volume.h"

#include <stdlib.h>
#include <string.h>

SYNC(m_pool_list)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < c->app->pools->len; i++)
		g_string_append_printf(s, "%s\n",
				       ((Pool *)g_ptr_array_index(c->app->pools, i))->name);
	return g_string_free(s, FALSE);
}

SYNC(m_pool_list_drivers)
{
	GString *s = g_string_new(NULL);

	for (const char *const *d = storage_drivers(); *d; d++) {
		g_string_append(s, *d);
		for (const char *const *p = storage_driver_params(*d); p && *p; p++)
			g_string_append_printf(s, " %s", *p);
		g_string_append_c(s, '\n');
	}
	return g_string_free(s, FALSE);
}

/* --- one pool --- */

typedef struct {
	Call *c;
	Pool *pool; /* a reference */
	GError *error;
	char *text, *dir;
	GPtrArray *others; /* "NAME DIR" of pools with a folder */
	GHashTable *known; /* vids of volumes of qubes, for a list */
} PoolCall;

/* What qubes have there, whether it exists as an image now or not. */
static GHashTable *known_volumes(App *app, const Pool *pool)
{
	GHashTable *vids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		for (int id = 0; id < VOL_KERNEL; id++)
			if (d->volumes[id] && d->volumes[id]->pool == pool && d->volumes[id]->vid)
				g_hash_table_add(vids, g_strdup(d->volumes[id]->vid));
	}
	return vids;
}

static void look(gpointer p)
{
	PoolCall *pc = p;
	Pool *pool = call_pool(pc->c, &pc->error);

	if (!pool)
		return;
	pc->pool = pool_ref(pool);
	pc->text = pool_describe(pool);
	pc->dir = g_strdup(g_hash_table_lookup(pool->params, "dir_path"));
	pc->known = known_volumes(pc->c->app, pool);
	pc->others = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < pc->c->app->pools->len; i++) {
		Pool *other = g_ptr_array_index(pc->c->app->pools, i);
		const char *dir = g_hash_table_lookup(other->params, "dir_path");

		if (other != pool && dir)
			g_ptr_array_add(pc->others, g_strdup_printf("%s %s", other->name, dir));
	}
}

static void pool_call_clear(PoolCall *pc)
{
	pool_unref(pc->pool);
	g_free(pc->text);
	g_free(pc->dir);
	if (pc->known)
		g_hash_table_unref(pc->known);
	if (pc->others)
		g_ptr_array_unref(pc->others);
}

static bool begin(Flow *f, PoolCall *pc, Call *c, GError **error)
{
	*pc = (PoolCall){.c = c};
	flow_main(f, look, pc);
	if (!pc->error)
		return true;
	g_propagate_error(error, pc->error);
	return false;
}

/* The pool whose folder pc's folder is in; NULL if none. */
static char *included_in(const PoolCall *pc)
{
	g_autofree char *real = pc->dir ? realpath(pc->dir, NULL) : NULL;

	for (guint i = 0; real && i < pc->others->len; i++) {
		g_auto(GStrv) other = g_strsplit(g_ptr_array_index(pc->others, i), " ", 2);
		g_autofree char *dir = realpath(other[1], NULL);
		size_t n = dir ? strlen(dir) : 0;

		if (dir && !strncmp(real, dir, n) && (real[n] == '/' || !real[n]))
			return g_strdup(other[0]);
	}
	return NULL;
}

typedef struct {
	const PoolCall *pc;
	const PoolUsage *usage;
} Note;

static void note(gpointer p)
{
	const Note *n = p;

	pool_watch_note(n->pc->c->app, n->pc->pool, n->usage);
}

/* False where nobody knows. */
static bool usage_of(Flow *f, const PoolCall *pc, PoolUsage *ret)
{
	Note n = {pc, ret};

	if (!pc->pool->storage || !storage_pool_usage(pc->pool->storage, ret, NULL))
		return false;
	flow_main(f, note, &n);
	return true;
}

FLOW(m_pool_info)
{
	g_autofree char *in = NULL;
	PoolUsage u;
	PoolCall pc;
	GString *s;

	if (!begin(f, &pc, c, error))
		return NULL;
	s = g_string_new(pc.text);
	if (usage_of(f, &pc, &u))
		g_string_append_printf(s,
				       "size=%" G_GUINT64_FORMAT "\nusage=%" G_GUINT64_FORMAT "\n",
				       u.size, u.used);
	in = included_in(&pc);
	if (in)
		g_string_append_printf(s, "included_in=%s\n", in);
	pool_call_clear(&pc);
	return g_string_free(s, FALSE);
}

static void add_usage(GString *s, const PoolUsage *u)
{
	g_string_append_printf(
		s, "data_size=%" G_GUINT64_FORMAT "\ndata_usage=%" G_GUINT64_FORMAT "\n", u->size,
		u->used);
	if (u->metadata_size)
		g_string_append_printf(s,
				       "metadata_size=%" G_GUINT64_FORMAT
				       "\nmetadata_usage=%" G_GUINT64_FORMAT "\n",
				       u->metadata_size, u->metadata_used);
}

FLOW(m_pool_usage)
{
	GString *s = g_string_new(NULL);
	PoolUsage u;
	PoolCall pc;

	if (begin(f, &pc, c, error)) {
		if (usage_of(f, &pc, &u))
			add_usage(s, &u);
		pool_call_clear(&pc);
		return g_string_free(s, FALSE);
	}
	g_string_free(s, TRUE);
	return NULL;
}

static char *sorted_lines(GHashTable *names)
{
	g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
	GString *s = g_string_new(NULL);

	for (GList *l = sorted; l; l = l->next)
		g_string_append_printf(s, "%s\n", (char *)l->data);
	return g_string_free(s, FALSE);
}

FLOW(m_pool_volumes)
{
	g_auto(GStrv) vids = NULL;
	PoolCall pc;
	char *text;

	if (!begin(f, &pc, c, error))
		return NULL;
	if (pc.pool->storage)
		vids = storage_pool_list(pc.pool->storage, error);
	else
		fail(error, E_STORAGE, "Pool %s is not available: %s", pc.pool->name,
		     pc.pool->offline);
	for (char **v = vids; v && *v; v++)
		g_hash_table_add(pc.known, g_strdup(*v));
	text = vids ? sorted_lines(pc.known) : NULL;
	pool_call_clear(&pc);
	return text;
}

/* --- settings --- */

typedef struct {
	Pool *pool; /* a reference */
	int revisions;
	bool ephemeral;
} PoolUndo;

static void pool_undo(App *app, gpointer p)
{
	const PoolUndo *u = p;

	u->pool->revisions_to_keep = u->revisions;
	u->pool->ephemeral_volatile = u->ephemeral;
}

static void pool_undo_free(gpointer p)
{
	PoolUndo *u = p;

	pool_unref(u->pool);
	g_free(u);
}

static void remember(App *app, Pool *pool)
{
	PoolUndo *u = g_new0(PoolUndo, 1);

	*u = (PoolUndo){pool_ref(pool), pool->revisions_to_keep, pool->ephemeral_volatile};
	undo_push(app, pool_undo, u, pool_undo_free);
}

SYNC(m_pool_set_revisions)
{
	Pool *pool = call_pool(c, error);
	gint64 n;

	if (!pool || !name_parse_number(c->payload, "Revisions to keep", true, &n, error))
		return NULL;
	if (n < -1 || n > 10000) {
		fail(error, E_PROTOCOL, "Value can't be lower than -1");
		return NULL;
	}
	if (!strcmp(pool->driver, "linux-kernel") && n) {
		fail(error, E_VALUE, "Kernels have no revisions: only 0 is possible");
		return NULL;
	}
	if (!pool_check_revisions(pool, n, error))
		return NULL;
	remember(c->app, pool);
	pool->revisions_to_keep = (int)n;
	return body("");
}

SYNC(m_pool_set_ephemeral)
{
	Pool *pool = call_pool(c, error);
	bool on;

	if (!pool)
		return NULL;
	if (!name_parse_bool(c->payload, &on)) {
		fail(error, E_PROTOCOL, "Payload is not boolean ASCII");
		return NULL;
	}
	remember(c->app, pool);
	pool->ephemeral_volatile = on;
	return body("");
}
