/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be copied to another qube: how much it is, and whether a receiver will take it.
 * The files are the user's own; their names may have come from anywhere.
 */
#ifndef QUBES_QREXEC_TREE_H
#define QUBES_QREXEC_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct tree {
	bool ignore_links;	/* links are not copied */
	bool no_links, no_dirs; /* and are an error */
	bool any_chars;		/* names may be of any characters */
	bool tell;		/* say each name of unusual characters on standard error */

	/* Results, added to. */
	uint64_t bytes; /* of files and link targets */
	bool odd_names; /* there are names of unusual characters */
};

/*
 * Looks at `path` and all below it. 0, or -1: it cannot be copied, and standard error says why in
 * one line that begins with `self`. Files that are neither file, directory nor link are passed
 * over.
 */
int tree_check(struct tree *t, const char *self, const char *path);

#endif
