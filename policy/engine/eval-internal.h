/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the evaluator share. Not for others. */
#ifndef QUBES_POLICY_EVAL_INTERNAL_H
#define QUBES_POLICY_EVAL_INTERNAL_H

#include "policy/engine/eval.h"

/* One decision being made. */
struct evaluation {
	const struct pol_policy *policy;
	const struct pol_sysinfo *si;
	const struct pol_request *rq;
	struct pol_party source, target;
	struct pol_decision *d;
};

/* Makes d a deny. */
void eval_deny(struct pol_decision *d, enum pol_reason reason, bool notify);

/* "@dispvm:" + base, in the decision's memory. */
struct pol_str eval_dispvm(struct pol_decision *d, struct pol_str base);

/* With autostart=no: whether target is up. An unknown qube is undefined. */
enum pol_match eval_is_up(const struct pol_sysinfo *si, struct pol_str target);

/* The "ask" action of d's rule. */
void eval_ask(struct evaluation *ev);

#endif
