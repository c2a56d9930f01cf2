/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Candidates for a word, for complete.c. The peer is qubesd, trusted. */
#ifndef QUBES_CLI_COMPLETE_VALUES_H
#define QUBES_CLI_COMPLETE_VALUES_H

#include "dom0/admin/conn.h"
#include "dom0/cli/command.h"

struct completion {
	struct admin *admin;  /* owned */
	const char *prefix;   /* what is typed so far */
	const char *before;   /* printed before each candidate: "--label=" */
	const char *vm;	      /* the qube named on the line so far, or NULL */
	const char *property; /* the property named, or NULL */
	const char *devclass; /* the class of devices, or NULL */
};

/* Prints word when it begins with what is typed. */
void complete_offer(const struct completion *k, const char *word);

/* Prints what there is of a kind. */
void complete_values(const struct completion *k, enum complete what);

#endif
