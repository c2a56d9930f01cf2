/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables: aligned text as "column -t" makes it (cells two spaces apart), lines with bars
 * for scripts, or JSON.
 */
#ifndef QUBES_CLI_TABLE_H
#define QUBES_CLI_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

struct cell {
	char *text; /* owned; NULL: there is no value */
	bool bare;  /* JSON: a number or true or false, not a string */
};

struct table {
	GPtrArray *head; /* char *, owned; names of the columns */
	GPtrArray *rows; /* GArray of struct cell, owned */
	bool show_head;
	const char *none; /* text of a cell without value; "" unless changed */
};

/* A table with the columns named (NULL-terminated list), its head shown or not. */
struct table *table_new(bool show_head, const char *const *columns);
void table_free(struct table *t);
typedef struct table Table;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Starts a row; adds a cell to it. Text is copied. */
void table_row(struct table *t);
void table_cell(struct table *t, const char *text);
void table_cell_bare(struct table *t, const char *text);

/* A row of texts, NULL-terminated list of arguments. */
void table_add(struct table *t, ...) G_GNUC_NULL_TERMINATED;

const char *table_text(const struct table *t, guint row, guint col);

void table_print(const struct table *t, FILE *f);
void table_print_raw(const struct table *t, FILE *f);
void table_print_json(const struct table *t, FILE *f);

/* Appends s as a JSON string, quotes included; NULL as null. */
void json_string(GString *out, const char *s);

/* Prints one value as JSON: a string, null for NULL, or (bare) a number, true or false. */
void json_print(const char *text, bool bare);

/* Prints strings, NULL-terminated: a line for each, or all as JSON. */
void texts_print(char *const *texts, bool json);

/* Columns a terminal needs for s (UTF-8). */
size_t text_width(const char *s);

#endif
