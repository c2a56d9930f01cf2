/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the policy language (text.h). The text is dom0's own policy files and the
 * names in a request, which the caller has bounded; nothing here trusts either.
 */
#include "policy/engine/text.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t pol_hash(uint64_t seed, struct pol_str s)
{
	uint64_t h = seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h ^ (h >> 32);
}

size_t pol_utf8(const char *text, size_t n, uint32_t *ret_cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	uint32_t cp;
	size_t len;

	if (!n)
		return 0;
	if (p[0] < 0x80) {
		*ret_cp = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	cp = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret_cp = cp;
	return len;
}

bool pol_utf8_valid(struct pol_str s)
{
	uint32_t cp;

	while (s.n) {
		size_t len = pol_utf8(s.p, s.n, &cp);

		if (!len)
			return false;
		s = pol_skip(s, len);
	}
	return true;
}

bool pol_is_space(uint32_t cp)
{
	if (cp < 0x80)
		return cp == ' ' || (cp >= 0x09 && cp <= 0x0d) || (cp >= 0x1c && cp <= 0x1f);
	return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Length of the white-space character that starts s, 0 when there is none. */
static size_t space_at(struct pol_str s)
{
	uint32_t cp;
	size_t len = pol_utf8(s.p, s.n, &cp);

	return len && pol_is_space(cp) ? len : 0;
}

struct pol_str pol_strip(struct pol_str s)
{
	size_t len;

	while ((len = space_at(s)) > 0)
		s = pol_skip(s, len);
	while (s.n) {
		size_t start = s.n - 1;

		while (start && ((unsigned char)s.p[start] & 0xc0) == 0x80)
			start--;
		if (!space_at(pol_skip(s, start)))
			break;
		s.n = start;
	}
	return s;
}

bool pol_word(struct pol_str *rest, struct pol_str *ret_word)
{
	struct pol_str s = *rest;
	size_t len;

	while ((len = space_at(s)) > 0)
		s = pol_skip(s, len);
	*rest = s;
	if (!s.n)
		return false;
	while (s.n && !space_at(s))
		s = pol_skip(s, 1);
	*ret_word = (struct pol_str){rest->p, (size_t)(s.p - rest->p)};
	*rest = s;
	return true;
}

bool pol_line(struct pol_str *text, struct pol_str *ret_line)
{
	size_t i = 0, end;

	if (!text->n)
		return false;
	while (i < text->n && text->p[i] != '\n' && text->p[i] != '\r')
		i++;
	*ret_line = (struct pol_str){text->p, i};
	end = i;
	if (end < text->n)
		end += text->p[i] == '\r' && i + 1 < text->n && text->p[i + 1] == '\n' ? 2 : 1;
	*text = pol_skip(*text, end);
	return true;
}

struct pol_chunk {
	struct pol_chunk *next;
	size_t used, size;
	max_align_t data[];
};

static struct pol_chunk *add_chunk(struct pol_arena *a, size_t need)
{
	size_t size = a->chunks ? a->chunks->size * 2 : 2048;
	struct pol_chunk *c;

	if (size > 65536)
		size = 65536;
	if (size < need)
		size = need;
	c = calloc(1, sizeof(*c) + size);
	if (!c)
		return NULL;
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

void *pol_arena_alloc(struct pol_arena *a, size_t n)
{
	size_t align = sizeof(void *);
	struct pol_chunk *c = a->chunks;
	void *p;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + align - 1) / align * align;
	if (a->max && n > a->max - a->used)
		return NULL;
	if (!c || n > c->size - c->used)
		c = add_chunk(a, n);
	if (!c)
		return NULL;
	p = (char *)c->data + c->used;
	c->used += n;
	a->used += n;
	return p;
}

struct pol_str pol_arena_dup(struct pol_arena *a, struct pol_str s)
{
	char *p;

	if (!s.p)
		return POL_NONE;
	p = pol_arena_alloc(a, s.n + 1);
	if (!p)
		return POL_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct pol_str){p, s.n};
}

void pol_arena_clear(struct pol_arena *a)
{
	while (a->chunks) {
		struct pol_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	a->used = 0;
}

static bool reserve(struct pol_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 128;
	char *bigger;

	if (b->failed || n > SIZE_MAX / 4 - b->n) {
		b->failed = true;
		return false;
	}
	if (b->n + n + 1 <= b->cap)
		return true;
	while (cap < b->n + n + 1)
		cap *= 2;
	bigger = realloc(b->p, cap);
	if (!bigger) {
		b->failed = true;
		return false;
	}
	b->p = bigger;
	b->cap = cap;
	return true;
}

void pol_buf_add(struct pol_buf *b, struct pol_str s)
{
	if (!reserve(b, s.n))
		return;
	if (s.n)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
}

void pol_buf_printf(struct pol_buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || !reserve(b, (size_t)len)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)len;
}

static void repr_char(struct pol_buf *b, uint32_t cp, struct pol_str raw, char quote)
{
	if (cp == '\n')
		pol_buf_add(b, POL_STR("\\n"));
	else if (cp == '\t')
		pol_buf_add(b, POL_STR("\\t"));
	else if (cp == '\r')
		pol_buf_add(b, POL_STR("\\r"));
	else if (cp == '\\' || cp == (uint32_t)quote)
		pol_buf_printf(b, "\\%c", (char)cp);
	else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa1) || cp == 0xad)
		pol_buf_printf(b, "\\x%02x", cp);
	else if (cp == 0xfeff || (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) ||
		 pol_is_space(cp))
		pol_buf_printf(b, "\\u%04x", cp);
	else
		pol_buf_add(b, raw);
}

void pol_buf_repr(struct pol_buf *b, struct pol_str s)
{
	bool single = s.n && memchr(s.p, '\'', s.n);
	char quote = single && !memchr(s.p, '"', s.n) ? '"' : '\'';

	pol_buf_printf(b, "%c", quote);
	while (s.n) {
		uint32_t cp;
		size_t len = pol_utf8(s.p, s.n, &cp);

		if (len == 1 && cp == ' ')
			pol_buf_add(b, POL_STR(" "));
		else if (len)
			repr_char(b, cp, (struct pol_str){s.p, len}, quote);
		else
			pol_buf_printf(b, "\\x%02x", (unsigned char)s.p[0]);
		s = pol_skip(s, len ? len : 1);
	}
	pol_buf_printf(b, "%c", quote);
}

void pol_buf_clear(struct pol_buf *b)
{
	free(b->p);
	*b = (struct pol_buf){0};
}
