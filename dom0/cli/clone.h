/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creating and cloning qubes: what qvm-create and qvm-clone share. */
#ifndef QUBES_CLI_CLONE_H
#define QUBES_CLI_CLONE_H

#include "dom0/cli/ctx.h"

/* Storage pools asked for: one for all volumes, or some by volume. */
struct clone_pools {
	const char *one;   /* not owned */
	GPtrArray *volume; /* owned; "VOLUME=POOL", sorted; may be NULL */
};

/* Reads -P and -p VOLUME=POOL. EXIT_OK, or an exit status after a message. */
int clone_pools_read(struct ctx *c, struct clone_pools *ret);
void clone_pools_clear(struct clone_pools *p);

/* Creates an empty qube. template may be NULL: qubesd's default. */
bool clone_create(struct ctx *c, const char *klass, const char *template, const char *name,
		  const char *label, const struct clone_pools *pools, GError **err);

struct clone_request {
	const char *source, *name;
	const char *klass;	 /* NULL: that of the source */
	const char *skip_volume; /* not copied; NULL: none */
	bool ignore_errors;	 /* say what could not be copied and go on */
	struct clone_pools pools;
};

/*
 * Clones source with its properties, tags, features, notes, firewall, volumes and device
 * assignments. When it fails nothing is left of the new qube.
 */
bool clone_vm(struct ctx *c, const struct clone_request *r, GError **err);

/* Sorts names in place. */
void clone_sort(GStrv names);

#endif
