// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file-reflink driver: images as files, copies that share their data where the
 * file system can. File names are upstream's (specs/admin-api.md section 4), so pools
 * can be taken over. Peers: none.
 */
#include "dom0/qubesd/storage/reflink.h"

#include "dom0/qubesd/storage/fileio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const params[] = {"revisions_to_keep", "dir_path", "setup_check",
				     "ephemeral_volatile", NULL};
static const char *const file_params[] = {"revisions_to_keep", "dir_path", "ephemeral_volatile",
					  NULL};
static gboolean remove_volume(const VolumeSpec *v, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	g_autofree char *dir = g_path_get_dirname(f->base);

	if (!reflink_remove_all(f, error))
		return FALSE;
	file_remove_empty_dir(dir);
	return TRUE;
}

/* Content that nobody knows of is never overwritten: it may be all that is left of a qube. */
static gboolean create_volume(const VolumeSpec *v, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	const char *found = !v->save_on_stop	       ? NULL
			    : !file_is_blank(f->clean) ? f->clean
			    : !file_is_blank(f->dirty) ? f->dirty
						       : NULL;

	if (found) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_EXISTS,
			    "%s already exists with data in it, but belongs to no qube: move it "
			    "away or remove it",
			    found);
		return FALSE;
	}
	if (!reflink_remove_all(f, error))
		return FALSE;
	if (!v->save_on_stop || v->snap_on_start)
		return TRUE;
	return file_create_sparse(f->clean, v->size, FILE_DURABLE, error);
}

static bool is_dirty(const VolumeSpec *v, const ReflinkFiles *f)
{
	return v->save_on_stop && file_exists(f->dirty);
}

static gboolean source_missing(const VolumeSpec *v, const ReflinkFiles *src, GError **error)
{
	if (file_exists(src->dirty)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_IN_USE,
			    "%s is taken of %s, which is in use and keeps no revisions: shut its "
			    "qube down first",
			    v->vid, v->source->vid);
		return FALSE;
	}
	return file_error(error, ENOENT, "read", src->clean);
}

static gboolean verify_volume(const VolumeSpec *v, GError **error)
{
	g_autoptr(ReflinkFiles) f = NULL;

	if (v->snap_on_start && v->source) {
		f = reflink_files_new(v->source->pool, v->source->vid);
		return file_exists(f->clean) || source_missing(v, f, error);
	}
	f = reflink_files_new(v->pool, v->vid);
	if (!v->save_on_stop || file_exists(f->clean) || (reflink_in_place(v) && is_dirty(v, f)))
		return TRUE;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
		    "Missing image file %s for volume %s", f->clean, v->vid);
	return FALSE;
}

static gboolean start_snapshot(const VolumeSpec *v, const ReflinkFiles *f, GError **error)
{
	FileSync sync = v->save_on_stop ? FILE_DURABLE : FILE_LAZY;
	g_autoptr(ReflinkFiles) src = NULL;

	if (!v->source) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_FAILED,
			    "Volume %s has nothing to be taken of: set its qube's template",
			    v->vid);
		return FALSE;
	}
	src = reflink_files_new(v->source->pool, v->source->vid);
	if (!file_exists(src->clean))
		return source_missing(v, src, error);
	/* The hard link tells, later, which content the snapshot is of. */
	return file_remove(f->clean, error) && file_link(src->clean, f->clean, error) &&
	       file_copy(f->clean, f->dirty, -1, sync, COPY_ANY, error);
}

static bool same_content(const char *clean, const char *precache)
{
	struct stat a, b;

	return file_stat(clean, &a) && file_stat(precache, &b) && a.st_size == b.st_size &&
	       a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

static gboolean start_persistent(const VolumeSpec *v, const ReflinkFiles *f, GError **error)
{
	if (reflink_in_place(v))
		return reflink_prune(f, -1, error) && file_remove(f->precache, error) &&
		       file_rename(f->clean, f->dirty, error);
	/* Somebody may have changed the image behind our back. */
	if (same_content(f->clean, f->precache))
		return file_rename(f->precache, f->dirty, error);
	return file_remove(f->precache, error) &&
	       file_copy(f->clean, f->dirty, -1, FILE_DURABLE, COPY_ANY, error);
}

static gboolean start_volume(const VolumeSpec *v, char **ret_path, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	gboolean ok = TRUE;

	if (!reflink_remove_unfinished(f, error))
		return FALSE;
	/* What an unclean stop left goes on being used; it is committed at the next stop. */
	if (is_dirty(v, f))
		ok = TRUE;
	else if (v->snap_on_start)
		ok = start_snapshot(v, f, error);
	else if (v->save_on_stop)
		ok = start_persistent(v, f, error);
	else
		ok = file_create_sparse(f->dirty, v->size, FILE_LAZY, error);
	if (ok)
		*ret_path = g_strdup(f->dirty);
	return ok;
}

static gboolean stop_volume(const VolumeSpec *v, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	if (!reflink_remove_unfinished(f, error))
		return FALSE;
	if (!v->save_on_stop)
		return file_remove(f->dirty, error) && file_remove(f->clean, error);
	if (!is_dirty(v, f))
		return TRUE;
	if (reflink_in_place(v))
		return file_sync(f->dirty, error) && file_rename(f->dirty, f->clean, error);
	return reflink_commit(v, f, f->dirty, error);
}

static char *volume_image(const VolumeSpec *v)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	return g_strdup(f->dirty);
}

static char *export_path(const VolumeSpec *v, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	if (!v->save_on_stop) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Volume %s keeps nothing that could be copied", v->vid);
		return NULL;
	}
	if (!file_exists(f->clean) && reflink_in_place(v) && is_dirty(v, f)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_IN_USE,
			    "Volume %s is in use and keeps no revisions: shut its qube down first",
			    v->vid);
		return NULL;
	}
	return g_strdup(f->clean);
}

static gboolean resize_volume(const VolumeSpec *v, guint64 size, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	if (!v->rw) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Volume %s is read-only and cannot be resized", v->vid);
		return FALSE;
	}
	if (file_exists(f->dirty))
		return file_resize(f->dirty, size, error);
	if (!v->save_on_stop || v->snap_on_start)
		return TRUE;
	/* A new file: revisions and snapshots may be other names of the present one. */
	if (!file_remove(f->precache, error) ||
	    !file_copy(f->clean, f->clean, (gint64)size, FILE_DURABLE, COPY_ANY, error))
		return FALSE;
	reflink_update_precache(v, f);
	return TRUE;
}

static char **revision_ids(const VolumeSpec *v, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	g_autoptr(GPtrArray) all = reflink_revisions(f);
	char **ids = g_new0(char *, all->len + 1);

	for (guint i = 0; i < all->len; i++)
		ids[i] = g_strdup(((ReflinkRevision *)g_ptr_array_index(all, i))->id);
	return ids;
}

static const char *find_revision(GPtrArray *all, const char *id)
{
	for (guint i = 0; i < all->len; i++) {
		const ReflinkRevision *r = g_ptr_array_index(all, i);

		if (!strcmp(r->id, id))
			return r->path;
	}
	return NULL;
}

static gboolean revert_volume(const VolumeSpec *v, const char *revision, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	g_autoptr(GPtrArray) all = reflink_revisions(f);
	const char *path = find_revision(all, revision);

	if (is_dirty(v, f)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_IN_USE,
			    "Volume %s is in use or was not cleanly stopped: shut its qube down",
			    v->vid);
		return FALSE;
	}
	if (!path) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
			    "Volume %s has no revision '%s'", v->vid, revision);
		return FALSE;
	}
	if (!file_remove(f->precache, error) || !reflink_swap(f, path, error))
		return FALSE;
	reflink_update_precache(v, f);
	return TRUE;
}

static guint64 used_bytes(const VolumeSpec *v)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	struct stat st;

	if (file_stat(f->dirty, &st) || file_stat(f->clean, &st))
		return (guint64)st.st_blocks * 512;
	return 0;
}

static gboolean real_size(const VolumeSpec *v, guint64 *ret)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	struct stat st;

	if (!v->save_on_stop || (!file_stat(f->dirty, &st) && !file_stat(f->clean, &st)))
		return FALSE;
	*ret = (guint64)st.st_size;
	return TRUE;
}

static gboolean is_outdated(const VolumeSpec *v)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);
	g_autoptr(ReflinkFiles) src = NULL;
	struct stat a, b;

	if (!v->snap_on_start || !v->source || !file_stat(f->clean, &a))
		return FALSE;
	src = reflink_files_new(v->source->pool, v->source->vid);
	return file_stat(src->clean, &b) && (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

static gboolean volume_dirty(const VolumeSpec *v)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	return is_dirty(v, f);
}

/* What both drivers of image files do. */
#define IMAGE_OPS                                                                                  \
	.open = reflink_open_pool, .usage = reflink_pool_usage, .vid = reflink_make_vid,           \
	.list = reflink_list_volumes, .create = create_volume, .remove = remove_volume,            \
	.verify = verify_volume, .start = start_volume, .stop = stop_volume,                       \
	.export_path = export_path, .import_volume = reflink_import_volume,                        \
	.import_begin = reflink_import_begin, .import_end = reflink_import_end,                    \
	.import_busy = reflink_import_busy, .resize = resize_volume, .clear = reflink_clear,       \
	.revisions = revision_ids, .revert = revert_volume, .used = used_bytes, .size = real_size, \
	.is_dirty = volume_dirty

/* For clients: upstream's driver of that name shows the image, not what the qube is given. */
static char *file_volume_image(const VolumeSpec *v)
{
	g_autoptr(ReflinkFiles) f = v->snap_on_start && v->source
					    ? reflink_files_new(v->source->pool, v->source->vid)
					    : reflink_files_new(v->pool, v->vid);

	return g_strdup(f->clean);
}

/* Without a start's hard link nobody can tell; upstream's driver never says so either. */
static gboolean never_outdated(const VolumeSpec *v)
{
	return FALSE;
}

const StorageDriver storage_file_driver = {
	.name = "file",
	.params = file_params,
	.required = 2,
	.max_revisions = 1,
	.path = file_volume_image,
	.is_outdated = never_outdated,
	IMAGE_OPS,
};

const StorageDriver storage_reflink_driver = {
	.name = "file-reflink",
	.params = params,
	.required = 2,
	.path = volume_image,
	.is_outdated = is_outdated,
	IMAGE_OPS,
};
