/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GUI daemons of a session: one qubes-guid per running qube (gui.md, section 13). */
#ifndef QUBES_CLI_GUIDS_H
#define QUBES_CLI_GUIDS_H

#include "dom0/cli/keeper.h"

/* How one daemon is to be run. Strings are copied. */
struct guid_spec {
	const char *name;   /* of the qube */
	unsigned xid;	    /* its domain number */
	const char *color;  /* 0xRRGGBB */
	unsigned label;	    /* index of its label */
	const char *config; /* text of its configuration file */
	bool debug, qrexec_clipboard, background, kde;
};

extern const struct keeper_kind guid_kind;

/* keeper_want() of a GUI daemon; the keeper is of guid_kind. */
bool guids_want(struct keeper *k, const struct guid_spec *spec, GError **err);

/* Starts a daemon that goes to the background by itself; true once it is connected. */
bool guids_start_once(const struct guid_spec *spec, GError **err);

#endif
