/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a storage driver implements. Private to storage/. */
#ifndef QUBESD_STORAGE_DRIVER_H
#define QUBESD_STORAGE_DRIVER_H

#include "dom0/qubesd/storage/storage.h"

/* An operation that is NULL does not exist for the driver: STORAGE_ERROR_NOT_SUPPORTED. */
typedef struct {
	const char *name;
	const char *const *params;
	/* Checks the parameters, adds defaults, prepares the disk. */
	gboolean (*open)(StoragePool *pool, GError **error);
	gboolean (*usage)(StoragePool *pool, guint64 *ret_size, guint64 *ret_used, GError **error);
	char *(*vid)(StoragePool *pool, gboolean is_template, const char *qube, const char *volume);
	char **(*list)(StoragePool *pool, GError **error);

	gboolean (*create)(const VolumeSpec *v, GError **error);
	gboolean (*remove)(const VolumeSpec *v, GError **error);
	gboolean (*verify)(const VolumeSpec *v, GError **error);
	gboolean (*start)(const VolumeSpec *v, char **ret_path, GError **error);
	gboolean (*stop)(const VolumeSpec *v, GError **error);
	char *(*path)(const VolumeSpec *v);
	/* A file or device with the last committed content, for copying it elsewhere. */
	char *(*export_path)(const VolumeSpec *v, GError **error);
	gboolean (*import_volume)(const VolumeSpec *dst, const VolumeSpec *src, GError **error);
	gboolean (*import_begin)(const VolumeSpec *v, guint64 size, char **ret_path,
				 GError **error);
	gboolean (*import_end)(const VolumeSpec *v, gboolean success, GError **error);
	gboolean (*resize)(const VolumeSpec *v, guint64 size, GError **error);
	gboolean (*clear)(const VolumeSpec *v, GError **error);
	char **(*revisions)(const VolumeSpec *v, GError **error);
	gboolean (*revert)(const VolumeSpec *v, const char *revision, GError **error);
	guint64 (*used)(const VolumeSpec *v);
	gboolean (*is_outdated)(const VolumeSpec *v);
	gboolean (*is_dirty)(const VolumeSpec *v);
} StorageDriver;

struct StoragePool {
	char *name;		     /* owned */
	const StorageDriver *driver; /* static */
	GHashTable *params;	     /* owned; name -> value */
};

extern const StorageDriver storage_reflink_driver;
extern const StorageDriver storage_kernel_driver;

/* A parameter's value, NULL when not given. */
const char *storage_param(const StoragePool *pool, const char *name);
/* Sets a parameter unless it was given. */
void storage_param_default(StoragePool *pool, const char *name, const char *value);
/* dir_path made absolute and without trailing slashes; FALSE with an error when missing. */
gboolean storage_check_dir_path(StoragePool *pool, GError **error);
/* Volume names come from qubes.xml and from vids: no component may lead out of the pool. */
gboolean storage_check_vid(const char *vid, GError **error);

#endif
