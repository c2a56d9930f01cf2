// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools, and the way from a volume to its driver. Peers: none; callers are qubesd's
 * own threads. What is in the images was written by qubes and is only ever copied.
 */
#include "dom0/qubesd/storage/driver.h"
#include "dom0/qubesd/storage/encrypt.h"

#include <string.h>

G_DEFINE_QUARK(storage - error, storage_error)

static const StorageDriver *const drivers[] = {&storage_file_driver, &storage_reflink_driver,
					       &storage_kernel_driver, &storage_lvm_driver,
					       &storage_callback_driver};

static const StorageDriver *find_driver(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	}
	return NULL;
}

const char *const *storage_drivers(void)
{
	static const char *const names[] = {"file",	"file-reflink", "linux-kernel",
					    "lvm_thin", "callback",	NULL};

	G_STATIC_ASSERT(G_N_ELEMENTS(names) == G_N_ELEMENTS(drivers) + 1);
	return names;
}

const char *const *storage_driver_params(const char *driver)
{
	const StorageDriver *d = find_driver(driver);

	return d ? d->params : NULL;
}

const char *storage_driver_missing(const char *driver, GHashTable *params)
{
	const StorageDriver *d = find_driver(driver);

	for (int i = 0; d && d->params[i]; i++)
		if (d->required & 1 << i && !g_hash_table_contains(params, d->params[i]))
			return d->params[i];
	return NULL;
}

const char *storage_param(const StoragePool *pool, const char *name)
{
	return g_hash_table_lookup(pool->params, name);
}

void storage_param_default(StoragePool *pool, const char *name, const char *value)
{
	if (!g_hash_table_contains(pool->params, name))
		g_hash_table_insert(pool->params, g_strdup(name), g_strdup(value));
}

gboolean storage_check_dir_path(StoragePool *pool, GError **error)
{
	const char *dir = storage_param(pool, "dir_path");

	if (!dir || !*dir) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "Pool '%s' needs dir_path: add -o dir_path=DIRECTORY", pool->name);
		return FALSE;
	}
	if (!g_path_is_absolute(dir)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "dir_path of pool '%s' must be an absolute path, not '%s'", pool->name,
			    dir);
		return FALSE;
	}
	g_hash_table_insert(pool->params, g_strdup("dir_path"), g_canonicalize_filename(dir, "/"));
	return TRUE;
}

gboolean storage_check_vid(const char *vid, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(vid ? vid : "", "/", -1);
	gboolean ok = parts[0] != NULL;

	for (char **p = parts; *p; p++) {
		if (!**p || **p == '.' || strpbrk(*p, "\n~") || strlen(*p) > 200)
			ok = FALSE;
	}
	if (!ok)
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "'%s' is no volume identifier", vid ? vid : "");
	return ok;
}

static gboolean check_params(const StorageDriver *d, GHashTable *params, GError **error)
{
	GHashTableIter it;
	gpointer key;

	g_hash_table_iter_init(&it, params);
	while (g_hash_table_iter_next(&it, &key, NULL)) {
		if (g_strv_contains(d->params, key))
			continue;
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "Driver '%s' has no parameter '%s'", d->name, (char *)key);
		return FALSE;
	}
	return TRUE;
}

StoragePool *storage_pool_new(const char *name, const char *driver, GHashTable *params,
			      GError **error)
{
	const StorageDriver *d = find_driver(driver);
	StoragePool *pool;
	GHashTableIter it;
	gpointer key, value;

	if (!d) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "There is no storage driver '%s'; qvm-pool drivers lists them", driver);
		return NULL;
	}
	if (params && !check_params(d, params, error))
		return NULL;
	pool = g_new0(StoragePool, 1);
	pool->name = g_strdup(name);
	pool->driver = d;
	pool->params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (params) {
		g_hash_table_iter_init(&it, params);
		while (g_hash_table_iter_next(&it, &key, &value))
			g_hash_table_insert(pool->params, g_strdup(key), g_strdup(value));
	}
	return pool;
}

StoragePool *storage_pool_open(const char *name, const char *driver, GHashTable *params,
			       GError **error)
{
	StoragePool *pool = storage_pool_new(name, driver, params, error);

	if (pool && !pool->driver->open(pool, error))
		g_clear_pointer(&pool, storage_pool_free);
	return pool;
}

void storage_pool_free(StoragePool *pool)
{
	if (!pool)
		return;
	if (pool->driver->close)
		pool->driver->close(pool);
	g_hash_table_unref(pool->params);
	g_free(pool->name);
	g_free(pool);
}

const char *storage_pool_name(const StoragePool *pool)
{
	return pool->name;
}

const char *storage_pool_driver(const StoragePool *pool)
{
	return pool->driver->name;
}

GHashTable *storage_pool_params(const StoragePool *pool)
{
	return pool->params;
}

static gboolean unsupported(const StoragePool *pool, const char *what, GError **error)
{
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
		    "Volumes of pool '%s' (driver %s) cannot be %s", pool->name, pool->driver->name,
		    what);
	return FALSE;
}

gboolean storage_pool_usage(StoragePool *pool, PoolUsage *ret, GError **error)
{
	if (!pool->driver->usage) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Pool '%s' has no size", pool->name);
		return FALSE;
	}
	return pool->driver->usage(pool, ret, error);
}

gboolean storage_pool_setup(StoragePool *pool, GError **error)
{
	return !pool->driver->setup || pool->driver->setup(pool, error);
}

gboolean storage_pool_destroy(StoragePool *pool, GError **error)
{
	return !pool->driver->destroy || pool->driver->destroy(pool, error);
}

gboolean storage_pool_holds_root(const StoragePool *pool)
{
	return pool->holds_root;
}

int storage_pool_max_revisions(const StoragePool *pool)
{
	return pool->driver->max_revisions;
}

char *storage_vid(StoragePool *pool, gboolean is_template, const char *qube, const char *volume)
{
	return pool->driver->vid(pool, is_template, qube, volume);
}

char **storage_pool_list(StoragePool *pool, GError **error)
{
	return pool->driver->list(pool, error);
}

char *storage_export(const VolumeSpec *v, GError **error)
{
	if (!v->pool->driver->export_path) {
		unsupported(v->pool, "copied", error);
		return NULL;
	}
	return v->pool->driver->export_path(v, error);
}

gboolean storage_export_end(const VolumeSpec *v, const char *path, GError **error)
{
	return !v->pool->driver->export_end || v->pool->driver->export_end(v, path, error);
}

/* Every operation on a volume: its driver has it, and its identifier is sound. */
#define DISPATCH(v, op, what, ...)                                                                 \
	do {                                                                                       \
		const StorageDriver *d_ = (v)->pool->driver;                                       \
		if (!d_->op)                                                                       \
			return unsupported((v)->pool, what, error);                                \
		if (!storage_check_vid((v)->vid, error))                                           \
			return FALSE;                                                              \
		return d_->op(__VA_ARGS__);                                                        \
	} while (0)

gboolean volume_create(const VolumeSpec *v, GError **error)
{
	DISPATCH(v, create, "created", v, error);
}

gboolean volume_remove(const VolumeSpec *v, GError **error)
{
	DISPATCH(v, remove, "removed", v, error);
}

gboolean volume_verify(const VolumeSpec *v, GError **error)
{
	DISPATCH(v, verify, "verified", v, error);
}

static gboolean start_plain(const VolumeSpec *v, char **ret_path, GError **error)
{
	DISPATCH(v, start, "started", v, ret_path, error);
}

gboolean volume_start(const VolumeSpec *v, char **ret_path, GError **error)
{
	g_autofree char *image = NULL;

	if (!v->encrypt)
		return start_plain(v, ret_path, error);
	if (!start_plain(v, &image, error))
		return FALSE;
	if (encrypt_open(v, image, ret_path, error))
		return TRUE;
	v->pool->driver->stop(v, NULL);
	return FALSE;
}

gboolean volume_stop(const VolumeSpec *v, GError **error)
{
	if (!encrypt_close(v, error))
		return FALSE;
	DISPATCH(v, stop, "stopped", v, error);
}

char *volume_path(const VolumeSpec *v)
{
	return v->encrypt ? encrypt_path(v) : v->pool->driver->path(v);
}

gboolean volume_import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error)
{
	if (!storage_check_vid(src->vid, error))
		return FALSE;
	DISPATCH(dst, import_volume, "imported", dst, src, error);
}

gboolean volume_import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error)
{
	DISPATCH(v, import_begin, "imported", v, size, ret_path, error);
}

gboolean volume_import_end(const VolumeSpec *v, gboolean success, GError **error)
{
	DISPATCH(v, import_end, "imported", v, success, error);
}

gboolean volume_import_busy(const VolumeSpec *v)
{
	return v->pool->driver->import_busy && storage_check_vid(v->vid, NULL) &&
	       v->pool->driver->import_busy(v);
}

gboolean volume_resize(const VolumeSpec *v, guint64 size, GError **error)
{
	DISPATCH(v, resize, "resized", v, size, error);
}

gboolean volume_clear(const VolumeSpec *v, GError **error)
{
	DISPATCH(v, clear, "cleared", v, error);
}

char **volume_revisions(const VolumeSpec *v, GError **error)
{
	if (!v->pool->driver->revisions)
		return g_new0(char *, 1);
	return storage_check_vid(v->vid, error) ? v->pool->driver->revisions(v, error) : NULL;
}

gboolean volume_revert(const VolumeSpec *v, const char *revision, GError **error)
{
	DISPATCH(v, revert, "reverted", v, revision, error);
}

guint64 volume_usage(const VolumeSpec *v)
{
	return v->pool->driver->used && storage_check_vid(v->vid, NULL) ? v->pool->driver->used(v)
									: 0;
}

gboolean volume_real_size(const VolumeSpec *v, guint64 *ret)
{
	return v->pool->driver->size && storage_check_vid(v->vid, NULL) &&
	       v->pool->driver->size(v, ret);
}

gboolean volume_is_outdated(const VolumeSpec *v)
{
	return v->pool->driver->is_outdated && v->pool->driver->is_outdated(v);
}

gboolean volume_is_dirty(const VolumeSpec *v)
{
	return v->pool->driver->is_dirty && v->pool->driver->is_dirty(v);
}
