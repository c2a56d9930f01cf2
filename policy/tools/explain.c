/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-policy explain: what is decided about a call, by which line, which lines nearly
 * matched, and what the user will see. The user is dom0's.
 */
#include "policy/tools/explain.h"

#include <string.h>

static const char usage[] = "Usage: qubes-policy explain [--policy-dir DIR]... "
			    "[--system-info FILE] SOURCE TARGET SERVICE[+ARG]\n";

/* A call to be explained, and how its rule was found. */
struct story {
	struct query q;
	struct pol_request rq;
	struct pol_decision d;
	struct pol_buf response;
	struct pol_party source, target;
};

static void print_place(const struct pol_rule *r)
{
	printf("%.*s", POL_ARG(r->file->path));
	if (r->line)
		printf(":%u", r->line);
}

static void print_ask(const struct pol_decision *d)
{
	printf("ask: the user chooses ");
	for (size_t i = 0; i < d->n_targets; i++)
		printf("%s%.*s",
		       i == 0		      ? ""
		       : i + 1 < d->n_targets ? ", "
					      : " or ",
		       POL_ARG(d->targets[i]));
	if (d->default_target.p)
		printf("; %.*s is preselected", POL_ARG(d->default_target));
	printf("\n");
}

static void print_allow(const struct pol_decision *d)
{
	printf("allow: it runs in %.*s", POL_ARG(d->target));
	if (d->user.n)
		printf(" as user %.*s", POL_ARG(d->user));
	printf("%s%s\n", d->autostart ? "" : ", only while that is running",
	       d->notify ? "; the user is told" : "");
}

static void print_outcome(const struct story *s)
{
	const struct pol_decision *d = &s->d;

	if (d->outcome == POL_ALLOW)
		print_allow(d);
	else if (d->outcome == POL_ASK)
		print_ask(d);
	else
		printf("deny: %s%s\n", pol_reason_text(d->reason),
		       d->notify ? "; the user is told" : "");
	if (!d->rule)
		return;
	printf("decided by ");
	print_place(d->rule);
	printf("\n    ");
	rule_print(stdout, d->rule);
}

/* The columns of a rule that do not fit the call. */
struct misfit {
	bool argument, source, target;
};

static unsigned misfits(const struct story *s, const struct pol_rule *r, struct misfit *ret)
{
	const struct pol_sysinfo *si = s->q.info;

	ret->argument = r->argument.p && !pol_eq(r->argument, s->rq.argument);
	ret->source = pol_token_match(&r->source, &s->source, NULL, si) != POL_MATCH;
	ret->target = pol_token_match(&r->target, &s->target, &s->source, si) != POL_MATCH;
	return (unsigned)ret->argument + ret->source + ret->target;
}

static bool same_service(const struct story *s, const struct pol_rule *r)
{
	return !r->service.p || pol_eq(r->service, s->rq.service);
}

static void print_misfit(const struct story *s, const struct pol_rule *r, const struct misfit *m)
{
	printf("  ");
	print_place(r);
	printf("\n    ");
	rule_print(stdout, r);
	if (m->argument)
		printf("    but the argument is %.*s\n", POL_ARG(s->rq.argument));
	else if (m->source)
		printf("    but the source is %.*s\n", POL_ARG(s->d.source));
	else
		printf("    but the target is %.*s\n", POL_ARG(s->d.requested_target));
}

/* Rules before the deciding one that fit in all columns but one. */
static void print_near_misses(const struct story *s)
{
	size_t others = 0;
	bool any = false;

	for (size_t i = 0; i < s->q.policy->n_rules; i++) {
		const struct pol_rule *r = &s->q.policy->rules[i];
		struct misfit m;

		if (r == s->d.rule)
			break;
		if (!same_service(s, r))
			continue;
		if (misfits(s, r, &m) != 1) {
			others++;
			continue;
		}
		if (!any)
			printf("\nearlier rules that nearly matched:\n");
		any = true;
		print_misfit(s, r, &m);
	}
	if (others)
		printf("\n%zu earlier rule%s for this service %s about other calls.\n", others,
		       others == 1 ? "" : "s", others == 1 ? "is" : "are");
}

/* Rules behind the deciding one that would have fitted. */
static void print_shadowed(const struct story *s)
{
	bool any = false;

	if (!s->d.rule)
		return;
	for (const struct pol_rule *r = s->d.rule + 1;
	     r < s->q.policy->rules + s->q.policy->n_rules; r++) {
		struct misfit m;

		if (!same_service(s, r) || misfits(s, r, &m))
			continue;
		if (!any)
			printf("\nlater rules that match too, but come too late:\n");
		any = true;
		printf("  ");
		print_place(r);
		printf("\n    ");
		rule_print(stdout, r);
	}
}

static void explain(struct story *s)
{
	struct pol_token target = {POL_TOKEN_DEFAULT, POL_STR("@default")};

	pol_evaluate(s->q.policy, s->q.info, &s->rq, &s->d, &s->response);
	printf("%.*s%.*s: %.*s -> %.*s\n", POL_ARG(s->rq.service), POL_ARG(s->rq.argument),
	       POL_ARG(s->rq.source), POL_ARG(s->rq.target));
	if (!pol_domain_find(s->q.info, s->rq.source))
		printf("note: there is no qube %.*s\n", POL_ARG(s->rq.source));
	if (s->d.requested_target.p && s->rq.target.n &&
	    !pol_eq(s->d.requested_target, s->rq.target))
		printf("note: there is no qube %.*s; the call counts as one to %.*s\n",
		       POL_ARG(s->rq.target), POL_ARG(s->d.requested_target));
	print_outcome(s);
	if (!s->d.requested_target.p)
		return;
	pol_token_parse(s->d.requested_target, POL_IN_REQUEST, &target, NULL);
	pol_party_init(&s->target, s->q.info, target);
	pol_party_init(&s->source, s->q.info, (struct pol_token){POL_TOKEN_NAME, s->d.source});
	print_near_misses(s);
	print_shadowed(s);
}

int explain_main(int argc, char **argv)
{
	struct story s = {.response = {0}};
	int first, r = query_open(&s.q, argc, argv, 3, usage, &first);

	if (!r) {
		s.rq.source = pol_str(argv[first]);
		s.rq.target = pol_str(argv[first + 1]);
		pol_request_service(&s.rq, pol_str(argv[first + 2]));
		explain(&s);
	}
	pol_decision_clear(&s.d);
	pol_buf_clear(&s.response);
	query_close(&s.q);
	return r < 0 ? 0 : r;
}
