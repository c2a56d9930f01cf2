/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receives files from another qube, which is hostile: names, links, sizes, and when
 * it stops are its choice. Directories are entered one by one without following links, so
 * nothing that exists in the target can lead out of it.
 */
#include "qrexec/filecopy/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define BUFFER (256u * 1024)

struct state {
	struct unpack *u;
	uint8_t *buf;
	size_t at, len;
	/* The directory of the last file: most files lie next to the one before. */
	char parent[QFILE_NAME_MAX + 1];
	int parent_fd; /* -1: none */
};

/* ---- the stream ---- */

static int fill(struct state *s)
{
	ssize_t n;

	if (s->at < s->len)
		return 0;
	do {
		n = read(s->u->in, s->buf, BUFFER);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	s->at = 0;
	s->len = (size_t)n;
	return n ? 0 : QFILE_EARLY_EOF;
}

/* At least one and at most n bytes of the stream, in place. */
static int take(struct state *s, size_t n, const uint8_t **ret, size_t *ret_n)
{
	int r = fill(s);

	if (r)
		return r;
	if (n > s->len - s->at)
		n = s->len - s->at;
	*ret = s->buf + s->at;
	*ret_n = n;
	s->at += n;
	s->u->crc = qfile_crc(s->u->crc, *ret, n);
	return 0;
}

static int read_exactly(struct state *s, void *dst, size_t n)
{
	uint8_t *d = dst;

	while (n) {
		const uint8_t *p;
		size_t got;
		int r = take(s, n, &p, &got);

		if (r)
			return r;
		memcpy(d, p, got);
		d += got;
		n -= got;
	}
	return 0;
}

/* ---- directories ---- */

static int open_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Opens the directory `path` below root, "" being root. */
static int walk(int root, char *path)
{
	int fd = open_dir(root, ".");

	for (char *p = path, *next; fd >= 0 && *p; p = next) {
		int up = fd;

		next = p + strcspn(p, "/");
		if (*next)
			*next++ = '\0';
		fd = open_dir(up, p);
		close(up);
		if (*next)
			next[-1] = '/';
	}
	return fd;
}

/* The directory that name lies in; *ret_base is the last component. A descriptor that stays
 * ours, or a negative error. */
static int parent_of(struct state *s, const char *name, const char **ret_base)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	*ret_base = slash ? slash + 1 : name;
	if (s->parent_fd >= 0 && strlen(s->parent) == n && !memcmp(s->parent, name, n))
		return s->parent_fd;
	cleanup_close(&s->parent_fd);
	memcpy(s->parent, name, n);
	s->parent[n] = '\0';
	s->parent_fd = walk(s->u->root, s->parent);
	return s->parent_fd;
}

static void fill_times(const struct qfile_header *h, struct timespec t[2])
{
	t[0] = (struct timespec){.tv_sec = (time_t)h->atime, .tv_nsec = (long)h->atime_nsec};
	t[1] = (struct timespec){.tv_sec = (time_t)h->mtime, .tv_nsec = (long)h->mtime_nsec};
}

static int set_attributes(int fd, const struct qfile_header *h)
{
	struct timespec t[2];

	fill_times(h, t);
	return fchmod(fd, (mode_t)h->mode) < 0 || futimens(fd, t) < 0 ? errno : 0;
}

/* Comes twice: before its contents, when it is made, and after them, when it gets its mode. */
static int get_directory(int dir, const char *base, const struct qfile_header *h)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(dir, base, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return errno;
	fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? errno : set_attributes(fd, h);
}

static int get_link(struct state *s, int dir, const char *base, const struct qfile_header *h)
{
	char target[QFILE_NAME_MAX + 1];
	struct timespec t[2];
	int r = read_exactly(s, target, h->size);

	if (r)
		return r;
	target[h->size] = '\0';
	if (strlen(target) != h->size)
		return EILSEQ;
	r = -qfile_check_link(s->u->last_name, target, s->u->any_chars);
	if (r)
		return r;
	if (symlinkat(target, dir, base) < 0)
		return errno;
	fill_times(h, t);
	return utimensat(dir, base, t, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
}

/* ---- files ---- */

static bool all_zero(const uint8_t *p, size_t n)
{
	return n && p[0] == 0 && !memcmp(p, p + 1, n - 1);
}

/* The content; stretches of zeroes become holes. */
static int get_content(struct state *s, int fd, uint64_t size)
{
	for (uint64_t left = size; left;) {
		const uint8_t *p;
		size_t n;
		int r = take(s, left < BUFFER ? (size_t)left : BUFFER, &p, &n);

		if (r)
			return r;
		if (n >= 4096 && all_zero(p, n))
			r = lseek(fd, (off_t)n, SEEK_CUR) < 0 ? errno : 0;
		else
			r = -io_write_all(fd, p, n);
		if (r)
			return r;
		left -= n;
	}
	return ftruncate(fd, (off_t)size) < 0 ? errno : 0;
}

/* A file without a name, which gets one when it is whole. */
static int get_unnamed(struct state *s, int fd, int dir, const char *base,
		       const struct qfile_header *h)
{
	char path[40];
	int r = get_content(s, fd, h->size);

	if (!r)
		r = set_attributes(fd, h);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir, base, AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
}

/* Where the filesystem has no such files: unreadable until it is whole, removed if not. */
static int get_named(struct state *s, int dir, const char *base, const struct qfile_header *h)
{
	_cleanup_close_ int fd =
		openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0000);
	int r;

	if (fd < 0)
		return errno;
	r = get_content(s, fd, h->size);
	if (!r)
		r = set_attributes(fd, h);
	if (r)
		unlinkat(dir, base, 0);
	return r;
}

static int get_file(struct state *s, int dir, const char *base, const struct qfile_header *h)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	/* Before everything was sent, not after. */
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return errno;
	return fd >= 0 ? get_unnamed(s, fd, dir, base, h) : get_named(s, dir, base, h);
}

/* ---- one after the other ---- */

static int get_name(struct state *s, const struct qfile_header *h)
{
	char name[QFILE_NAME_MAX + 1];
	int r = read_exactly(s, name, h->name_len);

	if (!r)
		r = -qfile_check_name(name, h->name_len, s->u->any_chars);
	if (!r)
		memcpy(s->u->last_name, name, h->name_len);
	return r;
}

static int get_entry(struct state *s, const struct qfile_header *h)
{
	const char *base;
	int dir, r = get_name(s, h);

	if (r)
		return r;
	dir = parent_of(s, s->u->last_name, &base);
	if (dir < 0)
		return -dir;
	if (h->kind == QFILE_DIRECTORY)
		return get_directory(dir, base, h);
	return h->kind == QFILE_LINK ? get_link(s, dir, base, h) : get_file(s, dir, base, h);
}

int unpack_all(struct unpack *u)
{
	struct state *s = calloc(1, sizeof(*s));
	uint8_t bytes[QFILE_HEADER_LEN];
	struct qfile_header h;
	int r = 0;

	u->crc = 0;
	u->last_name[0] = '\0';
	if (!s)
		return ENOMEM;
	s->u = u;
	s->parent_fd = -1;
	s->buf = malloc(BUFFER);
	if (!s->buf)
		r = ENOMEM;
	while (!r) {
		r = read_exactly(s, bytes, sizeof(bytes));
		if (!r)
			r = -qfile_get_header(bytes, &h);
		if (r || h.kind == QFILE_END)
			break;
		r = get_entry(s, &h);
	}
	cleanup_close(&s->parent_fd);
	free(s->buf);
	free(s);
	return r;
}
