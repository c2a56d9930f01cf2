/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same call to several qubes at once, and a line for each one that failed. */
#ifndef QUBES_CLI_POWER_H
#define QUBES_CLI_POWER_H

#include "dom0/cli/ctx.h"

struct failure {
	struct admin_vm *vm;
	GError *error; /* owned */
};

/* Calls method+arg on every qube of vms (struct admin_vm), all at once. */
struct admin_call **power_begin(struct ctx *c, GPtrArray *vms, const char *method, const char *arg);

/*
 * Waits for the calls of power_begin(). The failures (struct failure), without those that
 * are a special case of ignore (ADMIN_ERROR_N: ignore none). Frees calls.
 */
GPtrArray *power_finish(GPtrArray *vms, struct admin_call **calls, enum admin_error_code ignore);

/* Both in one. */
GPtrArray *power_run(struct ctx *c, GPtrArray *vms, const char *method, const char *arg,
		     enum admin_error_code ignore);

/* "Error: WHAT: NAME: MESSAGE" for each failure; returns how many. */
guint power_report(GPtrArray *failures, const char *what);

/* An empty array of struct failure that owns them. */
GPtrArray *power_failures_new(void);
void power_failure_add(GPtrArray *failures, struct admin_vm *vm, GError *error);

#endif
