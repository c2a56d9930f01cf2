/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoder of qubesd's replies and events (reply.h). The peer is qubesd, which is
 * trusted, or a qube's policy-checked way to it; the bytes are checked all the same.
 */
#include "dom0/admin/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/base/cursor.h"

/* The NUL-terminated string at the cursor, or NULL when no NUL follows. */
static const char *take_string(struct cur *c)
{
	const uint8_t *nul = c->left ? memchr(c->p, 0, c->left) : NULL;

	if (!nul) {
		c->failed = true;
		return NULL;
	}
	return (const char *)cur_take(c, (size_t)(nul - c->p) + 1);
}

static int decode_exception(struct cur *c, struct admin_reply *r)
{
	r->kind = ADMIN_REPLY_EXCEPTION;
	r->type = take_string(c);
	r->traceback = take_string(c);
	r->format = take_string(c);
	if (!cur_ok(c))
		return -EPROTO;
	while (c->left && r->n_args < ADMIN_ARGS_MAX) {
		const char *arg = take_string(c);

		if (!arg)
			break; /* an unterminated last argument is dropped */
		r->args[r->n_args++] = arg;
	}
	return 0;
}

int admin_reply_decode(const void *data, size_t len, struct admin_reply *ret)
{
	struct cur c = cur_init(data, len);
	struct admin_reply r = {0};
	uint8_t kind, nul;
	int err = -EPROTO;

	if (!len)
		return -ENODATA;
	kind = cur_u8(&c);
	nul = cur_u8(&c);
	if (!cur_ok(&c) || nul)
		return -EPROTO;
	if (kind == '0') {
		r.data = (const char *)c.p;
		r.len = c.left;
		err = 0;
	} else if (kind == '2') {
		err = decode_exception(&c, &r);
	}
	if (!err)
		*ret = r;
	return err;
}

/* Reads the pairs up to the empty key. 1 done, 0 incomplete, -EPROTO. */
static int decode_pairs(struct cur *c, struct admin_event *e)
{
	for (;;) {
		const char *key = take_string(c), *value;

		if (!key)
			return 0;
		if (!*key)
			return 1;
		value = take_string(c);
		if (!value)
			return 0;
		if (e->n_pairs == ADMIN_PAIRS_MAX)
			return -EPROTO;
		e->keys[e->n_pairs] = key;
		e->values[e->n_pairs++] = value;
	}
}

ssize_t admin_event_decode(const void *data, size_t len, struct admin_event *ret)
{
	struct cur c = cur_init(data, len < ADMIN_EVENT_MAX ? len : ADMIN_EVENT_MAX);
	struct admin_event e = {0};
	const uint8_t *head;
	int r = 0;

	if (len && *(const char *)data != '1')
		return -EPROTO;
	head = cur_take(&c, 2);
	if (head && head[1])
		return -EPROTO;
	e.subject = take_string(&c);
	e.name = e.subject ? take_string(&c) : NULL;
	if (e.name)
		r = decode_pairs(&c, &e);
	if (r < 0)
		return r;
	if (!r)
		return len >= ADMIN_EVENT_MAX ? -EPROTO : 0;
	*ret = e;
	return (const char *)c.p - (const char *)data;
}

const char *admin_event_value(const struct admin_event *e, const char *key)
{
	for (size_t i = 0; i < e->n_pairs; i++)
		if (!strcmp(e->keys[i], key))
			return e->values[i];
	return NULL;
}

/* What the directive at f (after the '%') inserts, or NULL to keep it as it is. */
static const char *substitution(char f, const char *const *args, size_t n_args, size_t *next)
{
	if (f == '%')
		return "%";
	if (!f || !strchr("sdiur", f) || *next >= n_args)
		return NULL;
	return args[(*next)++];
}

char *admin_format_message(const char *format, const char *const *args, size_t n_args)
{
	size_t size = strlen(format) + 1, len = 0, next = 0;
	char *out;

	for (size_t i = 0; i < n_args; i++)
		size += strlen(args[i]);
	out = malloc(size);
	if (!out)
		abort();
	for (const char *f = format; *f; f++) {
		const char *sub = *f == '%' ? substitution(f[1], args, n_args, &next) : NULL;
		size_t n = sub ? strlen(sub) : 1;

		memcpy(out + len, sub ? sub : f, n);
		len += n;
		if (sub)
			f++;
	}
	out[len] = 0;
	return out;
}
