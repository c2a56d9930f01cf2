/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QubesDB daemon's files (files.h). The directories are dom0's or the qube's root's. */
#include "qrexec/qubesdb/daemon/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/pidfile.h"
#include "qrexec/base/unixsock.h"

#define NAME_LEN_MAX 64

bool files_name_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";

	return *name && *name != '.' && *name != '-' && strlen(name) <= NAME_LEN_MAX &&
	       !name[strspn(name, allowed)];
}

int files_name(struct files *f, const char *name)
{
	const char *dot = name ? "." : "";
	char *ok;

	*f = (struct files){0};
	if (!name)
		name = "";
	ok = qubes_path(f->rw.path, QUBES_PATH_MAX, "/run/qubes/qubesdb%s%s.sock", dot, name);
	if (ok)
		ok = qubes_path(f->ro.path, QUBES_PATH_MAX, "/run/qubes/qubesdb%s%s.ro.sock", dot,
				name);
	if (ok)
		ok = qubes_path(f->pid.path, QUBES_PATH_MAX, "/run/qubes/qubesdb%s%s.pid", dot,
				name);
	if (ok)
		ok = qubes_path(f->log, QUBES_PATH_MAX, "/var/log/qubes/qubesdb.%s.log",
				*name ? name : "dom0");
	if (ok)
		ok = qubes_path(f->link_rw.path, QUBES_PATH_MAX, "/run/qubes/qubesdb.sock");
	if (ok)
		ok = qubes_path(f->link_ro.path, QUBES_PATH_MAX, "/run/qubes/qubesdb.ro.sock");
	return ok ? 0 : -ENAMETOOLONG;
}

static int make_parent(const char *path, mode_t mode)
{
	char dir[QUBES_PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	return io_mkdir_p(dir, mode);
}

/* Remembers the file, and gives it away where that is asked for (root only). */
static int made(struct file *f, uid_t uid, gid_t gid)
{
	struct stat st;

	if (lstat(f->path, &st) < 0)
		return -errno;
	f->ino = st.st_ino;
	f->made = true;
	if (geteuid() == 0 && lchown(f->path, uid, gid) < 0)
		return -errno;
	return 0;
}

static int listen_at(struct file *f, mode_t mode, uid_t uid, gid_t gid, int *ret_fd)
{
	int fd = unix_listen(f->path, SOCK_STREAM | SOCK_NONBLOCK, mode);
	int r;

	if (fd < 0)
		return fd;
	r = made(f, uid, gid);
	if (r)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

int files_listen(struct files *f, mode_t rw_mode, uid_t uid, gid_t gid, int *ret_rw, int *ret_ro)
{
	int r = make_parent(f->rw.path, 0775);

	if (!r)
		r = listen_at(&f->rw, rw_mode, uid, gid, ret_rw);
	if (!r)
		r = listen_at(&f->ro, 0666, uid, gid, ret_ro);
	return r;
}

static int link_at(struct file *f, const char *target, uid_t uid, gid_t gid)
{
	if (unlink(f->path) < 0 && errno != ENOENT)
		return -errno;
	if (symlink(strrchr(target, '/') + 1, f->path) < 0)
		return -errno;
	return made(f, uid, gid);
}

int files_link_own(struct files *f)
{
	int r = link_at(&f->link_rw, f->rw.path, geteuid(), getegid());

	return r ? r : link_at(&f->link_ro, f->ro.path, geteuid(), getegid());
}

int files_lock_pid(struct files *f, uid_t uid, gid_t gid)
{
	int r = make_parent(f->pid.path, 0775);
	int fd = r ? r : pidfile_lock(f->pid.path);

	if (fd < 0)
		return fd;
	r = made(&f->pid, uid, gid);
	return r ? r : fd;
}

int files_open_log(const struct files *f, uid_t uid, gid_t gid)
{
	int fd, r = make_parent(f->log, 0775);

	if (r)
		return r;
	fd = open(f->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0664);
	if (fd < 0)
		return -errno;
	if (geteuid() == 0 && fchown(fd, uid, gid) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static void remove_one(const struct file *f)
{
	struct stat st;

	if (f->made && lstat(f->path, &st) == 0 && st.st_ino == f->ino)
		unlink(f->path);
}

void files_remove(const struct files *f)
{
	remove_one(&f->link_rw);
	remove_one(&f->link_ro);
	remove_one(&f->rw);
	remove_one(&f->ro);
	remove_one(&f->pid);
}
