/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the socket backend that only dom0 uses: the directory of a domain, and
 * asking vchan-broker (trusted, dom0) to let two domains meet.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/place.h"
#include "qrexec/vchan/vchan.h"

#define ANSWER_TIMEOUT_MS 2000
/* As long as a broker that died may take to be there again. Who asks has other things to do. */
#define RESTART_MS 500

int vchan_domain_dir(unsigned domain, unsigned *ret_uid_base)
{
	struct vchan_place place;
	int r;

	if (!vchan_is_socket())
		return -EOPNOTSUPP;
	r = vchan_place_open(domain, &place);
	if (r)
		return r;
	if (place.dir_fd < 0)
		return -ENOENT;
	if (ret_uid_base)
		*ret_uid_base = place.uid_base;
	return place.dir_fd;
}

static int error_of(const char *answer)
{
	if (strcmp(answer, "ok") == 0)
		return 0;
	if (strstr(answer, "too many"))
		return -EBUSY;
	return strstr(answer, "no such domain") ? -ENOENT : -EPROTO;
}

int vchan_permit(unsigned server, unsigned client, unsigned port)
{
	char path[QUBES_PATH_MAX], msg[64], answer[160];
	_cleanup_close_ int fd = -1;
	struct pollfd p;
	ssize_t n;
	int len;

	if (!vchan_is_socket() || vchan_layout() != VCHAN_DOM0)
		return 0;
	if (!qubes_path(path, sizeof(path), "/run/qubes/vchan-broker.sock"))
		return -ENAMETOOLONG;
	fd = unix_connect_restarted(path, SOCK_SEQPACKET | SOCK_NONBLOCK, RESTART_MS);
	if (fd < 0)
		return fd;
	len = snprintf(msg, sizeof(msg), "permit %u %u %u", server, client, port);
	if (send(fd, msg, (size_t)len, MSG_NOSIGNAL) != len)
		return -EPIPE;
	p = (struct pollfd){.fd = fd, .events = POLLIN};
	n = poll(&p, 1, ANSWER_TIMEOUT_MS);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	if (n <= 0)
		return n < 0 ? -errno : -EPIPE;
	answer[n] = '\0';
	return error_of(answer);
}
