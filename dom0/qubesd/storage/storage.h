/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Storage: pools and the volumes in them. specs/admin-api.md section 4.
 *
 * A volume is identified by (pool, vid). Two flags make its kind:
 *   snap_on_start save_on_stop
 *        0             0        volatile: empty at each start
 *        1             0        snapshot of `source`, discarded at stop
 *        0             1        persistent
 *        1             1        origin-snapshot
 *
 * All functions that take a VolumeSpec may block for long (copies): worker threads
 * only. They are thread-safe; two calls on the same volume are the caller's
 * business to serialize. Paths and copies never follow what a qube wrote.
 * After any failure (full disk, kill -9 half-way) the last committed content is
 * intact and the same call can be made again.
 */
#ifndef QUBESD_STORAGE_H
#define QUBESD_STORAGE_H

#include <glib.h>

#define STORAGE_ERROR (storage_error_quark())
GQuark storage_error_quark(void);
typedef enum {
	STORAGE_ERROR_FAILED,
	STORAGE_ERROR_EXISTS,
	STORAGE_ERROR_NOT_FOUND,
	STORAGE_ERROR_NO_SPACE,
	STORAGE_ERROR_NOT_SUPPORTED,
	STORAGE_ERROR_BAD_PARAMETER,
	STORAGE_ERROR_IN_USE,
	STORAGE_ERROR_CANCELLED,
} StorageError;

typedef struct StoragePool StoragePool;

/* Bytes. metadata_size is 0 where there is no such thing. */
typedef struct {
	guint64 size, used, metadata_size, metadata_used;
} PoolUsage;

/* What a volume is; the owner (core) keeps and saves it. Borrowed by calls. */
typedef struct {
	char *name;	   /* "root", "private", "volatile", "kernel" */
	char *vid;	   /* e.g. "appvms/work/private" */
	char *qube;	   /* whose it is; NULL where that is not known */
	StoragePool *pool; /* borrowed */
	guint64 size;	   /* bytes */
	gboolean rw, snap_on_start, save_on_stop, ephemeral;
	gboolean encrypt;      /* it is ephemeral, and there is somebody to hide it from */
	int revisions_to_keep; /* >= -1; -1: written in place, no snapshots */
	/* The volume that a snapshot comes from; NULL when snap_on_start is FALSE. Borrowed. */
	const struct VolumeSource *source;
} VolumeSpec;

typedef struct VolumeSource {
	char *vid;
	StoragePool *pool; /* borrowed */
} VolumeSource;

/*
 * What the calling thread is told of copies that it makes: bytes done and to do, a few times a
 * second. Returns FALSE to have the copy given up, with STORAGE_ERROR_CANCELLED. NULL: nothing.
 */
typedef gboolean (*StorageProgress)(guint64 done, guint64 total, gpointer data);
void storage_set_progress(StorageProgress fn, gpointer data);

/* Registered drivers: NULL-terminated array of names; a driver's parameter names (static). */
const char *const *storage_drivers(void);
const char *const *storage_driver_params(const char *driver); /* NULL: unknown driver */
/* The first of them that must be given and is not in params; NULL: all are. */
const char *storage_driver_missing(const char *driver, GHashTable *params);

/*
 * Opens a pool; docs/storage.md describes the drivers and their parameters. params: name ->
 * value. Creates what it needs on disk (idempotent).
 */
StoragePool *storage_pool_open(const char *name, const char *driver, GHashTable *params,
			       GError **error);
void storage_pool_free(StoragePool *pool);
const char *storage_pool_name(const StoragePool *pool);
const char *storage_pool_driver(const StoragePool *pool);
/* The parameters it was opened with, plus defaults: name -> value. Borrowed. */
GHashTable *storage_pool_params(const StoragePool *pool);
/* FALSE where the driver cannot tell (linux-kernel). May block. */
gboolean storage_pool_usage(StoragePool *pool, PoolUsage *ret, GError **error);
/* Once, when a pool is added, after it was opened; and after it was removed. May block. */
gboolean storage_pool_setup(StoragePool *pool, GError **error);
gboolean storage_pool_destroy(StoragePool *pool, GError **error);
/* Is dom0's own file system in it? Known for lvm_thin only. */
gboolean storage_pool_holds_root(const StoragePool *pool);
/* The most revisions that a volume can have; 0: any number. */
int storage_pool_max_revisions(const StoragePool *pool);
/* The vid that a volume of a qube gets: dir "appvms" or "vm-templates" by class. Free with g_free.
 */
char *storage_vid(StoragePool *pool, gboolean is_template, const char *qube, const char *volume);
/* Vids present on disk, NULL-terminated; g_strfreev. */
char **storage_pool_list(StoragePool *pool, GError **error);

/* STORAGE_ERROR_EXISTS when there is an image with data in it; a blank one is replaced. */
gboolean volume_create(const VolumeSpec *v, GError **error);
gboolean volume_remove(const VolumeSpec *v, GError **error);
gboolean volume_verify(const VolumeSpec *v, GError **error);
/*
 * Makes the image that the hypervisor attaches; *ret_path its path (g_free), NULL when there
 * is nothing to attach (a kernel without modules.img). Of a snapshot a fresh one each time: not
 * to be called for a running qube.
 */
gboolean volume_start(const VolumeSpec *v, char **ret_path, GError **error);
/* Commits (save_on_stop: new revision, old ones beyond revisions_to_keep removed) or discards.
 * Idempotent. */
gboolean volume_stop(const VolumeSpec *v, GError **error);
/* The path volume_start() would give, whether started or not (g_free). */
char *volume_path(const VolumeSpec *v);
/* Content of dst becomes a copy of src (reflink where it can); dst may be in another pool. */
gboolean volume_import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error);
/* Streamed import: a file or device to write size bytes to, then end(success). */
gboolean volume_import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error);
gboolean volume_import_end(const VolumeSpec *v, gboolean success, GError **error);
/* TRUE while somebody has that open: the import was not abandoned. */
gboolean volume_import_busy(const VolumeSpec *v);
gboolean volume_resize(const VolumeSpec *v, guint64 size, GError **error);
gboolean volume_clear(const VolumeSpec *v, GError **error);
/* Revision ids oldest first (NULL-terminated, g_strfreev). */
char **volume_revisions(const VolumeSpec *v, GError **error);
gboolean volume_revert(const VolumeSpec *v, const char *revision, GError **error);
/* Bytes allocated on disk. */
guint64 volume_usage(const VolumeSpec *v);
/* The size that its content really has; FALSE where there is none, or no way to tell. */
gboolean volume_real_size(const VolumeSpec *v, guint64 *ret);
/* TRUE when the source changed since this snapshot was started. */
gboolean volume_is_outdated(const VolumeSpec *v);
gboolean volume_is_dirty(const VolumeSpec *v);

#endif
