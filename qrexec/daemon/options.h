/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qrexec-daemon. Private to this folder. */
#ifndef QUBES_QREXEC_DAEMON_OPTIONS_H
#define QUBES_QREXEC_DAEMON_OPTIONS_H

#include "qrexec/base/paths.h"
#include "qrexec/daemon/daemon.h"

struct options {
	struct config cfg;
	bool quiet, direct, have_user;
	unsigned long uid, gid;
	char socket_dir[QUBES_PATH_MAX];
	char policy_program[QUBES_PATH_MAX];
};

/* Fills *o, which must be zeroed. 0: go on, else the exit code + 1; the reason was printed. */
int options_parse(int argc, char **argv, struct options *o);

/* What the command line left out. 0 or -ENAMETOOLONG. */
int options_defaults(struct options *o);

/* Prints one line to standard error; returns 2. */
int options_complain(const char *text);

#endif
