/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qvm-features and qvm-service share. */
#ifndef QUBES_CLI_FEATURELIST_H
#define QUBES_CLI_FEATURELIST_H

#include "dom0/cli/ctx.h"
#include "dom0/cli/table.h"

struct feature {
	char *name, *value; /* owned */
};

/* The features whose name starts with prefix (struct feature). NULL with err set. */
GPtrArray *feature_list(struct admin *a, const char *vm, const char *prefix, GError **err);

/* Unsets a feature; one that is not set is fine. */
bool feature_unset(struct admin *a, const char *vm, const char *name, GError **err);

/* Prints its value, or on and off. Not set: EXIT_FAILED without a word. */
int feature_print(struct ctx *c, const char *vm, const char *name, bool on_off);

#endif
