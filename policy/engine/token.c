/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of the policy language (token.h). Pure. */
#include "policy/engine/token.h"

#define ALL_RULE (POL_IN_SOURCE | POL_IN_TARGET)

struct token_form {
	struct pol_str text;
	enum pol_token_kind kind;
	bool prefix; /* text is followed by a value */
	unsigned places;
};

#define FORM(s, ...)                                                                               \
	{                                                                                          \
		{(s), sizeof(s) - 1}, __VA_ARGS__                                                  \
	}

static const struct token_form forms[] = {
	FORM("*", POL_TOKEN_ANY, false, ALL_RULE),
	FORM("@adminvm", POL_TOKEN_ADMINVM, false, ALL_RULE | POL_IN_REDIRECT | POL_IN_REQUEST),
	FORM("@anyvm", POL_TOKEN_ANYVM, false, ALL_RULE),
	FORM("@default", POL_TOKEN_DEFAULT, false, POL_IN_TARGET | POL_IN_REQUEST),
	FORM("@dispvm", POL_TOKEN_DISPVM, false, POL_IN_TARGET | POL_IN_REDIRECT | POL_IN_REQUEST),
	FORM("@type:", POL_TOKEN_TYPE, true, ALL_RULE),
	FORM("@tag:", POL_TOKEN_TAG, true, ALL_RULE),
	FORM("@dispvm:", POL_TOKEN_DISPVM_TEMPLATE, true,
	     ALL_RULE | POL_IN_REDIRECT | POL_IN_REQUEST),
	FORM("@dispvm:@tag:", POL_TOKEN_DISPVM_TAG, true, ALL_RULE),
};

static const char *place_name(enum pol_token_place place)
{
	switch (place) {
	case POL_IN_SOURCE:
		return "source";
	case POL_IN_TARGET:
		return "target";
	case POL_IN_REDIRECT:
		return "redirect";
	default:
		return "intendedtarget";
	}
}

/* Says why text is no token here; empty_of is the prefix that lacks its value. */
static bool refuse(struct pol_buf *why, struct pol_str text, enum pol_token_place place,
		   const struct token_form *empty_of)
{
	if (!why)
		return false;
	if (!text.n) {
		pol_buf_printf(why, "invalid empty %s token", place_name(place));
		return false;
	}
	if (empty_of)
		pol_buf_printf(why, "invalid empty %.*s token: ", POL_ARG(empty_of->text));
	else
		pol_buf_printf(why, "invalid %s token: ", place_name(place));
	pol_buf_repr(why, text);
	return false;
}

bool pol_token_parse(struct pol_str text, enum pol_token_place place, struct pol_token *ret,
		     struct pol_buf *why)
{
	if (!text.n)
		return refuse(why, text, place, NULL);
	if (text.p[0] != '@' && !pol_eq(text, POL_STR("*"))) {
		*ret = (struct pol_token){POL_TOKEN_NAME, text};
		return true;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct token_form *f = &forms[i];

		if (!(f->places & place) || !pol_starts(text, f->text))
			continue;
		if (f->prefix && text.n == f->text.n)
			return refuse(why, text, place, f);
		if (f->prefix ? text.p[f->text.n] == '@' : text.n != f->text.n)
			continue;
		*ret = (struct pol_token){f->kind, text};
		return true;
	}
	return refuse(why, text, place, NULL);
}

struct pol_str pol_token_value(const struct pol_token *t)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].kind == t->kind && forms[i].prefix)
			return pol_skip(t->text, forms[i].text.n);
	return t->text;
}

void pol_party_init(struct pol_party *p, const struct pol_sysinfo *si, struct pol_token token)
{
	*p = (struct pol_party){.token = token, .dom0 = pol_is_dom0(token.text)};
	if (token.kind == POL_TOKEN_NAME)
		p->domain = pol_domain_find(si, token.text);
}

static bool uuid_is(const struct pol_domain *d, struct pol_str uuid_name)
{
	return d && d->uuid.p && pol_eq(d->uuid, pol_skip(uuid_name, 5));
}

/* Two spellings of one qube: equal text, or a name and the uuid it has. */
static bool same_qube(const struct pol_sysinfo *si, struct pol_str a, struct pol_str b)
{
	if (pol_is_uuid(a) == pol_is_uuid(b))
		return pol_eq(a, b);
	if (pol_is_uuid(a))
		return uuid_is(pol_domain_find(si, b), a);
	return uuid_is(pol_domain_find(si, a), b);
}

static enum pol_match match_dispvm_template(const struct pol_token *t,
					    const struct pol_party *other,
					    const struct pol_party *source,
					    const struct pol_sysinfo *si)
{
	struct pol_str value = pol_token_value(t);

	if (!source)
		return POL_NO_MATCH;
	if (other->token.kind == POL_TOKEN_DISPVM) {
		if (!source->domain || !source->domain->default_dispvm.p)
			return POL_UNDEFINED;
		return pol_eq(value, source->domain->default_dispvm);
	}
	if (other->token.kind != POL_TOKEN_DISPVM_TEMPLATE)
		return POL_NO_MATCH;
	return same_qube(si, value, pol_token_value(&other->token));
}

static enum pol_match match_dispvm_tag(const struct pol_token *t, const struct pol_party *other,
				       const struct pol_party *source, const struct pol_sysinfo *si)
{
	const struct pol_domain *d;
	struct pol_str base;

	if (!source)
		return POL_NO_MATCH;
	if (other->token.kind == POL_TOKEN_DISPVM)
		base = source->domain ? source->domain->default_dispvm : POL_NONE;
	else if (other->token.kind == POL_TOKEN_DISPVM_TEMPLATE)
		base = pol_token_value(&other->token);
	else
		return POL_NO_MATCH;
	if (!base.p)
		return POL_NO_MATCH;
	d = pol_domain_find(si, base);
	if (!d)
		return POL_UNDEFINED;
	return d->template_for_dispvms && pol_domain_has_tag(d, pol_token_value(t));
}

enum pol_match pol_token_match(const struct pol_token *t, const struct pol_party *other,
			       const struct pol_party *source, const struct pol_sysinfo *si)
{
	switch (t->kind) {
	case POL_TOKEN_ANY:
		return POL_MATCH;
	case POL_TOKEN_ANYVM:
		return !other->dom0;
	case POL_TOKEN_ADMINVM:
		return other->dom0;
	case POL_TOKEN_NAME:
		if (pol_is_dom0(t->text))
			return other->dom0;
		return same_qube(si, t->text, other->token.text);
	case POL_TOKEN_TYPE:
		return other->domain && other->domain->type.p &&
		       pol_eq(other->domain->type, pol_token_value(t));
	case POL_TOKEN_TAG:
		return other->domain && pol_domain_has_tag(other->domain, pol_token_value(t));
	case POL_TOKEN_DEFAULT:
	case POL_TOKEN_DISPVM:
		return pol_eq(t->text, other->token.text);
	case POL_TOKEN_DISPVM_TEMPLATE:
		return match_dispvm_template(t, other, source, si);
	case POL_TOKEN_DISPVM_TAG:
		return match_dispvm_tag(t, other, source, si);
	default:
		return POL_NO_MATCH;
	}
}
