// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New content for a volume of the file-reflink driver: gathered in a file of its own,
 * swapped in when complete. The content may be a qube's; it is not looked at.
 */
#include "dom0/qubesd/storage/fileio.h"
#include "dom0/qubesd/storage/reflink.h"

#include <errno.h>

static gboolean can_import(const VolumeSpec *v, const ReflinkFiles *f, GError **error)
{
	if (!v->save_on_stop) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Volume %s keeps nothing, so nothing can be imported into it", v->vid);
		return FALSE;
	}
	/* Left-over writes of an unclean stop would hide the import at the next start. */
	if (file_exists(f->dirty)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_IN_USE,
			    "Volume %s is in use or was not cleanly stopped: shut its qube down",
			    v->vid);
		return FALSE;
	}
	return TRUE;
}

gboolean reflink_import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	if (!can_import(v, f, error) || !reflink_remove_unfinished(f, error) ||
	    !file_create_sparse(f->import, size, FILE_LAZY, error))
		return FALSE;
	*ret_path = g_strdup(f->import);
	return TRUE;
}

gboolean reflink_import_end(const VolumeSpec *v, gboolean success, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	if (!success)
		return file_remove(f->import, error);
	if (!file_exists(f->import))
		return file_error(error, ENOENT, "import", f->import);
	if (can_import(v, f, error) && reflink_commit(v, f, f->import, error))
		return TRUE;
	file_remove(f->import, NULL);
	return FALSE;
}

gboolean reflink_import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(dst->pool, dst->vid);
	g_autofree char *from = NULL;
	gboolean ok;

	/* What is made anew at each start has no content to take over. */
	if (!dst->save_on_stop)
		return TRUE;
	if (!can_import(dst, f, error) || !reflink_remove_unfinished(f, error))
		return FALSE;
	from = storage_export(src, error);
	if (!from)
		return FALSE;
	ok = file_copy(from, f->import, -1, FILE_DURABLE, COPY_ANY, error);
	ok = storage_export_end(src, from, ok ? error : NULL) && ok;
	if (ok)
		return reflink_import_end(dst, TRUE, error);
	file_remove(f->import, NULL);
	return FALSE;
}

gboolean reflink_import_busy(const VolumeSpec *v)
{
	g_autoptr(ReflinkFiles) f = reflink_files_new(v->pool, v->vid);

	return file_is_open(f->import);
}

gboolean reflink_clear(const VolumeSpec *v, GError **error)
{
	g_autofree char *path = NULL;

	return reflink_import_begin(v, v->size, &path, error) && reflink_import_end(v, TRUE, error);
}
