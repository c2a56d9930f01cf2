/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets between supervisor and worker (ipc.h). */
#include "guid/daemon/ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guid/proto/gui-sanitize.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

int ipc_pair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

int ipc_send(int fd, const struct ipc_msg *m, int pass_fd)
{
	if (pass_fd >= 0)
		return unix_send_fd(fd, m, sizeof(*m), pass_fd, MSG_NOSIGNAL);
	/* A packet: all of it or nothing. SIGPIPE is ignored in both. */
	return io_write_all(fd, m, sizeof(*m));
}

int ipc_recv(int fd, struct ipc_msg *ret, int *ret_fd)
{
	struct iovec iov = {.iov_base = ret, .iov_len = sizeof(*ret)};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.buf,
			    .msg_controllen = sizeof(control.buf)};
	struct cmsghdr *c;
	ssize_t n;

	*ret_fd = -1;
	do {
		n = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -EPIPE;
	if (n == 0)
		return -EPIPE;
	c = CMSG_FIRSTHDR(&mh);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	if (n != (ssize_t)sizeof(*ret)) {
		if (*ret_fd >= 0)
			close(*ret_fd);
		*ret_fd = -1;
		return -EPROTO;
	}
	ret->text[IPC_TEXT_MAX - 1] = '\0';
	gui_sanitize_text(ret->text, true);
	return 1;
}
