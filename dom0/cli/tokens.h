/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first step of parsing a command line: what each argument is (args.h). Pure. */
#ifndef QUBES_CLI_TOKENS_H
#define QUBES_CLI_TOKENS_H

#include "dom0/cli/command.h"

enum token_kind {
	TOKEN_VALUE,  /* a positional, or the value of an option */
	TOKEN_OPTION, /* an option, known or not */
	TOKEN_DASHES, /* the first "--": all that follow are values */
};

struct token {
	enum token_kind kind;
	const char *text;      /* as typed */
	const struct opt *opt; /* TOKEN_OPTION: NULL when there is no such option */
	const char *value;     /* TOKEN_OPTION: what was written together with it, or NULL */
	bool is_short;	       /* TOKEN_OPTION: one dash, one letter */
};

/* Tokens of the NULL-terminated argv, in a GArray. NULL for an ambiguous abbreviation. */
GArray *tokens_make(const struct command *cmd, char *const *argv, GError **err);

/* The option with exactly this name (of n bytes, dashes included), or NULL. */
const struct opt *opt_exact(const struct command *cmd, const char *name, size_t n);

/* Where an option's values are stored, and how messages call it ("--force/-f"). g_free(). */
char *opt_dest(const struct opt *o);
char *opt_label(const struct opt *o);

/*
 * Matches as many of the n positionals as the tokens at the start of t allow, the way a
 * greedy regular expression would. Returns how many positionals matched and how many
 * tokens each of them takes in ret_taken[].
 */
guint tokens_match(const struct pos *const *pos, guint n, const struct token *t, guint n_tokens,
		   guint *ret_taken);

#endif
