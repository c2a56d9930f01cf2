/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command runs with: its arguments, the connection to qubesd, the qubes it was
 * called for; and how it speaks to the user. Results go to stdout, all else to stderr.
 */
#ifndef QUBES_CLI_CTX_H
#define QUBES_CLI_CTX_H

#include <stdio.h>

#include "dom0/admin/vm.h"
#include "dom0/cli/args.h"

struct ctx {
	const struct command *cmd;
	const struct command *sub; /* the subcommand given, or NULL */
	const char *prog;	   /* name the user typed, for messages */
	struct args *args;	   /* owned by main */
	struct admin *admin;	   /* owned by main */
	struct admin_vms *vms;	   /* owned by main; NULL until ctx_vms() */
	GPtrArray *targets;	   /* owned by main; struct admin_vm, of VMNAME and --all */
	GPtrArray *unknown;	   /* owned by main; names of CMD_UNKNOWN_OK without a qube */
	int verbose;		   /* 1 is normal, 0 is --quiet, 2 is --verbose */
};

/* The list of qubes, fetched once. NULL with err set. */
struct admin_vms *ctx_vms(struct ctx *c, GError **err);

/* The only or first target of CMD_VM. */
struct admin_vm *ctx_vm(struct ctx *c);

/* The qube called name; NULL after a message "no such domain", *ret_status set. */
struct admin_vm *ctx_find(struct ctx *c, const char *name, int *ret_status);

/*
 * Resolves VMNAME, patterns, --all and --exclude into c->targets. EXIT_OK, or the status to
 * exit with after a message.
 */
int ctx_resolve(struct ctx *c);

/* "PROG: error: …" in one line; returns EXIT_USAGE. What is wrong is a value, not the form of the
 * command line, so how the command is spelt would only hide it. */
int ctx_usage_error(struct ctx *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* "PROG: error: …"; returns EXIT_FAILED. */
int ctx_error(struct ctx *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The same with an error's message, which it frees. */
int ctx_fail(struct ctx *c, GError *err);

/* "Error: …", for things that failed for one of several qubes. */
void ctx_report(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Asks a question on stdout and reads one line. NULL at end of input. g_free(). */
char *ctx_ask(const char *question);

/* Asks; true for "y" or "Y". */
bool ctx_confirm(const char *question);

#endif
