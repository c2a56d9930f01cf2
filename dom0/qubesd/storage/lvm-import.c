// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New content for a volume of the lvm_thin driver: gathered in a logical volume of its own,
 * swapped in when complete. The content may be a qube's; it is not looked at.
 */
#include "dom0/qubesd/storage/fileio.h"
#include "dom0/qubesd/storage/lvm.h"

#include <errno.h>
#include <string.h>

static gboolean can_import(const VolumeSpec *v, const LvNames *n, LvReport *r, GError **error)
{
	if (!v->save_on_stop) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Volume %s keeps nothing, so nothing can be imported into it", v->vid);
		return FALSE;
	}
	if (lvm_is_dirty(v, n, r)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_IN_USE,
			    "Volume %s is in use or was not cleanly stopped: shut its qube down",
			    v->vid);
		return FALSE;
	}
	return TRUE;
}

/* Ready for VID-import to be made. */
static gboolean prepare(const VolumeSpec *v, const LvNames *n, GError **error)
{
	g_autoptr(GHashTable) r = lvm_report(error);

	return r && can_import(v, n, r, error) &&
	       (!lvm_find(r, n->import) || lvm_remove(v->pool, n->import, error));
}

gboolean lvm_import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error)
{
	g_auto(LvNames) n = {0};

	lvm_names_init(&n, v->vid);
	if (!prepare(v, &n, error) || !lvm_create(v->pool, lvm_bare(n.import), size, error))
		return FALSE;
	*ret_path = lvm_device(n.import);
	return TRUE;
}

gboolean lvm_import_end(const VolumeSpec *v, gboolean success, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = lvm_report(error);

	if (!r)
		return FALSE;
	lvm_names_init(&n, v->vid);
	if (!lvm_find(r, n.import)) {
		if (!success)
			return TRUE;
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
			    "No import operation in progress on %s", v->vid);
		return FALSE;
	}
	if (success && can_import(v, &n, r, error) && lvm_commit(v, n.import, r, error))
		return TRUE;
	return lvm_remove(v->pool, n.import, success ? NULL : error) && !success;
}

gboolean lvm_import_busy(const VolumeSpec *v)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = lvm_report(NULL);
	const LvInfo *info;

	lvm_names_init(&n, v->vid);
	info = r ? lvm_find(r, n.import) : NULL;
	return info && strlen(info->attr) > 5 && info->attr[5] == 'o';
}

/* Of the same group: no data is copied. */
static bool shares_pool(const VolumeSpec *a, const VolumeSpec *b)
{
	return b->pool->driver == &storage_lvm_driver &&
	       !strcmp(storage_param(a->pool, "volume_group"),
		       storage_param(b->pool, "volume_group")) &&
	       !strcmp(storage_param(a->pool, "thin_pool"), storage_param(b->pool, "thin_pool"));
}

static gboolean clone_in(const VolumeSpec *dst, const VolumeSpec *src, const LvNames *n,
			 GError **error)
{
	g_autoptr(GHashTable) r = lvm_report(error);
	g_autofree char *from = r ? lvm_current(r, src->vid) : NULL;

	if (!r)
		return FALSE;
	if (from)
		return lvm_clone(dst->pool, from, lvm_bare(n->import), error);
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND, "volume %s missing", src->vid);
	return FALSE;
}

static gboolean copy_in(const VolumeSpec *dst, const VolumeSpec *src, const LvNames *n,
			GError **error)
{
	g_autofree char *from = storage_export(src, error);
	g_autofree char *to = lvm_device(n->import);
	gboolean ok;

	if (!from)
		return FALSE;
	ok = lvm_create(dst->pool, lvm_bare(n->import), src->size, error) &&
	     file_copy_into(from, to, error);
	return storage_export_end(src, from, ok ? error : NULL) && ok;
}

gboolean lvm_import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error)
{
	g_auto(LvNames) n = {0};

	/* What is made anew at each start has no content to take over. */
	if (!dst->save_on_stop)
		return TRUE;
	lvm_names_init(&n, dst->vid);
	if (!prepare(dst, &n, error))
		return FALSE;
	if (shares_pool(dst, src) ? clone_in(dst, src, &n, error) : copy_in(dst, src, &n, error))
		return lvm_import_end(dst, TRUE, error);
	lvm_import_end(dst, FALSE, NULL);
	return FALSE;
}

gboolean lvm_clear(const VolumeSpec *v, GError **error)
{
	g_autofree char *path = NULL;

	return lvm_import_begin(v, v->size, &path, error) && lvm_import_end(v, TRUE, error);
}
