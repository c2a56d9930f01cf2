/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of the two formats share. Not for others. */
#ifndef QUBES_CLI_DOC_INTERNAL_H
#define QUBES_CLI_DOC_INTERNAL_H

#include "dom0/cli/doc/doc.h"

struct reader {
	const char *p, *end; /* what is left; *end is NUL */
	unsigned line;
	unsigned depth;
	char *why; /* owned; set by the first failure */
	unsigned why_line;
};

/* Notes what is wrong, at the reader's line, unless something was before. Returns false. */
bool doc_fail(struct reader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Appends the character of n hexadecimal digits, which it takes. */
bool doc_unicode(struct reader *r, unsigned n, gunichar *ret);

/* Skips blanks. */
void toml_blanks(struct reader *r);
/* Skips blanks, ends of lines and comments. */
bool toml_space(struct reader *r);
/* Skips blanks and a comment. */
bool toml_comment(struct reader *r);
/* A string, the quote being next. g_free(); NULL after a failure. */
char *toml_string(struct reader *r, bool may_be_long);
/* Any value; NULL after a failure. */
struct doc *toml_value(struct reader *r);
/* "KEY = VALUE" into a table. */
bool toml_pair(struct reader *r, struct doc *table);

/* The readers: the document, or NULL with r->why. */
struct doc *toml_document(struct reader *r);
struct doc *json_document(struct reader *r);

#endif
