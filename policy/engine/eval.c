/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decisions (eval.h). The request was made by a qube and its names are untrusted; they are
 * only compared, and taken over only when they name something that exists.
 */
#include "policy/engine/eval-internal.h"

void pol_request_service(struct pol_request *rq, struct pol_str service_arg)
{
	const char *plus = service_arg.n ? memchr(service_arg.p, '+', service_arg.n) : NULL;

	rq->service = service_arg;
	rq->argument = POL_STR("+");
	if (plus) {
		rq->service.n = (size_t)(plus - service_arg.p);
		rq->argument = pol_skip(service_arg, rq->service.n);
	}
}

static const struct {
	const char *word, *text;
} reasons[] = {
	[POL_REASON_NONE] = {"none", "not denied"},
	[POL_BY_POLICY] = {"policy", "denied by policy"},
	[POL_NO_RULE] = {"no-match", "no rule matches"},
	[POL_INVALID_TARGET] = {"invalid-target", "the requested target is not a valid target"},
	[POL_NOT_DISPVM_TEMPLATE] = {"not-dispvm-template",
				     "the target is not a template for disposables"},
	[POL_BAD_SOURCE] = {"request", "the caller may not act for the source it names"},
	[POL_NO_TARGET] = {"no-target",
			   "neither the caller nor the rule names a target that exists"},
	[POL_NO_DISPVM_BASE] = {"no-dispvm-base", "the source has no default_dispvm"},
	[POL_AUTOSTART] = {"autostart", "the target is not running and the rule says autostart=no"},
	[POL_NO_ASK_TARGET] = {"no-ask-target", "there is no target to choose from"},
	[POL_LOOPBACK] = {"loopback", "a qube cannot call itself"},
	[POL_NO_RELAYVM] = {"no-relayvm", "the remote qube has no relayvm"},
	[POL_NO_TRANSPORT] = {"no-transport", "the remote qube has no transport_rpc"},
	[POL_BY_USER] = {"user", "denied by the user"},
	[POL_BAD_ANSWER] = {"bad-answer", "the chosen target is not one of those offered"},
	[POL_JUST_EVALUATE] = {"just-evaluate", "the user would have to be asked"},
	[POL_UNDEFINED_CASE] = {"undefined", "the policy says nothing sensible about this case"},
	[POL_NO_MEMORY] = {"no-memory", "out of memory"},
};

const char *pol_reason_word(enum pol_reason reason)
{
	return reasons[reason].word;
}

const char *pol_reason_text(enum pol_reason reason)
{
	return reasons[reason].text;
}

void pol_decision_clear(struct pol_decision *d)
{
	pol_arena_clear(&d->arena);
	*d = (struct pol_decision){0};
}

void eval_deny(struct pol_decision *d, enum pol_reason reason, bool notify)
{
	d->outcome = POL_DENY;
	d->reason = reason;
	d->notify = notify;
}

struct pol_str eval_dispvm(struct pol_decision *d, struct pol_str base)
{
	const struct pol_str prefix = POL_STR("@dispvm:");
	char *p = pol_arena_alloc(&d->arena, prefix.n + base.n + 1);

	if (!p)
		return POL_NONE;
	memcpy(p, prefix.p, prefix.n);
	if (base.n)
		memcpy(p + prefix.n, base.p, base.n);
	return (struct pol_str){p, prefix.n + base.n};
}

enum pol_match eval_is_up(const struct pol_sysinfo *si, struct pol_str target)
{
	const struct pol_domain *d;

	if (pol_is_dom0(target))
		return POL_MATCH;
	if (pol_starts(target, POL_STR("@dispvm")))
		return POL_NO_MATCH;
	d = pol_domain_find(si, target);
	if (!d || !d->power_state.p)
		return POL_UNDEFINED;
	return pol_eq(d->power_state, POL_STR("Running"));
}

/*
 * Checks a target, which names a qube or is a token: an unknown name becomes @default.
 * False when the call is denied.
 */
static bool verify(struct evaluation *ev, struct pol_token *t)
{
	const struct pol_domain *d;

	if (t->kind == POL_TOKEN_NAME && !pol_domain_find(ev->si, t->text))
		*t = (struct pol_token){POL_TOKEN_DEFAULT, POL_STR("@default")};
	if (t->kind != POL_TOKEN_DISPVM_TEMPLATE)
		return true;
	d = pol_domain_find(ev->si, pol_token_value(t));
	if (d && d->template_for_dispvms)
		return true;
	eval_deny(ev->d, POL_NOT_DISPVM_TEMPLATE, true);
	return false;
}

/* The qube that a relay calls for, if the request names one. */
static bool take_requested_source(struct evaluation *ev)
{
	struct pol_str name = ev->rq->requested_source;
	const struct pol_domain *d;

	ev->d->source = ev->rq->source;
	if (!name.n)
		return true;
	d = pol_domain_find(ev->si, name);
	if (!d || !d->type.p || !pol_eq(d->type, POL_STR("RemoteVM")) || !d->relayvm.p ||
	    !pol_eq(d->relayvm, ev->rq->source)) {
		eval_deny(ev->d, POL_BAD_SOURCE, true);
		return false;
	}
	ev->d->source = name;
	return true;
}

static bool check_request(struct evaluation *ev)
{
	struct pol_str text = ev->rq->target.n ? ev->rq->target : POL_STR("@default");
	struct pol_token target;

	if (!pol_token_parse(text, POL_IN_REQUEST, &target, NULL)) {
		eval_deny(ev->d, POL_INVALID_TARGET, false);
		return false;
	}
	if (!verify(ev, &target) || !take_requested_source(ev))
		return false;
	ev->d->requested_target = target.text;
	pol_party_init(&ev->target, ev->si, target);
	pol_party_init(&ev->source, ev->si, (struct pol_token){POL_TOKEN_NAME, ev->d->source});
	return true;
}

static void find_rule(struct evaluation *ev)
{
	struct pol_candidates c;
	const struct pol_rule *r;

	pol_candidates_init(&c, ev->policy, ev->si, ev->rq->service, &ev->source);
	while ((r = pol_candidates_next(&c))) {
		enum pol_match m;

		if (!pol_rule_applies(r, ev->si, ev->rq->service, ev->rq->argument, &ev->source))
			continue;
		m = pol_token_match(&r->target, &ev->target, &ev->source, ev->si);
		if (m == POL_NO_MATCH)
			continue;
		ev->d->rule = r;
		if (m == POL_UNDEFINED)
			eval_deny(ev->d, POL_UNDEFINED_CASE, false);
		return;
	}
	eval_deny(ev->d, POL_NO_RULE, true);
}

static void set_allow(struct pol_decision *d, struct pol_str target)
{
	d->outcome = POL_ALLOW;
	d->reason = POL_REASON_NONE;
	d->target = target;
}

static void allow_dispvm(struct evaluation *ev)
{
	const struct pol_domain *source = ev->source.domain;

	if (!source || !source->default_dispvm.p) {
		eval_deny(ev->d, POL_NO_DISPVM_BASE, true);
		return;
	}
	set_allow(ev->d, eval_dispvm(ev->d, source->default_dispvm));
	if (!ev->d->target.p)
		eval_deny(ev->d, POL_NO_MEMORY, true);
}

static void eval_allow(struct evaluation *ev)
{
	const struct pol_rule *r = ev->d->rule;
	struct pol_token t = r->redirect.kind ? r->redirect : ev->target.token;

	if (!verify(ev, &t))
		return;
	if (t.kind == POL_TOKEN_DEFAULT) {
		eval_deny(ev->d, POL_NO_TARGET, true);
		return;
	}
	if (t.kind == POL_TOKEN_DISPVM)
		allow_dispvm(ev);
	else
		set_allow(ev->d, t.kind == POL_TOKEN_ADMINVM ? POL_STR("dom0") : t.text);
	if (ev->d->outcome != POL_ALLOW || r->autostart)
		return;
	switch (eval_is_up(ev->si, ev->d->target)) {
	case POL_MATCH:
		break;
	case POL_NO_MATCH:
		eval_deny(ev->d, POL_AUTOSTART, r->notify);
		break;
	default:
		eval_deny(ev->d, POL_UNDEFINED_CASE, false);
	}
}

void pol_decide(const struct pol_policy *p, const struct pol_sysinfo *si,
		const struct pol_request *rq, struct pol_decision *ret)
{
	struct evaluation ev = {.policy = p, .si = si, .rq = rq, .d = ret};

	*ret = (struct pol_decision){0};
	if (!check_request(&ev))
		return;
	find_rule(&ev);
	if (ret->reason != POL_REASON_NONE)
		return;
	ret->notify = ret->rule->notify;
	ret->autostart = ret->rule->autostart;
	ret->user = ret->rule->user;
	if (ret->rule->action == POL_ACTION_ALLOW)
		eval_allow(&ev);
	else if (ret->rule->action == POL_ACTION_ASK)
		eval_ask(&ev);
	else
		eval_deny(ret, POL_BY_POLICY, ret->rule->notify);
}

void pol_answer(struct pol_decision *d, struct pol_str answer)
{
	if (!answer.p) {
		eval_deny(d, POL_BY_USER, d->notify);
		return;
	}
	for (size_t i = 0; i < d->n_targets; i++) {
		if (pol_eq(d->targets[i], answer)) {
			set_allow(d, d->targets[i]);
			return;
		}
	}
	eval_deny(d, POL_BAD_ANSWER, true);
}

void pol_evaluate(const struct pol_policy *p, const struct pol_sysinfo *si,
		  const struct pol_request *rq, struct pol_decision *ret, struct pol_buf *response)
{
	pol_decide(p, si, rq, ret);
	if (ret->outcome == POL_ASK && rq->assume_yes)
		pol_answer(ret, ret->requested_target);
	else if (ret->outcome == POL_ASK && rq->just_evaluate)
		eval_deny(ret, POL_JUST_EVALUATE, false);
	if (ret->outcome != POL_ASK)
		pol_respond(ret, si, rq, response);
}
