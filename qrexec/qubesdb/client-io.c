/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection of a QubesDB client (client-io.h). The peer is a daemon of this domain:
 * trusted not to hang us on purpose, yet it may be stopped or restarted, and what it says
 * is checked; the values it passes on come from a qube.
 */
#include "qrexec/qubesdb/client-io.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

static int patience(const struct qdb_handle *h, int64_t deadline)
{
	int64_t left = deadline < 0 ? h->patience_ms : deadline - io_now_ms();

	return left < h->patience_ms ? (int)left : h->patience_ms;
}

int qdb_io_connect(struct qdb_handle *h, int64_t deadline)
{
	int fd = unix_connect(h->path, SOCK_STREAM | SOCK_NONBLOCK), rw;

	if (fd < 0) {
		fd = unix_connect_restarted(h->ro_path, SOCK_STREAM | SOCK_NONBLOCK,
					    patience(h, deadline));
		if (fd < 0)
			return fd;
		/* A daemon that just starts makes this one second: the other has come now. */
		rw = unix_connect(h->path, SOCK_STREAM | SOCK_NONBLOCK);
		if (rw >= 0) {
			close(fd);
			fd = rw;
		}
	}
	h->fd = fd;
	return 0;
}

void qdb_io_close(struct qdb_handle *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

static int wait_fd(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = deadline < 0 ? -1 : deadline - io_now_ms();
	int r;

	if (deadline >= 0 && left < 0)
		left = 0;
	r = poll(&p, 1, (int)left);
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return r ? 0 : -ETIMEDOUT;
}

static int send_bytes(int fd, const void *data, size_t n, int64_t deadline)
{
	const char *p = data;
	int e;

	while (n) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		e = wait_fd(fd, POLLOUT, deadline);
		if (e)
			return e;
	}
	return 0;
}

/* -ENODATA only when not one byte came. */
static int receive_bytes(int fd, void *data, size_t n, int64_t deadline)
{
	char *p = data;
	int e;

	while (n) {
		ssize_t r = recv(fd, p, n, MSG_DONTWAIT);

		if (r > 0) {
			p += r;
			n -= (size_t)r;
			continue;
		}
		if (r == 0 || errno == ECONNRESET)
			return p == data ? -ENODATA : -EPROTO;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		e = wait_fd(fd, POLLIN, deadline);
		if (e)
			return e == -ETIMEDOUT && p != data ? -EPROTO : e;
	}
	return 0;
}

int qdb_io_send(struct qdb_handle *h, const struct qdb_header *hdr, const void *data,
		int64_t deadline)
{
	uint8_t buf[QDB_MESSAGE_MAX];

	qdb_header_encode(hdr, buf);
	if (hdr->data_len)
		memcpy(buf + QDB_HEADER_SIZE, data, hdr->data_len);
	return send_bytes(h->fd, buf, QDB_HEADER_SIZE + hdr->data_len, deadline);
}

int qdb_io_receive(struct qdb_handle *h, struct qdb_header *ret_hdr, char *ret_data,
		   int64_t deadline)
{
	uint8_t raw[QDB_HEADER_SIZE];
	int r = receive_bytes(h->fd, raw, sizeof(raw), deadline);

	if (r)
		return r;
	qdb_header_decode(raw, ret_hdr);
	/* The path of an error is the refused one, whatever it is. */
	if (ret_hdr->type == QDB_ERROR)
		memset(ret_hdr->path, 0, sizeof(ret_hdr->path));
	if (qdb_header_check(ret_hdr, QDB_FROM_DAEMON))
		return -EPROTO;
	r = receive_bytes(h->fd, ret_data, ret_hdr->data_len, deadline);
	ret_data[ret_hdr->data_len] = '\0';
	return r == -ENODATA || r == -ETIMEDOUT ? -EPROTO : r;
}

int qdb_io_keep(struct qdb_handle *h, const char *path)
{
	struct qdb_pending *p;

	if (h->pending >= QDB_PENDING_MAX)
		return -ENOBUFS;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	memcpy(p->path, path, sizeof(p->path));
	*h->last = p;
	h->last = &p->next;
	h->pending++;
	return 0;
}
