// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding and removing pools. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/pool.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/undo.h"

#include <string.h>

typedef struct {
	Call *c;
	Pool *pool; /* a reference */
	GError *error;
} Change;

/* --- adding --- */

static bool driver_knows(const char *driver, const char *key)
{
	const char *const *p = storage_driver_params(driver);

	for (; p && *p; p++)
		if (!strcmp(*p, key))
			return true;
	return false;
}

/* Lines key=value to a table; NULL with E_PROTOCOL. */
static GHashTable *parse_options(const Call *c, GError **error)
{
	g_autoptr(GHashTable) t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) line = g_strsplit(c->payload, "\n", -1);

	for (char **l = line; *l; l++) {
		char *eq = strchr(*l, '=');

		if (!**l && !l[1])
			break; /* the end of the last line */
		if (!eq) {
			fail(error, E_PROTOCOL, "Options must be separated by equal sign");
			return NULL;
		}
		*eq = '\0';
		if (!g_hash_table_insert(t, g_strdup(*l), g_strdup(eq + 1))) {
			fail(error, E_PROTOCOL, "Options must be unique");
			return NULL;
		}
		if (strcmp(*l, "name") && !driver_knows(c->arg, *l)) {
			fail(error, E_PROTOCOL, "Unexpected driver options found");
			return NULL;
		}
	}
	return g_steal_pointer(&t);
}

static void add_check(gpointer p)
{
	Change *ch = p;
	g_autoptr(GHashTable) options = NULL;
	const char *name, *missing, *setup;
	bool unused;

	if (!storage_driver_params(ch->c->arg)) {
		fail(&ch->error, E_PERMISSION,
		     "Argument not in 'available drivers' (see qvm-pool drivers)");
		return;
	}
	options = parse_options(ch->c, &ch->error);
	if (!options)
		return;
	name = g_hash_table_lookup(options, "name");
	setup = g_hash_table_lookup(options, "setup_check");
	if (!name) {
		fail(&ch->error, E_PROTOCOL, "Pool configuration must contain key: name");
	} else if (!*name || !name_all_in(name, "-_.")) {
		fail(&ch->error, E_PROTOCOL,
		     "Pool name must be in safe set: letters, digits, '-', '_' and '.'");
	} else if ((missing = storage_driver_missing(ch->c->arg, options))) {
		fail(&ch->error, E_QUBES, "missing required driver options: %s", missing);
	} else if (app_pool(ch->c->app, name)) {
		fail(&ch->error, E_POOL_IN_USE, "Storage pool is in use: '%s' exists already",
		     name);
	} else if (setup && !name_parse_bool(setup, &unused)) {
		fail(&ch->error, E_VALUE, "Invalid literal for boolean property: '%s'", setup);
	} else {
		g_hash_table_insert(options, g_strdup("driver"), g_strdup(ch->c->arg));
		ch->pool = pool_from_attributes(options);
	}
}

static void take_back(App *app, gpointer p)
{
	g_ptr_array_remove(app->pools, p);
}

static void add_it(gpointer p)
{
	Change *ch = p;
	App *app = ch->c->app;

	if (app_pool(app, ch->pool->name)) {
		fail(&ch->error, E_POOL_IN_USE, "Storage pool is in use: '%s' exists already",
		     ch->pool->name);
		return;
	}
	g_ptr_array_add(app->pools, pool_ref(ch->pool));
	undo_push(app, take_back, pool_ref(ch->pool), (GDestroyNotify)pool_unref);
	event_fire(app, NULL, "pool-add", "pool", ch->pool->name, NULL);
}

static char *end(Change *ch, bool ok, GError **error)
{
	pool_unref(ch->pool);
	if (ch->error)
		g_propagate_error(error, ch->error);
	return ok ? body("") : NULL;
}

FLOW(m_pool_add)
{
	Change ch = {.c = c};
	g_autoptr(GError) why = NULL;

	flow_main(f, add_check, &ch);
	if (ch.pool && (!pool_open(ch.pool, &why) || !storage_pool_setup(ch.pool->storage, &why)))
		fail(&ch.error, E_STORAGE, "Pool %s cannot be opened: %s", ch.pool->name,
		     why->message);
	if (!ch.error)
		flow_main(f, add_it, &ch);
	return end(&ch, !ch.error && flow_save(f, &ch.error), error);
}

/* --- removing --- */

static bool unused(Call *c, const Pool *pool, GError **error)
{
	static const PropId defaults[] = {P_default_pool, P_default_pool_kernel,
					  P_default_pool_private, P_default_pool_root,
					  P_default_pool_volatile};

	for (guint i = 0; i < c->app->domains->len; i++) {
		Domain *d = g_ptr_array_index(c->app->domains, i);

		for (int v = 0; v < VOL_N; v++)
			if (d->volumes[v] && d->volumes[v]->pool == pool)
				return fail(error, E_POOL_IN_USE,
					    "Storage pool is in use: '%s' has volumes of %s",
					    pool->name, d->name);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
		g_autofree char *name = prop_str(&c->app->h, defaults[i]);

		if (!g_strcmp0(name, pool->name))
			return fail(error, E_POOL_IN_USE, "Storage pool is in use: set as %s",
				    prop_name(defaults[i]));
	}
	return true;
}

static void put_back(App *app, gpointer p)
{
	g_ptr_array_add(app->pools, pool_ref(p));
}

static void remove_it(gpointer p)
{
	Change *ch = p;
	App *app = ch->c->app;
	Pool *pool = call_pool(ch->c, &ch->error);

	if (!pool || !unused(ch->c, pool, &ch->error) ||
	    !event_ask(app, NULL, &ch->error, "pool-pre-delete", "pool", pool->name, NULL))
		return;
	ch->pool = pool_ref(pool);
	undo_push(app, put_back, pool_ref(pool), (GDestroyNotify)pool_unref);
	g_ptr_array_remove(app->pools, pool);
	event_fire(app, NULL, "pool-delete", "pool", ch->pool->name, NULL);
}

FLOW(m_pool_remove)
{
	Change ch = {.c = c};
	g_autoptr(GError) why = NULL;
	bool ok;

	flow_main(f, remove_it, &ch);
	ok = !ch.error && flow_save(f, &ch.error);
	/* It is no pool of ours any more, whatever becomes of this. */
	if (ok && ch.pool->storage && !storage_pool_destroy(ch.pool->storage, &why))
		g_warning("pool %s: %s", ch.pool->name, why->message);
	return end(&ch, ok, error);
}
