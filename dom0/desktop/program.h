/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of a GTK program of the user's session that serves a socket and shows notifications. */
#ifndef QUBES_DESKTOP_PROGRAM_H
#define QUBES_DESKTOP_PROGRAM_H

#include <gio/gio.h>
#include <sys/types.h>

struct desktop_program {
	const char *name;   /* of the program, for messages */
	const char *app_id; /* for notifications */
	const char *socket; /* path below qubes_path(); -s names another */
	mode_t mode;	    /* of the socket */
	/* Begins to serve fd, which it takes; what it returns is given to stop at the end. */
	void *(*start)(int fd, GApplication *app);
	void (*stop)(void *started);
};

/* main() of such a program: the options -s PATH and --help. Runs until SIGTERM. The exit status. */
int desktop_program_main(const struct desktop_program *p, int argc, char **argv);

#endif
