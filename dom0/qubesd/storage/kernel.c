// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The linux-kernel driver: kernels of dom0 for qubes. A volume is a folder with
 * vmlinuz, initramfs and maybe modules.img; its identifier is the folder's name, the
 * kernel's version. Read-only, kept by dom0's package manager.
 */
#include "dom0/qubesd/storage/driver.h"
#include "dom0/qubesd/storage/fileio.h"

#include <errno.h>
#include <string.h>

static const char *const params[] = {"dir_path", NULL};

/* A machine without kernels for qubes is fine: containers need none. */
static gboolean open_pool(StoragePool *pool, GError **error)
{
	return storage_check_dir_path(pool, error);
}

static char *file_of(const VolumeSpec *v, const char *name)
{
	return g_build_filename(storage_param(v->pool, "dir_path"), v->vid, name, NULL);
}

static char *make_vid(StoragePool *pool, gboolean is_template, const char *qube, const char *volume)
{
	return g_strdup("");
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **list_kernels(StoragePool *pool, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(storage_param(pool, "dir_path"), 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path =
			g_build_filename(storage_param(pool, "dir_path"), name, "vmlinuz", NULL);

		if (file_exists(path))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return g_strdupv((char **)names->pdata);
}

static gboolean nothing(const VolumeSpec *v, GError **error)
{
	return TRUE;
}

static gboolean verify(const VolumeSpec *v, GError **error)
{
	g_autofree char *vmlinuz = file_of(v, "vmlinuz");

	if (file_exists(vmlinuz))
		return TRUE;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_FOUND,
		    "Kernel %s is not installed (no %s)", v->vid, vmlinuz);
	return FALSE;
}

static char *modules_path(const VolumeSpec *v)
{
	return file_of(v, "modules.img");
}

static gboolean start(const VolumeSpec *v, char **ret_path, GError **error)
{
	g_autofree char *path = modules_path(v);

	*ret_path = file_exists(path) ? g_steal_pointer(&path) : NULL;
	return TRUE;
}

static gboolean import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error)
{
	if (src->pool->driver == &storage_kernel_driver)
		return TRUE;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
		    "Only a kernel can be imported as a kernel");
	return FALSE;
}

static guint64 used(const VolumeSpec *v)
{
	g_autofree char *path = modules_path(v);
	struct stat st;

	return file_stat(path, &st) ? (guint64)st.st_blocks * 512 : 0;
}

const StorageDriver storage_kernel_driver = {
	.name = "linux-kernel",
	.params = params,
	.required = 1,
	.open = open_pool,
	.vid = make_vid,
	.list = list_kernels,
	.create = nothing,
	.remove = nothing,
	.verify = verify,
	.start = start,
	.stop = nothing,
	.path = modules_path,
	.import_volume = import_volume,
	.used = used,
};
