/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens of the policy language: who a rule is about. specs: policy language, "Tokens".
 * Pure. A token borrows its text.
 */
#ifndef QUBES_POLICY_TOKEN_H
#define QUBES_POLICY_TOKEN_H

#include "policy/engine/sysinfo.h"

enum pol_token_kind {
	POL_TOKEN_NONE, /* no token given (target= left out) */
	POL_TOKEN_NAME, /* a qube's name or uuid:UUID */
	POL_TOKEN_ANY,	/* * */
	POL_TOKEN_ADMINVM,
	POL_TOKEN_ANYVM,
	POL_TOKEN_DEFAULT,
	POL_TOKEN_TYPE,
	POL_TOKEN_TAG,
	POL_TOKEN_DISPVM,
	POL_TOKEN_DISPVM_TEMPLATE,
	POL_TOKEN_DISPVM_TAG,
};

/* Where a token stands; each place allows other tokens. */
enum pol_token_place {
	POL_IN_SOURCE = 1,
	POL_IN_TARGET = 2,
	POL_IN_REDIRECT = 4, /* target=, default_target= */
	POL_IN_REQUEST = 8,
};

struct pol_token {
	enum pol_token_kind kind;
	struct pol_str text;
};

/*
 * Parses text for a place. false when it may not stand there; the reason is then appended
 * to why (which may be NULL).
 */
bool pol_token_parse(struct pol_str text, enum pol_token_place place, struct pol_token *ret,
		     struct pol_buf *why);

/* The text after the token's prefix (@tag:…); the whole text where there is none. */
struct pol_str pol_token_value(const struct pol_token *t);

/* One end of a call, resolved once. */
struct pol_party {
	struct pol_token token;		 /* of a source: always a NAME, whatever its text */
	const struct pol_domain *domain; /* NULL when it names no qube */
	bool dom0;
};

/* Fills p from a source's name (any text) or a parsed request target. */
void pol_party_init(struct pol_party *p, const struct pol_sysinfo *si, struct pol_token token);

/* Result of matching: the policy leaves some cases undefined, and those refuse the call. */
enum pol_match { POL_NO_MATCH, POL_MATCH, POL_UNDEFINED };

/* Whether a rule's source or target token matches other. source is NULL when t is a
 * source token itself, otherwise the call's source. */
enum pol_match pol_token_match(const struct pol_token *t, const struct pol_party *other,
			       const struct pol_party *source, const struct pol_sysinfo *si);

#endif
