/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions and notices to the policy agent of a GUI qube: policy.Ask and policy.Notify.
 * specs: qrexec, "Policy agent"; docs/wire-policy.md.
 */
#ifndef QUBES_POLICY_AGENT_CALL_H
#define QUBES_POLICY_AGENT_CALL_H

#include "policy/daemon/exchange.h"
#include "policy/engine/eval.h"

#define AGENT_NOTICES_MAX 16 /* under way at a time; more are dropped */

/* Where agents are, and the notices under way. Zeroed but for the first two. */
struct agent {
	const char *socket;
	int starter;				     /* for an agent in a qube; 0: there is none */
	struct exchange *notices[AGENT_NOTICES_MAX]; /* owned */
};

/* Forgets the notices under way. */
void agent_clear(struct agent *agent);

/*
 * Asks the user about d (of outcome POL_ASK). guivm is the qube whose user is asked:
 * dom0, or one that is called by way of the starter. NULL when out of memory.
 */
struct exchange *agent_ask(struct agent *agent, struct pol_str guivm, const struct pol_decision *d,
			   const struct pol_request *rq, const struct pol_sysinfo *si,
			   exchange_done done, void *ctx);

/* Tells the user what happened to a call: "allow" or "deny". Nobody waits for it. */
void agent_notify(struct agent *agent, struct pol_str guivm, const char *resolution,
		  const struct pol_request *rq, struct pol_str source, struct pol_str target);

#endif
