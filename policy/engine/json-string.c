/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What strings look like in JSON, read and written (json-string.h, json.h). Pure. */
#include "policy/engine/json-string.h"

#include "policy/engine/json.h"

static int hex4(struct pol_str s)
{
	int v = 0;

	if (s.n < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *d;
		char c = s.p[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		d = c ? strchr(digits, c) : NULL;
		if (!d)
			return -1;
		v = v << 4 | (int)(d - digits);
	}
	return v;
}

static size_t put_utf8(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/*
 * Decodes \uXXXX (after the u), joining surrogate pairs. A lone surrogate is kept as three
 * bytes that no valid name contains. Bytes consumed, 0 when malformed.
 */
static size_t unescape_unicode(struct pol_str s, char *out, size_t *ret_len)
{
	int hi = hex4(s), lo;
	size_t used = 4;
	uint32_t cp;

	if (hi < 0)
		return 0;
	cp = (uint32_t)hi;
	if (hi >= 0xd800 && hi < 0xdc00 && s.n >= 10 && s.p[4] == '\\' && s.p[5] == 'u') {
		lo = hex4(pol_skip(s, 6));
		if (lo >= 0xdc00 && lo < 0xe000) {
			cp = 0x10000 + (((uint32_t)hi - 0xd800) << 10) + ((uint32_t)lo - 0xdc00);
			used = 10;
		}
	}
	*ret_len = put_utf8(out, cp);
	return used;
}

/* Decodes the escape at s, which starts with a backslash. Bytes consumed, 0 = malformed. */
static size_t unescape(struct pol_str s, char *out, size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *which;
	size_t used;

	if (s.n < 2)
		return 0;
	if (s.p[1] == 'u') {
		used = unescape_unicode(pol_skip(s, 2), out, ret_len);
		return used ? used + 2 : 0;
	}
	which = s.p[1] ? strchr(from, s.p[1]) : NULL;
	if (!which)
		return 0;
	*out = to[which - from];
	*ret_len = 1;
	return 2;
}

struct pol_str pol_json_unescape(struct pol_str raw, struct pol_arena *a)
{
	char *out = pol_arena_alloc(a, raw.n + 1);
	size_t n = 0;

	if (!out)
		return POL_NONE;
	while (raw.n) {
		size_t used = 1, len = 1;

		if (raw.p[0] == '\\')
			used = unescape(raw, out + n, &len);
		else
			out[n] = raw.p[0];
		if (!used)
			return POL_NONE;
		raw = pol_skip(raw, used);
		n += len;
	}
	out[n] = '\0';
	return (struct pol_str){out, n};
}

static void put_code_point(struct pol_buf *b, uint32_t cp)
{
	if (cp >= 0x10000)
		pol_buf_printf(b, "\\u%04x\\u%04x", 0xd800 + ((cp - 0x10000) >> 10),
			       0xdc00 + ((cp - 0x10000) & 0x3ff));
	else
		pol_buf_printf(b, "\\u%04x", cp);
}

void pol_json_put(struct pol_buf *b, struct pol_str s)
{
	if (!s.p) {
		pol_buf_add(b, POL_STR("null"));
		return;
	}
	pol_buf_add(b, POL_STR("\""));
	while (s.n) {
		uint32_t cp;
		size_t len = pol_utf8(s.p, s.n, &cp);

		if (!len) {
			cp = 0xfffd;
			len = 1;
		}
		if (cp == '"' || cp == '\\')
			pol_buf_printf(b, "\\%c", (char)cp);
		else if (cp < 0x20 || cp >= 0x7f)
			put_code_point(b, cp);
		else
			pol_buf_add(b, (struct pol_str){s.p, 1});
		s = pol_skip(s, len);
	}
	pol_buf_add(b, POL_STR("\""));
}
