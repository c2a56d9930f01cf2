/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole policy and its index (policy.h). Pure.
 *
 * Every rule is in one bucket, named by its service ("any" included) and by the qube its
 * source names, or "some" when the source is a class of qubes. A call looks into the buckets
 * of its service and of "any", each for its source's spellings and for "some", and
 * merges those lists by position. The index only narrows; every candidate is still matched.
 */
#include "policy/engine/policy.h"

#include <errno.h>
#include <stdlib.h>

struct pol_bucket {
	struct pol_str service; /* p == NULL: any */
	struct pol_str source;	/* p == NULL: a class of qubes */
	uint32_t first, last;	/* rule + 1; 0 = free slot */
};

struct pol_policy *pol_policy_new(void)
{
	struct pol_policy *p = calloc(1, sizeof(*p));

	if (p) {
		p->refs = 1;
		p->arena.max = POL_MEMORY_MAX;
	}
	return p;
}

struct pol_policy *pol_policy_ref(struct pol_policy *p)
{
	p->refs++;
	return p;
}

void pol_policy_unref(struct pol_policy *p)
{
	if (!p || --p->refs)
		return;
	free(p->rules);
	free(p->buckets);
	free(p->next);
	pol_arena_clear(&p->arena);
	free(p);
}

static bool dup(struct pol_policy *p, struct pol_str *s)
{
	struct pol_str copy = pol_arena_dup(&p->arena, *s);

	if (s->p && !copy.p)
		return false;
	*s = copy;
	return true;
}

static int grow(struct pol_policy *p)
{
	size_t cap = p->cap ? p->cap * 2 : 64;
	struct pol_rule *bigger;

	if (p->n_rules == POL_RULES_MAX)
		return -E2BIG;
	if (p->n_rules < p->cap)
		return 0;
	bigger = realloc(p->rules, cap * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	p->rules = bigger;
	p->cap = cap;
	return 0;
}

int pol_policy_add(struct pol_policy *p, const struct pol_rule *rule)
{
	struct pol_rule r = *rule;
	int e = grow(p);

	if (e)
		return e;
	if (!dup(p, &r.service) || !dup(p, &r.argument) || !dup(p, &r.source.text) ||
	    !dup(p, &r.target.text) || !dup(p, &r.redirect.text) ||
	    !dup(p, &r.default_target.text) || !dup(p, &r.user))
		return p->arena.used > p->arena.max / 2 ? -E2BIG : -ENOMEM;
	p->rules[p->n_rules++] = r;
	return 0;
}

/* All spellings of dom0 are one source. */
static struct pol_str canonical(struct pol_str name)
{
	return pol_is_dom0(name) ? POL_STR("@adminvm") : name;
}

/* False for sources that no call can have. */
static bool source_key(const struct pol_token *t, struct pol_str *ret)
{
	switch (t->kind) {
	case POL_TOKEN_NAME:
	case POL_TOKEN_ADMINVM:
		*ret = canonical(t->text);
		return true;
	case POL_TOKEN_DISPVM_TEMPLATE:
	case POL_TOKEN_DISPVM_TAG:
		return false;
	default:
		*ret = POL_NONE;
		return true;
	}
}

static bool same(struct pol_str a, struct pol_str b)
{
	return !a.p == !b.p && pol_eq(a, b);
}

static struct pol_bucket *bucket_of(const struct pol_policy *p, struct pol_str service,
				    struct pol_str source)
{
	uint64_t h = pol_hash(service.p ? pol_hash(1, service) : 2, source);
	size_t i = (h + !source.p) & (p->n_slots - 1);

	while (p->buckets[i].first &&
	       !(same(p->buckets[i].service, service) && same(p->buckets[i].source, source)))
		i = (i + 1) & (p->n_slots - 1);
	return &p->buckets[i];
}

static void index_rule(struct pol_policy *p, size_t i)
{
	const struct pol_rule *r = &p->rules[i];
	struct pol_bucket *b;
	struct pol_str source;

	if (!source_key(&r->source, &source))
		return;
	b = bucket_of(p, r->service, source);
	if (b->first) {
		p->next[b->last - 1] = (uint32_t)i + 1;
	} else {
		b->service = r->service;
		b->source = source;
		b->first = (uint32_t)i + 1;
	}
	b->last = (uint32_t)i + 1;
}

int pol_policy_finish(struct pol_policy *p)
{
	struct pol_rule *exact = realloc(p->rules, (p->n_rules + 1) * sizeof(*exact));

	if (!exact)
		return -ENOMEM;
	p->rules = exact;
	p->cap = p->n_rules + 1;
	p->n_slots = 16;
	while (p->n_slots < p->n_rules * 2)
		p->n_slots *= 2;
	p->buckets = calloc(p->n_slots, sizeof(*p->buckets));
	p->next = calloc(p->n_rules + 1, sizeof(*p->next));
	if (!p->buckets || !p->next)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++)
		index_rule(p, i);
	return 0;
}

static uint32_t first_of(const struct pol_policy *p, struct pol_str service, struct pol_str source)
{
	return bucket_of(p, service, source)->first;
}

void pol_candidates_init(struct pol_candidates *c, const struct pol_policy *p,
			 const struct pol_sysinfo *si, struct pol_str service,
			 const struct pol_party *source)
{
	struct pol_str keys[4] = {POL_NONE, canonical(source->token.text)};
	char uuid[64];
	size_t n_keys = 2, n = 0;

	*c = (struct pol_candidates){.policy = p, .all = si->uuid_clash};
	if (source->domain) {
		const struct pol_domain *d = source->domain;
		struct pol_str by_uuid = {uuid, 5 + d->uuid.n};

		keys[n_keys++] = canonical(d->name);
		if (d->uuid.p && by_uuid.n <= sizeof(uuid)) {
			memcpy(uuid, "uuid:", 5);
			memcpy(uuid + 5, d->uuid.p, d->uuid.n);
			keys[n_keys++] = canonical(by_uuid);
		} else if (d->uuid.p) {
			c->all = true;
		}
	}
	if (c->all) {
		c->head[0] = p->n_rules ? 1 : 0;
		return;
	}
	for (size_t i = 0; i < n_keys; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= same(keys[i], keys[j]);
		if (seen)
			continue;
		c->head[n++] = first_of(p, service, keys[i]);
		c->head[n++] = first_of(p, POL_NONE, keys[i]);
	}
}

const struct pol_rule *pol_candidates_next(struct pol_candidates *c)
{
	uint32_t best = 0;
	size_t which = 0;

	for (size_t i = 0; i < POL_HEADS; i++) {
		if (c->head[i] && (!best || c->head[i] < best)) {
			best = c->head[i];
			which = i;
		}
	}
	if (!best)
		return NULL;
	if (c->all)
		c->head[0] = best < c->policy->n_rules ? best + 1 : 0;
	else
		c->head[which] = c->policy->next[best - 1];
	return &c->policy->rules[best - 1];
}

bool pol_rule_applies(const struct pol_rule *rule, const struct pol_sysinfo *si,
		      struct pol_str service, struct pol_str argument,
		      const struct pol_party *source)
{
	return (!rule->service.p || pol_eq(rule->service, service)) &&
	       (!rule->argument.p || pol_eq(rule->argument, argument)) &&
	       pol_token_match(&rule->source, source, NULL, si) == POL_MATCH;
}
