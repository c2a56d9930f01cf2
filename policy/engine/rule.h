/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of policy. specs: policy language, "Lines" and "Actions". Pure.
 */
#ifndef QUBES_POLICY_RULE_H
#define QUBES_POLICY_RULE_H

#include "policy/engine/token.h"

enum pol_action { POL_ACTION_DENY, POL_ACTION_ALLOW, POL_ACTION_ASK };

/* The file of a rule. */
struct pol_file {
	struct pol_str path;  /* as read: absolute, links of an include resolved */
	struct pol_str shown; /* relative to the policy folder it is in, if it is in one */
};

struct pol_rule {
	struct pol_str service;	 /* p == NULL: any */
	struct pol_str argument; /* with its "+"; p == NULL: any */
	struct pol_token source, target;
	struct pol_token redirect;	 /* target=, kind NONE when not given */
	struct pol_token default_target; /* default_target=, only with ask */
	struct pol_str user;		 /* user=, p == NULL when not given */
	enum pol_action action;
	bool notify, autostart;
	unsigned line; /* from 1; 0 for a rule that no line spells out */
	const struct pol_file *file;
};

/*
 * Parses "SERVICE ARGUMENT SOURCE TARGET ACTION [PARAM=VALUE…]". false when it is no
 * rule; why then says so. The rule borrows the line's text.
 */
bool pol_rule_parse(struct pol_str line, struct pol_rule *ret, struct pol_buf *why);

/* The service of a file in the old three-column format; p == NULL: any. */
struct pol_service {
	struct pol_str service, argument;
};

/* Checks the service and argument columns ("*" becomes p == NULL). */
bool pol_service_parse(struct pol_str service, struct pol_str argument, struct pol_service *ret,
		       struct pol_buf *why);

/* Parses "SOURCE TARGET ACTION[,PARAM=VALUE…]", after the substitutions below. */
bool pol_rule_parse_old(struct pol_str line, const struct pol_service *service,
			struct pol_rule *ret, struct pol_buf *why);

/* A line of the old format as today's: $include: → !include, $ → @, comma → space.
 * Allocated in a; p == NULL when out of memory. */
struct pol_str pol_old_line(struct pol_str line, struct pol_arena *a);

/* Characters of service names, arguments and qube-visible file names. */
bool pol_rpc_name_ok(struct pol_str s);

const char *pol_action_name(enum pol_action action);

#endif
