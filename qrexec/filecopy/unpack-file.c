/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of qubes.Filecopy. The sender is hostile: the size it promises and the content are its
 * choice. A file has no name until it is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/filecopy/unpack-internal.h"

#define BLOCK 4096u /* a hole is no smaller */
#define HOLES_MAX (1ull << 40) /* bytes of a file on a disk smaller than that */
#define SPACE_PAUSE_NS 200000000

static int write_at(int fd, const uint8_t *p, size_t n, uint64_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, (off_t)at);

		if (w < 0 && errno != EINTR)
			return errno;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
			at += (uint64_t)w;
		}
	}
	return 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && !memcmp(p, p + 1, n - 1);
}

/* Writes n bytes that belong at `at` of a fresh file, but no blocks, or what is here of them,
 * that are all zero. *end is moved behind the last byte written. */
static int write_sparse(int fd, const uint8_t *p, size_t n, uint64_t at, uint64_t *end)
{
	size_t from = 0, i = 0; /* p[from..i) is to be written */

	while (i < n) {
		size_t step = BLOCK - (size_t)((at + i) % BLOCK);
		int r = 0;

		if (step > n - i)
			step = n - i;
		if (all_zero(p + i, step)) {
			if (i > from)
				*end = at + i;
			r = write_at(fd, p + from, i - from, at + from);
			from = i + step;
		}
		if (r)
			return r;
		i += step;
	}
	if (n > from)
		*end = at + n;
	return write_at(fd, p + from, n - from, at + from);
}

static int get_content(struct unpack_state *s, int fd, uint64_t size)
{
	uint64_t end = 0;

	for (uint64_t at = 0; at < size;) {
		const uint8_t *p;
		size_t n;
		int r = unpack_take(s, size - at < SIZE_MAX ? (size_t)(size - at) : SIZE_MAX, &p,
				    &n);

		if (!r)
			r = write_sparse(fd, p, n, at, &end);
		if (r)
			return r;
		at += n;
	}
	return end < size && ftruncate(fd, (off_t)size) < 0 ? errno : 0;
}

int unpack_set_attributes(int fd, const struct qfile_header *h)
{
	struct timespec t[2] = {
		{.tv_sec = (time_t)h->atime, .tv_nsec = (long)h->atime_nsec},
		{.tv_sec = (time_t)h->mtime, .tv_nsec = (long)h->mtime_nsec},
	};

	return fchmod(fd, (mode_t)h->mode) < 0 || futimens(fd, t) < 0 ? errno : 0;
}

/* A file without a name, which gets one when it is whole. */
static int get_unnamed(struct unpack_state *s, int fd, int dir, const char *base,
		       const struct qfile_header *h)
{
	char path[40];
	int r = get_content(s, fd, h->size);

	if (!r)
		r = unpack_set_attributes(fd, h);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir, base, AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
}

/* Where the filesystem has no such files: unreadable until it is whole, removed if not. */
static int get_named(struct unpack_state *s, int dir, const char *base,
		     const struct qfile_header *h)
{
	_cleanup_close_ int fd =
		openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0000);
	int r;

	if (fd < 0)
		return errno;
	r = get_content(s, fd, h->size);
	if (!r)
		r = unpack_set_attributes(fd, h);
	if (r)
		unlinkat(dir, base, 0);
	return r;
}

static int wait_for_space(const struct unpack_state *s, uint64_t size)
{
	const struct timespec pause = {.tv_nsec = SPACE_PAUSE_NS};
	struct statvfs v;

	for (;;) {
		if (fstatvfs(s->u->root, &v) < 0)
			return errno;
		if (size <= UINT64_MAX - s->u->keep_free &&
		    (uint64_t)v.f_bavail * v.f_frsize >= size + s->u->keep_free)
			return 0;
		nanosleep(&pause, NULL);
	}
}

int unpack_file(struct unpack_state *s, int dir, const char *base, const struct qfile_header *h)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = 0;

	/* Before everything was sent, not after. */
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	/* A hole costs nothing: nothing else would end an endless one. */
	if (h->size > s->disk && h->size > HOLES_MAX)
		return ENOSPC;
	if (s->u->keep_free)
		r = wait_for_space(s, h->size);
	if (r)
		return r;
	fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return errno;
	return fd >= 0 ? get_unnamed(s, fd, dir, base, h) : get_named(s, dir, base, h);
}
