/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parser of command lines by a command's table (command.h). Its rules are those that
 * scripts written for Qubes rely on (cli.md, "Conventions"), which are those of Python's
 * argparse: long options may be abbreviated, options may stand between positionals, and
 * each run of positionals takes as many of them as it can.
 *
 * Pure: no I/O, no exit.
 */
#ifndef QUBES_CLI_ARGS_H
#define QUBES_CLI_ARGS_H

#include "dom0/cli/command.h"

struct args {
	GHashTable *values; /* dest → GPtrArray of char *, owned */
	GHashTable *places; /* of the values that are in it, by their addresses */
	guint n_stored;
	const struct command *sub;     /* the subcommand given, or NULL */
	bool help, version;	       /* asked for; nothing else was checked then */
	const struct command *help_of; /* whose help: the command or a subcommand */
};

/* NULL with err set to a message for the user. */
struct args *args_parse(const struct command *cmd, char *const *argv, GError **err);
void args_free(struct args *a);

/* The last value of dest, or NULL. */
const char *args_get(const struct args *a, const char *dest);

/* Whether dest was given. */
bool args_has(const struct args *a, const char *dest);

/* How often a OPT_COUNT was given, or how many values there are. */
guint args_count(const struct args *a, const char *dest);

/* All values, NULL-terminated, owned by a; never NULL. */
const char *const *args_all(const struct args *a, const char *dest);

/* Where on the command line, among all values, one stands that args_get() or args_all()
 * returned: the larger, the later; 0 for NULL. */
guint args_place(const struct args *a, const char *value);

/* The value of OPT_INT, or dflt. */
gint64 args_int(const struct args *a, const char *dest, gint64 dflt);

#define ARGS_ERROR (args_error_quark())
GQuark args_error_quark(void);

#endif
