/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qrexec-client. */
#ifndef QUBES_QREXEC_CLIENT_OPTIONS_H
#define QUBES_QREXEC_CLIENT_OPTIONS_H

#include <stdbool.h>

/* All strings belong to the command line. */
struct options {
	const char *qube, *command, *local, *prefix, *dir;
	bool just_exec, no_exit_code, replace_out, replace_err, wait_end, kill, stdin_socket;
	unsigned long wait_s;
	char *ident, *source_name; /* -c */
	unsigned long source;
};

/* Reads the command line. 0 with *ret filled, else the exit code + 1: what is to be said was said.
 */
int client_options(int argc, char **argv, struct options *ret);

/* Prints "qrexec-client: text" and gives the exit code for a failure of ours. */
int client_complain(const char *text);

#endif
