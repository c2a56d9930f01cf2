// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lvm_thin driver: volumes in a thin pool of LVM. Names are upstream's
 * (specs/admin-api.md section 4), so pools can be taken over. Peer: lvm(8), of dom0.
 */
#include "dom0/qubesd/storage/lvm.h"

#include <string.h>

static const char *const params[] = {"revisions_to_keep", "volume_group", "thin_pool",
				     "ephemeral_volatile", NULL};

/* --- names of volumes --- */

void lvm_names_init(LvNames *n, const char *vid)
{
	n->vid = g_strdup(vid);
	n->snap = g_strconcat(vid, "-snap", NULL);
	n->import = g_strconcat(vid, "-import", NULL);
}

void lvm_names_clear(LvNames *n)
{
	g_free(n->vid);
	g_free(n->snap);
	g_free(n->import);
}

const char *lvm_bare(const char *lv)
{
	const char *slash = strchr(lv, '/');

	return slash ? slash + 1 : lv;
}

bool lvm_in_place(const VolumeSpec *v)
{
	return v->revisions_to_keep == -1 && !v->snap_on_start && v->save_on_stop;
}

bool lvm_is_dirty(const VolumeSpec *v, const LvNames *n, LvReport *r)
{
	return v->save_on_stop && lvm_find(r, n->snap);
}

/* Where a qube's writes go. */
static const char *written(const VolumeSpec *v, const LvNames *n)
{
	return (v->snap_on_start || v->save_on_stop) && !lvm_in_place(v) ? n->snap : n->vid;
}

/* Vids come from qubes.xml: they must be of this group, and names that lvm accepts. */
static gboolean check_vid(const VolumeSpec *v, GError **error)
{
	const char *slash = strchr(v->vid, '/');
	const char *vg = storage_param(v->pool, "volume_group");
	g_autofree char *longest = slash ? g_strconcat(slash + 1, "-9999999999-back", NULL) : NULL;

	if (longest && (size_t)(slash - v->vid) == strlen(vg) && !strncmp(v->vid, vg, strlen(vg)) &&
	    lvm_is_name(longest))
		return TRUE;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
		    "'%s' is no volume of pool '%s'", v->vid, v->pool->name);
	return FALSE;
}

/* What every operation begins with: its names, and what there is now. */
static LvReport *begin(const VolumeSpec *v, LvNames *n, GError **error)
{
	if (!check_vid(v, error))
		return NULL;
	lvm_names_init(n, v->vid);
	return lvm_report(error);
}

static gboolean remove_if_there(const VolumeSpec *v, const char *lv, LvReport *r, GError **error)
{
	return !lvm_find(r, lv) || lvm_remove(v->pool, lv, error);
}

/* --- making and removing --- */

/* Removes all of ids but the newest `keep` (< 0: all). */
static gboolean prune(const VolumeSpec *v, char **ids, int keep, GError **error)
{
	guint n = g_strv_length(ids);

	for (guint i = 0; i + (guint)MAX(keep, 0) < n; i++) {
		g_autofree char *lv = g_strconcat(v->vid, "-", ids[i], NULL);

		if (!lvm_remove(v->pool, lv, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean prune_all(const VolumeSpec *v, LvReport *r, GError **error)
{
	g_auto(GStrv) ids = lvm_revision_ids(r, v->vid);

	return prune(v, ids, -1, error);
}

static gboolean remove_all(const VolumeSpec *v, const LvNames *n, LvReport *r, GError **error)
{
	return remove_if_there(v, n->snap, r, error) && remove_if_there(v, n->import, r, error) &&
	       prune_all(v, r, error) && remove_if_there(v, n->vid, r, error);
}

static gboolean remove_volume(const VolumeSpec *v, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, error);

	return r && remove_all(v, &n, r, error);
}

/* Content that nobody knows of is never overwritten: it may be all that is left of a qube. */
static gboolean create_volume(const VolumeSpec *v, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, error);
	const LvInfo *found;

	if (!r)
		return FALSE;
	found = v->save_on_stop ? lvm_find(r, n.vid) : NULL;
	if (found && (found->used || *found->origin)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_EXISTS,
			    "%s already exists with data in it, but belongs to no qube: rename or "
			    "remove it",
			    n.vid);
		return FALSE;
	}
	if (!remove_all(v, &n, r, error))
		return FALSE;
	if (!v->save_on_stop)
		return TRUE;
	return lvm_create(v->pool, lvm_bare(n.vid), v->size, error);
}

static gboolean verify_volume(const VolumeSpec *v, GError **error)
{
	const char *vid = v->source ? v->source->vid : v->vid;
	g_autoptr(GHashTable) r = lvm_report_cached(v->pool, error);
	g_autofree char *lv = r ? lvm_current(r, vid) : NULL;

	if (!r)
		return FALSE;
	if (lv || (!v->save_on_stop && !v->snap_on_start))
		return TRUE;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND, "volume %s missing", vid);
	return FALSE;
}

/* --- running --- */

static gboolean start_snapshot(const VolumeSpec *v, const LvNames *n, LvReport *r, GError **error)
{
	const char *vid = v->source ? v->source->vid : v->vid;
	g_autofree char *from = lvm_current(r, vid);

	if (!from) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND, "volume %s missing",
			    vid);
		return FALSE;
	}
	return remove_if_there(v, n->snap, r, error) &&
	       lvm_clone(v->pool, from, lvm_bare(n->snap), error);
}

static gboolean start_volume(const VolumeSpec *v, char **ret_path, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, error);
	gboolean ok;

	if (!r || !remove_if_there(v, n.import, r, error))
		return FALSE;
	/* What an unclean stop left goes on being used; it is committed at the next stop. */
	if (lvm_is_dirty(v, &n, r))
		ok = lvm_activate(v->pool, n.snap, error);
	else if (lvm_in_place(v))
		ok = prune_all(v, r, error) && lvm_activate(v->pool, n.vid, error);
	else if (v->snap_on_start || v->save_on_stop)
		ok = start_snapshot(v, &n, r, error);
	else
		ok = remove_if_there(v, n.vid, r, error) &&
		     lvm_create(v->pool, lvm_bare(n.vid), v->size, error);
	if (ok)
		*ret_path = lvm_device(written(v, &n));
	return ok;
}

/*
 * Killed between the two renames, the newest revision is the last committed content, and
 * `from` waits to be committed.
 */
gboolean lvm_commit(const VolumeSpec *v, const char *from, LvReport *r, GError **error)
{
	g_auto(GStrv) ids = lvm_revision_ids(r, v->vid);
	guint n = g_strv_length(ids);
	gint64 last = n ? g_ascii_strtoll(ids[n - 1], NULL, 10) : 0;
	gint64 now = MAX(g_get_real_time() / G_USEC_PER_SEC, last + 1);
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT "-back", now);
	g_autofree char *back = g_strconcat(v->vid, "-", id, NULL);

	if (lvm_find(r, v->vid)) {
		if (!lvm_rename(v->pool, v->vid, back, error))
			return FALSE;
		ids = g_renew(char *, ids, n + 2);
		ids[n] = g_steal_pointer(&id);
		ids[n + 1] = NULL;
	}
	if (!lvm_rename(v->pool, from, v->vid, error))
		return FALSE;
	/* The content is safe now; what is too many goes at the next commit at the latest. */
	prune(v, ids, v->revisions_to_keep, NULL);
	return TRUE;
}

static gboolean stop_volume(const VolumeSpec *v, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, error);

	if (!r || !remove_if_there(v, n.import, r, error))
		return FALSE;
	if (!v->save_on_stop)
		return remove_if_there(v, n.snap, r, error) && remove_if_there(v, n.vid, r, error);
	return !lvm_is_dirty(v, &n, r) || lvm_commit(v, n.snap, r, error);
}

static char *volume_device(const VolumeSpec *v)
{
	g_auto(LvNames) n = {0};

	lvm_names_init(&n, v->vid);
	return lvm_device(written(v, &n));
}

static char *export_path(const VolumeSpec *v, GError **error)
{
	g_autoptr(GHashTable) r = lvm_report(error);
	g_autofree char *lv = r ? lvm_current(r, v->vid) : NULL;

	if (!r)
		return NULL;
	if (!lv)
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND, "volume %s missing",
			    v->vid);
	return lv && lvm_activate(v->pool, lv, error) ? lvm_device(lv) : NULL;
}

/* --- changing --- */

static gboolean resize_volume(const VolumeSpec *v, guint64 size, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, error);
	g_autofree char *current = NULL;

	if (!r)
		return FALSE;
	if (!v->rw) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "Volume %s is read-only and cannot be resized", v->vid);
		return FALSE;
	}
	if (lvm_find(r, written(v, &n)))
		return lvm_resize(v->pool, written(v, &n), size, error);
	if (!v->save_on_stop)
		return TRUE;
	current = lvm_current(r, v->vid);
	if (current)
		return lvm_resize(v->pool, current, size, error);
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND, "volume %s missing", v->vid);
	return FALSE;
}

static char **revisions(const VolumeSpec *v, GError **error)
{
	g_autoptr(GHashTable) r = lvm_report_cached(v->pool, error);

	return r ? lvm_revision_ids(r, v->vid) : NULL;
}

static gboolean revert_volume(const VolumeSpec *v, const char *revision, GError **error)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, error);
	g_autofree char *from = g_strconcat(v->vid, "-", revision, NULL);

	if (!r)
		return FALSE;
	if (lvm_is_dirty(v, &n, r)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_IN_USE,
			    "Volume %s is in use or was not cleanly stopped: shut its qube down",
			    v->vid);
		return FALSE;
	}
	if (!lvm_find(r, from)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
			    "Volume %s has no revision '%s'", v->vid, revision);
		return FALSE;
	}
	return remove_if_there(v, n.import, r, error) &&
	       lvm_clone(v->pool, from, lvm_bare(n.import), error) &&
	       lvm_commit(v, n.import, r, error);
}

/* --- looking --- */

static guint64 used_bytes(const VolumeSpec *v)
{
	g_autoptr(GHashTable) r = lvm_report_cached(v->pool, NULL);
	g_autofree char *lv = r ? lvm_current(r, v->vid) : NULL;

	return lv ? lvm_find(r, lv)->used : 0;
}

static gboolean real_size(const VolumeSpec *v, guint64 *ret)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = v->save_on_stop ? lvm_report_cached(v->pool, NULL) : NULL;
	g_autofree char *current = r ? lvm_current(r, v->vid) : NULL;
	const LvInfo *info;

	if (!r)
		return FALSE;
	lvm_names_init(&n, v->vid);
	info = lvm_find(r, n.snap);
	if (!info && current)
		info = lvm_find(r, current);
	if (info)
		*ret = info->size;
	return info != NULL;
}

static gboolean is_outdated(const VolumeSpec *v)
{
	g_autoptr(GHashTable) r =
		v->snap_on_start && v->source ? lvm_report_cached(v->pool, NULL) : NULL;
	g_autofree char *snap = g_strconcat(v->vid, "-snap", NULL), *source = NULL;
	const LvInfo *info = r ? lvm_find(r, snap) : NULL;

	source = info ? lvm_current(r, v->source->vid) : NULL;
	return source && strcmp(info->origin, lvm_bare(source)) != 0;
}

static gboolean is_dirty(const VolumeSpec *v)
{
	g_auto(LvNames) n = {0};
	g_autoptr(GHashTable) r = begin(v, &n, NULL);

	return r && lvm_is_dirty(v, &n, r);
}

const StorageDriver storage_lvm_driver = {
	.name = "lvm_thin",
	.params = params,
	.required = 2 | 4,
	.open = lvm_pool_open,
	.close = lvm_pool_close,
	.usage = lvm_pool_usage,
	.vid = lvm_pool_vid,
	.list = lvm_pool_list,
	.create = create_volume,
	.remove = remove_volume,
	.verify = verify_volume,
	.start = start_volume,
	.stop = stop_volume,
	.path = volume_device,
	.export_path = export_path,
	.import_volume = lvm_import_volume,
	.import_begin = lvm_import_begin,
	.import_end = lvm_import_end,
	.import_busy = lvm_import_busy,
	.resize = resize_volume,
	.clear = lvm_clear,
	.revisions = revisions,
	.revert = revert_volume,
	.used = used_bytes,
	.size = real_size,
	.is_outdated = is_outdated,
	.is_dirty = is_dirty,
};
