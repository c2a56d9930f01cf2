/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy agent is asked: policy.Ask and policy.Notify. Pure decoder.
 * docs/wire-policy.md.
 */
#ifndef QUBES_POLICY_AGENT_PARAMS_H
#define QUBES_POLICY_AGENT_PARAMS_H

#include "policy/engine/text.h"

#define AGENT_REQUEST_MAX (4u << 20) /* bytes */
#define AGENT_TARGETS_MAX 8192u

/* How a qube looks. */
struct agent_look {
	struct pol_str name;
	struct pol_str icon;  /* of the icon theme; p == NULL when not said */
	struct pol_str label; /* "0xrrggbb"; p == NULL when not said */
};

enum agent_service { AGENT_ASK, AGENT_NOTIFY };
enum agent_resolution { AGENT_ALLOWED, AGENT_DENIED, AGENT_FAILED };

/* Strings live in arena and in the request text; names are printable ASCII. */
struct agent_params {
	enum agent_service which;
	struct pol_str source, service;
	struct pol_str argument; /* without its "+" */
	/* AGENT_ASK */
	const struct pol_str *targets;
	size_t n_targets;
	struct pol_str default_target; /* p == NULL: none; otherwise one of targets */
	const struct agent_look *looks;
	size_t n_looks;
	/* AGENT_NOTIFY */
	enum agent_resolution resolution;
	struct pol_str target;
	struct pol_arena arena;
};

/*
 * Decodes a whole request: header, NUL, JSON. 0 or -EPROTO (also -ENOMEM); cleared by the
 * caller in either case.
 */
int agent_params_parse(struct pol_str text, struct agent_params *ret);
void agent_params_clear(struct agent_params *p);

/* The look of a qube or "@dispvm:NAME"; NULL when nothing is known. */
const struct agent_look *agent_look_of(const struct agent_params *p, struct pol_str name);

/*
 * The color of a look as 0xrrggbb: its label's, or that of the standard label which ends its
 * icon's name, or gray.
 */
uint32_t agent_color(const struct agent_look *look);

#endif
