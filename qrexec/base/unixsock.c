/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets by path (unixsock.h). The peer's trust is the caller's business. */
#include "qrexec/base/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define IN_USE_MS 1000
#define IN_USE_PAUSE_MS 20
#define RESTART_PAUSE_MS 10

/*
 * Fills sa for path. When path is too long, opens its directory (*ret_dir, owned
 * by the caller) and names the socket through it.
 */
static int fill_address(const char *path, struct sockaddr_un *sa, int *ret_dir)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];
	int r;

	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(sa->sun_path)) {
		memcpy(sa->sun_path, path, strlen(path) + 1);
		return 0;
	}
	if (!slash || (size_t)(slash - path) >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	*ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return -errno;
	r = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", *ret_dir,
		     slash + 1);
	return r < 0 || (size_t)r >= sizeof(sa->sun_path) ? -ENAMETOOLONG : 0;
}

static int remove_stale(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd == -EPROTOTYPE || fd == -EAGAIN)
		return -EADDRINUSE;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/*
 * A child that a killed daemon had forked a moment ago still has that one's socket, until it runs
 * and closes it.
 */
static int await_stale(const char *path)
{
	const struct timespec pause = {.tv_nsec = IN_USE_PAUSE_MS * 1000000L};
	int r = remove_stale(path);

	for (int left = IN_USE_MS; r == -EADDRINUSE && left > 0; left -= IN_USE_PAUSE_MS) {
		nanosleep(&pause, NULL);
		r = remove_stale(path);
	}
	return r;
}

int unix_listen(const char *path, int type, mode_t mode)
{
	_cleanup_close_ int dir = -1;
	_cleanup_close_ int fd = -1;
	struct sockaddr_un sa;
	mode_t old;
	int r;

	r = await_stale(path);
	if (!r)
		r = fill_address(path, &sa, &dir);
	if (r)
		return r;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	old = umask(0777 & ~mode);
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	if (!r && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	return r ? r : steal_fd(&fd);
}

static int connect_address(const struct sockaddr_un *sa, int type)
{
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0)
		return -errno;
	return steal_fd(&fd);
}

int unix_connect(const char *path, int type)
{
	_cleanup_close_ int dir = -1;
	struct sockaddr_un sa;
	int r = fill_address(path, &sa, &dir);

	return r ? r : connect_address(&sa, type);
}

/* Whether whoever listened at path was killed: what ends by itself takes its names along. */
static bool left_behind(const char *path, int error)
{
	struct stat st;

	return error == -ECONNREFUSED || (error == -ENOENT && lstat(path, &st) == 0);
}

int unix_connect_restarted(const char *path, int type, int ms)
{
	int64_t end = io_now_ms() + ms;
	int fd = unix_connect(path, type);
	bool killed = left_behind(path, fd);

	/* There is nothing at path while the successor puts its socket in place of the old one. */
	while (killed && fd < 0 && io_now_ms() < end) {
		poll(NULL, 0, RESTART_PAUSE_MS);
		fd = unix_connect(path, type);
	}
	return fd;
}

int unix_connect_untrusted(int dir_fd, const char *name, int type)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	_cleanup_close_ int node = -1;
	struct stat st;

	node = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (node < 0)
		return -errno;
	if (fstat(node, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d", node);
	return connect_address(&sa, type);
}

int unix_peer(int fd, uid_t *ret_uid, pid_t *ret_pid)
{
	struct ucred uc;
	socklen_t n = sizeof(uc);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &n) < 0)
		return -errno;
	if (ret_uid)
		*ret_uid = uc.uid;
	if (ret_pid)
		*ret_pid = uc.pid;
	return 0;
}

int unix_send_fd(int sock, const void *buf, size_t n, int fd, int flags)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec iov = {.iov_base = (void *)buf, .iov_len = n};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	while (sendmsg(sock, &m, flags) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}
