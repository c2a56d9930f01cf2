/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the policy language: length-counted strings, the white space and line ends
 * that the language knows, and two small allocators. Pure: no I/O, no global state.
 */
#ifndef QUBES_POLICY_TEXT_H
#define QUBES_POLICY_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed piece of text. p == NULL means "none"; "" is p != NULL with n == 0. */
struct pol_str {
	const char *p;
	size_t n;
};

#define POL_STR(lit) ((struct pol_str){(lit), sizeof(lit) - 1})
#define POL_NONE ((struct pol_str){NULL, 0})
/* For printf's %.*s */
#define POL_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct pol_str pol_str(const char *s)
{
	return s ? (struct pol_str){s, strlen(s)} : POL_NONE;
}

static inline bool pol_eq(struct pol_str a, struct pol_str b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool pol_starts(struct pol_str s, struct pol_str prefix)
{
	return s.n >= prefix.n && (!prefix.n || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* The text after its first n bytes; n must not be more than s.n. */
static inline struct pol_str pol_skip(struct pol_str s, size_t n)
{
	return (struct pol_str){s.p + n, s.n - n};
}

uint64_t pol_hash(uint64_t seed, struct pol_str s);

/*
 * Length in bytes of the UTF-8 character at p (n bytes are there) and its code point,
 * or 0 when it is malformed, overlong, a surrogate or past U+10FFFF.
 */
size_t pol_utf8(const char *p, size_t n, uint32_t *ret_cp);
bool pol_utf8_valid(struct pol_str s);

/* White space as the language defines it (Unicode's, as in Python's str.split). */
bool pol_is_space(uint32_t cp);

/* s without white space at both ends. s must be valid UTF-8. */
struct pol_str pol_strip(struct pol_str s);

/* Takes the next field off *rest; false when there is none. */
bool pol_word(struct pol_str *rest, struct pol_str *ret_word);

/* Takes the next line off *text, without its end (LF, CR LF or CR); false at the end. */
bool pol_line(struct pol_str *text, struct pol_str *ret_line);

/* Memory that is freed all at once. Strings made in it are also NUL-terminated. */
struct pol_arena {
	struct pol_chunk *chunks; /* owned, newest first */
	size_t used;		  /* bytes handed out */
	size_t max;		  /* limit of used; 0 = none */
};

/* NULL when out of memory or over the limit. Aligned for any object; zeroed. */
void *pol_arena_alloc(struct pol_arena *a, size_t n);
/* A copy; p == NULL on failure. */
struct pol_str pol_arena_dup(struct pol_arena *a, struct pol_str s);
void pol_arena_clear(struct pol_arena *a);

/* A growing text buffer that remembers failure. Always NUL-terminated once used. */
struct pol_buf {
	char *p; /* owned */
	size_t n, cap;
	bool failed;
};

void pol_buf_add(struct pol_buf *b, struct pol_str s);
void pol_buf_printf(struct pol_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* s as Python's repr() shows it: quoted, escaped. What the language's messages use. */
void pol_buf_repr(struct pol_buf *b, struct pol_str s);
void pol_buf_clear(struct pol_buf *b);

#endif
