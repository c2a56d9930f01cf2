/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees of values (doc.h), and the way into the readers. The text is the user's own. */
#include "dom0/cli/doc/doc.h"

#include <string.h>

#include "dom0/cli/doc/internal.h"

struct doc *doc_new(enum doc_type type, unsigned line)
{
	struct doc *d = g_new0(struct doc, 1);

	d->type = type;
	d->line = line;
	if (type == DOC_ARRAY || type == DOC_TABLE)
		d->items = g_ptr_array_new_with_free_func((GDestroyNotify)doc_free);
	if (type == DOC_TABLE) {
		d->keys = g_ptr_array_new_with_free_func(g_free);
		d->index = g_hash_table_new(g_str_hash, g_str_equal);
	}
	return d;
}

struct doc *doc_new_text(enum doc_type type, const char *text)
{
	struct doc *d = doc_new(type, 0);

	d->text = g_strdup(text);
	return d;
}

void doc_free(struct doc *d)
{
	if (!d)
		return;
	g_free(d->text);
	g_clear_pointer(&d->index, g_hash_table_unref);
	g_clear_pointer(&d->keys, g_ptr_array_unref);
	g_clear_pointer(&d->items, g_ptr_array_unref);
	g_free(d);
}

struct doc *doc_append(struct doc *array, struct doc *item)
{
	g_ptr_array_add(array->items, item);
	return item;
}

struct doc *doc_set(struct doc *table, const char *key, struct doc *item)
{
	char *own;

	if (g_hash_table_contains(table->index, key)) {
		doc_free(item);
		return NULL;
	}
	own = g_strdup(key);
	g_ptr_array_add(table->keys, own);
	g_ptr_array_add(table->items, item);
	g_hash_table_insert(table->index, own, GUINT_TO_POINTER(table->items->len));
	return item;
}

struct doc *doc_set_text(struct doc *table, const char *key, const char *text)
{
	return doc_set(table, key, doc_new_text(DOC_STRING, text));
}

struct doc *doc_get(const struct doc *table, const char *key)
{
	guint i = GPOINTER_TO_UINT(g_hash_table_lookup(table->index, key));

	return i ? doc_item(table, i - 1) : NULL;
}

guint doc_size(const struct doc *d)
{
	return d->items ? d->items->len : 0;
}

struct doc *doc_item(const struct doc *d, guint i)
{
	return g_ptr_array_index(d->items, i);
}

const char *doc_key(const struct doc *table, guint i)
{
	return g_ptr_array_index(table->keys, i);
}

const char *doc_type_name(enum doc_type type)
{
	static const char *const names[] = {"null",	"true or false", "a number", "a number",
					    "a string", "a list",	 "a table"};

	return names[type];
}

bool doc_fail(struct reader *r, const char *format, ...)
{
	va_list ap;

	if (r->why)
		return false;
	va_start(ap, format);
	r->why = g_strdup_vprintf(format, ap);
	va_end(ap);
	/* It quotes the document, and is to stay one line. */
	for (char *p = r->why; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	r->why_line = r->line;
	return false;
}

bool doc_unicode(struct reader *r, unsigned n, gunichar *ret)
{
	gunichar c = 0;

	for (unsigned i = 0; i < n; i++, r->p++) {
		int digit = g_ascii_xdigit_value(*r->p);

		if (digit < 0)
			return doc_fail(r, "an escape needs %u hexadecimal digits", n);
		c = c * 16 + (gunichar)digit;
	}
	*ret = c;
	return true;
}

/* The line on which the byte at stands. */
static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

struct doc *doc_parse(enum doc_format format, const char *text, gsize len, unsigned *ret_line,
		      char **ret_why)
{
	struct reader r = {.line = 1};
	g_autofree char *copy = NULL;
	struct doc *d = NULL;
	const char *bad;

	if (len > DOC_BYTES_MAX) {
		doc_fail(&r, "the file is larger than %u MiB", DOC_BYTES_MAX >> 20);
	} else if (!g_utf8_validate_len(text, len, &bad)) {
		r.line = line_of(text, bad);
		doc_fail(&r, bad < text + len && !*bad ? "a NUL byte" : "this is not UTF-8 text");
	} else {
		copy = g_strndup(text, len);
		r.p = copy;
		r.end = copy + len;
		/* A mark that some editors put in front. */
		if (g_str_has_prefix(copy, "\xef\xbb\xbf"))
			r.p += 3;
		d = format == DOC_TOML ? toml_document(&r) : json_document(&r);
	}
	if (d)
		return d;
	*ret_line = r.why_line;
	*ret_why = r.why;
	return NULL;
}
