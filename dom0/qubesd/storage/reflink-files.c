// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of a volume's files, and its revisions. The folder belongs to dom0. */
#include "dom0/qubesd/storage/fileio.h"
#include "dom0/qubesd/storage/reflink.h"

#include <string.h>

ReflinkFiles *reflink_files_new(const StoragePool *pool, const char *vid)
{
	ReflinkFiles *f = g_new0(ReflinkFiles, 1);

	f->base = g_build_filename(storage_param(pool, "dir_path"), vid, NULL);
	f->clean = g_strconcat(f->base, ".img", NULL);
	f->dirty = g_strconcat(f->base, "-dirty.img", NULL);
	f->precache = g_strconcat(f->base, "-precache.img", NULL);
	f->import = g_strconcat(f->base, "-import.img", NULL);
	if (pool->driver->max_revisions == 1)
		f->old = g_strconcat(f->base, "-old.img", NULL);
	return f;
}

void reflink_files_free(ReflinkFiles *f)
{
	if (!f)
		return;
	g_free(f->base);
	g_free(f->clean);
	g_free(f->dirty);
	g_free(f->precache);
	g_free(f->import);
	g_free(f->old);
	g_free(f);
}

static void revision_free(gpointer data)
{
	ReflinkRevision *r = data;

	g_free(r->id);
	g_free(r->path);
	g_free(r);
}

static int by_number(gconstpointer a, gconstpointer b)
{
	const ReflinkRevision *x = *(ReflinkRevision *const *)a, *y = *(ReflinkRevision *const *)b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* "12@2024-05-06T07:08:09Z": the number's length, 0 when it is something else. */
static size_t parse_suffix(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	static const char shape[] = "@dddd-dd-ddTdd:dd:ddZ";
	const char *t = s + digits;

	if (digits == 0 || digits > 18 || strlen(t) != sizeof(shape) - 1)
		return 0;
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == 'd' ? !g_ascii_isdigit(t[i]) : t[i] != shape[i])
			return 0;
	}
	return digits;
}

/* Calls fn with the names in the volume's folder that begin with prefix, and what follows. */
typedef void (*NameFunc)(const char *dir, const char *name, const char *rest, gpointer data);

static void for_names(const char *prefix_path, NameFunc fn, gpointer data)
{
	g_autofree char *dir_path = g_path_get_dirname(prefix_path);
	g_autofree char *prefix = g_path_get_basename(prefix_path);
	g_autoptr(GDir) dir = g_dir_open(dir_path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (g_str_has_prefix(name, prefix))
			fn(dir_path, name, name + strlen(prefix), data);
	}
}

static void collect_revision(const char *dir, const char *name, const char *rest, gpointer data)
{
	size_t digits = *rest == '.' ? parse_suffix(rest + 1) : 0;
	ReflinkRevision *r;

	if (!digits)
		return;
	r = g_new0(ReflinkRevision, 1);
	r->id = g_strndup(rest + 1, digits);
	r->number = g_ascii_strtoull(r->id, NULL, 10);
	r->path = g_build_filename(dir, name, NULL);
	g_ptr_array_add(data, r);
}

static void collect_old(const char *path, GPtrArray *a)
{
	ReflinkRevision *r = g_new0(ReflinkRevision, 1);

	r->id = g_strdup("old");
	r->path = g_strdup(path);
	g_ptr_array_add(a, r);
}

GPtrArray *reflink_revisions(const ReflinkFiles *f)
{
	GPtrArray *a = g_ptr_array_new_with_free_func(revision_free);

	if (f->old) {
		if (file_exists(f->old))
			collect_old(f->old, a);
		return a;
	}
	for_names(f->clean, collect_revision, a);
	g_ptr_array_sort(a, by_number);
	return a;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return file_stat(a, &x) && file_stat(b, &y) && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

gboolean reflink_add_revision(const ReflinkFiles *f, GError **error)
{
	g_autoptr(GPtrArray) all = reflink_revisions(f);
	ReflinkRevision *last = all->len ? g_ptr_array_index(all, all->len - 1) : NULL;
	g_autoptr(GDateTime) when = NULL;
	g_autofree char *stamp = NULL, *path = NULL;
	struct stat st;

	/* Without content there is nothing to keep; a commit that was killed half-way
	 * already kept it. */
	if (!file_stat(f->clean, &st) || (last && same_file(last->path, f->clean)))
		return TRUE;
	if (f->old)
		return file_remove(f->old, error) && file_link(f->clean, f->old, error);
	when = g_date_time_new_from_unix_utc(st.st_mtim.tv_sec);
	stamp = when ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : NULL;
	path = g_strdup_printf("%s.%" G_GUINT64_FORMAT "@%s", f->clean, last ? last->number + 1 : 1,
			       stamp ? stamp : "1970-01-01T00:00:00Z");
	return file_link(f->clean, path, error);
}

gboolean reflink_prune(const ReflinkFiles *f, int keep, GError **error)
{
	g_autoptr(GPtrArray) all = reflink_revisions(f);
	guint n = all->len, surplus = keep < 0 ? n : n > (guint)keep ? n - (guint)keep : 0;

	for (guint i = 0; i < surplus; i++) {
		const ReflinkRevision *r = g_ptr_array_index(all, i);

		if (!file_remove(r->path, error))
			return FALSE;
	}
	return TRUE;
}

gboolean reflink_swap(const ReflinkFiles *f, const char *path, GError **error)
{
	if (!f->old)
		return reflink_add_revision(f, error) && file_rename(path, f->clean, error);
	return file_exchange(path, f->clean, error);
}

static void collect_unfinished(const char *dir, const char *name, const char *rest, gpointer data)
{
	const char *tilde = strchr(rest, '~');
	/* The base's name may be the beginning of another volume's. */
	bool ours = g_str_has_prefix(rest, ".img") || g_str_has_prefix(rest, "-dirty.img") ||
		    g_str_has_prefix(rest, "-precache.img") || g_str_has_prefix(rest, "-old.img") ||
		    g_str_has_prefix(rest, "-import.img");

	if (tilde && ours)
		g_ptr_array_add(data, g_build_filename(dir, name, NULL));
}

gboolean reflink_remove_unfinished(const ReflinkFiles *f, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

	for_names(f->base, collect_unfinished, found);
	for (guint i = 0; i < found->len; i++) {
		if (!file_remove(g_ptr_array_index(found, i), error))
			return FALSE;
	}
	return file_remove(f->import, error);
}

/* What upstream's driver "file" leaves in a pool that we took over. */
static gboolean remove_foreign(const ReflinkFiles *f, GError **error)
{
	g_autofree char *cow = g_strconcat(f->base, "-cow.img", NULL);
	g_autofree char *old = g_strconcat(cow, ".old", NULL);

	return !f->old || (file_remove(cow, error) && file_remove(old, error));
}

gboolean reflink_remove_all(const ReflinkFiles *f, GError **error)
{
	return reflink_remove_unfinished(f, error) && reflink_prune(f, -1, error) &&
	       remove_foreign(f, error) && file_remove(f->precache, error) &&
	       file_remove(f->dirty, error) && file_remove(f->clean, error);
}

bool reflink_in_place(const VolumeSpec *v)
{
	return v->revisions_to_keep == -1 && !v->snap_on_start && v->save_on_stop;
}

void reflink_update_precache(const VolumeSpec *v, const ReflinkFiles *f)
{
	if (!reflink_in_place(v) && v->save_on_stop && !v->snap_on_start)
		file_copy(f->clean, f->precache, -1, FILE_DURABLE, COPY_REFLINK_ONLY, NULL);
}

/*
 * Killed before the last rename, clean is as it was, and the next commit finds its
 * revision made; after it, only the precache is missing.
 */
gboolean reflink_commit(const VolumeSpec *v, const ReflinkFiles *f, const char *from,
			GError **error)
{
	if (!file_sync(from, error))
		return FALSE;
	if (v->revisions_to_keep > 0 && !reflink_add_revision(f, error))
		return FALSE;
	if (!file_remove(f->precache, error) || !file_rename(from, f->clean, error))
		return FALSE;
	/* The content is safe now; what is too many goes at the next commit at the latest. */
	reflink_prune(f, v->revisions_to_keep, NULL);
	reflink_update_precache(v, f);
	return TRUE;
}

char *reflink_name_to_volume(const char *name)
{
	const char *end = strstr(name, ".img");
	g_autofree char *base = NULL;

	if (!end || end == name || strchr(name, '~') || (end[4] && end[4] != '.'))
		return NULL;
	base = g_strndup(name, (gsize)(end - name));
	for (const char *const *s =
		     (const char *const[]){"-dirty", "-precache", "-import", "-old", "-cow", NULL};
	     *s; s++) {
		if (g_str_has_suffix(base, *s) && strlen(base) > strlen(*s))
			return g_strndup(base, strlen(base) - strlen(*s));
	}
	return g_steal_pointer(&base);
}
