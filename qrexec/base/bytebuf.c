/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte queue with a hard limit (bytebuf.h). */
#include "qrexec/base/bytebuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bytebuf_init(struct bytebuf *b, size_t max)
{
	*b = (struct bytebuf){.max = max};
}

void bytebuf_clear(struct bytebuf *b)
{
	free(b->data);
	*b = (struct bytebuf){.max = b->max};
}

void *bytebuf_reserve(struct bytebuf *b, size_t n)
{
	size_t cap;
	void *bigger;

	if (n > b->max || b->len > b->max - n)
		return NULL;
	if (b->head + b->len + n <= b->cap)
		return b->data + b->head + b->len;
	if (b->head) {
		memmove(b->data, b->data + b->head, b->len);
		b->head = 0;
		if (b->len + n <= b->cap)
			return b->data + b->len;
	}
	cap = b->cap ? b->cap : 256;
	while (cap < b->len + n)
		cap *= 2;
	bigger = realloc(b->data, cap);
	if (!bigger)
		return NULL;
	b->data = bigger;
	b->cap = cap;
	return b->data + b->len;
}

void bytebuf_added(struct bytebuf *b, size_t n)
{
	b->len += n;
}

int bytebuf_add(struct bytebuf *b, const void *data, size_t n)
{
	void *room;

	if (!n)
		return 0;
	if (n > b->max || b->len > b->max - n)
		return -ENOBUFS;
	room = bytebuf_reserve(b, n);
	if (!room)
		return -ENOMEM;
	memcpy(room, data, n);
	bytebuf_added(b, n);
	return 0;
}

void bytebuf_drop(struct bytebuf *b, size_t n)
{
	b->head += n;
	b->len -= n;
	if (!b->len)
		b->head = 0;
}

int bytebuf_flush(struct bytebuf *b, int fd)
{
	while (b->len) {
		ssize_t r = write(fd, b->data + b->head, b->len);

		if (r >= 0)
			bytebuf_drop(b, (size_t)r);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

ssize_t bytebuf_fill(struct bytebuf *b, int fd, size_t n)
{
	void *room = bytebuf_reserve(b, n);
	ssize_t r;

	if (!room)
		return b->len + n > b->max ? -ENOBUFS : -ENOMEM;
	do {
		r = read(fd, room, n);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	bytebuf_added(b, (size_t)r);
	return r;
}
