/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running services in qubes: through qrexec-client in dom0, qrexec-client-vm in a qube
 * (cli.md, qvm-run).
 */
#ifndef QUBES_ADMIN_SERVICE_H
#define QUBES_ADMIN_SERVICE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "dom0/admin/conn.h"

struct service {
	const char *dest;    /* qube; in a qube also "@dispvm" and the like */
	const char *name;    /* "qubes.VMShell", "qubes.VMExec+ls" */
	const char *user;    /* NULL: the qube's default user */
	const char *prefix;  /* sent before stdin; NULL: nothing */
	bool filter_escapes; /* clean output of terminal escape sequences */
	bool no_wait;	     /* do not stay for the end of the service; dom0 only */
	unsigned timeout;    /* seconds to wait for the connection; 0: qrexec's default */
	int in, out, err;    /* descriptors for the service; -1: /dev/null */
};

/* Starts it. The pid of the qrexec client, whose exit code is the service's; -1 with err. */
pid_t service_spawn(struct admin *a, const struct service *s, GError **err);

/* A descriptor to read text from, for .in; -1 with err set. close() it. */
int service_input(const char *text, GError **err);

/*
 * Runs a service with input (may be NULL) and waits for its end. Its output to g_free(),
 * at most 64 KiB of it; *ret_code its exit code. NULL with err set. The output is the
 * qube's: not to be trusted.
 */
char *service_run(struct admin *a, struct service *s, const char *input, int *ret_code,
		  GError **err);

/* The program of a service that dom0 offers: in $QREXEC_SERVICES_DIR, else /etc/qubes-rpc.
 * g_free(). */
char *service_program(const char *method);

/* The argument of qubes.VMExec for an argv. g_free(). */
char *service_encode_args(const char *const *argv);

/* One word for a POSIX shell, quoted if need be. g_free(). */
char *service_shell_quote(const char *word);

#endif
