/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audio daemons of a session: one qubes-audiod per running qube (gui.md, section 14). */
#ifndef QUBES_CLI_AUDIODS_H
#define QUBES_CLI_AUDIODS_H

#include "dom0/cli/keeper.h"

struct audiod_spec {
	const char *name; /* of the qube */
	unsigned xid;	  /* its domain number */
	const char *icon; /* of the qube, for mixers; or NULL */
};

extern const struct keeper_kind audiod_kind;

/* keeper_want() of an audio daemon; the keeper is of audiod_kind. */
bool audiods_want(struct keeper *k, const struct audiod_spec *spec, GError **err);

/* Starts one that nobody keeps, and does not wait for it. */
bool audiods_start_once(const struct audiod_spec *spec, GError **err);

#endif
