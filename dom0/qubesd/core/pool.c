// SPDX-License-Identifier: GPL-2.0-or-later
/* Pools: from configuration to an open one. */
#include "dom0/qubesd/core/pool.h"

#include "dom0/qubesd/core/names.h"

#include <string.h>

Pool *pool_from_attributes(GHashTable *attrs)
{
	const char *name = g_hash_table_lookup(attrs, "name");
	const char *driver = g_hash_table_lookup(attrs, "driver");
	GHashTableIter it;
	gpointer key, value;
	Pool *p;

	if (!name || !*name || !name_all_in(name, "-_.") || !driver)
		return NULL;
	p = pool_new(name, driver);
	if (!strcmp(driver, "linux-kernel"))
		p->revisions_to_keep = 0;
	g_hash_table_iter_init(&it, attrs);
	while (g_hash_table_iter_next(&it, &key, &value)) {
		if (!strcmp(key, "name") || !strcmp(key, "driver"))
			continue;
		if (!strcmp(key, "revisions_to_keep"))
			p->revisions_to_keep =
				(int)CLAMP(g_ascii_strtoll(value, NULL, 10), -1, 10000);
		else if (!strcmp(key, "ephemeral_volatile"))
			name_parse_bool(value, &p->ephemeral_volatile);
		else
			g_hash_table_insert(p->params, g_strdup(key), g_strdup(value));
	}
	return p;
}

bool pool_check_revisions(const Pool *p, gint64 n, GError **error)
{
	int max = p->storage ? storage_pool_max_revisions(p->storage) : 0;

	return !max || n <= max ||
	       fail(error, E_VALUE, "Volumes of pool %s (driver %s) keep %d revision at most",
		    p->name, p->driver, max);
}

bool pool_has_settings(const char *driver)
{
	return strcmp(driver, "linux-kernel") != 0 && strcmp(driver, "callback") != 0;
}

/* Those of a pool that has them from elsewhere: a callback pool from its configuration. */
static void take_settings(Pool *p)
{
	GHashTable *params = storage_pool_params(p->storage);
	const char *keep = g_hash_table_lookup(params, "revisions_to_keep");
	const char *ephemeral = g_hash_table_lookup(params, "ephemeral_volatile");

	if (keep)
		p->revisions_to_keep = (int)CLAMP(g_ascii_strtoll(keep, NULL, 10), -1, 10000);
	if (ephemeral)
		name_parse_bool(ephemeral, &p->ephemeral_volatile);
}

bool pool_open(Pool *p, GError **error)
{
	g_autoptr(GError) why = NULL;

	p->storage = storage_pool_open(p->name, p->driver, p->params, &why);
	g_clear_pointer(&p->offline, g_free);
	if (p->storage && !pool_check_revisions(p, p->revisions_to_keep, &why))
		g_clear_pointer(&p->storage, storage_pool_free);
	if (p->storage && !pool_has_settings(p->driver))
		take_settings(p);
	if (p->storage)
		return true;
	p->offline = g_strdup(why ? why->message : "unknown reason");
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

char *pool_describe(const Pool *p)
{
	g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	GString *s = g_string_new(NULL);
	GHashTableIter it;
	gpointer key, value;
	GList *keys;

	g_hash_table_iter_init(&it, p->params);
	while (g_hash_table_iter_next(&it, &key, &value))
		if (strcmp(key, "setup_check")) /* how it was opened, not what it is like */
			g_hash_table_insert(all, g_strdup(key), g_strdup(value));
	g_hash_table_insert(all, g_strdup("name"), g_strdup(p->name));
	g_hash_table_insert(all, g_strdup("driver"), g_strdup(p->driver));
	if (pool_has_settings(p->driver)) {
		g_hash_table_insert(all, g_strdup("revisions_to_keep"),
				    g_strdup_printf("%d", p->revisions_to_keep));
		g_hash_table_insert(all, g_strdup("ephemeral_volatile"),
				    g_strdup(p->ephemeral_volatile ? "True" : "False"));
	}
	keys = g_list_sort(g_hash_table_get_keys(all), (GCompareFunc)g_strcmp0);
	for (GList *k = keys; k; k = k->next)
		g_string_append_printf(s, "%s=%s\n", (char *)k->data,
				       (char *)g_hash_table_lookup(all, k->data));
	g_list_free(keys);
	return g_string_free(s, FALSE);
}
