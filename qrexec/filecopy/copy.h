/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of qvm-copy and its other names. */
#ifndef QUBES_QREXEC_COPY_H
#define QUBES_QREXEC_COPY_H

#include <stdbool.h>
#include <time.h>

struct copy {
	const char *self; /* name we were called by */
	bool move, named; /* named: the target is the first argument */
	bool dom0;
	bool progress, ignore_links;
	bool odd_names; /* the receiver must be asked to take names of any characters */
	const char *target;
	char **files;
	struct timespec start; /* before anything was looked at */
};

/* Says it on standard error. 1. */
int copy_complain(const struct copy *c, const char *text);

/*
 * Sends the files. The exit status: 0 only when the receiver has confirmed everything.
 * copy-send.c.
 */
int copy_from_qube(const struct copy *c);
int copy_from_dom0(const struct copy *c);

/*
 * Removes what was copied: not what was left out, and not what changed since the start. The
 * exit status. copy-remove.c.
 */
int copy_remove(const struct copy *c);

#endif
