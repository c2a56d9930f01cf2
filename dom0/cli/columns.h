/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of qvm-ls: what each needs to be fetched, and how its cells are made. */
#ifndef QUBES_CLI_COLUMNS_H
#define QUBES_CLI_COLUMNS_H

#include "dom0/cli/ctx.h"

/* What has to be asked of qubesd before cells can be made. */
enum column_needs { NEED_VOLUMES = 1, NEED_MEMORY = 2, NEED_NETVM = 4 };

struct volume_info {
	char *pool;	     /* owned */
	guint64 size, usage; /* bytes */
};

/* A row's data: the qube and what was fetched about it. */
struct ls_vm {
	struct admin_vm *vm;
	GHashTable *volumes; /* owned; name → struct volume_info; NULL if not fetched */
	char *memory;	     /* owned; KiB as text; NULL when not running */
	int depth;	     /* in the tree of networks */
};

struct column {
	char *head; /* owned; "PRIV-CURR" */
	unsigned needs;
	const char *props; /* properties it looks at, separated by spaces; "": none */
	/* The text of a cell, to g_free(); NULL when there is no value. */
	char *(*cell)(struct ctx *c, const struct ls_vm *v, const struct column *col);
	enum { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BOOL } json;
	char *property; /* owned; name of the property it shows, or NULL */
};

/* The column called name in any case, "-" or "_"; unknown names are properties. */
struct column *column_new(const char *name);
void column_free(struct column *col);

/* Fetches volumes (NEED_VOLUMES) and memory (NEED_MEMORY) of all rows, pipelined. */
bool columns_fetch(struct ctx *c, GPtrArray *rows, unsigned needs, GError **err);

/* Prints the list of columns, for --help-columns. */
void columns_help(FILE *f);

/* True when a column's cells sort as numbers. */
bool column_is_numeric(const char *head);

#endif
