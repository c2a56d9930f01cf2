/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "ask" action: what the user may choose from (eval.h). Pure. */
#include "policy/engine/eval-internal.h"

#include <stdlib.h>

/* A set of targets: qubes, new disposables of qubes, and the two tokens that stay unresolved
 * while the rules are walked. */
struct choice {
	const struct pol_sysinfo *si;
	unsigned char *vm, *disp; /* per domain; owned together, by vm */
	bool dispvm, adminvm;
	bool undefined;
};

static bool choice_init(struct choice *c, const struct pol_sysinfo *si)
{
	*c = (struct choice){.si = si, .vm = calloc(si->n_domains + 1, 2)};
	c->disp = c->vm ? c->vm + si->n_domains : NULL;
	return c->vm != NULL;
}

static size_t number(const struct choice *c, const struct pol_domain *d)
{
	return (size_t)(d - c->si->domains);
}

/* Puts the qubes that a class token stands for in or out. */
static void apply_class(struct choice *c, const struct pol_token *t, bool in)
{
	struct pol_str value = pol_token_value(t);
	bool all = t->kind == POL_TOKEN_ANY || t->kind == POL_TOKEN_ANYVM;

	for (size_t i = 0; i < c->si->n_domains; i++) {
		const struct pol_domain *d = &c->si->domains[i];

		if (t->kind == POL_TOKEN_ANY ||
		    (t->kind == POL_TOKEN_ANYVM && !pol_is_dom0(d->name)) ||
		    (t->kind == POL_TOKEN_TYPE && d->type.p && pol_eq(d->type, value)) ||
		    (t->kind == POL_TOKEN_TAG && pol_domain_has_tag(d, value)))
			c->vm[i] = in;
		if (d->template_for_dispvms &&
		    (all || (t->kind == POL_TOKEN_DISPVM_TAG && pol_domain_has_tag(d, value))))
			c->disp[i] = in;
	}
	if (all)
		c->dispvm = in;
}

static void apply(struct choice *c, const struct pol_token *t, bool in)
{
	const struct pol_domain *d;

	switch (t->kind) {
	case POL_TOKEN_NAME:
		d = pol_domain_find(c->si, t->text);
		if (d)
			c->vm[number(c, d)] = in;
		break;
	case POL_TOKEN_ADMINVM:
		c->adminvm = in;
		break;
	case POL_TOKEN_DISPVM:
		c->dispvm = in;
		break;
	case POL_TOKEN_DISPVM_TEMPLATE:
		d = pol_domain_find(c->si, pol_token_value(t));
		if (!d)
			c->undefined = true;
		else if (d->template_for_dispvms)
			c->disp[number(c, d)] = in;
		break;
	default:
		apply_class(c, t, in);
	}
}

/* Every rule that applies to the caller takes part, the last one first. */
static bool walk_rules(struct evaluation *ev, struct choice *c)
{
	const struct pol_rule **applying = NULL, *r;
	size_t n = 0, cap = 0;
	struct pol_candidates all;

	pol_candidates_init(&all, ev->policy, ev->si, ev->rq->service, &ev->source);
	while ((r = pol_candidates_next(&all))) {
		if (!pol_rule_applies(r, ev->si, ev->rq->service, ev->rq->argument, &ev->source))
			continue;
		if (n == cap) {
			const struct pol_rule **bigger;

			cap = cap ? cap * 2 : 32;
			bigger = realloc(applying, cap * sizeof(*bigger));
			if (!bigger) {
				free(applying);
				return false;
			}
			applying = bigger;
		}
		applying[n++] = r;
	}
	while (n) {
		r = applying[--n];
		apply(c, r->redirect.kind ? &r->redirect : &r->target,
		      r->action != POL_ACTION_DENY);
	}
	free(applying);
	return true;
}

/* Resolves the two tokens, then drops the caller itself and what is hidden. */
static void settle(struct evaluation *ev, struct choice *c)
{
	const struct pol_domain *source = ev->source.domain, *d;

	if (c->dispvm && source->default_dispvm.p) {
		d = pol_domain_find(c->si, source->default_dispvm);
		if (d)
			c->disp[number(c, d)] = 1;
		else
			c->undefined = true;
	}
	if (c->adminvm) {
		d = pol_domain_find(c->si, POL_STR("dom0"));
		if (d)
			c->vm[number(c, d)] = 1;
		else
			c->undefined = true;
	}
	c->vm[number(c, source)] = 0;
	for (size_t i = 0; i < c->si->n_domains; i++)
		if (c->si->domains[i].internal)
			c->vm[i] = c->disp[i] = 0;
}

/* The set as text, in the decision's memory. */
static bool list(struct evaluation *ev, struct choice *c)
{
	struct pol_decision *d = ev->d;
	size_t n = 0;
	struct pol_str *out;

	for (size_t i = 0; i < c->si->n_domains; i++)
		n += (size_t)c->vm[i] + c->disp[i];
	out = pol_arena_alloc(&d->arena, (n + 1) * sizeof(*out));
	if (!out)
		return false;
	for (size_t i = 0; i < c->si->n_domains; i++) {
		if (c->vm[i])
			out[d->n_targets++] = c->si->domains[i].name;
		if (!c->disp[i])
			continue;
		out[d->n_targets] = eval_dispvm(d, c->si->domains[i].name);
		if (!out[d->n_targets++].p)
			return false;
	}
	d->targets = out;
	return true;
}

static enum pol_reason collect(struct evaluation *ev)
{
	struct choice c;
	bool ok;

	if (!ev->source.domain || !ev->source.domain->uuid.p)
		return POL_UNDEFINED_CASE;
	if (!choice_init(&c, ev->si))
		return POL_NO_MEMORY;
	ok = walk_rules(ev, &c);
	settle(ev, &c);
	ok = ok && !c.undefined && list(ev, &c);
	free(c.vm);
	if (ok)
		return POL_REASON_NONE;
	return c.undefined ? POL_UNDEFINED_CASE : POL_NO_MEMORY;
}

/* target= leaves no choice but yes or no. */
static enum pol_reason fixed(struct evaluation *ev, struct pol_str target)
{
	struct pol_str *one = pol_arena_alloc(&ev->d->arena, sizeof(*one));

	if (!one)
		return POL_NO_MEMORY;
	*one = pol_is_dom0(target) ? POL_STR("dom0") : target;
	ev->d->targets = one;
	ev->d->n_targets = 1;
	return POL_REASON_NONE;
}

/* autostart=no: only what runs. */
static enum pol_reason drop_halted(struct evaluation *ev)
{
	struct pol_decision *d = ev->d;
	struct pol_str *kept;
	size_t n = 0;

	if (d->rule->autostart)
		return POL_REASON_NONE;
	kept = pol_arena_alloc(&d->arena, (d->n_targets + 1) * sizeof(*kept));
	if (!kept)
		return POL_NO_MEMORY;
	for (size_t i = 0; i < d->n_targets; i++) {
		enum pol_match up = eval_is_up(ev->si, d->targets[i]);

		if (up == POL_UNDEFINED)
			return POL_UNDEFINED_CASE;
		if (up == POL_MATCH)
			kept[n++] = d->targets[i];
	}
	d->targets = kept;
	d->n_targets = n;
	return POL_REASON_NONE;
}

static void choose_default(struct evaluation *ev)
{
	const struct pol_token *t = &ev->d->rule->default_target;
	const struct pol_domain *source = ev->source.domain;
	struct pol_str text = t->text;

	if (t->kind == POL_TOKEN_NONE)
		return;
	if (t->kind == POL_TOKEN_DISPVM)
		text = source && source->default_dispvm.p
			       ? eval_dispvm(ev->d, source->default_dispvm)
			       : POL_NONE;
	else if (pol_is_dom0(text))
		text = POL_STR("dom0");
	for (size_t i = 0; text.p && i < ev->d->n_targets; i++)
		if (pol_eq(ev->d->targets[i], text))
			ev->d->default_target = ev->d->targets[i];
}

void eval_ask(struct evaluation *ev)
{
	const struct pol_rule *r = ev->d->rule;
	enum pol_reason bad = r->redirect.kind ? fixed(ev, r->redirect.text) : collect(ev);

	if (bad == POL_REASON_NONE)
		bad = drop_halted(ev);
	if (bad == POL_REASON_NONE && !ev->d->n_targets)
		bad = POL_NO_ASK_TARGET;
	if (bad != POL_REASON_NONE) {
		eval_deny(ev->d, bad, bad == POL_NO_ASK_TARGET);
		return;
	}
	choose_default(ev);
	ev->d->outcome = POL_ASK;
}
