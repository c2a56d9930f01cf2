/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Service configuration (rpcconf.h). The files are the system's own. */
#include "qrexec/proto/rpcconf.h"

#include <errno.h>
#include <string.h>

enum value_kind { BAD, BOOLEAN, INTEGER, STRING };

struct value {
	enum value_kind kind;
	unsigned long long number; /* 0 or 1 for booleans */
	const char *text;
	size_t len;
	const char *why; /* for BAD */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct value bad(const char *why)
{
	return (struct value){.kind = BAD, .why = why};
}

static size_t scan_integer(const char *p, size_t n, struct value *v)
{
	size_t i = 0;

	v->kind = INTEGER;
	if (p[0] == '0')
		return 1;
	while (i < n && p[i] >= '0' && p[i] <= '9') {
		if (v->number > (~0ULL - 9) / 10) {
			*v = bad("the number is too large");
			return 0;
		}
		v->number = v->number * 10 + (unsigned)(p[i++] - '0');
	}
	return i;
}

static size_t scan_string(const char *p, size_t n, struct value *v)
{
	const char *end = n > 1 ? memchr(p + 1, '\'', n - 1) : NULL;

	if (n >= 3 && p[1] == '\'' && p[2] == '\'') {
		*v = bad("triple-quoted strings are not supported");
		return 0;
	}
	if (!end) {
		*v = bad("the string has no closing quote");
		return 0;
	}
	*v = (struct value){.kind = STRING, .text = p + 1, .len = (size_t)(end - p - 1)};
	return v->len + 2;
}

/* Reads the value at the start of p; what follows may only be a comment. */
static struct value parse_value(const char *p, size_t n)
{
	struct value v = {.kind = BAD, .why = "there is no value after '='"};
	size_t used = 0;

	if (!n)
		return v;
	if (*p >= '0' && *p <= '9') {
		used = scan_integer(p, n, &v);
	} else if (n >= 4 && !memcmp(p, "true", 4)) {
		v = (struct value){.kind = BOOLEAN, .number = 1};
		used = 4;
	} else if (n >= 5 && !memcmp(p, "false", 5)) {
		v = (struct value){.kind = BOOLEAN, .number = 0};
		used = 5;
	} else if (*p == '\'') {
		used = scan_string(p, n, &v);
	} else if (*p == '"') {
		v = bad("use single quotes for strings");
	} else {
		v = bad("the value must be true, false, a number or a string in single quotes");
	}
	if (v.kind == BAD)
		return v;
	while (used < n && is_blank(p[used]))
		used++;
	if (used < n && p[used] != '#')
		return bad("unexpected text after the value");
	return v;
}

struct parser {
	struct qrx_rpcconf *conf;
	unsigned line;
	bool seen[5];
	const char *why;
};

static bool key_is(const char *key, size_t n, const char *name)
{
	return strlen(name) == n && !memcmp(key, name, n);
}

static int set_flag(struct parser *p, const struct value *v, bool *dst, bool integers)
{
	if (v->kind != BOOLEAN && !(integers && v->kind == INTEGER && v->number <= 1)) {
		p->why = "the value must be true or false";
		return -EINVAL;
	}
	*dst = v->number;
	return 0;
}

static int set_user(struct parser *p, const struct value *v)
{
	if (v->kind != STRING || v->len > QRX_USER_MAX) {
		p->why = "the value must be a user name in single quotes";
		return -EINVAL;
	}
	memcpy(p->conf->user, v->text, v->len);
	p->conf->user[v->len] = '\0';
	p->conf->has_user = true;
	return 0;
}

static int set_key(struct parser *p, const char *key, size_t n, const struct value *v)
{
	static const char *const names[] = {"wait-for-session", "force-user",
					    "skip-service-descriptor", "exit-on-client-eof",
					    "exit-on-service-eof"};
	size_t i = 0;

	while (i < 5 && !key_is(key, n, names[i]))
		i++;
	if (i == 5) {
		if (!p->conf->unknown_line)
			p->conf->unknown_line = p->line;
		return 0;
	}
	if (p->seen[i]) {
		p->why = "the key was given before";
		return -EINVAL;
	}
	p->seen[i] = true;
	switch (i) {
	case 0:
		return set_flag(p, v, &p->conf->wait_for_session, true);
	case 1:
		return set_user(p, v);
	case 2:
		return set_flag(p, v, &p->conf->skip_descriptor, false);
	case 3:
		return set_flag(p, v, &p->conf->exit_on_client_eof, false);
	default:
		return set_flag(p, v, &p->conf->exit_on_service_eof, false);
	}
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_key_byte(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static int parse_line(struct parser *p, const char *s, size_t n)
{
	size_t key = 0, i;
	struct value v;

	if (n && s[n - 1] == '\r')
		n--;
	while (n && is_blank(s[n - 1]))
		n--;
	if (!n || s[0] == '#')
		return 0;
	if (!is_alpha(s[0])) {
		p->why = s[0] == '[' ? "sections are not supported"
				     : "a line must start with a key or #";
		return -EINVAL;
	}
	while (key < n && is_key_byte(s[key]))
		key++;
	for (i = key; i < n && is_blank(s[i]); i++)
		;
	if (i == n || s[i] != '=') {
		p->why = "there is no '=' after the key";
		return -EINVAL;
	}
	for (i++; i < n && is_blank(s[i]); i++)
		;
	v = parse_value(s + i, n - i);
	if (v.kind == BAD) {
		p->why = v.why;
		return -EINVAL;
	}
	return set_key(p, s, key, &v);
}

void qrx_rpcconf_defaults(struct qrx_rpcconf *c)
{
	memset(c, 0, sizeof(*c));
}

int qrx_rpcconf_parse(const char *text, size_t len, struct qrx_rpcconf *ret, unsigned *ret_line,
		      const char **ret_why)
{
	struct qrx_rpcconf conf;
	struct parser p = {.conf = &conf};
	int r = 0;

	qrx_rpcconf_defaults(&conf);
	if (len && memchr(text, '\0', len)) {
		r = -EINVAL;
		p.why = "the file contains a NUL byte";
	}
	for (size_t at = 0; !r && at < len;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;

		p.line++;
		r = parse_line(&p, text + at, n);
		at += n + 1;
	}
	if (!r && conf.has_user &&
	    (conf.skip_descriptor || conf.exit_on_client_eof || conf.exit_on_service_eof)) {
		r = -EINVAL;
		p.line = 0;
		p.why = "force-user cannot be combined with skip-service-descriptor or "
			"exit-on-*-eof";
	}
	if (r) {
		*ret_line = p.line;
		*ret_why = p.why;
		return r;
	}
	*ret = conf;
	return 0;
}
