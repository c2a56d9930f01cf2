/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes made in advance (spare.h). No peer but their maker. */
#include "qrexec/call/spare.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/spawn.h"

#define KEEP_MS 2000
#define OWN_FD 3

/* Its whole life. */
static int wait_for_job(int fd, spare_fn fn, void *data, size_t message_max)
{
	void *message;
	ssize_t n;

	relay_signals_reset();
	if (fd != OWN_FD && dup2(fd, OWN_FD) < 0)
		return 0;
	spawn_close_from(OWN_FD + 1);
	message = malloc(message_max);
	n = message ? recv(OWN_FD, message, message_max, 0) : 0;
	close(OWN_FD);
	return n > 0 ? fn(data, message, (size_t)n) : 0;
}

void spare_start(struct spare *s, spare_fn fn, void *data, size_t message_max)
{
	int fds[2];

	if (s->pid || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return;
	s->pid = io_fork();
	/* Not exit(): the buffers and handlers are the maker's. */
	if (s->pid == 0)
		_exit(wait_for_job(fds[1], fn, data, message_max));
	close(fds[1]);
	s->fd = fds[0];
	s->until_ms = io_now_ms() + KEEP_MS;
	if (s->pid < 0) {
		s->pid = 0;
		close(s->fd);
	}
}

static void forget(struct spare *s)
{
	s->pid = 0;
	cleanup_close(&s->fd);
}

pid_t spare_use(struct spare *s, struct iovec *parts, size_t n)
{
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = n};
	pid_t pid = s->pid;

	if (!pid)
		return 0;
	/* Its end of the socket is empty: the message fits, or it is dead. */
	if (sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		pid = 0;
	forget(s);
	return pid;
}

int spare_timeout_ms(const struct spare *s)
{
	int64_t left = s->until_ms - io_now_ms();

	return !s->pid ? -1 : left < 0 ? 0 : (int)left;
}

bool spare_expire(struct spare *s)
{
	if (!s->pid || io_now_ms() < s->until_ms)
		return false;
	forget(s);
	return true;
}

bool spare_reaped(struct spare *s, pid_t pid)
{
	if (s->pid != pid)
		return false;
	forget(s);
	return true;
}
