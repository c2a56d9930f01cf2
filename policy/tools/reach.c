/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-policy reach: which qubes can reach a target, by which services. Found by evaluating
 * the calls that could get there. The user is dom0's.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/tools/explain.h"

static const char usage[] =
	"Usage: qubes-policy reach [--policy-dir DIR]... [--system-info FILE] TARGET\n";

/* The services and arguments that rules name, once each. */
struct calls {
	struct pol_service *v; /* owned */
	size_t n;
};

static int compare_str(struct pol_str a, struct pol_str b)
{
	int r = memcmp(a.p ? a.p : "", b.p ? b.p : "", a.n < b.n ? a.n : b.n);

	return r ? r : a.n < b.n ? -1 : a.n > b.n;
}

static int compare(const void *a, const void *b)
{
	const struct pol_service *x = a, *y = b;
	int r = compare_str(x->service, y->service);

	return r ? r : compare_str(x->argument, y->argument);
}

static bool collect(const struct pol_policy *p, struct calls *c)
{
	size_t kept = 0;

	c->v = calloc(p->n_rules + 1, sizeof(*c->v));
	if (!c->v)
		return false;
	for (size_t i = 0; i < p->n_rules; i++)
		c->v[c->n++] = (struct pol_service){p->rules[i].service, p->rules[i].argument};
	qsort(c->v, c->n, sizeof(*c->v), compare);
	for (size_t i = 0; i < c->n; i++)
		if (!kept || compare(&c->v[kept - 1], &c->v[i]))
			c->v[kept++] = c->v[i];
	c->n = kept;
	return true;
}

struct search {
	struct query q;
	struct pol_str target;
	const struct pol_domain *domain; /* NULL for @dispvm:NAME */
	struct pol_str *requests;	 /* owned: every target a caller may name */
	size_t n_requests;
	struct pol_arena arena;
};

static bool is_target(const struct search *s, struct pol_str name)
{
	return pol_eq(name, s->target) ||
	       (s->domain && pol_domain_find(s->q.info, name) == s->domain);
}

/* What one request leads to. */
static enum pol_outcome try(const struct search *s, const struct pol_request *rq)
{
	struct pol_buf response = {0};
	enum pol_outcome found = POL_DENY;
	struct pol_decision d;

	pol_evaluate(s->q.policy, s->q.info, rq, &d, &response);
	if (d.outcome == POL_ALLOW && is_target(s, d.target))
		found = POL_ALLOW;
	for (size_t i = 0; d.outcome == POL_ASK && i < d.n_targets; i++)
		if (is_target(s, d.targets[i]))
			found = POL_ASK;
	pol_decision_clear(&d);
	pol_buf_clear(&response);
	return found;
}

/* Whether rules of the service redirect or ask at all, so that asking for another target
 * could lead here. */
static bool may_detour(const struct search *s, struct pol_str service)
{
	for (size_t i = 0; i < s->q.policy->n_rules; i++) {
		const struct pol_rule *r = &s->q.policy->rules[i];

		if ((!r->service.p || pol_eq(r->service, service)) &&
		    (r->action == POL_ACTION_ASK ||
		     (r->redirect.kind && r->action == POL_ACTION_ALLOW)))
			return true;
	}
	return false;
}

static enum pol_outcome best(const struct search *s, const struct pol_service *call,
			     struct pol_str source, bool detour)
{
	struct pol_request rq = {
		.service = call->service.p ? call->service : POL_STR("*"),
		.argument = call->argument.p ? call->argument : POL_STR("+"),
		.source = source,
		.target = s->target,
	};
	enum pol_outcome found = try(s, &rq);

	for (size_t i = 0; detour && found != POL_ALLOW && i < s->n_requests; i++) {
		enum pol_outcome o;

		rq.target = s->requests[i];
		o = try(s, &rq);
		if (o != POL_DENY)
			found = o;
	}
	return found;
}

static void print_call(const struct pol_service *call)
{
	printf("%.*s", POL_ARG(call->service.p ? call->service : POL_STR("(any other service)")));
	printf("%.*s", POL_ARG(call->argument));
}

static size_t reach_by(const struct search *s, const struct pol_service *call)
{
	bool detour = may_detour(s, call->service.p ? call->service : POL_STR("*"));
	size_t found = 0;

	for (enum pol_outcome want = POL_ALLOW; want <= POL_ASK; want++) {
		bool any = false;

		for (size_t i = 0; i < s->q.info->n_domains; i++) {
			struct pol_str source = s->q.info->domains[i].name;

			if (pol_is_dom0(source) || best(s, call, source, detour) != want)
				continue;
			if (!any) {
				print_call(call);
				printf(want == POL_ALLOW ? "\n    allowed:"
							 : "\n    if the user agrees:");
			}
			any = true;
			found++;
			printf(" %.*s", POL_ARG(source));
		}
		if (any)
			printf("\n");
	}
	return found;
}

/* Everything that may stand as the target of a request. */
static bool list_requests(struct search *s)
{
	size_t n = s->q.info->n_domains;

	s->requests = calloc(2 * n + 2, sizeof(*s->requests));
	if (!s->requests)
		return false;
	s->requests[s->n_requests++] = POL_STR("@default");
	s->requests[s->n_requests++] = POL_STR("@dispvm");
	for (size_t i = 0; i < n; i++) {
		const struct pol_domain *d = &s->q.info->domains[i];
		char *disp;

		s->requests[s->n_requests++] = d->name;
		if (!d->template_for_dispvms)
			continue;
		disp = pol_arena_alloc(&s->arena, d->name.n + 9);
		if (!disp)
			return false;
		memcpy(disp, "@dispvm:", 8);
		memcpy(disp + 8, d->name.p, d->name.n);
		s->requests[s->n_requests++] = (struct pol_str){disp, d->name.n + 8};
	}
	return true;
}

static int reach(struct search *s)
{
	const struct pol_str disp = POL_STR("@dispvm:");
	struct calls calls = {0};
	size_t found = 0;

	if (pol_is_dom0(s->target))
		s->target = POL_STR("dom0");
	s->domain = pol_domain_find(s->q.info, s->target);
	if (!s->domain && (!pol_starts(s->target, disp) ||
			   !pol_domain_find(s->q.info, pol_skip(s->target, disp.n)))) {
		fprintf(stderr, "qubes-policy: there is no qube %.*s\n", POL_ARG(s->target));
		return 1;
	}
	if (!list_requests(s) || !collect(s->q.policy, &calls)) {
		fprintf(stderr, "qubes-policy: out of memory\n");
		return 1;
	}
	for (size_t i = 0; i < calls.n; i++)
		found += reach_by(s, &calls.v[i]);
	if (!found)
		printf("no qube can reach %.*s\n", POL_ARG(s->target));
	free(calls.v);
	return 0;
}

int reach_main(int argc, char **argv)
{
	struct search s = {.n_requests = 0};
	int first, r = query_open(&s.q, argc, argv, 1, usage, &first);

	if (!r) {
		s.target = pol_str(argv[first]);
		r = reach(&s);
	}
	free(s.requests);
	pol_arena_clear(&s.arena);
	query_close(&s.q);
	return r < 0 ? 0 : r;
}
