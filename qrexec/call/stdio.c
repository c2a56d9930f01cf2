/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Non-blocking use of descriptors that may be shared (stdio.h). */
#include "qrexec/call/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/io.h"

int stdio_sanitize(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int reopen(int fd, bool for_writing)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, (for_writing ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void stdio_open(struct stdio_end *e, int fd, unsigned flags)
{
	struct stat st;
	int own;

	*e = (struct stdio_end){.fd = fd, .io_fd = fd};
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	e->is_sock = S_ISSOCK(st.st_mode);
	e->shut = e->is_sock && (!(flags & STDIO_INHERITED) || (flags & STDIO_BOTH_WAYS));
	if (e->is_sock || S_ISREG(st.st_mode))
		return;
	if (flags & STDIO_INHERITED) {
		own = reopen(fd, flags & STDIO_WRITE);
		if (own >= 0) {
			e->io_fd = own;
			return;
		}
		e->restore = !(fcntl(fd, F_GETFL) & O_NONBLOCK);
	}
	io_set_nonblock(fd, true);
}

void stdio_close(struct stdio_end *e, int how)
{
	if (e->fd < 0)
		return;
	if (e->shut)
		shutdown(e->fd, how);
	if (e->restore)
		io_set_nonblock(e->fd, false);
	if (e->io_fd != e->fd)
		close(e->io_fd);
	close(e->fd);
	*e = STDIO_NONE;
}

void stdio_half_close(struct stdio_end *e, int how)
{
	if (e->fd >= 0 && e->shut)
		shutdown(e->fd, how);
	else
		stdio_close(e, how);
}

ssize_t stdio_read(const struct stdio_end *e, void *buf, size_t n)
{
	ssize_t r;

	do {
		r = e->is_sock ? recv(e->io_fd, buf, n, MSG_DONTWAIT) : read(e->io_fd, buf, n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t stdio_write(const struct stdio_end *e, const void *buf, size_t n)
{
	ssize_t r;

	do {
		r = e->is_sock ? send(e->io_fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL)
			       : write(e->io_fd, buf, n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

bool stdio_in_is_socket(void)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}
