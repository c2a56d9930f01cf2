/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pid files that cannot lie (pidfile.h). */
#include "qrexec/base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static bool is_at(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

/* The locked file, or -errno. */
static int open_locked(const char *path)
{
	struct flock lk = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	for (;;) {
		_cleanup_close_ int fd =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

		if (fd < 0)
			return -errno;
		if (fcntl(fd, F_SETLK, &lk) < 0)
			return errno == EAGAIN || errno == EACCES ? -EALREADY : -errno;
		/* A holder that ended just now may have removed it: that lock keeps nobody out. */
		if (is_at(fd, path))
			return steal_fd(&fd);
	}
}

int pidfile_lock(const char *path)
{
	_cleanup_close_ int fd = open_locked(path);
	char text[16];
	int n, r;

	if (fd < 0)
		return fd;
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0)
		return -errno;
	r = io_write_all(fd, text, (size_t)n);
	return r ? r : steal_fd(&fd);
}

pid_t pidfile_holder(const char *path)
{
	struct flock lk = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fcntl(fd, F_GETLK, &lk) < 0)
		return -errno;
	return lk.l_type == F_UNLCK ? 0 : lk.l_pid;
}
