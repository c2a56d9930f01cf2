// SPDX-License-Identifier: GPL-2.0-or-later
/* Pools of the lvm_thin driver: opening one, its report, what is in it. Peer: lvm(8), of dom0. */
#include "dom0/qubesd/storage/lvm.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define CACHE_US (30 * G_USEC_PER_SEC)
#define LV_NAME_MAX 127

typedef struct {
	GMutex lock;
	LvReport *report; /* owned; NULL: to be asked for */
	gint64 asked_us;
} State;

void lvm_forget(StoragePool *pool)
{
	State *s = pool->state;

	if (!s)
		return;
	g_mutex_lock(&s->lock);
	g_clear_pointer(&s->report, g_hash_table_unref);
	g_mutex_unlock(&s->lock);
}

LvReport *lvm_report_cached(StoragePool *pool, GError **error)
{
	State *s = pool->state;
	LvReport *r;

	g_mutex_lock(&s->lock);
	if (s->report && g_get_monotonic_time() - s->asked_us > CACHE_US)
		g_clear_pointer(&s->report, g_hash_table_unref);
	if (!s->report) {
		s->report = lvm_report(error);
		s->asked_us = g_get_monotonic_time();
	}
	r = s->report ? g_hash_table_ref(s->report) : NULL;
	g_mutex_unlock(&s->lock);
	return r;
}

/* Names that lvm accepts and that are no option. */
bool lvm_is_name(const char *s)
{
	static const char *const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789+_.-";

	return *s && *s != '-' && *s != '.' && strlen(s) <= LV_NAME_MAX && !s[strspn(s, allowed)];
}

static gboolean check_param(StoragePool *pool, const char *key, GError **error)
{
	const char *value = storage_param(pool, key);

	if (value && lvm_is_name(value))
		return TRUE;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
		    value ? "%s of pool '%s' is no name of LVM" : "%s is needed by pool '%s'", key,
		    pool->name);
	return FALSE;
}

static char *pool_lv(const StoragePool *pool)
{
	return g_strdup_printf("%s/%s", storage_param(pool, "volume_group"),
			       storage_param(pool, "thin_pool"));
}

void lvm_pool_close(StoragePool *pool)
{
	State *s = pool->state;

	if (!s)
		return;
	if (s->report)
		g_hash_table_unref(s->report);
	g_mutex_clear(&s->lock);
	g_free(s);
}

/* "vg--0-lv" of device-mapper as "vg-0/lv"; NULL when it is no logical volume. g_free. */
static char *lv_of_dm_name(const char *name)
{
	GString *s = g_string_new(NULL);
	bool split = false;

	for (const char *p = name; *p && *p != '\n'; p++) {
		if (*p == '-' && p[1] != '-' && !split) {
			g_string_append_c(s, '/');
			split = true;
			continue;
		}
		if (*p == '-' && p[1] == '-')
			p++;
		g_string_append_c(s, *p);
	}
	return g_string_free(s, !split);
}

/* Is dom0's own file system in this pool? */
static bool holds_root(StoragePool *pool, LvReport *r)
{
	g_autofree char *path = NULL, *name = NULL, *lv = NULL;
	const LvInfo *info;
	struct stat st;

	if (stat("/", &st) < 0)
		return false;
	path = g_strdup_printf("/sys/dev/block/%u:%u/dm/name", major(st.st_dev), minor(st.st_dev));
	lv = g_file_get_contents(path, &name, NULL, NULL) ? lv_of_dm_name(name) : NULL;
	info = lv ? lvm_find(r, lv) : NULL;
	return info && !strcmp(info->pool, storage_param(pool, "thin_pool")) &&
	       !strncmp(lv, storage_param(pool, "volume_group"),
			strlen(storage_param(pool, "volume_group"))) &&
	       lv[strlen(storage_param(pool, "volume_group"))] == '/';
}

gboolean lvm_pool_open(StoragePool *pool, GError **error)
{
	g_autoptr(GHashTable) r = NULL;
	g_autofree char *lv = NULL;
	const LvInfo *info;
	State *s;

	if (!check_param(pool, "volume_group", error) || !check_param(pool, "thin_pool", error))
		return FALSE;
	if (!pool->state) {
		s = g_new0(State, 1);
		g_mutex_init(&s->lock);
		pool->state = s;
	}
	r = lvm_report_cached(pool, error);
	if (!r)
		return FALSE;
	lv = pool_lv(pool);
	info = lvm_find(r, lv);
	if (!info || info->attr[0] != 't') {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
			    info ? "Volume %s is not a thin pool" : "Thin pool %s does not exist",
			    lv);
		return FALSE;
	}
	pool->holds_root = holds_root(pool, r);
	storage_param_default(pool, "revisions_to_keep", "1");
	storage_param_default(pool, "ephemeral_volatile", "False");
	return TRUE;
}

gboolean lvm_pool_usage(StoragePool *pool, PoolUsage *ret, GError **error)
{
	g_autoptr(GHashTable) r = lvm_report_cached(pool, error);
	g_autofree char *lv = pool_lv(pool);
	const LvInfo *info = r ? lvm_find(r, lv) : NULL;

	if (!r)
		return FALSE;
	if (!info) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
			    "Thin pool %s does not exist", lv);
		return FALSE;
	}
	*ret = (PoolUsage){info->size, info->used, info->metadata_size, info->metadata_used};
	return TRUE;
}

char *lvm_pool_vid(StoragePool *pool, gboolean is_template, const char *qube, const char *volume)
{
	return g_strdup_printf("%s/vm-%s-%s", storage_param(pool, "volume_group"), qube, volume);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A part of another volume, not one by itself. */
static bool is_part(const char *lv)
{
	return g_str_has_suffix(lv, "-snap") || g_str_has_suffix(lv, "-import") ||
	       g_str_has_suffix(lv, "-back");
}

char **lvm_pool_list(StoragePool *pool, GError **error)
{
	g_autoptr(GHashTable) r = lvm_report_cached(pool, error);
	g_autofree char *prefix = g_strconcat(storage_param(pool, "volume_group"), "/", NULL);
	GPtrArray *found;
	GHashTableIter it;
	gpointer lv, info;

	if (!r)
		return NULL;
	found = g_ptr_array_new();
	g_hash_table_iter_init(&it, r);
	while (g_hash_table_iter_next(&it, &lv, &info))
		if (g_str_has_prefix(lv, prefix) && !is_part(lv) &&
		    !strcmp(((LvInfo *)info)->pool, storage_param(pool, "thin_pool")))
			g_ptr_array_add(found, g_strdup(lv));
	g_ptr_array_sort(found, by_name);
	g_ptr_array_add(found, NULL);
	return (char **)g_ptr_array_free(found, FALSE);
}
