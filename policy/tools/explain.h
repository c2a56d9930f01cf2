/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-policy explain and qubes-policy reach. */
#ifndef QUBES_POLICY_EXPLAIN_H
#define QUBES_POLICY_EXPLAIN_H

#include <stdio.h>

#include "policy/engine/eval.h"
#include "policy/engine/load.h"
#include "policy/tools/common.h"

/* The two commands, with argv[0] their name. Exit status: 0, 1, or 2 for a usage error. */
int explain_main(int argc, char **argv);
int reach_main(int argc, char **argv);

/* Policy and qubes, as the options of both commands choose them. */
struct query {
	struct tool_dirs dirs;
	const char *system_info;
	struct pol_policy *policy; /* owned reference */
	struct pol_sysinfo *info;  /* owned reference */
};

/*
 * Takes the options and loads. 0, or an exit status after a complaint. *ret_first: where the
 * operands begin, of which there must be want.
 */
int query_open(struct query *q, int argc, char **argv, int want, const char *usage, int *ret_first);
void query_close(struct query *q);

/* Prints a rule as one line of policy, columns separated by one space. */
void rule_print(FILE *to, const struct pol_rule *r);

#endif
