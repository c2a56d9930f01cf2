/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TOML's lines: keys, [tables], [[lists of tables]]. A table may be named in one place only;
 * the flags say how each came to be. The text is the user's own.
 */
#include <string.h>

#include "dom0/cli/doc/internal.h"

enum {
	NAMED = 1,  /* by a line [name] */
	DOTTED = 2, /* by a key "name.x = …" */
	BELOW = 4,  /* only as part of [name.x] */
	LIST = 8,   /* by [[name]] */
};

static bool is_bare(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '-';
}

static char *key_part(struct reader *r)
{
	const char *start = r->p;

	if (*r->p == '"' || *r->p == '\'')
		return toml_string(r, false);
	while (is_bare(*r->p))
		r->p++;
	if (r->p > start)
		return g_strndup(start, (gsize)(r->p - start));
	if ((unsigned char)*r->p >= 0x80 || (*r->p > ' ' && !strchr("=].", *r->p)))
		doc_fail(r, "a key with other characters than A-Z a-z 0-9 _ - needs quotes");
	else
		doc_fail(r, "a key is missing here");
	return NULL;
}

/* "a.b.c" as an array of its parts; NULL after a failure. */
static GPtrArray *key_parts(struct reader *r)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

	for (;;) {
		char *part;

		toml_blanks(r);
		part = key_part(r);
		if (!part)
			return NULL;
		g_ptr_array_add(parts, part);
		if (parts->len > DOC_DEPTH_MAX / 2) {
			doc_fail(r, "a key with more than %u parts", DOC_DEPTH_MAX / 2);
			return NULL;
		}
		toml_blanks(r);
		if (*r->p != '.')
			return g_steal_pointer(&parts);
		r->p++;
	}
}

static struct doc *new_table(struct reader *r, unsigned flags)
{
	struct doc *t = doc_new(DOC_TABLE, r->line);

	t->flags = flags;
	return t;
}

static bool given_before(struct reader *r, const char *key, const struct doc *d)
{
	return doc_fail(r, "'%s' was given before, in line %u", key, d->line);
}

bool toml_pair(struct reader *r, struct doc *table)
{
	g_autoptr(GPtrArray) parts = key_parts(r);
	const char *key;
	struct doc *value, *old;

	if (!parts)
		return false;
	for (guint i = 0; i + 1 < parts->len; i++) {
		key = g_ptr_array_index(parts, i);
		old = doc_get(table, key);
		if (old && !(old->flags & (DOTTED | BELOW)))
			return given_before(r, key, old);
		if (old)
			old->flags = DOTTED;
		table = old ? old : doc_set(table, key, new_table(r, DOTTED));
	}
	key = g_ptr_array_index(parts, parts->len - 1);
	old = doc_get(table, key);
	if (old)
		return given_before(r, key, old);
	if (*r->p != '=')
		return doc_fail(r, "'=' is missing after '%s'", key);
	r->p++;
	toml_blanks(r);
	value = toml_value(r);
	return value && doc_set(table, key, value);
}

/* The table that the parts of a header but the last lead to. */
static struct doc *descend(struct reader *r, struct doc *table, GPtrArray *parts)
{
	for (guint i = 0; i + 1 < parts->len; i++) {
		const char *key = g_ptr_array_index(parts, i);
		struct doc *next = doc_get(table, key);

		if (!next)
			next = doc_set(table, key, new_table(r, BELOW));
		else if (next->flags & LIST)
			next = doc_item(next, doc_size(next) - 1);
		else if (next->type != DOC_TABLE || !next->flags) {
			given_before(r, key, next);
			return NULL;
		}
		table = next;
	}
	return table;
}

/* After "[" or "[["; makes the table that the lines below belong to. */
static struct doc *header(struct reader *r, struct doc *root, bool list)
{
	g_autoptr(GPtrArray) parts = key_parts(r);
	struct doc *table = parts ? descend(r, root, parts) : NULL, *old;
	const char *key;

	if (!table)
		return NULL;
	if (!g_str_has_prefix(r->p, list ? "]]" : "]")) {
		doc_fail(r, "'%s' is missing", list ? "]]" : "]");
		return NULL;
	}
	r->p += list ? 2 : 1;
	key = g_ptr_array_index(parts, parts->len - 1);
	old = doc_get(table, key);
	if (!list && old && old->flags == BELOW) {
		old->flags = NAMED;
		old->line = r->line;
		return old;
	}
	if (old && !(list && old->flags & LIST)) {
		given_before(r, key, old);
		return NULL;
	}
	if (!list)
		return doc_set(table, key, new_table(r, NAMED));
	if (!old) {
		old = doc_set(table, key, doc_new(DOC_ARRAY, r->line));
		old->flags = LIST;
	}
	return doc_append(old, new_table(r, NAMED));
}

struct doc *toml_document(struct reader *r)
{
	g_autoptr(Doc) root = new_table(r, NAMED);
	struct doc *table = root;

	while (toml_space(r)) {
		if (r->p == r->end)
			return g_steal_pointer(&root);
		if (*r->p == '[') {
			bool list = r->p[1] == '[';

			r->p += list ? 2 : 1;
			table = header(r, root, list);
			if (!table)
				return NULL;
		} else if (!toml_pair(r, table)) {
			return NULL;
		}
		if (!toml_comment(r))
			return NULL;
		if (r->p < r->end && *r->p != '\n' && !(*r->p == '\r' && r->p[1] == '\n')) {
			doc_fail(r, "more on the line than belongs there: '%.*s'",
				 (int)MIN(strcspn(r->p, "\r\n"), 40), r->p);
			return NULL;
		}
	}
	return NULL;
}
