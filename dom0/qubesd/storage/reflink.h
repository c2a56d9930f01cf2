/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that make up a volume of the file-reflink driver. Private to the driver. */
#ifndef QUBESD_STORAGE_REFLINK_H
#define QUBESD_STORAGE_REFLINK_H

#include "dom0/qubesd/storage/driver.h"

#include <stdbool.h>

/*
 *   VOL.img            clean: the last committed content (of a snapshot: a hard link to
 *                      what it was taken of)
 *   VOL-dirty.img      what the running qube writes
 *   VOL-precache.img   a copy of clean, to become the next dirty at once
 *   VOL-import.img     content on its way in
 *   VOL.img.N@TIMEZ    revision N, committed at TIME (UTC)
 *   *~XXXXXX           unfinished; removed when seen
 * The driver "file" keeps one revision at most:
 *   VOL-old.img        the content before the last commit
 */
typedef struct {
	char *base; /* DIR/VID */
	char *clean, *dirty, *precache, *import;
	char *old; /* NULL: revisions have numbers */
} ReflinkFiles;

ReflinkFiles *reflink_files_new(const StoragePool *pool, const char *vid);
void reflink_files_free(ReflinkFiles *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReflinkFiles, reflink_files_free)

typedef struct {
	guint64 number;
	char *id; /* the number in decimal */
	char *path;
} ReflinkRevision;

/* Oldest first; ReflinkRevision, owned. An unreadable folder gives none. */
GPtrArray *reflink_revisions(const ReflinkFiles *f);
/* Makes clean's content a revision too (no copy: a second name). */
gboolean reflink_add_revision(const ReflinkFiles *f, GError **error);
/* Removes all but the newest `keep` (< 0: none is kept). */
gboolean reflink_prune(const ReflinkFiles *f, int keep, GError **error);

/* The revision at path becomes clean; what was clean, a revision. */
gboolean reflink_swap(const ReflinkFiles *f, const char *path, GError **error);

/* Unfinished files of this volume. */
gboolean reflink_remove_unfinished(const ReflinkFiles *f, GError **error);
gboolean reflink_remove_all(const ReflinkFiles *f, GError **error);

/* Is it a volume whose changes are written in place? */
bool reflink_in_place(const VolumeSpec *v);
/* The new content at `from` becomes clean; what was clean, a revision. */
gboolean reflink_commit(const VolumeSpec *v, const ReflinkFiles *f, const char *from,
			GError **error);
/* After clean changed. Cannot fail: a missing precache only costs time. */
void reflink_update_precache(const VolumeSpec *v, const ReflinkFiles *f);

/* vid of an image file's name, NULL when it is not one. "x-dirty.img" -> "x". */
char *reflink_name_to_volume(const char *name);

/* --- reflink-pool.c: members of StorageDriver --- */

gboolean reflink_open_pool(StoragePool *pool, GError **error);
gboolean reflink_pool_usage(StoragePool *pool, PoolUsage *ret, GError **error);
char *reflink_make_vid(StoragePool *pool, gboolean is_template, const char *qube,
		       const char *volume);
char **reflink_list_volumes(StoragePool *pool, GError **error);

/* --- reflink-import.c: the same --- */

gboolean reflink_import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error);
gboolean reflink_import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error);
gboolean reflink_import_end(const VolumeSpec *v, gboolean success, GError **error);
gboolean reflink_import_busy(const VolumeSpec *v);
gboolean reflink_clear(const VolumeSpec *v, GError **error);

#endif
