/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TOML's values: strings, numbers, lists, tables in braces. The text is the user's own. */
#include <errno.h>
#include <string.h>

#include "dom0/cli/doc/internal.h"

void toml_blanks(struct reader *r)
{
	while (*r->p == ' ' || *r->p == '\t')
		r->p++;
}

/* Whether a byte may stand in comments and, newlines apart, in strings. */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 ? c != 0x7f : c == '\t';
}

bool toml_comment(struct reader *r)
{
	toml_blanks(r);
	if (*r->p != '#')
		return true;
	while (is_plain(*r->p))
		r->p++;
	if (r->p == r->end || *r->p == '\n' || (*r->p == '\r' && r->p[1] == '\n'))
		return true;
	return doc_fail(r, "a control character in a comment");
}

bool toml_space(struct reader *r)
{
	for (;;) {
		if (!toml_comment(r))
			return false;
		if (*r->p == '\r' && r->p[1] == '\n')
			r->p++;
		if (*r->p != '\n')
			return true;
		r->p++;
		r->line++;
	}
}

/* A backslash and what follows. *ret_c is 0 when it only joins lines. */
static bool escape(struct reader *r, bool is_long, gunichar *ret_c)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	const char *at = *r->p ? strchr(from, *r->p) : NULL;

	*ret_c = 0;
	if (at) {
		*ret_c = (gunichar)to[at - from];
		r->p++;
		return true;
	}
	if (*r->p == 'u' || *r->p == 'U') {
		if (!doc_unicode(r, *r->p++ == 'u' ? 4 : 8, ret_c))
			return false;
		return (*ret_c && g_unichar_validate(*ret_c)) ||
		       doc_fail(r, "an escape for what is no character");
	}
	if (is_long) {
		const char *start = r->p;
		unsigned line = r->line;

		while (*r->p && strchr(" \t\r\n", *r->p))
			line += *r->p++ == '\n';
		if (line > r->line) {
			r->line = line;
			return true;
		}
		r->p = start;
	}
	return doc_fail(r, "no such escape: use \\\\ for a backslash, or a string in '…'");
}

/* After three opening quotes. */
static bool long_string(struct reader *r, char quote, GString *out)
{
	gunichar c;

	if (*r->p == '\r' && r->p[1] == '\n')
		r->p++;
	if (*r->p == '\n') {
		r->p++;
		r->line++;
	}
	while (r->p < r->end) {
		if (r->p[0] == quote && r->p[1] == quote && r->p[2] == quote) {
			r->p += 3;
			/* Up to two quotes may stand just before those that close. */
			for (int i = 0; i < 2 && *r->p == quote; i++)
				g_string_append_c(out, *r->p++);
			return true;
		}
		if (*r->p == '\\' && quote == '"') {
			r->p++;
			if (!escape(r, true, &c))
				return false;
			if (c)
				g_string_append_unichar(out, c);
			continue;
		}
		if (*r->p == '\r' && r->p[1] == '\n')
			r->p++;
		if (!is_plain(*r->p) && *r->p != '\n')
			return doc_fail(r, "a control character in a string");
		r->line += *r->p == '\n';
		g_string_append_c(out, *r->p++);
	}
	return false;
}

/* After one opening quote. */
static bool short_string(struct reader *r, char quote, GString *out)
{
	gunichar c;

	while (is_plain(*r->p)) {
		if (*r->p == quote) {
			r->p++;
			return true;
		}
		if (*r->p == '\\' && quote == '"') {
			r->p++;
			if (!escape(r, false, &c))
				return false;
			g_string_append_unichar(out, c);
			continue;
		}
		g_string_append_c(out, *r->p++);
	}
	if (*r->p && *r->p != '\n' && *r->p != '\r')
		return doc_fail(r, "a control character in a string");
	return false;
}

char *toml_string(struct reader *r, bool may_be_long)
{
	g_autoptr(GString) out = g_string_new(NULL);
	char quote = *r->p;
	bool is_long = r->p[1] == quote && r->p[2] == quote, ok;
	unsigned line = r->line;

	if (is_long && !may_be_long) {
		doc_fail(r, "a key cannot be a string of several lines");
		return NULL;
	}
	r->p += is_long ? 3 : 1;
	ok = is_long ? long_string(r, quote, out) : short_string(r, quote, out);
	if (!ok) {
		r->line = r->why ? r->line : line;
		doc_fail(r, "the string has no closing quote");
		return NULL;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Checks digits with single underscores between them; copies them without. */
static bool digits(const char **p, const char *allowed, GString *out)
{
	const char *start = *p;

	for (; **p && (strchr(allowed, **p) || **p == '_'); (*p)++) {
		if (**p != '_')
			g_string_append_c(out, **p);
		else if (*p == start || (*p)[-1] == '_' || !(*p)[1] || !strchr(allowed, (*p)[1]))
			return false;
	}
	return *p > start;
}

static struct doc *integer(struct reader *r, const char *text, int base)
{
	g_autofree char *decimal = NULL;
	struct doc *d;
	gint64 n;

	errno = 0;
	n = g_ascii_strtoll(text, NULL, (guint)base);
	if (errno) {
		doc_fail(r, "the number is too large");
		return NULL;
	}
	decimal = g_strdup_printf("%" G_GINT64_FORMAT, n);
	d = doc_new_text(DOC_INTEGER, decimal);
	d->line = r->line;
	return d;
}

/* "12.5e3", with text holding the sign: false when w is no number. */
static bool fraction(const char *w, GString *out, bool *ret_is_float)
{
	static const char ten[] = "0123456789";
	const char *start = w;

	if (!digits(&w, ten, out) || (*start == '0' && w > start + 1))
		return false;
	*ret_is_float = *w != 0;
	if (*w == '.') {
		g_string_append_c(out, *w++);
		if (!digits(&w, ten, out))
			return false;
	}
	if (*w == 'e' || *w == 'E') {
		g_string_append_c(out, *w++);
		if (*w == '+' || *w == '-')
			g_string_append_c(out, *w++);
		if (!digits(&w, ten, out))
			return false;
	}
	return !*w;
}

static struct doc *number(struct reader *r, const char *word)
{
	static const struct {
		const char *prefix, *allowed;
		int base;
	} bases[] = {{"0x", "0123456789abcdefABCDEF", 16}, {"0o", "01234567", 8}, {"0b", "01", 2}};
	g_autoptr(GString) text = g_string_new(NULL);
	const char *w = word;
	bool is_float = false;
	struct doc *d;

	for (guint i = 0; i < G_N_ELEMENTS(bases); i++) {
		const char *rest = word + 2;

		if (g_str_has_prefix(word, bases[i].prefix) &&
		    digits(&rest, bases[i].allowed, text) && !*rest)
			return integer(r, text->str, bases[i].base);
	}
	g_string_truncate(text, 0);
	if (*w == '-')
		g_string_append_c(text, *w++);
	else if (*w == '+')
		w++;
	if (!fraction(w, text, &is_float) && strcmp(w, "inf") != 0 && strcmp(w, "nan") != 0) {
		if (g_ascii_isdigit(w[0]) && strpbrk(w, "-:"))
			doc_fail(r, "dates have no use here: write \"%s\" for a string", word);
		else
			doc_fail(r, "'%s' is no value: strings need quotes", word);
		return NULL;
	}
	if (!is_float && g_ascii_isdigit(*w))
		return integer(r, text->str, 10);
	d = doc_new_text(DOC_FLOAT, g_ascii_isdigit(*w) ? text->str : word);
	d->line = r->line;
	return d;
}

/* true, false or a number. */
static struct doc *bare(struct reader *r)
{
	gsize n = strspn(r->p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			       "_+-.:");
	g_autofree char *word = g_strndup(r->p, n);
	struct doc *d;

	if (!n) {
		doc_fail(r, "a value is missing here");
		return NULL;
	}
	r->p += n;
	if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0)
		return number(r, word);
	d = doc_new_text(DOC_BOOL, word);
	d->line = r->line;
	return d;
}

static bool array_items(struct reader *r, struct doc *array)
{
	for (;;) {
		struct doc *item;

		if (!toml_space(r))
			return false;
		if (*r->p == ']') {
			r->p++;
			return true;
		}
		item = toml_value(r);
		if (!item)
			return false;
		doc_append(array, item);
		if (!toml_space(r))
			return false;
		if (*r->p == ',')
			r->p++;
		else if (*r->p != ']')
			return doc_fail(r,
					"',' or ']' is missing in the list that begins in "
					"line %u",
					array->line);
	}
}

static bool table_items(struct reader *r, struct doc *table)
{
	toml_blanks(r);
	if (*r->p == '}') {
		r->p++;
		return true;
	}
	for (;;) {
		if (!toml_pair(r, table))
			return false;
		toml_blanks(r);
		if (*r->p == '}') {
			r->p++;
			return true;
		}
		if (*r->p == '\n' || *r->p == '\r' || *r->p == '#')
			return doc_fail(r, "a table in braces has to end on the line it begins on");
		if (*r->p++ != ',')
			return doc_fail(r, "',' or '}' is missing");
	}
}

struct doc *toml_value(struct reader *r)
{
	g_autoptr(Doc) d = NULL;
	bool ok = true;

	if (r->depth >= DOC_DEPTH_MAX) {
		doc_fail(r, "more than %u values inside each other", DOC_DEPTH_MAX);
		return NULL;
	}
	r->depth++;
	if (*r->p == '"' || *r->p == '\'') {
		d = doc_new(DOC_STRING, r->line);
		d->text = toml_string(r, true);
		ok = d->text != NULL;
	} else if (*r->p == '[') {
		d = doc_new(DOC_ARRAY, r->line);
		r->p++;
		ok = array_items(r, d);
	} else if (*r->p == '{') {
		d = doc_new(DOC_TABLE, r->line);
		r->p++;
		ok = table_items(r, d);
	} else {
		d = bare(r);
	}
	r->depth--;
	return ok ? g_steal_pointer(&d) : NULL;
}
