/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the lvm_thin driver. specs/admin-api.md section 4. Private to the driver. */
#ifndef QUBESD_STORAGE_LVM_H
#define QUBESD_STORAGE_LVM_H

#include "dom0/qubesd/storage/driver.h"

#include <stdbool.h>

/*
 * The logical volumes of a volume VG/vm-QUBE-NAME (its vid):
 *   VID              the last committed content; missing only after a crash: then the
 *                    newest revision is it
 *   VID-snap         what the running qube writes
 *   VID-import       content on its way in
 *   VID-EPOCH-back   a revision, committed until EPOCH; its id is "EPOCH-back"
 */

/* One row of lvm's report. */
typedef struct {
	guint64 size, used; /* bytes */
	guint64 metadata_size, metadata_used;
	char *pool, *attr, *origin; /* owned; "" where there is none */
} LvInfo;

typedef GHashTable LvReport; /* "vg/lv" -> LvInfo* */

/* Parses what "lvs --reportformat=json" prints. Pure. NULL when it is no such report. */
LvReport *lvm_report_parse(const char *json, GError **error);
/* Asks lvm. g_hash_table_unref. */
LvReport *lvm_report(GError **error);
/* The same of a pool, not older than some seconds, unless it was changed through us since. */
LvReport *lvm_report_cached(StoragePool *pool, GError **error);
void lvm_forget(StoragePool *pool);

const LvInfo *lvm_find(LvReport *r, const char *lv);
/* Revision ids ("EPOCH-back"), oldest first; g_strfreev. */
char **lvm_revision_ids(LvReport *r, const char *vid);
/* The one that holds the last committed content; NULL: there is none. g_free. */
char *lvm_current(LvReport *r, const char *vid);

/* The device of a logical volume; g_free. */
char *lvm_device(const char *lv);

/* Commands; lv is "vg/name", name a bare one. All leave the devices active. */
gboolean lvm_create(StoragePool *pool, const char *name, guint64 size, GError **error);
gboolean lvm_clone(StoragePool *pool, const char *lv, const char *name, GError **error);
gboolean lvm_rename(StoragePool *pool, const char *from, const char *to, GError **error);
gboolean lvm_resize(StoragePool *pool, const char *lv, guint64 size, GError **error);
gboolean lvm_remove(StoragePool *pool, const char *lv, GError **error);
gboolean lvm_activate(StoragePool *pool, const char *lv, GError **error);

/* A name that lvm accepts and that is no option. */
bool lvm_is_name(const char *s);

/* --- the pool operations, lvm-pool.c --- */

gboolean lvm_pool_open(StoragePool *pool, GError **error);
void lvm_pool_close(StoragePool *pool);
gboolean lvm_pool_usage(StoragePool *pool, PoolUsage *ret, GError **error);
char *lvm_pool_vid(StoragePool *pool, gboolean is_template, const char *qube, const char *volume);
char **lvm_pool_list(StoragePool *pool, GError **error);

/* --- the volume operations, lvm.c and lvm-import.c --- */

/* Names of a volume's logical volumes. */
typedef struct {
	char *vid, *snap, *import; /* owned; "vg/name" */
} LvNames;

void lvm_names_init(LvNames *n, const char *vid);
void lvm_names_clear(LvNames *n);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LvNames, lvm_names_clear)
/* "vg/name" without "vg/". */
const char *lvm_bare(const char *lv);

bool lvm_in_place(const VolumeSpec *v);
/* Is there content that a stop has to commit? */
bool lvm_is_dirty(const VolumeSpec *v, const LvNames *n, LvReport *r);
/* The new content in `from` becomes VID; what was that, a revision. r: what there is now. */
gboolean lvm_commit(const VolumeSpec *v, const char *from, LvReport *r, GError **error);

gboolean lvm_import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error);
gboolean lvm_import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error);
gboolean lvm_import_end(const VolumeSpec *v, gboolean success, GError **error);
gboolean lvm_import_busy(const VolumeSpec *v);
gboolean lvm_clear(const VolumeSpec *v, GError **error);

#endif
