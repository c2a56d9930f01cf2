/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON (RFC 8259), strict; a key given twice is an error. The text is the user's own. */
#include <errno.h>
#include <string.h>

#include "dom0/cli/doc/internal.h"

static struct doc *value(struct reader *r);

static void space(struct reader *r)
{
	for (; *r->p && strchr(" \t\r\n", *r->p); r->p++)
		r->line += *r->p == '\n';
}

/* \uXXXX, or two of them for a character beyond 16 bits. */
static bool unicode_escape(struct reader *r, gunichar *ret)
{
	gunichar low;

	if (!doc_unicode(r, 4, ret))
		return false;
	if (*ret >= 0xd800 && *ret < 0xdc00 && r->p[0] == '\\' && r->p[1] == 'u') {
		r->p += 2;
		if (!doc_unicode(r, 4, &low))
			return false;
		if (low >= 0xdc00 && low < 0xe000)
			*ret = 0x10000 + ((*ret - 0xd800) << 10) + (low - 0xdc00);
	}
	return (*ret && g_unichar_validate(*ret)) ||
	       doc_fail(r, "an escape for what is no character");
}

static char *string(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	g_autoptr(GString) out = g_string_new(NULL);

	for (r->p++; (unsigned char)*r->p >= 0x20; r->p++) {
		const char *at;
		gunichar c;

		if (*r->p == '"') {
			r->p++;
			return g_string_free(g_steal_pointer(&out), FALSE);
		}
		if (*r->p != '\\') {
			g_string_append_c(out, *r->p);
			continue;
		}
		r->p++;
		at = *r->p ? strchr(from, *r->p) : NULL;
		if (at) {
			g_string_append_c(out, to[at - from]);
		} else if (*r->p == 'u') {
			r->p++;
			if (!unicode_escape(r, &c))
				return NULL;
			g_string_append_unichar(out, c);
			r->p--;
		} else {
			doc_fail(r, "no such escape in a string");
			return NULL;
		}
	}
	doc_fail(r, "the string has no closing quote");
	return NULL;
}

/* How many bytes at p are a number; 0: none. */
static gsize number_length(const char *p, bool *ret_is_float)
{
	gsize n = *p == '-', digits = strspn(p + n, "0123456789");

	*ret_is_float = false;
	if (!digits || (p[n] == '0' && digits > 1))
		return 0;
	n += digits;
	if (p[n] == '.') {
		digits = strspn(p + n + 1, "0123456789");
		*ret_is_float = true;
		n += 1 + digits;
		if (!digits)
			return 0;
	}
	if (p[n] == 'e' || p[n] == 'E') {
		gsize sign = p[n + 1] == '+' || p[n + 1] == '-';

		digits = strspn(p + n + 1 + sign, "0123456789");
		*ret_is_float = true;
		n += 1 + sign + digits;
		if (!digits)
			return 0;
	}
	return n;
}

static struct doc *scalar(struct reader *r)
{
	static const struct {
		const char *word;
		enum doc_type type;
	} words[] = {{"true", DOC_BOOL}, {"false", DOC_BOOL}, {"null", DOC_NULL}};
	gsize n = strspn(r->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "+-._");
	g_autofree char *word = g_strndup(r->p, n);
	struct doc *d = NULL;
	bool is_float;

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (!strcmp(word, words[i].word)) {
			d = doc_new(words[i].type, r->line);
			d->text = d->type == DOC_NULL ? NULL : g_strdup(word);
		}
	if (!d && n && number_length(word, &is_float) == n) {
		d = doc_new(is_float ? DOC_FLOAT : DOC_INTEGER, r->line);
		d->text = g_strdup(word);
	}
	errno = 0;
	if (!d) {
		doc_fail(r,
			 n ? "'%s' is no value: strings need double quotes"
			   : "a value is missing here%s",
			 word);
	} else if (d->type == DOC_INTEGER && g_ascii_strtoll(word, NULL, 10) && errno) {
		doc_fail(r, "the number is too large");
		g_clear_pointer(&d, doc_free);
	}
	r->p += n;
	return d;
}

/* One "KEY": VALUE. */
static bool pair(struct reader *r, struct doc *table)
{
	g_autofree char *key = NULL;
	struct doc *old, *item;

	if (*r->p != '"')
		return doc_fail(r, "a key in double quotes is missing here");
	key = string(r);
	if (!key)
		return false;
	old = doc_get(table, key);
	if (old)
		return doc_fail(r, "'%s' was given before, in line %u", key, old->line);
	space(r);
	if (*r->p != ':')
		return doc_fail(r, "':' is missing after '%s'", key);
	r->p++;
	item = value(r);
	return item && doc_set(table, key, item);
}

/* The items of an object or array, up to its end. */
static bool items(struct reader *r, struct doc *d)
{
	char close = d->type == DOC_TABLE ? '}' : ']';

	r->p++;
	space(r);
	if (*r->p == close) {
		r->p++;
		return true;
	}
	for (;;) {
		struct doc *item = NULL;

		space(r);
		if (d->type == DOC_TABLE ? !pair(r, d) : !(item = value(r)))
			return false;
		if (item)
			doc_append(d, item);
		space(r);
		if (*r->p == close) {
			r->p++;
			return true;
		}
		if (*r->p != ',')
			return doc_fail(r, "',' or '%c' is missing", close);
		r->p++;
	}
}

static struct doc *value(struct reader *r)
{
	g_autoptr(Doc) d = NULL;
	bool ok;

	space(r);
	if (*r->p == '"') {
		d = doc_new(DOC_STRING, r->line);
		d->text = string(r);
		return d->text ? g_steal_pointer(&d) : NULL;
	}
	if (*r->p != '{' && *r->p != '[')
		return scalar(r);
	if (r->depth >= DOC_DEPTH_MAX) {
		doc_fail(r, "more than %u values inside each other", DOC_DEPTH_MAX);
		return NULL;
	}
	r->depth++;
	d = doc_new(*r->p == '{' ? DOC_TABLE : DOC_ARRAY, r->line);
	ok = items(r, d);
	r->depth--;
	return ok ? g_steal_pointer(&d) : NULL;
}

struct doc *json_document(struct reader *r)
{
	g_autoptr(Doc) d = value(r);

	if (!d)
		return NULL;
	space(r);
	if (r->p < r->end)
		doc_fail(r, "more text after the end of the document");
	else if (d->type != DOC_TABLE)
		doc_fail(r, "the document has to be an object, in braces");
	else
		return g_steal_pointer(&d);
	return NULL;
}
