/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing documents that doc_parse() reads back as they were (doc.h). */
#include <string.h>

#include "dom0/cli/doc/doc.h"
#include "dom0/cli/table.h"

static void put_key(GString *out, const char *key)
{
	if (*key && !key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789_-")])
		g_string_append(out, key);
	else
		json_string(out, key); /* TOML's escapes are JSON's and more */
}

/* A text of several lines as it is, between ''', when nothing in it forbids that. */
static bool put_lines(GString *out, const char *text)
{
	const char *newline = strchr(text, '\n');

	if (!newline || !newline[1] || strstr(text, "''") || g_str_has_suffix(text, "'"))
		return false;
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t' && *p != '\n') || *p == 0x7f)
			return false;
	g_string_append_printf(out, "'''\n%s'''", text);
	return true;
}

static void put_value(GString *out, const struct doc *d)
{
	const char *sep = "";

	switch (d->type) {
	case DOC_STRING:
		if (!put_lines(out, d->text))
			json_string(out, d->text);
		break;
	case DOC_ARRAY:
		g_string_append_c(out, '[');
		for (guint i = 0; i < doc_size(d); i++, sep = ", ") {
			g_string_append(out, sep);
			put_value(out, doc_item(d, i));
		}
		g_string_append_c(out, ']');
		break;
	case DOC_TABLE:
		g_string_append_c(out, '{');
		for (guint i = 0; i < doc_size(d); i++, sep = ",") {
			g_string_append_printf(out, "%s ", sep);
			put_key(out, doc_key(d, i));
			g_string_append(out, " = ");
			put_value(out, doc_item(d, i));
		}
		g_string_append(out, " }");
		break;
	default:
		g_string_append(out, d->text ? d->text : "\"\"");
	}
}

/* A table's values, then the tables in it, each below its own header. */
static void put_table(GString *out, const struct doc *table, const char *path)
{
	for (guint i = 0; i < doc_size(table); i++) {
		const struct doc *d = doc_item(table, i);

		if (d->type == DOC_TABLE)
			continue;
		put_key(out, doc_key(table, i));
		g_string_append(out, " = ");
		put_value(out, d);
		g_string_append_c(out, '\n');
	}
	for (guint i = 0; i < doc_size(table); i++) {
		const struct doc *d = doc_item(table, i);
		g_autoptr(GString) name = g_string_new(path);
		bool header = d->type == DOC_TABLE && !doc_size(d);

		if (d->type != DOC_TABLE)
			continue;
		g_string_append(name, name->len ? "." : "");
		put_key(name, doc_key(table, i));
		for (guint j = 0; j < doc_size(d); j++)
			header |= doc_item(d, j)->type != DOC_TABLE;
		if (header)
			g_string_append_printf(out, "%s[%s]\n", out->len ? "\n" : "", name->str);
		put_table(out, d, name->str);
	}
}

void doc_write_toml(GString *out, const struct doc *table)
{
	put_table(out, table, "");
}

static void put_json(GString *out, const struct doc *d, int depth)
{
	bool table = d->type == DOC_TABLE, flat = d->type == DOC_ARRAY;

	/* JSON has no word for what is no finite number. */
	if (d->type == DOC_STRING || (d->type == DOC_FLOAT && !strpbrk(d->text, "0123456789"))) {
		json_string(out, d->text);
		return;
	}
	if (!d->items) {
		g_string_append(out, d->text ? d->text : "null");
		return;
	}
	/* Lists of plain values stay on one line. */
	for (guint i = 0; flat && i < doc_size(d); i++)
		flat = !doc_item(d, i)->items;
	flat |= !doc_size(d);
	g_string_append_c(out, table ? '{' : '[');
	for (guint i = 0; i < doc_size(d); i++) {
		g_string_append(out, i ? "," : "");
		if (flat)
			g_string_append(out, i ? " " : "");
		else
			g_string_append_printf(out, "\n%*s", 2 * depth + 2, "");
		if (table) {
			json_string(out, doc_key(d, i));
			g_string_append(out, ": ");
		}
		put_json(out, doc_item(d, i), depth + 1);
	}
	if (!flat)
		g_string_append_printf(out, "\n%*s", 2 * depth, "");
	g_string_append_c(out, table ? '}' : ']');
}

void doc_write_json(GString *out, const struct doc *table)
{
	put_json(out, table, 0);
	g_string_append_c(out, '\n');
}
