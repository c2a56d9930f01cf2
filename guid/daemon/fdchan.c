/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Side channel for image descriptors (fdchan.h). The peer is a hostile qube. */
#include "guid/daemon/fdchan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/vchan.h"

#define UID_RANGE 65536u
/* Room for more than one descriptor, so that a second one is seen and closed. */
#define MAX_RECEIVED 8

void fdchan_init(struct fdchan *f)
{
	f->sock = -1;
	f->count = 0;
}

void fdchan_clear(struct fdchan *f)
{
	for (unsigned i = 0; i < f->count; i++)
		close(f->pending[i].fd);
	if (f->sock >= 0)
		close(f->sock);
	fdchan_init(f);
}

int fdchan_open(const char *purpose, unsigned domain, unsigned port)
{
	_cleanup_close_ int dir = -1, sock = -1;
	unsigned uid_base = 0;
	char name[64];
	uid_t uid;
	int r;

	dir = vchan_domain_dir(domain, &uid_base);
	if (dir < 0)
		return dir == -EOPNOTSUPP ? -ENOENT : dir;
	snprintf(name, sizeof(name), GUI_SIDE_SOCKET_FMT, domain, vchan_own_domid(), port, purpose);
	sock = unix_connect_untrusted(dir, name, SOCK_SEQPACKET | SOCK_NONBLOCK);
	if (sock < 0)
		return sock;
	r = unix_peer(sock, &uid, NULL);
	if (r)
		return r;
	if (uid_base && (uid < uid_base || uid - uid_base >= UID_RANGE))
		return -EPERM;
	return steal_fd(&sock);
}

int fdchan_connect(struct fdchan *f, unsigned domain, unsigned port)
{
	int sock = fdchan_open(GUI_MEMFD_SOCKET, domain, port);

	if (sock < 0)
		return sock;
	f->sock = sock;
	return 0;
}

static int fail(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EPROTO;
}

/* Moves the descriptors of a control message to fds. How many there were. */
static unsigned take_fds(struct msghdr *mh, int fds[MAX_RECEIVED])
{
	unsigned n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < bytes / sizeof(int) && n < MAX_RECEIVED; i++)
			memcpy(&fds[n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
	return n;
}

static int accept_packet(struct fdchan *f, const uint8_t *data, size_t len, int flags, int *fds,
			 unsigned n_fds, const char **ret_why)
{
	struct gui_memfd_packet packet;

	if (flags & (MSG_TRUNC | MSG_CTRUNC))
		return fail("side channel: truncated packet", ret_why);
	if (n_fds != 1)
		return fail("side channel: a packet without exactly one descriptor", ret_why);
	if (gui_memfd_packet_decode(data, len, &packet))
		return fail("side channel: malformed packet", ret_why);
	for (unsigned i = 0; i < f->count; i++)
		if (f->pending[i].packet.token == packet.token)
			return fail("side channel: a token was sent twice", ret_why);
	f->pending[f->count].packet = packet;
	f->pending[f->count++].fd = fds[0];
	fds[0] = -1;
	return 0;
}

/* 1: a packet was taken; 0: none there; or -EPROTO. */
static int receive(struct fdchan *f, const char **ret_why)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(MAX_RECEIVED * sizeof(int))];
	} control;
	uint8_t data[GUI_MEMFD_PACKET_SIZE + 1];
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.buf,
			    .msg_controllen = sizeof(control.buf)};
	int fds[MAX_RECEIVED];
	unsigned n_fds;
	ssize_t n;
	int r;

	n = recvmsg(f->sock, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	n_fds = n < 0 ? 0 : take_fds(&mh, fds);
	if (n < 0 || (n == 0 && !n_fds)) {
		close(f->sock);
		f->sock = -1;
		return 0;
	}
	r = accept_packet(f, data, (size_t)n, mh.msg_flags, fds, n_fds, ret_why);
	for (unsigned i = 0; i < n_fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return r ? r : 1;
}

int fdchan_drain(struct fdchan *f, const char **ret_why)
{
	int r = 1;

	while (r == 1 && f->sock >= 0 && !fdchan_full(f))
		r = receive(f, ret_why);
	return r < 0 ? r : 0;
}

bool fdchan_full(const struct fdchan *f)
{
	return f->count == GUI_MEMFD_MAX_PENDING;
}

bool fdchan_overflows(struct fdchan *f)
{
	char byte;
	ssize_t n;

	if (!fdchan_full(f) || f->sock < 0)
		return false;
	n = recv(f->sock, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
	if (n > 0)
		return true;
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(f->sock);
		f->sock = -1;
	}
	return false;
}

static int take_pending(struct fdchan *f, uint32_t token, struct gui_memfd_packet *ret)
{
	for (unsigned i = 0; i < f->count; i++) {
		int fd = f->pending[i].fd;

		if (f->pending[i].packet.token != token)
			continue;
		*ret = f->pending[i].packet;
		f->pending[i] = f->pending[--f->count];
		return fd;
	}
	return -ENOENT;
}

int fdchan_take(struct fdchan *f, uint32_t token, struct gui_memfd_packet *ret,
		const char **ret_why)
{
	int64_t until = io_now_ms() + GUI_MEMFD_WAIT_MS, left;
	int fd, r;

	/* What is there is taken before the time is looked at: it may be us who are late. */
	while ((fd = take_pending(f, token, ret)) < 0) {
		struct pollfd p = {.fd = f->sock, .events = POLLIN};

		left = until - io_now_ms();
		r = f->sock < 0 || fdchan_full(f) ? 0 : poll(&p, 1, left > 0 ? (int)left : 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return fail("memfd dump with an unknown token", ret_why);
		r = fdchan_drain(f, ret_why);
		if (r)
			return r;
	}
	return fd;
}

int memfd_check(int fd, const struct gui_memfd_packet *packet, const struct gui_window_dump *dump,
		const char **ret_why)
{
	uint64_t need = dump->memfd.offset + (uint64_t)dump->memfd.stride * dump->height;
	int seals = fcntl(fd, F_GET_SEALS), ro;
	char path[40];
	struct statfs fs;
	struct stat st;

	/* Seals exist on memory only: a file on a server of the qube's could block X's reads. */
	if (seals < 0)
		return fail("the image is not in a memfd", ret_why);
	if (!(seals & F_SEAL_SHRINK))
		return fail("the image's memfd is not sealed against shrinking", ret_why);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0)
		return fail("the image is not in a regular memfd", ret_why);
	if ((uint64_t)st.st_size != packet->size)
		return fail("the memfd's size is not what was announced", ret_why);
	if ((uint64_t)st.st_size < need)
		return fail("image larger than its memfd", ret_why);
	if ((uint64_t)st.st_size > (uint64_t)GUI_MAX_PAGES * GUI_PAGE + dump->memfd.offset)
		return fail("the memfd is larger than any image", ret_why);
	if (fstatfs(fd, &fs) < 0 || fs.f_type == HUGETLBFS_MAGIC)
		return fail("the image is in huge pages", ret_why);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	return ro < 0 ? fail("the image's memfd cannot be read", ret_why) : ro;
}
