/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents that people write, TOML 1.0 or JSON, as one tree of values that remember the line
 * they stand on. Not taken: TOML's dates, which nothing here has a use for. Pure.
 */
#ifndef QUBES_CLI_DOC_H
#define QUBES_CLI_DOC_H

#include <glib.h>
#include <stdbool.h>

#define DOC_BYTES_MAX (16 * 1024 * 1024) /* of a whole document */
#define DOC_DEPTH_MAX 64		 /* values inside values */

enum doc_type { DOC_NULL, DOC_BOOL, DOC_INTEGER, DOC_FLOAT, DOC_STRING, DOC_ARRAY, DOC_TABLE };
enum doc_format { DOC_TOML, DOC_JSON };

struct doc {
	enum doc_type type;
	unsigned line;	   /* where it begins, from 1; 0: not read from a text */
	char *text;	   /* owned; string, decimal number, "true" or "false"; else NULL */
	GPtrArray *items;  /* owned; struct doc, of an array or table, in their order; else NULL */
	GPtrArray *keys;   /* owned; char *, one per item of a table; else NULL */
	GHashTable *index; /* owned; key → position in items + 1, of a table; else NULL */
	unsigned flags;	   /* the TOML reader's own */
};

struct doc *doc_new(enum doc_type type, unsigned line);
struct doc *doc_new_text(enum doc_type type, const char *text);
void doc_free(struct doc *d);
typedef struct doc Doc;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Doc, doc_free)

/* Appends to an array; takes item. Returns it. */
struct doc *doc_append(struct doc *array, struct doc *item);

/* Adds to a table; takes item. Returns it, or NULL when there is such a key already (item is
 * freed then). */
struct doc *doc_set(struct doc *table, const char *key, struct doc *item);
struct doc *doc_set_text(struct doc *table, const char *key, const char *text);

/* An item of a table, or NULL. */
struct doc *doc_get(const struct doc *table, const char *key);
guint doc_size(const struct doc *d);
struct doc *doc_item(const struct doc *d, guint i);
const char *doc_key(const struct doc *table, guint i);

/* "a table", "a string", … for messages. */
const char *doc_type_name(enum doc_type type);

/*
 * Reads a whole document of len bytes, whose value is a table. NULL with *ret_line (where) and
 * *ret_why (owned, to g_free()).
 */
struct doc *doc_parse(enum doc_format format, const char *text, gsize len, unsigned *ret_line,
		      char **ret_why);

/* Writes a table as a document. */
void doc_write_toml(GString *out, const struct doc *table);
void doc_write_json(GString *out, const struct doc *table);

#endif
