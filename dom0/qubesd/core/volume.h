/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes of qubes as the store knows them, and the copies (VolumeSpec) that worker
 * threads hand to storage/. Main thread but for VolumeCopy. specs/admin-api.md section 4.
 */
#ifndef QUBESD_CORE_VOLUME_H
#define QUBESD_CORE_VOLUME_H

#include "dom0/qubesd/core/model.h"

/* A self-contained description for a worker thread. */
typedef struct {
	VolumeSpec spec; /* everything it points to is owned by this copy */
	VolumeSource source;
	Pool *pool;
	VolumeId id;
} VolumeCopy;

const char *volume_id_name(VolumeId id);
bool volume_id_from_name(const char *name, VolumeId *ret);

void volume_free(Volume *v);
/*
 * Gives a new qube its volumes: of its class, its template, the default pools. choice[id] is
 * the pool that the client asked for (NULL: none), for what is not a snapshot.
 */
bool volumes_create(Domain *d, Pool *const choice[VOL_N], GError **error);
/* The same for those that it does not have yet (of a store written elsewhere). */
bool volumes_fill(Domain *d, GError **error);
/*
 * At start, before anything runs: an image may have been resized, or its content replaced, and
 * the process killed before that was saved. What is on the disk counts. Blocks.
 */
void volumes_measure(App *app);
/* After a change of template: what snapshots are taken of. */
void volumes_follow_template(Domain *d);

/* The volume that a snapshot of d is taken of; NULL for others. *ret_owner may be NULL. */
Volume *volume_source(Domain *d, VolumeId id, Domain **ret_owner);
/* Bytes; of a snapshot: of what it is taken of, unless it was resized for this run. */
guint64 volume_size(Domain *d, VolumeId id);
/* A run begins or ends: snapshots are taken anew. */
void volumes_forget_run(Domain *d);
bool volume_ephemeral(const Volume *v);
/* Its name in the pool; of the kernel: the version, maybe "". g_free. */
char *volume_vid(Domain *d, VolumeId id);
/* Are changes written in place, without a snapshot to fall back to? */
bool volume_in_place(const Volume *v);

/* NULL with an error when the pool is offline or a snapshot has nothing to be taken of. */
VolumeCopy *volume_copy(Domain *d, VolumeId id, GError **error);
void volume_copy_free(VolumeCopy *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VolumeCopy, volume_copy_free)
/* Of all volumes of d that exist as images; VolumeCopy*, owned by the array. */
GPtrArray *volume_copies(Domain *d, GError **error);

/* To be called before a field of a volume is changed: the step back, see undo.h. */
void volume_remember(Domain *d, VolumeId id);

/* The folder of its kernel in dom0; NULL when it boots its own. g_free. */
char *volume_kernel_dir(Domain *d);

#endif
