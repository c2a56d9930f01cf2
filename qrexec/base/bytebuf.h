/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte queue with a hard limit: what a daemon has to write and the peer does not
 * take yet, or what was read and is not yet a whole message.
 */
#ifndef QUBES_BASE_BYTEBUF_H
#define QUBES_BASE_BYTEBUF_H

#include <stddef.h>
#include <sys/types.h>

struct bytebuf {
	unsigned char *data; /* owned */
	size_t head;	     /* first byte still queued */
	size_t len;	     /* bytes queued */
	size_t cap;
	size_t max; /* never more than this many bytes queued */
};

/* An empty queue of at most max bytes. Allocates nothing. */
void bytebuf_init(struct bytebuf *b, size_t max);
void bytebuf_clear(struct bytebuf *b);

/* Queues n bytes. 0, -ENOBUFS over the limit (nothing queued), -ENOMEM. */
int bytebuf_add(struct bytebuf *b, const void *data, size_t n);

/* Room for n more bytes at the end, or NULL; bytebuf_added() makes them queued. */
void *bytebuf_reserve(struct bytebuf *b, size_t n);
void bytebuf_added(struct bytebuf *b, size_t n);

/* The queued bytes, contiguous; and dropping n of them from the front. */
static inline const unsigned char *bytebuf_peek(const struct bytebuf *b)
{
	return b->data + b->head;
}
void bytebuf_drop(struct bytebuf *b, size_t n);

/* Writes as much as fd takes now. 0 (also when it would block) or -errno. */
int bytebuf_flush(struct bytebuf *b, int fd);

/* Reads once, up to n bytes. Bytes read, 0 at end of file, or -errno (-EAGAIN). */
ssize_t bytebuf_fill(struct bytebuf *b, int fd, size_t n);

#endif
