/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy daemon reads from its sockets: pure decoders. docs/wire-policy.md.
 *
 * Decoders look at all bytes that have come so far. They return 0 when the message is
 * complete, -EAGAIN when more must come, -EPROTO when it is malformed. Results borrow.
 */
#ifndef QUBES_POLICY_WIRE_H
#define QUBES_POLICY_WIRE_H

#include "policy/engine/eval.h"

#define POL_WIRE_REQUEST_MAX 69632u   /* bytes of a request: a service name may be 65 000 */
#define POL_WIRE_EVAL_MAX 96u	      /* bytes after the header of an Eval call */
#define POL_WIRE_ANSWER_MAX 4096u     /* bytes of the policy agent's answer */
#define POL_WIRE_EVENT_MAX (1u << 20) /* bytes of one event of qubesd */

/* A request on the policy socket: key=value lines up to an empty line or the end. */
int pol_wire_request(struct pol_str untrusted_text, bool at_end, struct pol_request *ret);

/* A call of policy.EvalSimple or policy.EvalGUI. */
struct pol_wire_eval {
	struct pol_str caller;	    /* the qube that asks */
	struct pol_request request; /* with assume_yes and just_evaluate */
};

int pol_wire_eval(struct pol_str untrusted_text, bool at_end, struct pol_str service_name,
		  struct pol_wire_eval *ret);

/* One event of admin.Events at the start of text; *ret_used: its length in bytes. */
struct pol_wire_event {
	struct pol_str subject, name;
};

int pol_wire_event(struct pol_str text, struct pol_wire_event *ret, size_t *ret_used);

/* Whether an event may change what the policy knows about the qubes. */
bool pol_wire_event_matters(struct pol_str name);

/* The policy agent's whole answer. *ret_target: p == NULL when the user refused. */
int pol_wire_answer(struct pol_str text, struct pol_str *ret_target);

#endif
