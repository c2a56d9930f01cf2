// SPDX-License-Identifier: GPL-2.0-or-later
/* Watching how full pools are. Asking may block (lvm): it is done by a flow. */
#include "dom0/qubesd/core/pool-watch.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/flow.h"

#define INTERVAL_S 20

struct PoolWatch {
	GSource *timer; /* owned */
	bool asking;
};

/* --- levels --- */

static double percent(guint64 used, guint64 size)
{
	return size ? 100.0 * (double)used / (double)size : 0;
}

PoolLevel pool_level(const PoolUsage *u, PoolLevel was)
{
	static const int from[] = {0, POOL_WARNING, POOL_CRITICAL, POOL_FULL};
	double p = MAX(percent(u->used, u->size), percent(u->metadata_used, u->metadata_size));
	PoolLevel level = POOL_LEVEL_NORMAL;

	for (int i = POOL_LEVEL_WARNING; i <= POOL_LEVEL_FULL; i++)
		if (p >= from[i] - (i <= (int)was ? POOL_SLACK : 0))
			level = (PoolLevel)i;
	return level;
}

static void log_level(const Pool *p, PoolLevel was, const char *data, const char *metadata)
{
	g_autofree char *also = metadata ? g_strdup_printf(", its metadata to %s", metadata) : NULL;

	if (p->level == POOL_LEVEL_NORMAL)
		g_message("pool %s has room again: full to %s percent%s", p->name, data,
			  also ? also : "");
	else if ((PoolLevel)p->level > was)
		g_warning("pool %s is full to %s percent%s: %s", p->name, data, also ? also : "",
			  p->level == POOL_LEVEL_FULL
				  ? "writes of its qubes will fail; remove qubes or revisions, or "
				    "enlarge it, now"
				  : "remove revisions or qubes you do not need, or enlarge it");
}

void pool_watch_note(App *app, Pool *p, const PoolUsage *u)
{
	static const char *const names[] = {"normal", "warning", "critical", "full"};
	PoolLevel was = (PoolLevel)p->level, level = pool_level(u, was);
	g_autofree char *data = g_strdup_printf("%.1f", percent(u->used, u->size));
	g_autofree char *metadata =
		u->metadata_size
			? g_strdup_printf("%.1f", percent(u->metadata_used, u->metadata_size))
			: NULL;

	if (level == was)
		return;
	p->level = (int)level;
	log_level(p, was, data, metadata);
	if (metadata)
		event_fire(app, NULL, "pool-usage", "pool", p->name, "level", names[level], "data",
			   data, "metadata", metadata, NULL);
	else
		event_fire(app, NULL, "pool-usage", "pool", p->name, "level", names[level], "data",
			   data, NULL);
}

/* --- asking --- */

typedef struct {
	Pool *pool;	   /* a reference */
	StoragePool *open; /* opened now, after it could not be before */
	PoolUsage usage;
	bool known;
} Item;

typedef struct {
	App *app;
	Item *item;
	guint n;
} Round;

static void round_free(Round *r)
{
	for (guint i = 0; i < r->n; i++) {
		storage_pool_free(r->item[i].open);
		pool_unref(r->item[i].pool);
	}
	g_free(r->item);
	g_free(r);
}

static void ask(Flow *f, gpointer data)
{
	Round *r = data;

	for (guint i = 0; i < r->n; i++) {
		Item *item = &r->item[i];
		StoragePool *s = item->pool->storage;

		if (!s)
			s = item->open = storage_pool_open(item->pool->name, item->pool->driver,
							   item->pool->params, NULL);
		item->known = s && storage_pool_usage(s, &item->usage, NULL);
	}
}

static void take_open(Item *item)
{
	Pool *p = item->pool;

	if (!item->open || p->storage)
		return;
	p->storage = g_steal_pointer(&item->open);
	g_clear_pointer(&p->offline, g_free);
	g_message("pool %s is available again", p->name);
}

static void answered(gpointer data)
{
	Round *r = data;

	for (guint i = 0; i < r->n; i++) {
		take_open(&r->item[i]);
		if (r->item[i].known && app_pool(r->app, r->item[i].pool->name))
			pool_watch_note(r->app, r->item[i].pool, &r->item[i].usage);
	}
	if (r->app->pool_watch)
		r->app->pool_watch->asking = false;
	round_free(r);
}

static gboolean tick(gpointer data)
{
	App *app = data;
	Round *r;

	if (app->pool_watch->asking)
		return G_SOURCE_CONTINUE; /* the last one is not done yet */
	app->pool_watch->asking = true;
	r = g_new0(Round, 1);
	r->app = app;
	r->n = app->pools->len;
	r->item = g_new0(Item, r->n);
	for (guint i = 0; i < r->n; i++)
		r->item[i].pool = pool_ref(g_ptr_array_index(app->pools, i));
	flow_start(app, ask, r, answered);
	return G_SOURCE_CONTINUE;
}

void pool_watch_begin(App *app)
{
	PoolWatch *w = g_new0(PoolWatch, 1);

	w->timer = g_timeout_source_new_seconds(INTERVAL_S);
	g_source_set_callback(w->timer, tick, app, NULL);
	g_source_attach(w->timer, app->context);
	app->pool_watch = w;
	tick(app);
}

void pool_watch_end(App *app)
{
	PoolWatch *w = app->pool_watch;

	if (!w)
		return;
	g_source_destroy(w->timer);
	g_source_unref(w->timer);
	g_free(w);
	app->pool_watch = NULL;
}
