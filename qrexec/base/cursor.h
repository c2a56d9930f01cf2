/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds-checked cursors over wire data. The only place where bytes from a peer
 * are walked with pointers. All integers on our wires are little-endian.
 *
 * A cursor remembers failure: once a getter ran past the end, every later getter
 * fails too and returns zeroes, so that a decoder can read a whole structure and
 * check cur_ok() once.
 */
#ifndef QUBES_BASE_CURSOR_H
#define QUBES_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Reader. Does not own the bytes. */
struct cur {
	const uint8_t *p;
	size_t left;
	bool failed;
};

static inline struct cur cur_init(const void *data, size_t len)
{
	return (struct cur){.p = data, .left = len, .failed = false};
}

static inline bool cur_ok(const struct cur *c)
{
	return !c->failed;
}

/* True when everything was consumed and nothing failed. */
static inline bool cur_done(const struct cur *c)
{
	return !c->failed && c->left == 0;
}

/* Takes n bytes; NULL when there are fewer. */
static inline const uint8_t *cur_take(struct cur *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->failed || n > c->left) {
		c->failed = true;
		return NULL;
	}
	/* An empty buffer may be a NULL pointer; adding to it is undefined. */
	if (n) {
		c->p += n;
		c->left -= n;
	}
	return p;
}

static inline uint8_t cur_u8(struct cur *c)
{
	const uint8_t *p = cur_take(c, 1);

	return p ? p[0] : 0;
}

static inline uint16_t cur_u16(struct cur *c)
{
	const uint8_t *p = cur_take(c, 2);

	return p ? (uint16_t)(p[0] | p[1] << 8) : 0;
}

static inline uint32_t cur_u32(struct cur *c)
{
	const uint8_t *p = cur_take(c, 4);

	return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			       (uint32_t)p[3] << 24
		 : 0;
}

static inline int32_t cur_i32(struct cur *c)
{
	return (int32_t)cur_u32(c);
}

static inline uint64_t cur_u64(struct cur *c)
{
	uint64_t lo = cur_u32(c);

	return lo | (uint64_t)cur_u32(c) << 32;
}

/* Copies n bytes out; on failure dst is zeroed. */
static inline bool cur_bytes(struct cur *c, void *dst, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	if (!p) {
		memset(dst, 0, n);
		return false;
	}
	memcpy(dst, p, n);
	return true;
}

/* A view of the next n bytes, which the outer cursor skips. */
static inline struct cur cur_sub(struct cur *c, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	if (!p)
		return (struct cur){.p = NULL, .left = 0, .failed = true};
	return cur_init(p, n);
}

/* Writer into a caller's buffer. Remembers overflow like the reader. */
struct wcur {
	uint8_t *start;
	size_t len, cap;
	bool failed;
};

static inline struct wcur wcur_init(void *buf, size_t cap)
{
	return (struct wcur){.start = buf, .len = 0, .cap = cap, .failed = false};
}

static inline void wcur_bytes(struct wcur *w, const void *src, size_t n)
{
	if (w->failed || n > w->cap - w->len) {
		w->failed = true;
		return;
	}
	if (n)
		memcpy(w->start + w->len, src, n);
	w->len += n;
}

static inline void wcur_zero(struct wcur *w, size_t n)
{
	if (w->failed || n > w->cap - w->len) {
		w->failed = true;
		return;
	}
	memset(w->start + w->len, 0, n);
	w->len += n;
}

static inline void wcur_u8(struct wcur *w, uint8_t v)
{
	wcur_bytes(w, &v, 1);
}

static inline void wcur_u32(struct wcur *w, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	wcur_bytes(w, b, 4);
}

static inline void wcur_i32(struct wcur *w, int32_t v)
{
	wcur_u32(w, (uint32_t)v);
}

static inline void wcur_u64(struct wcur *w, uint64_t v)
{
	wcur_u32(w, (uint32_t)v);
	wcur_u32(w, (uint32_t)(v >> 32));
}

#endif
