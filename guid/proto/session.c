/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the session service, decoded (session.h). Pure. The peer is a GUI daemon of the
 * same user; it speaks of qubes, in its own words.
 */
#include "guid/proto/session.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
	[SESSION_ASK] = "ask", [SESSION_ERROR] = "error", [SESSION_NOTIFY] = "notify"};

static const char name_chars[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

size_t session_request_format(const struct session_request *rq, char *buf, size_t n)
{
	int len = snprintf(buf, n, "%s%c%s%c0x%06x%c%s", kinds[rq->kind], 0, rq->qube, 0,
			   rq->color & 0xffffff, 0, rq->text);

	return len < 0 || (size_t)len >= n || len > SESSION_REQUEST_MAX ? 0 : (size_t)len;
}

/* The next field, without its NUL; NULL when there is none. */
static const char *take_field(const char **p, const char *end, size_t *ret_len)
{
	const char *start = *p, *nul = memchr(start, '\0', (size_t)(end - start));

	if (!nul)
		return NULL;
	*ret_len = (size_t)(nul - start);
	*p = nul + 1;
	return start;
}

static bool take_kind(const char *s, enum session_kind *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(s, kinds[i]) == 0) {
			*ret = (enum session_kind)i;
			return true;
		}
	return false;
}

static bool take_name(const char *s, size_t n, struct session_request *ret)
{
	if (!n || n > SESSION_NAME_MAX || strspn(s, name_chars) != n)
		return false;
	memcpy(ret->qube, s, n + 1);
	return true;
}

static bool take_color(const char *s, size_t n, uint32_t *ret)
{
	static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
	uint32_t color = 0;

	if (n != 8 || memcmp(s, "0x", 2) != 0)
		return false;
	for (size_t i = 2; i < 8; i++) {
		const char *digit = strchr(digits, s[i]);

		if (!digit || !*digit)
			return false;
		color = color << 4 | (uint32_t)(digit - digits) / 2;
	}
	*ret = color;
	return true;
}

int session_request_parse(const void *data, size_t len, struct session_request *ret)
{
	const char *p = data, *end = p + len, *kind, *name, *color;
	size_t n_kind, n_name = 0, n_color = 0, n_text;

	if (len > SESSION_REQUEST_MAX)
		return -EMSGSIZE;
	kind = take_field(&p, end, &n_kind);
	name = kind ? take_field(&p, end, &n_name) : NULL;
	color = name ? take_field(&p, end, &n_color) : NULL;
	if (!color || !take_kind(kind, &ret->kind) || !take_name(name, n_name, ret) ||
	    !take_color(color, n_color, &ret->color))
		return -EPROTO;
	n_text = (size_t)(end - p);
	if (!n_text || memchr(p, '\0', n_text))
		return -EPROTO;
	memcpy(ret->text, p, n_text);
	ret->text[n_text] = '\0';
	return 0;
}
