/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole policy: its rules in order, indexed by service and source so that the cost of a
 * decision does not grow with the number of rules. Immutable once finished; shared by
 * reference. Pure; load.h fills one from files.
 */
#ifndef QUBES_POLICY_POLICY_H
#define QUBES_POLICY_POLICY_H

#include "policy/engine/rule.h"

#define POL_RULES_MAX 200000u
#define POL_MEMORY_MAX (256u << 20) /* bytes of rules and their text */

struct pol_bucket;

struct pol_policy {
	unsigned refs;
	struct pol_rule *rules; /* owned */
	size_t n_rules, cap;
	/* Index; see policy.c. */
	struct pol_bucket *buckets; /* owned */
	size_t n_slots;
	uint32_t *next; /* owned; the next rule of the same bucket, + 1 */
	struct pol_arena arena;
};

/* An empty policy (which denies everything), one reference. NULL when out of memory. */
struct pol_policy *pol_policy_new(void);
struct pol_policy *pol_policy_ref(struct pol_policy *p);
void pol_policy_unref(struct pol_policy *p);

/* Appends a copy of rule and of its texts. 0, -E2BIG over the limits, -ENOMEM. */
int pol_policy_add(struct pol_policy *p, const struct pol_rule *rule);

/* Builds the index; the policy must not be changed after that. 0 or -ENOMEM. */
int pol_policy_finish(struct pol_policy *p);

/* The rules that may match a call by service and source, in order of the policy. */
#define POL_HEADS 8

struct pol_candidates {
	const struct pol_policy *policy;
	uint32_t head[POL_HEADS]; /* next rule of each list, + 1; 0 = list at its end */
	bool all;		  /* every rule: the index cannot be used */
};

void pol_candidates_init(struct pol_candidates *c, const struct pol_policy *p,
			 const struct pol_sysinfo *si, struct pol_str service,
			 const struct pol_party *source);
const struct pol_rule *pol_candidates_next(struct pol_candidates *c);

/* Whether service, argument and source of rule match. */
bool pol_rule_applies(const struct pol_rule *rule, const struct pol_sysinfo *si,
		      struct pol_str service, struct pol_str argument,
		      const struct pol_party *source);

#endif
