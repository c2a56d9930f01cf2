/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of qvm-run that speak to qubesd and start services. */
#ifndef QUBES_CLI_RUNVM_H
#define QUBES_CLI_RUNVM_H

#include "dom0/cli/ctx.h"

/* Exit status when the command could not be started at all. */
#define RUN_FAILED 255

struct run_child {
	const char *vm; /* for messages */
	pid_t pid;
};

struct run {
	struct ctx *c;
	bool pass_io, service, autostart, filter_escapes, use_exec;
	int gui; /* 1 yes, 0 no, -1 as the qube can */
	const char *local_command, *user, *command, *color_out, *color_err;
	const char *dispvm; /* NULL: none; "": of the default template */
	GPtrArray *argv;    /* command and arguments, NULL-terminated; owned by main file */
	GArray *children;   /* struct run_child; owned by main file */
	char *disposable;   /* owned; to be killed at the end */
	int verbose;
	int signals; /* signalfd of what is to end us; owned by main file */
	bool interrupted;
};

/* Waits for a child, passing on signals that are to end us. Its exit code. */
int run_wait(struct run *r, pid_t pid);

/* A line on stderr in the normal color. */
void run_say(const struct run *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The running, not paused and not internal qubes of --all, as r->c->targets. */
bool run_find_all(struct run *r, GError **err);

/* Starts the command. False without err: not possible in this qube, and that was said. */
bool run_in_qube(struct run *r, struct admin_vm *vm, GError **err);
bool run_in_disposable(struct run *r, GError **err);

/* Removes the disposable. */
void run_cleanup(struct run *r);

#endif
