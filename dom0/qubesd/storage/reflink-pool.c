// SPDX-License-Identifier: GPL-2.0-or-later
/* The folder of the drivers whose volumes are files, and what is in it. Peers: none. */
#include "dom0/qubesd/storage/reflink.h"

#include "dom0/qubesd/storage/fileio.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

static const char *const folders[] = {"appvms", "vm-templates"};

static bool is_no(const char *value)
{
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; value && i < G_N_ELEMENTS(no); i++) {
		if (!g_ascii_strcasecmp(value, no[i]))
			return true;
	}
	return false;
}

gboolean reflink_open_pool(StoragePool *pool, GError **error)
{
	const char *dir;
	bool made;

	if (!storage_check_dir_path(pool, error))
		return FALSE;
	dir = storage_param(pool, "dir_path");
	made = !file_exists(dir);
	if (!file_make_dir(dir, error))
		return FALSE;
	if (pool->driver == &storage_reflink_driver && !is_no(storage_param(pool, "setup_check")) &&
	    !file_can_reflink(dir)) {
		if (made)
			file_remove_empty_dir(dir);
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "The file system of %s cannot share data between files (btrfs and xfs "
			    "can), so every start of a qube would copy its images; to accept that, "
			    "set setup_check=no, or use the driver 'file'",
			    dir);
		return FALSE;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *sub = g_build_filename(dir, folders[i], NULL);

		if (!file_make_dir(sub, error))
			return FALSE;
	}
	storage_param_default(pool, "revisions_to_keep", "1");
	storage_param_default(pool, "ephemeral_volatile", "False");
	return TRUE;
}

gboolean reflink_pool_usage(StoragePool *pool, PoolUsage *ret, GError **error)
{
	const char *dir = storage_param(pool, "dir_path");
	struct statvfs st;

	if (statvfs(dir, &st) < 0)
		return file_error(error, errno, "read the usage of", dir);
	*ret = (PoolUsage){.size = (guint64)st.f_frsize * st.f_blocks,
			   .used = (guint64)st.f_frsize * (st.f_blocks - st.f_bfree)};
	return TRUE;
}

char *reflink_make_vid(StoragePool *pool, gboolean is_template, const char *qube,
		       const char *volume)
{
	return g_strdup_printf("%s/%s/%s", folders[is_template ? 1 : 0], qube, volume);
}

static void list_qube(const char *dir, const char *folder, const char *qube, GHashTable *vids)
{
	g_autofree char *path = g_build_filename(dir, folder, qube, NULL);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *volume = reflink_name_to_volume(name);

		if (volume)
			g_hash_table_add(vids, g_build_filename(folder, qube, volume, NULL));
	}
}

char **reflink_list_volumes(StoragePool *pool, GError **error)
{
	const char *dir = storage_param(pool, "dir_path");
	g_autoptr(GHashTable) vids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GList) sorted = NULL;
	GPtrArray *out = g_ptr_array_new();

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_build_filename(dir, folders[i], NULL);
		g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
		const char *qube;

		while (d && (qube = g_dir_read_name(d)))
			list_qube(dir, folders[i], qube, vids);
	}
	sorted = g_list_sort(g_hash_table_get_keys(vids), (GCompareFunc)strcmp);
	for (GList *l = sorted; l; l = l->next)
		g_ptr_array_add(out, g_strdup(l->data));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, FALSE);
}
