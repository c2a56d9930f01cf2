// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of the store. Writing is atomic (temporary file, fsync, rename) and leaves a
 * separate copy in the history, so that damage to one file is not damage to both.
 */
#include "dom0/qubesd/core/store.h"

#include "qrexec/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY_PREFIX "qubes.xml."

static bool failed(GError **error, const char *path, int err)
{
	g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(err), "%s: %s", path,
		    g_strerror(err));
	return false;
}

StoreStamp store_stamp(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return (StoreStamp){0};
	return (StoreStamp){true, (guint64)st.st_ino, (guint64)st.st_size,
			    (gint64)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
}

/* Nobody else writes it: who edits it by hand must not lose that. Gone is fine. */
static bool is_ours(const char *path, const StoreStamp *seen)
{
	StoreStamp now = store_stamp(path);

	return !seen->known || !now.known ||
	       (now.inode == seen->inode && now.size == seen->size &&
		now.mtime_ns == seen->mtime_ns);
}

static int write_and_sync(int fd, const char *text, size_t len, bool sync)
{
	int r = io_write_all(fd, text, len);

	if (!r && sync && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && !r)
		r = -errno;
	return r;
}

static int write_new(const char *path, const char *text, size_t len, unsigned gid, bool sync)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0660);

	if (fd < 0)
		return -errno;
	/* For the group it belongs to; that it cannot be given is no reason to lose it. */
	if (fchown(fd, (uid_t)-1, gid) == 0)
		fchmod(fd, 0660);
	return write_and_sync(fd, text, len, sync);
}

static void sync_dir_of(const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

GPtrArray *store_history(const char *history_dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(history_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_prefix(name, HISTORY_PREFIX) && !g_str_has_suffix(name, ".tmp"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, newest_first);
	return names;
}

/* A copy of what was just saved. Losing it is no reason to fail. */
static void add_to_history(const char *dir, const char *text, size_t len, unsigned gid)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *stamp = g_date_time_format(now, "%Y%m%dT%H%M%S");
	g_autofree char *path = g_strdup_printf("%s/" HISTORY_PREFIX "%s.%06d", dir, stamp,
						g_date_time_get_microsecond(now));
	g_autofree char *tmp = g_strconcat(path, ".tmp", NULL);
	g_autoptr(GPtrArray) names = NULL;

	if (io_mkdir_p(dir, 0770) || write_new(tmp, text, len, gid, false) || rename(tmp, path)) {
		unlink(tmp);
		g_warning("no copy of qubes.xml in %s: %s", dir, g_strerror(errno));
		return;
	}
	names = store_history(dir);
	for (guint i = STORE_HISTORY; i < names->len; i++) {
		g_autofree char *old = g_build_filename(dir, g_ptr_array_index(names, i), NULL);

		unlink(old);
	}
}

bool store_file_write(const char *path, const char *history_dir, const char *text, size_t len,
		      unsigned gid, StoreStamp *stamp, GError **error)
{
	g_autofree char *tmp = g_strconcat(path, ".new", NULL);
	int r;

	if (!is_ours(path, stamp)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "%s was changed by somebody else: restart qubesd to take that over",
			    path);
		return false;
	}
	r = write_new(tmp, text, len, gid, true);

	if (!r && rename(tmp, path) < 0)
		r = -errno;
	if (r) {
		unlink(tmp);
		return failed(error, path, -r);
	}
	*stamp = store_stamp(path);
	sync_dir_of(path);
	add_to_history(history_dir, text, len, gid);
	return true;
}
