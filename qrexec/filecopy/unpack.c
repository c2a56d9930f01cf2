/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receives files from another qube, which is hostile: names, links, sizes, and when
 * it stops are its choice. Directories are entered one by one without following links, so
 * nothing that exists in the target can lead out of it.
 */
#include "qrexec/filecopy/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/filecopy/unpack-internal.h"

/* ---- directories ---- */

static int open_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Opens the directory `path` below dir, "" being dir. */
static int walk(int dir, char *path)
{
	int fd = open_dir(dir, ".");

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
static int parent_of(struct unpack_state *s, const char *name, const char **ret_base)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0, old = strlen(s->parent);
	bool below = s->parent_fd >= 0 && old <= n && !memcmp(s->parent, name, old) &&
		     (!old || old == n || name[old] == '/');
	int fd;

	*ret_base = slash ? slash + 1 : name;
	if (below && old == n)
		return s->parent_fd;
	memcpy(s->parent, name, n);
	s->parent[n] = '\0';
	fd = below ? walk(s->parent_fd, s->parent + old + (old ? 1 : 0))
		   : walk(s->u->root, s->parent);
	cleanup_close(&s->parent_fd);
	s->parent_fd = fd;
	return fd;
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
	return fd < 0 ? errno : unpack_set_attributes(fd, h);
}

static int get_link(struct unpack_state *s, int dir, const char *base, const struct qfile_header *h)
{
	char target[QFILE_TARGET_MAX + 1];
	struct timespec t[2] = {{(time_t)h->atime, (long)h->atime_nsec},
				{(time_t)h->mtime, (long)h->mtime_nsec}};
	int r = unpack_read(s, target, h->size);

	if (r)
		return r;
	target[h->size] = '\0';
	if (strlen(target) != h->size)
		return EILSEQ;
	if (!s->u->any_links)
		r = -qfile_check_link(s->u->untrusted_name, target, s->u->any_chars);
	if (r)
		return r;
	if (symlinkat(target, dir, base) < 0)
		return errno;
	return utimensat(dir, base, t, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
}

/* ---- one after the other ---- */

static int count(struct unpack_state *s, const struct qfile_header *h)
{
	const struct unpack *u = s->u;

	if (u->max_files && s->files >= u->max_files)
		return EDQUOT;
	s->files++;
	if (u->max_bytes && (h->size > u->max_bytes || s->bytes > u->max_bytes - h->size))
		return EDQUOT;
	s->bytes += h->size;
	return 0;
}

static int get_name(struct unpack_state *s, const struct qfile_header *h)
{
	char *name = s->u->untrusted_name;
	int r;

	name[0] = '\0';
	r = unpack_read(s, name, h->name_len);
	if (r)
		name[0] = '\0';
	name[h->name_len] = '\0';
	return r;
}

static int get_entry(struct unpack_state *s, const struct qfile_header *h)
{
	const char *name = s->u->untrusted_name, *base;
	int dir, r = get_name(s, h);

	if (!r)
		r = -qfile_check_header(h);
	if (!r)
		r = -qfile_check_name(name, h->name_len, s->u->any_chars);
	if (!r)
		r = count(s, h);
	if (r)
		return r;
	dir = parent_of(s, name, &base);
	if (dir < 0)
		return -dir;
	if (h->kind == QFILE_DIRECTORY)
		return get_directory(dir, base, h);
	r = h->kind == QFILE_LINK ? get_link(s, dir, base, h) : unpack_file(s, dir, base, h);
	if (!r && s->u->done)
		s->u->done(name);
	return r;
}

/* Everything up to the end mark. */
static int get_all(struct unpack_state *s)
{
	uint8_t bytes[QFILE_HEADER_LEN];
	struct qfile_header h;
	int r;

	for (;;) {
		r = unpack_read(s, bytes, sizeof(bytes));
		if (!r && qfile_get_header(bytes, &h)) {
			s->u->untrusted_name[0] = '\0';
			r = ENAMETOOLONG;
		}
		if (r || h.kind == QFILE_END)
			return r;
		r = get_entry(s, &h);
		if (r)
			return r;
	}
}

static uint64_t disk_size(int root)
{
	struct statvfs v;

	if (fstatvfs(root, &v) < 0 || !v.f_blocks || !v.f_frsize)
		return UINT64_MAX;
	return (uint64_t)v.f_blocks * v.f_frsize;
}

int unpack_all(struct unpack *u)
{
	struct unpack_state *s = calloc(1, sizeof(*s));
	int r;

	u->crc = 0;
	u->untrusted_name[0] = '\0';
	if (!s)
		return ENOMEM;
	s->u = u;
	s->parent_fd = -1;
	s->disk = disk_size(u->root);
	r = unpack_stream_init(s);
	if (!r)
		r = get_all(s);
	/* Who moves files removes them once they are safe here. */
	if (!r && syncfs(u->root) < 0)
		r = errno;
	cleanup_close(&s->parent_fd);
	free(s->buf);
	free(s);
	return r;
}
