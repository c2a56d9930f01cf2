// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking qmemman for memory (memory.h). */
#include "dom0/qubesd/core/memory.h"

#include "dom0/qubesd/core/error.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* qmemman itself gives up before; another start may be before this one. */
#define ANSWER_TIMEOUT_MS 180000
#define ANSWER_MAX 512

guint64 memory_overhead_mib(unsigned vcpus, guint64 max_memory_mib)
{
	guint64 kib = (4 << 10) + vcpus * 1536 + max_memory_mib * 8;

	return (kib + 1023) >> 10;
}

/* Reads until there is a whole answer. Its length, or -1: cancelled, too late, or gone. */
static ssize_t read_answer(int fd, int cancel_fd, char *buf, size_t size)
{
	gint64 end = io_now_ms() + ANSWER_TIMEOUT_MS;
	size_t len = 0;

	for (;;) {
		struct pollfd p[] = {{.fd = fd, .events = POLLIN},
				     {.fd = cancel_fd, .events = POLLIN}};
		gint64 left = end - io_now_ms();
		ssize_t n;

		if (left <= 0 || poll(p, 2, (int)left) <= 0 || p[1].revents)
			return -1;
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			return len ? (ssize_t)len : -1;
		len += (size_t)n;
		buf[len] = '\0';
		if (g_str_has_prefix(buf, "OK\n") || len == size - 1)
			return (ssize_t)len;
	}
}

bool memory_request(const char *root, const char *name, guint64 mib, int cancel_fd, int *ret_fd,
		    GError **error)
{
	g_autofree char *path = g_strconcat(root, "/run/qubes/qmemman.sock", NULL);
	g_autofree char *request = g_strdup_printf("%" G_GUINT64_FORMAT "\n", mib << 20);
	_cleanup_close_ int fd = unix_connect(path, SOCK_STREAM);
	char answer[ANSWER_MAX] = "";

	*ret_fd = -1;
	if (fd < 0)
		return true;
	if (io_write_all(fd, request, strlen(request)) ||
	    read_answer(fd, cancel_fd, answer, sizeof(answer)) < 0)
		return fail(error, E_MEMORY,
			    "Not enough memory to start domain '%s': qmemman did not answer", name);
	if (g_str_has_prefix(answer, "OK\n")) {
		*ret_fd = steal_fd(&fd);
		return true;
	}
	return fail(error, E_MEMORY, "Not enough memory to start domain '%s': %s", name,
		    g_str_has_prefix(answer, "FAIL\n") ? g_strchomp(answer + 5)
						       : "no reason given");
}
