/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a storage driver implements. Private to storage/. */
#ifndef QUBESD_STORAGE_DRIVER_H
#define QUBESD_STORAGE_DRIVER_H

#include "dom0/qubesd/storage/storage.h"

/* An operation that is NULL does not exist for the driver: STORAGE_ERROR_NOT_SUPPORTED. */
typedef struct {
	const char *name;
	const char *const *params;
	int required; /* which of them must be given: a bit each */
	/* The most revisions that it can keep; 0: any number. */
	int max_revisions;
	/* Checks the parameters, adds defaults, prepares the disk. */
	gboolean (*open)(StoragePool *pool, GError **error);
	/* Once, when the user adds the pool, after open; and after its removal. */
	gboolean (*setup)(StoragePool *pool, GError **error);
	gboolean (*destroy)(StoragePool *pool, GError **error);
	void (*close)(StoragePool *pool);
	gboolean (*usage)(StoragePool *pool, PoolUsage *ret, GError **error);
	char *(*vid)(StoragePool *pool, gboolean is_template, const char *qube, const char *volume);
	char **(*list)(StoragePool *pool, GError **error);

	gboolean (*create)(const VolumeSpec *v, GError **error);
	gboolean (*remove)(const VolumeSpec *v, GError **error);
	gboolean (*verify)(const VolumeSpec *v, GError **error);
	gboolean (*start)(const VolumeSpec *v, char **ret_path, GError **error);
	gboolean (*stop)(const VolumeSpec *v, GError **error);
	char *(*path)(const VolumeSpec *v);
	/* A file or device with the last committed content, for copying it elsewhere; and when
	 * that was done. */
	char *(*export_path)(const VolumeSpec *v, GError **error);
	gboolean (*export_end)(const VolumeSpec *v, const char *path, GError **error);
	gboolean (*import_volume)(const VolumeSpec *dst, const VolumeSpec *src, GError **error);
	gboolean (*import_begin)(const VolumeSpec *v, guint64 size, char **ret_path,
				 GError **error);
	gboolean (*import_end)(const VolumeSpec *v, gboolean success, GError **error);
	/* Has somebody the import's file or device open? */
	gboolean (*import_busy)(const VolumeSpec *v);
	gboolean (*resize)(const VolumeSpec *v, guint64 size, GError **error);
	gboolean (*clear)(const VolumeSpec *v, GError **error);
	char **(*revisions)(const VolumeSpec *v, GError **error);
	gboolean (*revert)(const VolumeSpec *v, const char *revision, GError **error);
	guint64 (*used)(const VolumeSpec *v);
	gboolean (*size)(const VolumeSpec *v, guint64 *ret);
	gboolean (*is_outdated)(const VolumeSpec *v);
	gboolean (*is_dirty)(const VolumeSpec *v);
} StorageDriver;

struct StoragePool {
	char *name;		     /* owned */
	const StorageDriver *driver; /* static */
	GHashTable *params;	     /* owned; name -> value */
	gboolean holds_root;	     /* dom0's own file system is there */
	gpointer state;		     /* the driver's own, freed by its close() */
};

extern const StorageDriver storage_reflink_driver;
extern const StorageDriver storage_file_driver;
extern const StorageDriver storage_kernel_driver;
extern const StorageDriver storage_lvm_driver;
extern const StorageDriver storage_callback_driver;

/* A pool that is not opened yet: driver->open() is the next. */
StoragePool *storage_pool_new(const char *name, const char *driver, GHashTable *params,
			      GError **error);
/* A parameter's value, NULL when not given. */
const char *storage_param(const StoragePool *pool, const char *name);
/* Sets a parameter unless it was given. */
void storage_param_default(StoragePool *pool, const char *name, const char *value);
/* dir_path made absolute and without trailing slashes; FALSE with an error when missing. */
gboolean storage_check_dir_path(StoragePool *pool, GError **error);
/* For copying between pools: the driver's export_path() and export_end(). Path: g_free. */
char *storage_export(const VolumeSpec *v, GError **error);
gboolean storage_export_end(const VolumeSpec *v, const char *path, GError **error);
/* Volume names come from qubes.xml and from vids: no component may lead out of the pool. */
gboolean storage_check_vid(const char *vid, GError **error);

#endif
