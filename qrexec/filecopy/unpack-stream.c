/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes that another qube sends to qubes.Filecopy, hostile; summed up as they come. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qrexec/filecopy/unpack-internal.h"

#define BUFFER (256u * 1024)

int unpack_stream_init(struct unpack_state *s)
{
	s->buf = malloc(BUFFER);
	return s->buf ? 0 : ENOMEM;
}

static int fill(struct unpack_state *s)
{
	ssize_t n;

	if (s->at < s->len)
		return 0;
	do {
		n = read(s->u->in, s->buf, BUFFER);
		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = s->u->in, .events = POLLIN}, 1, -1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0 && errno != ECONNRESET)
		return errno;
	s->at = 0;
	s->len = n > 0 ? (size_t)n : 0;
	return s->len ? 0 : QFILE_EARLY_EOF;
}

int unpack_take(struct unpack_state *s, size_t n, const uint8_t **ret, size_t *ret_n)
{
	int r = fill(s);

	if (r)
		return r;
	if (n > s->len - s->at)
		n = s->len - s->at;
	*ret = s->buf + s->at;
	*ret_n = n;
	s->at += n;
	s->u->crc = qfile_crc(s->u->crc, *ret, n);
	return 0;
}

int unpack_read(struct unpack_state *s, void *dst, size_t n)
{
	uint8_t *d = dst;

	while (n) {
		const uint8_t *p;
		size_t got;
		int r = unpack_take(s, n, &p, &got);

		if (r)
			return r;
		memcpy(d, p, got);
		d += got;
		n -= got;
	}
	return 0;
}
