/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decisions of the policy, case by case. The vectors in tests/vectors/policy are many more; these
 * say what each rule of evaluation is.
 */
#include <string.h>

#include "tests/unit/test-policy-util.h"

struct fixture {
	struct pol_sysinfo *si;
	struct pol_policy *p;
	struct pol_decision d;
	struct pol_buf response;
};

static void set_up(struct fixture *f, gconstpointer unused)
{
	f->si = make_info(TEST_QUBES);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	pol_decision_clear(&f->d);
	pol_buf_clear(&f->response);
	pol_policy_unref(f->p);
	pol_sysinfo_unref(f->si);
}

/* Decides SOURCE -> TARGET for a.A+x under a policy. */
static void decide(struct fixture *f, const char *policy, const char *source, const char *target)
{
	const struct pol_request rq = {.service = POL_STR("a.A"),
				       .argument = POL_STR("+x"),
				       .source = pol_str(source),
				       .target = pol_str(target)};

	pol_decision_clear(&f->d);
	pol_buf_clear(&f->response);
	pol_policy_unref(f->p);
	f->p = make_policy(policy);
	g_assert_nonnull(f->p);
	pol_evaluate(f->p, f->si, &rq, &f->d, &f->response);
}

static void is_allowed(const struct fixture *f, const char *to)
{
	g_assert_cmpint(f->d.outcome, ==, POL_ALLOW);
	g_assert_true(pol_eq(f->d.target, pol_str(to)));
}

static void is_denied(const struct fixture *f, const char *why)
{
	g_assert_cmpint(f->d.outcome, ==, POL_DENY);
	g_assert_cmpstr(pol_reason_word(f->d.reason), ==, why);
}

static void test_first_match(struct fixture *f, gconstpointer unused)
{
	decide(f,
	       "a.A +y work vault deny\na.A + work vault deny\nb.A * work vault deny\n"
	       "a.A * personal vault deny\na.A +x work vault allow\na.A * work vault deny\n",
	       "work", "vault");
	is_allowed(f, "vault");
	g_assert_cmpuint(f->d.rule->line, ==, 5);
	g_assert_cmpstr(f->response.p, ==,
			"user=DEFAULT\nresult=allow\ntarget=vault\n"
			"target_uuid=uuid:00000003-1111-4222-8333-000000000000\n"
			"autostart=True\nrequested_target=vault");
	decide(f, "", "work", "vault");
	is_denied(f, "no-match");
	g_assert_true(f->d.notify);
}

static void test_deny(struct fixture *f, gconstpointer unused)
{
	decide(f, "* * @anyvm @anyvm deny notify=no\n* * * * allow\n", "work", "vault");
	is_denied(f, "policy");
	g_assert_false(f->d.notify);
	g_assert_cmpstr(f->response.p, ==, "result=deny");
	decide(f, "* * @anyvm @anyvm deny\n* * * * allow\n", "work", "dom0");
	is_allowed(f, "dom0");
}

static void test_targets(struct fixture *f, gconstpointer unused)
{
	decide(f, "a.A * work @default allow target=vault\n", "work", "");
	is_allowed(f, "vault");
	decide(f, "a.A * work @default allow target=vault\n", "work", "nobody");
	is_allowed(f, "vault");
	g_assert_true(pol_eq(f->d.requested_target, POL_STR("@default")));
	decide(f, "a.A * work * allow\n", "work", "@default");
	is_denied(f, "no-target");
	decide(f, "a.A * work * allow\n", "work", "@anyvm");
	is_denied(f, "invalid-target");
	g_assert_false(f->d.notify);
	decide(f, "a.A * work * allow target=nobody\n", "work", "vault");
	is_denied(f, "no-target");
	decide(f, "a.A * work * allow\n", "work", "work");
	is_denied(f, "loopback");
	decide(f, "a.A * work @adminvm allow\n", "work",
	       "uuid:00000000-0000-0000-0000-000000000000");
	g_assert_cmpstr(f->response.p, ==,
			"user=DEFAULT\nresult=allow\ntarget=dom0\nautostart=True\n"
			"requested_target=uuid:00000000-0000-0000-0000-000000000000");
}

static void test_dispvm(struct fixture *f, gconstpointer unused)
{
	decide(f, "a.A * work @dispvm allow user=root\n", "work", "@dispvm");
	is_allowed(f, "@dispvm:dvm");
	g_assert_cmpstr(f->response.p, ==,
			"user=root\nresult=allow\ntarget=@dispvm:dvm\n"
			"target_uuid=@dispvm:uuid:00000004-1111-4222-8333-000000000000\n"
			"autostart=True\nrequested_target=@dispvm");
	decide(f, "a.A * work @dispvm:@tag:d allow\n", "work", "@dispvm");
	is_allowed(f, "@dispvm:dvm");
	decide(f, "a.A * vault * allow target=@dispvm\n", "vault", "work");
	is_denied(f, "no-dispvm-base");
	decide(f, "a.A * work * allow\n", "work", "@dispvm:vault");
	is_denied(f, "not-dispvm-template");
	/* Undefined by the language, and refused. */
	decide(f, "a.A * vault @dispvm:dvm allow\na.A * vault * allow target=work\n", "vault",
	       "@dispvm");
	is_denied(f, "undefined");
}

static void test_autostart(struct fixture *f, gconstpointer unused)
{
	decide(f, "a.A * work @anyvm allow autostart=no\n", "work", "vault");
	is_allowed(f, "vault");
	decide(f, "a.A * work @anyvm allow autostart=no\n", "work", "personal");
	is_denied(f, "autostart");
	g_assert_false(f->d.notify);
	decide(f, "a.A * work @dispvm allow autostart=no notify=yes\n", "work", "@dispvm");
	is_denied(f, "autostart");
	g_assert_true(f->d.notify);
}

static void test_remote(struct fixture *f, gconstpointer unused)
{
	struct pol_request rq = {.service = POL_STR("a.A"),
				 .argument = POL_STR("+"),
				 .source = POL_STR("relay"),
				 .target = POL_STR("vault"),
				 .requested_source = POL_STR("far")};

	decide(f, "a.A * work far allow user=root\n", "work", "far");
	g_assert_cmpstr(f->response.p, ==,
			"user=DEFAULT\nresult=allow\ntarget=relay\n"
			"target_uuid=uuid:00000007-1111-4222-8333-000000000000\nautostart=True\n"
			"requested_target=far\nservice=x.Transport+far+a.A+x");
	decide(f, "a.A * far vault allow\na.A * relay * deny\n", "relay", "vault");
	is_denied(f, "policy");
	pol_buf_clear(&f->response);
	pol_decision_clear(&f->d);
	pol_evaluate(f->p, f->si, &rq, &f->d, &f->response);
	is_allowed(f, "vault");
	g_assert_true(g_str_has_suffix(f->response.p, "\npolicy_source=far"));
	rq.source = POL_STR("work");
	pol_buf_clear(&f->response);
	pol_decision_clear(&f->d);
	pol_evaluate(f->p, f->si, &rq, &f->d, &f->response);
	is_denied(f, "request");
}

static void targets_are(struct fixture *f, const char *want)
{
	g_autoptr(GString) s = g_string_new("");

	g_assert_cmpint(f->d.outcome, ==, POL_ASK);
	for (size_t i = 0; i < f->d.n_targets; i++)
		g_string_append_printf(s, "%s%.*s", i ? " " : "", POL_ARG(f->d.targets[i]));
	g_assert_cmpstr(s->str, ==, want);
}

static void test_ask(struct fixture *f, gconstpointer unused)
{
	/* Not the caller, not what is hidden. */
	decide(f, "a.A * work @anyvm ask default_target=vault\n", "work", "personal");
	targets_are(f, "personal vault dvm @dispvm:dvm far relay");
	g_assert_true(pol_eq(f->d.default_target, POL_STR("vault")));
	decide(f, "a.A * work @tag:t deny\na.A * work far deny\na.A * work @anyvm ask\n", "work",
	       "personal");
	targets_are(f, "personal dvm @dispvm:dvm relay");
	decide(f, "a.A * work @anyvm ask autostart=no default_target=personal\n", "work", "vault");
	targets_are(f, "vault dvm far relay");
	g_assert_null(f->d.default_target.p);
	decide(f, "a.A * work @default ask\n", "work", "");
	is_denied(f, "no-ask-target");
	decide(f, "a.A * work * ask target=@adminvm default_target=dom0\n", "work", "vault");
	targets_are(f, "dom0");
	g_assert_true(pol_eq(f->d.default_target, POL_STR("dom0")));
	decide(f, "a.A * nobody * ask\n", "nobody", "vault");
	is_denied(f, "undefined");
}

static void test_answer(struct fixture *f, gconstpointer unused)
{
	const struct pol_request rq = {.service = POL_STR("a.A"), .argument = POL_STR("+")};

	decide(f, "a.A * work @anyvm ask\n", "work", "personal");
	pol_answer(&f->d, POL_STR("vault"));
	is_allowed(f, "vault");
	pol_respond(&f->d, f->si, &rq, &f->response);
	g_assert_nonnull(strstr(f->response.p, "requested_target=personal"));
	decide(f, "a.A * work @anyvm ask\n", "work", "personal");
	pol_answer(&f->d, POL_STR("hidden"));
	is_denied(f, "bad-answer");
	decide(f, "a.A * work @anyvm ask notify=yes\n", "work", "personal");
	pol_answer(&f->d, POL_NONE);
	is_denied(f, "user");
	g_assert_true(f->d.notify);
	/* A target that does not exist can be offered, but not reached. */
	decide(f, "a.A * work * ask target=nobody\n", "work", "personal");
	pol_answer(&f->d, POL_STR("nobody"));
	pol_respond(&f->d, f->si, &rq, &f->response);
	is_denied(f, "undefined");
	g_assert_cmpstr(f->response.p, ==, "result=deny");
}

#define ADD(name, func)                                                                            \
	g_test_add("/policy/eval/" name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("first-match", test_first_match);
	ADD("deny", test_deny);
	ADD("targets", test_targets);
	ADD("dispvm", test_dispvm);
	ADD("autostart", test_autostart);
	ADD("remote", test_remote);
	ADD("ask", test_ask);
	ADD("answer", test_answer);
	return g_test_run();
}
