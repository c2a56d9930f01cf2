/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decisions. specs: policy language, "Evaluation". Pure: a policy, the state of the qubes and
 * a request go in, a decision comes out.
 *
 * A decision is made in up to three steps, as in the life of a call:
 *
 *	pol_decide    the first matching rule's word: deny, allow, or ask among targets
 *	pol_answer    an ask becomes allow or deny by what the user chose
 *	pol_respond   an allow gets its last checks and becomes the daemon's answer
 *
 * Where upstream's evaluator fails with an internal error, which its callers treat as a
 * refusal, the decision is a deny with reason POL_UNDEFINED_CASE.
 */
#ifndef QUBES_POLICY_EVAL_H
#define QUBES_POLICY_EVAL_H

#include "policy/engine/policy.h"

struct pol_request {
	struct pol_str service;
	struct pol_str argument; /* starts with "+" */
	struct pol_str source;
	struct pol_str target;		 /* empty: @default */
	struct pol_str requested_source; /* empty or p == NULL: none */
	bool just_evaluate, assume_yes;
};

/* Splits SERVICE[+ARGUMENT] at the first "+"; no "+" is an empty argument. */
void pol_request_service(struct pol_request *rq, struct pol_str service_arg);

enum pol_outcome { POL_DENY, POL_ALLOW, POL_ASK };

enum pol_reason {
	POL_REASON_NONE, /* not denied */
	POL_BY_POLICY,
	POL_NO_RULE,
	POL_INVALID_TARGET,
	POL_NOT_DISPVM_TEMPLATE,
	POL_BAD_SOURCE,
	POL_NO_TARGET,
	POL_NO_DISPVM_BASE,
	POL_AUTOSTART,
	POL_NO_ASK_TARGET,
	POL_LOOPBACK,
	POL_NO_RELAYVM,
	POL_NO_TRANSPORT,
	POL_BY_USER,
	POL_BAD_ANSWER,
	POL_JUST_EVALUATE,
	POL_UNDEFINED_CASE,
	POL_NO_MEMORY,
};

/* A short fixed word for a reason ("no-match"), and a sentence for people. */
const char *pol_reason_word(enum pol_reason reason);
const char *pol_reason_text(enum pol_reason reason);

/*
 * Borrows from the policy, the system info and the request, which must live as long as it.
 * Zeroed is empty.
 */
struct pol_decision {
	enum pol_outcome outcome;
	enum pol_reason reason; /* of a deny */
	bool notify;		/* tell the user about it */
	bool autostart;
	const struct pol_rule *rule;	 /* that decided; NULL when none did */
	struct pol_str user;		 /* p == NULL when the rule names none */
	struct pol_str source;		 /* after requested_source */
	struct pol_str requested_target; /* after verification */
	struct pol_str target;		 /* allow: where the call goes */
	const struct pol_str *targets;	 /* ask: what the user may choose, no doubles */
	size_t n_targets;
	struct pol_str default_target; /* ask: p == NULL when there is none */
	struct pol_arena arena;
};

void pol_decide(const struct pol_policy *p, const struct pol_sysinfo *si,
		const struct pol_request *rq, struct pol_decision *ret);

/* answer: the chosen target; p == NULL: the user refused. Only for POL_ASK. */
void pol_answer(struct pol_decision *d, struct pol_str answer);

/*
 * Appends the answer to the caller: lines joined by LF, none at the end. An allow that
 * fails its last checks becomes a deny. Only for POL_ALLOW and POL_DENY.
 */
void pol_respond(struct pol_decision *d, const struct pol_sysinfo *si, const struct pol_request *rq,
		 struct pol_buf *ret);

/*
 * All of it as far as it goes without the user: decides, answers an ask when the request says
 * assume_yes or just_evaluate, and responds unless the outcome is still POL_ASK.
 */
void pol_evaluate(const struct pol_policy *p, const struct pol_sysinfo *si,
		  const struct pol_request *rq, struct pol_decision *ret, struct pol_buf *response);

void pol_decision_clear(struct pol_decision *d);

#endif
