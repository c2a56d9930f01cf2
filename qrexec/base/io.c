/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small wrappers over read, write and clocks (io.h). */
#include "qrexec/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"

static int wait_fd(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int io_write_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t r = write(fd, p, n);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
		} else if (errno == EAGAIN) {
			int e = wait_fd(fd, POLLOUT);

			if (e)
				return e;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int io_read_all(int fd, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t r = read(fd, p, n);

		if (r > 0) {
			p += r;
			n -= (size_t)r;
		} else if (r == 0) {
			return -ENODATA;
		} else if (errno == EAGAIN) {
			int e = wait_fd(fd, POLLIN);

			if (e)
				return e;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int io_read_to_end(int fd, size_t max, char **ret_buf, size_t *ret_len)
{
	_cleanup_free_ char *buf = NULL;
	size_t len = 0, cap = 0;

	for (;;) {
		ssize_t r;

		if (len == cap) {
			size_t want = cap ? cap * 2 : 4096;
			char *bigger;

			if (want > max + 1)
				want = max + 1;
			bigger = realloc(buf, want + 1);
			if (!bigger)
				return -ENOMEM;
			buf = bigger;
			cap = want;
		}
		r = read(fd, buf + len, cap - len);
		if (r == 0)
			break;
		if (r > 0) {
			len += (size_t)r;
			if (len > max)
				return -EMSGSIZE;
		} else if (errno == ECONNRESET && len) {
			break;
		} else if (errno == EAGAIN) {
			int e = wait_fd(fd, POLLIN);

			if (e)
				return e;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	buf[len] = '\0';
	*ret_buf = buf;
	*ret_len = len;
	buf = NULL;
	return 0;
}

int io_read_file(const char *path, size_t max, char **ret_buf, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_read_to_end(fd, max, ret_buf, ret_len);
}

int io_set_nonblock(int fd, bool on)
{
	int f = fcntl(fd, F_GETFL);

	if (f < 0)
		return -errno;
	f = on ? f | O_NONBLOCK : f & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, f) < 0 ? -errno : 0;
}

int io_set_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int64_t io_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t io_now_ms(void)
{
	return io_now_us() / 1000;
}

pid_t io_fork(void)
{
	return _Fork();
}

int io_mkdir_p(const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int io_parse_uint(const char *s, unsigned long min, unsigned long max, unsigned long *ret)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}
