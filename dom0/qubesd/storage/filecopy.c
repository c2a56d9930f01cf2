// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copying the data of images: shared where the file system can, else by the kernel,
 * else by hand; never writing zeroes. The data is a qube's and is not looked at.
 */
#include "dom0/qubesd/storage/fileio.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHUNK (1u << 20)
/* How much the kernel is asked to copy at a time. */
#define KERNEL_CHUNK (32u << 20)
#define PROGRESS_US 250000
#define ZERO_UNIT (64u << 10)

/* --- progress: of the thread, so that drivers need not pass it on --- */

typedef struct {
	StorageProgress fn;
	gpointer data;
	gint64 told_us;
} Progress;

static GPrivate progress = G_PRIVATE_INIT(g_free);

void storage_set_progress(StorageProgress fn, gpointer data)
{
	Progress *p = fn ? g_new0(Progress, 1) : NULL;

	if (p)
		*p = (Progress){fn, data, g_get_monotonic_time()};
	g_private_replace(&progress, p);
}

/* 0: go on. */
static int tell(off_t done, off_t total)
{
	Progress *p = g_private_get(&progress);
	gint64 now = p ? g_get_monotonic_time() : 0;

	if (!p || now - p->told_us < PROGRESS_US)
		return 0;
	p->told_us = now;
	return p->fn((guint64)done, (guint64)total, p->data) ? 0 : -ECANCELED;
}

int filecopy_reflink(int src, int dst)
{
	return ioctl(dst, FICLONE, src) < 0 ? -errno : 0;
}

/* errno values by which the kernel says that it cannot copy this for us. */
static bool not_for_kernel(int err)
{
	return err == EXDEV || err == EINVAL || err == ENOSYS || err == EOPNOTSUPP ||
	       err == EBADF || err == EPERM || err == ETXTBSY;
}

static bool is_zero(const char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && !memcmp(p, p + 1, n - 1));
}

static int write_at(int fd, const char *p, size_t n, off_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
		at += w;
	}
	return 0;
}

/* Writes the parts of a chunk that are not zero. */
static int write_nonzero(int fd, const char *p, size_t n, off_t at)
{
	for (size_t i = 0; i < n; i += ZERO_UNIT) {
		size_t part = MIN(ZERO_UNIT, n - i);
		int r = is_zero(p + i, part) ? 0 : write_at(fd, p + i, part, at + (off_t)i);

		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_by_hand(int src, int dst, off_t from, off_t to, off_t total)
{
	g_autofree char *buf = g_malloc(CHUNK);

	while (from < to) {
		ssize_t n = pread(src, buf, (size_t)MIN((off_t)CHUNK, to - from), from);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		r = write_nonzero(dst, buf, (size_t)n, from);
		if (r < 0)
			return r;
		from += n;
		r = tell(from, total);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One extent that holds data. *kernel turns false when the kernel would not do it. */
static int copy_extent(int src, int dst, off_t from, off_t to, off_t total, bool *kernel)
{
	while (*kernel && from < to) {
		off_t in = from, out = from;
		size_t part = (size_t)MIN(to - from, (off_t)KERNEL_CHUNK);
		ssize_t n = copy_file_range(src, &in, dst, &out, part, 0);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !not_for_kernel(errno))
			return -errno;
		if (n <= 0)
			*kernel = false;
		else
			from += n;
		r = tell(from, total);
		if (r < 0)
			return r;
	}
	return from < to ? copy_by_hand(src, dst, from, to, total) : 0;
}

int filecopy_sparse(int src, int dst)
{
	off_t end = lseek(src, 0, SEEK_END), at = 0;
	bool kernel = true;

	if (end < 0)
		return -errno;
	while (at < end) {
		off_t data = lseek(src, at, SEEK_DATA), hole;
		int r;

		if (data < 0 && errno == ENXIO)
			break; /* only a hole is left */
		if (data < 0)
			data = at; /* cannot tell data from holes (a block device) */
		hole = lseek(src, data, SEEK_HOLE);
		if (hole <= data)
			hole = end;
		r = copy_extent(src, dst, data, hole, end, &kernel);
		if (r < 0)
			return r;
		at = hole;
	}
	return 0;
}
