// SPDX-License-Identifier: GPL-2.0-or-later
/* Atomic steps on image files. Peers: none; the folders belong to dom0. */
#include "dom0/qubesd/storage/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _close_ __attribute__((cleanup(close_fd)))

gboolean file_error(GError **error, int err, const char *what, const char *path)
{
	StorageError code = STORAGE_ERROR_FAILED;
	const char *hint = "";

	if (err == ENOSPC || err == EDQUOT) {
		code = STORAGE_ERROR_NO_SPACE;
		hint = "; remove revisions or qubes you do not need, or enlarge the pool";
	} else if (err == ECANCELED) {
		code = STORAGE_ERROR_CANCELLED;
		hint = ": who asked for it went away";
	} else if (err == ENOENT) {
		code = STORAGE_ERROR_NOT_FOUND;
	} else if (err == EEXIST) {
		code = STORAGE_ERROR_EXISTS;
	}
	g_set_error(error, STORAGE_ERROR, code, "Cannot %s %s: %s%s", what, path, g_strerror(err),
		    hint);
	return FALSE;
}

bool file_stat(const char *path, struct stat *ret)
{
	return lstat(path, ret) == 0;
}

bool file_exists(const char *path)
{
	struct stat st;

	return file_stat(path, &st);
}

bool file_is_blank(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT;
	return lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO;
}

static int sync_path(const char *path, int flags)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static gboolean sync_parent(const char *path, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	int r = sync_path(dir, O_DIRECTORY);

	return r < 0 ? file_error(error, -r, "flush", dir) : TRUE;
}

gboolean file_sync(const char *path, GError **error)
{
	int r = sync_path(path, 0);

	return r < 0 ? file_error(error, -r, "flush", path) : TRUE;
}

gboolean file_make_dir(const char *path, GError **error)
{
	g_autofree char *parent = NULL;

	if (mkdir(path, 0770) == 0)
		return sync_parent(path, error);
	if (errno == EEXIST)
		return TRUE;
	if (errno != ENOENT)
		return file_error(error, errno, "make", path);
	parent = g_path_get_dirname(path);
	if (!file_make_dir(parent, error))
		return FALSE;
	if (mkdir(path, 0770) < 0 && errno != EEXIST)
		return file_error(error, errno, "make", path);
	return sync_parent(path, error);
}

/* Opens a fresh file beside path; *ret_tmp its name. */
static int open_beside(const char *path, char **ret_tmp, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *tmp = g_strconcat(path, "~XXXXXX", NULL);
	int fd;

	if (!file_make_dir(dir, error))
		return -1;
	fd = g_mkstemp_full(tmp, O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		file_error(error, errno, "create", path);
		return -1;
	}
	*ret_tmp = g_steal_pointer(&tmp);
	return fd;
}

/* Puts the finished file tmp in its place; removes it when something failed before. */
static gboolean settle(const char *tmp, int fd, const char *path, int r, FileSync sync,
		       GError **error)
{
	if (r == 0 && sync == FILE_DURABLE && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(tmp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(tmp);
		return file_error(error, -r, "write", path);
	}
	return sync == FILE_DURABLE ? sync_parent(path, error) : TRUE;
}

gboolean file_create_sparse(const char *path, guint64 size, FileSync sync, GError **error)
{
	g_autofree char *tmp = NULL;
	_close_ int fd = open_beside(path, &tmp, error);

	if (fd < 0)
		return FALSE;
	return settle(tmp, fd, path, ftruncate(fd, (off_t)size) < 0 ? -errno : 0, sync, error);
}

static int copy_times(int src, int dst)
{
	struct stat st;
	struct timespec times[2];

	if (fstat(src, &st) < 0)
		return -errno;
	times[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
	times[1] = st.st_mtim;
	return futimens(dst, times) < 0 ? -errno : 0;
}

/* The size of what is behind fd, a file or a block device. */
static gint64 size_of(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);

	return end < 0 ? -errno : end;
}

static int copy_data(int src, int dst, gint64 size, CopyHow how, bool *ret_done)
{
	gint64 src_size = size_of(src);
	int r = src_size < 0 ? (int)src_size : filecopy_reflink(src, dst);

	*ret_done = r == 0 || how == COPY_ANY;
	if (!*ret_done)
		return r == -ENOSPC || r == -EDQUOT || r == -EIO ? r : 0;
	if (r == -ENOSPC || r == -EDQUOT || r == -EIO)
		return r;
	if (r < 0)
		r = filecopy_sparse(src, dst);
	if (r < 0)
		return r;
	if (ftruncate(dst, size < 0 ? src_size : size) < 0)
		return -errno;
	return copy_times(src, dst);
}

gboolean file_copy(const char *src, const char *dst, gint64 size, FileSync sync, CopyHow how,
		   GError **error)
{
	_close_ int in = open(src, O_RDONLY | O_CLOEXEC);
	g_autofree char *tmp = NULL;
	_close_ int out = -1;
	bool done = false;
	int r;

	if (in < 0)
		return file_error(error, errno, "read", src);
	out = open_beside(dst, &tmp, error);
	if (out < 0)
		return FALSE;
	r = copy_data(in, out, size, how, &done);
	if (r == 0 && !done) {
		unlink(tmp);
		return TRUE;
	}
	return settle(tmp, out, dst, r, sync, error);
}

gboolean file_copy_into(const char *src, const char *dst, GError **error)
{
	_close_ int in = open(src, O_RDONLY | O_CLOEXEC);
	_close_ int out = -1;
	int r;

	if (in < 0)
		return file_error(error, errno, "read", src);
	out = open(dst, O_WRONLY | O_CLOEXEC);
	if (out < 0)
		return file_error(error, errno, "open", dst);
	r = filecopy_sparse(in, out);
	if (r == 0 && fsync(out) < 0)
		r = -errno;
	return r < 0 ? file_error(error, -r, "write", dst) : TRUE;
}

gboolean file_rename(const char *src, const char *dst, GError **error)
{
	if (rename(src, dst) < 0)
		return file_error(error, errno, "rename", src);
	return sync_parent(dst, error);
}

gboolean file_exchange(const char *a, const char *b, GError **error)
{
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		return sync_parent(b, error);
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOENT)
		return file_rename(a, b, error);
	return file_error(error, errno, "rename", a);
}

gboolean file_link(const char *src, const char *dst, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(dst);

	if (!file_make_dir(dir, error))
		return FALSE;
	if (link(src, dst) < 0)
		return file_error(error, errno, "keep a snapshot of", src);
	return sync_parent(dst, error);
}

bool file_is_open(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	/* The kernel gives a write lease only to who is alone with the file. */
	if (fd < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		return fd >= 0 && errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

gboolean file_remove(const char *path, GError **error)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return file_error(error, errno, "remove", path);
	return TRUE;
}

void file_remove_empty_dir(const char *path)
{
	if (rmdir(path) == 0)
		sync_parent(path, NULL);
}

/* Loop devices go by the size that the file had when it was attached. */
static void update_loops(int fd)
{
	struct stat st;
	g_autoptr(GDir) dir = g_dir_open("/sys/block", 0, NULL);
	const char *name;

	if (!dir || fstat(fd, &st) < 0)
		return;
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *sys = g_build_filename("/sys/block", name, "loop", NULL);
		g_autofree char *dev = g_build_filename("/dev", name, NULL);
		_close_ int loop = -1;
		struct loop_info64 info;

		if (!g_str_has_prefix(name, "loop") || !file_exists(sys))
			continue;
		loop = open(dev, O_RDONLY | O_CLOEXEC);
		if (loop >= 0 && ioctl(loop, LOOP_GET_STATUS64, &info) == 0 &&
		    info.lo_device == st.st_dev && info.lo_inode == st.st_ino)
			ioctl(loop, LOOP_SET_CAPACITY, 0);
	}
}

gboolean file_resize(const char *path, guint64 size, GError **error)
{
	_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return file_error(error, errno, "open", path);
	if (ftruncate(fd, (off_t)size) < 0 || fsync(fd) < 0)
		return file_error(error, errno, "resize", path);
	update_loops(fd);
	return TRUE;
}

bool file_can_reflink(const char *dir)
{
	_close_ int a = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	_close_ int b = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* An empty file could be "cloned" anywhere. */
	return a >= 0 && b >= 0 && pwrite(a, "probe", 5, 0) == 5 && filecopy_reflink(a, b) == 0;
}
