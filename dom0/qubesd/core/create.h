/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making qubes. */
#ifndef QUBESD_CORE_CREATE_H
#define QUBESD_CORE_CREATE_H

#include "dom0/qubesd/core/flow.h"

/* What a client asks for. Borrowed. */
typedef struct {
	VmClass cls;
	const char *name;   /* NULL: of a disposable, from its number */
	Label *label;	    /* NULL: of a disposable, its template's */
	Domain *template;   /* NULL: the default */
	Pool *pool;	    /* of all volumes that are not snapshots; NULL: defaults */
	Pool *pools[VOL_N]; /* of one; NULL: default */
	bool auto_cleanup;
	const char *creator; /* name of the qube that asked, for its tag; NULL: none */
} CreateSpec;

/*
 * Main thread. Checks everything and makes the qube, known but incomplete and locked:
 * create_finish() must follow. NULL: nothing was changed. The reference is the caller's.
 */
Domain *create_begin(App *app, const CreateSpec *spec, GError **error);

/*
 * The images. On failure the qube is gone again. Releases the lock. tags: after it is
 * complete, more tags (NULL-terminated, may be NULL).
 */
bool create_finish(Flow *f, Domain *d, const char *const *tags, GError **error);

#endif
