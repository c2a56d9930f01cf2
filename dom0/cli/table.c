/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables (table.h). Cells come from qubesd, which checks names and values. */
#include "dom0/cli/table.h"

#include <string.h>

static void free_row(gpointer row)
{
	GArray *cells = row;

	for (guint i = 0; i < cells->len; i++)
		g_free(g_array_index(cells, struct cell, i).text);
	g_array_unref(cells);
}

struct table *table_new(bool show_head, const char *const *columns)
{
	struct table *t = g_new0(struct table, 1);

	t->head = g_ptr_array_new_with_free_func(g_free);
	t->rows = g_ptr_array_new_with_free_func(free_row);
	t->show_head = show_head;
	t->none = "";
	for (; *columns; columns++)
		g_ptr_array_add(t->head, g_strdup(*columns));
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	g_ptr_array_unref(t->head);
	g_ptr_array_unref(t->rows);
	g_free(t);
}

void table_row(struct table *t)
{
	g_ptr_array_add(t->rows, g_array_new(FALSE, TRUE, sizeof(struct cell)));
}

static void add_cell(struct table *t, const char *text, bool bare)
{
	struct cell c = {g_strdup(text), bare && text};

	g_array_append_val((GArray *)g_ptr_array_index(t->rows, t->rows->len - 1), c);
}

void table_cell(struct table *t, const char *text)
{
	add_cell(t, text, false);
}

void table_cell_bare(struct table *t, const char *text)
{
	add_cell(t, text, true);
}

void table_add(struct table *t, ...)
{
	va_list ap;

	table_row(t);
	va_start(ap, t);
	for (const char *s; (s = va_arg(ap, const char *));)
		table_cell(t, s);
	va_end(ap);
}

const char *table_text(const struct table *t, guint row, guint col)
{
	const GArray *cells = g_ptr_array_index(t->rows, row);
	const char *text = col < cells->len ? g_array_index(cells, struct cell, col).text : "";

	return text ? text : t->none;
}

size_t text_width(const char *s)
{
	size_t w = 0;

	for (; *s; s = g_utf8_next_char(s)) {
		gunichar ch = g_utf8_get_char_validated(s, -1);

		if (ch >= (gunichar)-2)
			return w + strlen(s); /* not UTF-8: count bytes */
		w += g_unichar_iszerowidth(ch) ? 0 : g_unichar_iswide(ch) ? 2 : 1;
	}
	return w;
}

static void print_row(const struct table *t, FILE *f, const size_t *width, gint row)
{
	guint n = row < 0 ? t->head->len
			  : ((const GArray *)g_ptr_array_index(t->rows, (guint)row))->len;

	for (guint c = 0; c < n; c++) {
		const char *s =
			row < 0 ? g_ptr_array_index(t->head, c) : table_text(t, (guint)row, c);

		fputs(s, f);
		if (c + 1 < n)
			fprintf(f, "%*s", (int)(width[c] - text_width(s)) + 2, "");
	}
	fputc('\n', f);
}

void table_print(const struct table *t, FILE *f)
{
	g_autofree size_t *width = g_new0(size_t, t->head->len + 1);

	for (guint c = 0; c < t->head->len; c++) {
		if (t->show_head)
			width[c] = text_width(g_ptr_array_index(t->head, c));
		for (guint r = 0; r < t->rows->len; r++)
			width[c] = MAX(width[c], text_width(table_text(t, r, c)));
	}
	if (t->show_head)
		print_row(t, f, width, -1);
	for (guint r = 0; r < t->rows->len; r++)
		print_row(t, f, width, (gint)r);
}

void table_print_raw(const struct table *t, FILE *f)
{
	for (guint r = 0; r < t->rows->len; r++) {
		for (guint c = 0; c < t->head->len; c++)
			fprintf(f, "%s%s", c ? "|" : "", table_text(t, r, c));
		fputc('\n', f);
	}
}

void json_string(GString *out, const char *s)
{
	if (!s) {
		g_string_append(out, "null");
		return;
	}
	g_string_append_c(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			g_string_append_printf(out, "\\%c", *s);
		else if (*s == '\n')
			g_string_append(out, "\\n");
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			g_string_append_printf(out, "\\u%04x", *s);
		else
			g_string_append_c(out, *s);
	}
	g_string_append_c(out, '"');
}

void json_print(const char *text, bool bare)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (bare && text)
		g_string_append(out, text);
	else
		json_string(out, text);
	puts(out->str);
}

void texts_print(char *const *texts, bool json)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; texts[i]; i++) {
		if (!json) {
			puts(texts[i]);
			continue;
		}
		g_string_append(out, i ? ", " : "");
		json_string(out, texts[i]);
	}
	if (json)
		printf("[%s]\n", out->str);
}

/* "PRIV-CURR" → "priv_curr", "PORT(S)" → "ports" */
static char *json_key(const char *head)
{
	g_auto(GStrv) parts = g_strsplit_set(head, "()", -1);
	g_autofree char *plain = g_strjoinv("", parts);

	return g_strdelimit(g_ascii_strdown(plain, -1), "-: ", '_');
}

void table_print_json(const struct table *t, FILE *f)
{
	g_autoptr(GString) out = g_string_new("[");

	for (guint r = 0; r < t->rows->len; r++) {
		const GArray *cells = g_ptr_array_index(t->rows, r);

		g_string_append(out, r ? ",\n {" : "\n {");
		for (guint c = 0; c < t->head->len && c < cells->len; c++) {
			const struct cell *cell = &g_array_index(cells, struct cell, c);
			g_autofree char *key = json_key(g_ptr_array_index(t->head, c));

			g_string_append(out, c ? ", " : "");
			json_string(out, key);
			g_string_append(out, ": ");
			if (cell->bare)
				g_string_append(out, cell->text);
			else
				json_string(out, cell->text);
		}
		g_string_append_c(out, '}');
	}
	g_string_append(out, t->rows->len ? "\n]\n" : "]\n");
	fputs(out->str, f);
}
