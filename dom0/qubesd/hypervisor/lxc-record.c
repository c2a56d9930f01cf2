// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records of containers: on disk, because qubesd may be restarted while they run, and in
 * memory, because lists of qubes are asked for often. No peer; the folder is root's.
 */
#include "dom0/qubesd/hypervisor/lxc.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
	GMutex lock;
	GHashTable *by_uuid; /* owned; NULL until read from disk */
	int last_xid;
} Records;

#define GROUP "container"

void lxc_record_free(LxcRecord *r)
{
	if (!r)
		return;
	g_free(r->name);
	g_free(r->uuid);
	g_free(r->cgroup);
	g_strfreev(r->images);
	g_free(r);
}

static LxcRecord *copy(const LxcRecord *r)
{
	LxcRecord *c;

	if (!r)
		return NULL;
	c = g_new0(LxcRecord, 1);
	*c = *r;
	c->name = g_strdup(r->name);
	c->uuid = g_strdup(r->uuid);
	c->cgroup = g_strdup(r->cgroup);
	c->images = g_strdupv(r->images);
	return c;
}

void lxc_records_init(Hypervisor *hv)
{
	Records *rs = g_new0(Records, 1);

	g_mutex_init(&rs->lock);
	hv->private_ = rs;
}

void lxc_records_clear(Hypervisor *hv)
{
	Records *rs = hv->private_;

	if (rs->by_uuid)
		g_hash_table_unref(rs->by_uuid);
	g_mutex_clear(&rs->lock);
	g_free(rs);
}

static LxcRecord *parse(const char *path)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autoptr(LxcRecord) r = g_new0(LxcRecord, 1);

	if (!g_key_file_load_from_file(kf, path, G_KEY_FILE_NONE, NULL))
		return NULL;
	r->name = g_key_file_get_string(kf, GROUP, "name", NULL);
	r->uuid = g_key_file_get_string(kf, GROUP, "uuid", NULL);
	r->xid = g_key_file_get_integer(kf, GROUP, "xid", NULL);
	r->cgroup = g_key_file_get_string(kf, GROUP, "cgroup", NULL);
	r->images = g_key_file_get_string_list(kf, GROUP, "images", NULL, NULL);
	r->waiting = g_key_file_get_boolean(kf, GROUP, "waiting", NULL);
	r->suspended = g_key_file_get_boolean(kf, GROUP, "suspended", NULL);
	if (!r->name || !r->uuid || r->xid < 1 || r->xid > HV_XID_MAX)
		return NULL;
	if (!r->images)
		r->images = g_new0(char *, 1);
	return g_steal_pointer(&r);
}

/* Locked. */
static Records *load(Hypervisor *hv)
{
	Records *rs = hv->private_;
	g_autofree char *base = lxc_path(hv, NULL, NULL);
	g_autofree char *last = g_build_filename(base, "last-xid", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (rs->by_uuid)
		return rs;
	rs->by_uuid = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					    (GDestroyNotify)lxc_record_free);
	if (g_file_get_contents(last, &text, NULL, NULL))
		rs->last_xid = (int)CLAMP(g_ascii_strtoll(text, NULL, 10), 0, HV_XID_MAX);
	dir = g_dir_open(base, 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = lxc_path(hv, name, "record");
		LxcRecord *r = parse(path);

		if (r)
			g_hash_table_replace(rs->by_uuid, r->uuid, r);
	}
	return rs;
}

LxcRecord *lxc_record_get(Hypervisor *hv, const char *uuid)
{
	Records *rs = hv->private_;
	LxcRecord *r;

	g_mutex_lock(&rs->lock);
	r = copy(g_hash_table_lookup(load(hv)->by_uuid, uuid));
	g_mutex_unlock(&rs->lock);
	return r;
}

LxcRecord *lxc_record_get_by_name(Hypervisor *hv, const char *name)
{
	Records *rs = hv->private_;
	LxcRecord *found = NULL;
	GHashTableIter it;
	gpointer value;

	g_mutex_lock(&rs->lock);
	g_hash_table_iter_init(&it, load(hv)->by_uuid);
	while (!found && g_hash_table_iter_next(&it, NULL, &value)) {
		if (!strcmp(((LxcRecord *)value)->name, name))
			found = copy(value);
	}
	g_mutex_unlock(&rs->lock);
	return found;
}

static gboolean save(Hypervisor *hv, const LxcRecord *r, GError **error)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autofree char *path = lxc_path(hv, r->name, "record");

	g_key_file_set_string(kf, GROUP, "name", r->name);
	g_key_file_set_string(kf, GROUP, "uuid", r->uuid);
	g_key_file_set_integer(kf, GROUP, "xid", r->xid);
	if (r->cgroup)
		g_key_file_set_string(kf, GROUP, "cgroup", r->cgroup);
	g_key_file_set_string_list(kf, GROUP, "images", (const char *const *)r->images,
				   g_strv_length(r->images));
	g_key_file_set_boolean(kf, GROUP, "waiting", r->waiting);
	g_key_file_set_boolean(kf, GROUP, "suspended", r->suspended);
	return g_key_file_save_to_file(kf, path, error);
}

gboolean lxc_record_put(Hypervisor *hv, const LxcRecord *r, GError **error)
{
	Records *rs = hv->private_;
	LxcRecord *c = copy(r);
	g_autoptr(GError) local = NULL;
	gboolean ok;

	g_mutex_lock(&rs->lock);
	ok = save(hv, r, &local);
	if (ok)
		g_hash_table_replace(load(hv)->by_uuid, c->uuid, c);
	g_mutex_unlock(&rs->lock);
	if (ok)
		return TRUE;
	lxc_record_free(c);
	return hv_error(error, HYPERVISOR_ERROR_FAILED, "Cannot note container %s: %s", r->name,
			local->message);
}

void lxc_record_drop(Hypervisor *hv, const LxcRecord *r)
{
	Records *rs = hv->private_;
	g_autofree char *path = lxc_path(hv, r->name, "record");
	g_autofree char *dir = lxc_path(hv, r->name, NULL);

	g_mutex_lock(&rs->lock);
	g_unlink(path);
	g_rmdir(dir);
	g_hash_table_remove(load(hv)->by_uuid, r->uuid);
	g_mutex_unlock(&rs->lock);
}

/* Locked. */
static bool in_use(Records *rs, int xid)
{
	GHashTableIter it;
	gpointer value;

	g_hash_table_iter_init(&it, rs->by_uuid);
	while (g_hash_table_iter_next(&it, NULL, &value)) {
		if (((LxcRecord *)value)->xid == xid)
			return true;
	}
	return false;
}

int lxc_xid_new(Hypervisor *hv, GError **error)
{
	Records *rs = hv->private_;
	g_autofree char *path = lxc_path(hv, "last-xid", NULL);
	g_autofree char *text = NULL;
	int xid = 0;

	g_mutex_lock(&rs->lock);
	load(hv);
	for (int tried = 0; tried < HV_XID_MAX && !xid; tried++) {
		rs->last_xid = rs->last_xid % HV_XID_MAX + 1;
		if (!in_use(rs, rs->last_xid))
			xid = rs->last_xid;
	}
	text = g_strdup_printf("%d\n", rs->last_xid);
	/* Only so that numbers are not used again soon: it may fail. */
	g_file_set_contents(path, text, -1, NULL);
	g_mutex_unlock(&rs->lock);
	if (!xid)
		hv_error(error, HYPERVISOR_ERROR_FAILED, "All %d domain numbers are in use",
			 HV_XID_MAX);
	return xid;
}
