/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to the policy daemon: reads a request, gets it decided, asks the user if
 * need be, answers. All of it on the main loop, none of it waiting for another's.
 */
#ifndef QUBES_POLICY_CALL_H
#define QUBES_POLICY_CALL_H

#include <glib.h>

#include "policy/daemon/agent-call.h"
#include "policy/daemon/qubesd.h"
#include "policy/daemon/store.h"

#define CALLS_MAX 4096	   /* connections at a time */
#define ASKS_PER_SOURCE 32 /* questions about one qube's calls at a time */
#define READ_TIMEOUT_S 30  /* for the whole request */
#define RESPONSE_MAX 4096  /* bytes; what qrexec-daemon accepts */

enum call_kind { CALL_POLICY, CALL_EVAL, CALL_EVAL_GUI };

/* What all connections share. */
struct service {
	struct store *store;
	struct qubesd *qubesd;
	struct agent agent;
	GQueue calls; /* of struct call: all there are */
};

/* Takes over fd, a new connection. */
void call_new(struct service *s, enum call_kind kind, int fd);

/* Tries again the calls that wait for the policy or for qubesd. */
void calls_retry(struct service *s);

/* Ends all of them, unanswered. */
void calls_free(struct service *s);

#endif
