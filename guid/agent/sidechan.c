/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side channels (sidechan.h). Peer: the GUI daemon of dom0. */
#include "guid/agent/sidechan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guid/proto/gui-memfd.h"
#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/vchan.h"

#define CONTAINER_DIR "/run/vchan"

int sidechan_listen(struct sidechan *s, const char *purpose, unsigned domain)
{
	const char *dir = getenv("VCHAN_SOCKET_DIR");
	char path[QUBES_PATH_MAX];
	int r;

	r = snprintf(path, sizeof(path), "%s/" GUI_SIDE_SOCKET_FMT,
		     dir && *dir ? dir : CONTAINER_DIR, vchan_own_domid(), domain, GUI_VCHAN_PORT,
		     purpose);
	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	r = unix_listen(path, SOCK_SEQPACKET | SOCK_NONBLOCK, 0666);
	if (r < 0)
		return r;
	s->listen_fd = r;
	return 0;
}

void sidechan_drop(struct sidechan *s)
{
	if (s->conn_fd >= 0)
		close(s->conn_fd);
	s->conn_fd = -1;
}

void sidechan_clear(struct sidechan *s)
{
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	s->listen_fd = -1;
	sidechan_drop(s);
}

/* dom0's processes are outside this qube's pid namespace, so the kernel shows them as 0. */
static bool may_be_daemon(int fd)
{
	uid_t uid;
	pid_t pid;

	return unix_peer(fd, &uid, &pid) == 0 && (pid == 0 || uid == geteuid());
}

int sidechan_accept(struct sidechan *s)
{
	int fd;

	if (s->listen_fd < 0)
		return -ENOTCONN;
	while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0 ||
	       errno == EINTR || errno == ECONNABORTED) {
		if (fd < 0)
			continue;
		if (!may_be_daemon(fd)) {
			close(fd);
			continue;
		}
		sidechan_drop(s);
		s->conn_fd = fd;
	}
	return s->conn_fd >= 0 ? 0 : -ENOTCONN;
}

void sidechan_reset(struct sidechan *s)
{
	sidechan_accept(s);
	sidechan_drop(s);
}

int sidechan_share(const struct sidechan *s)
{
	int fd = s->conn_fd >= 0 ? fcntl(s->conn_fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (s->conn_fd < 0)
		return -ENOTCONN;
	return fd < 0 ? -errno : fd;
}

int sidechan_send(struct sidechan *s, int fd, uint64_t size, uint32_t *ret_token)
{
	struct gui_memfd_packet p = {.token = s->last_token + 1, .size = size};
	uint8_t buf[GUI_MEMFD_PACKET_SIZE];
	int r;

	if (s->conn_fd < 0)
		return -ENOTCONN;
	if (!p.token)
		p.token = 1;
	gui_memfd_packet_encode(buf, &p);
	r = unix_send_fd(s->conn_fd, buf, sizeof(buf), fd, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (r)
		return r;
	s->last_token = p.token;
	*ret_token = p.token;
	return 0;
}
