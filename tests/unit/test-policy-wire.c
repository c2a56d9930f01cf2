/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy daemon and the policy agent read from their sockets. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "policy/agent/params.h"
#include "policy/daemon/wire.h"

#define ASK "source=work\nintended_target=vault\nservice_and_arg=a.A+x\n"

static void test_request(void)
{
	struct pol_request rq;

	g_assert_cmpint(pol_wire_request(POL_STR(ASK "\n"), false, &rq), ==, 0);
	g_assert_true(pol_eq(rq.source, POL_STR("work")) && pol_eq(rq.target, POL_STR("vault")));
	g_assert_true(pol_eq(rq.service, POL_STR("a.A")) && pol_eq(rq.argument, POL_STR("+x")));
	g_assert_true(!rq.assume_yes && !rq.just_evaluate && !rq.requested_source.p);
	g_assert_cmpint(pol_wire_request(POL_STR(ASK "assume_yes_for_ask=yes\njust_evaluate=no\n"
						     "requested_source=far\n\nrest is ignored"),
					 false, &rq),
			==, 0);
	g_assert_true(rq.assume_yes && !rq.just_evaluate);
	g_assert_true(pol_eq(rq.requested_source, POL_STR("far")));
	/* The end of the stream ends the request as well. */
	g_assert_cmpint(pol_wire_request(POL_STR(ASK), false, &rq), ==, -EAGAIN);
	g_assert_cmpint(pol_wire_request(POL_STR(ASK), true, &rq), ==, 0);
	g_assert_cmpint(pol_wire_request(POL_STR(""), false, &rq), ==, -EAGAIN);
	g_assert_cmpint(pol_wire_request(POL_STR("source"), false, &rq), ==, -EAGAIN);
}

static void test_request_bad(void)
{
	static const char *const bad[] = {
		"\n",
		"source=work\n\n",
		"source=a\n" ASK "\n",
		ASK "unknown=x\n\n",
		ASK "just_evaluate=maybe\n\n",
		ASK "no equals sign\n\n",
		"source=w\xc3\xb6rk\nintended_target=vault\nservice_and_arg=a\n\n",
		ASK "domain_id=1\n\n",
	};
	static const char nul[] = "source=a\0b\nintended_target=vault\nservice_and_arg=a\n\n";
	struct pol_request rq;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(pol_wire_request(pol_str(bad[i]), false, &rq), ==, -EPROTO);
	g_assert_cmpint(pol_wire_request((struct pol_str){nul, sizeof(nul) - 1}, false, &rq), ==,
			-EPROTO);
	g_assert_cmpint(pol_wire_request(POL_STR(""), true, &rq), ==, -EPROTO);
}

#define EVAL(text)                                                                                 \
	pol_wire_eval((struct pol_str){text, sizeof(text) - 1}, true,                              \
		      POL_STR("policy.EvalSimple"), &ev)

static void test_eval(void)
{
	static const char head[] = "policy.EvalSimple+a.A+x gui name dom0\0work\0vault";
	struct pol_wire_eval ev;

	g_assert_cmpint(EVAL("policy.EvalSimple+a.A+x gui name dom0\0work\0vault"), ==, 0);
	g_assert_true(pol_eq(ev.caller, POL_STR("gui")));
	g_assert_true(pol_eq(ev.request.service, POL_STR("a.A")));
	g_assert_true(pol_eq(ev.request.argument, POL_STR("+x")));
	g_assert_true(pol_eq(ev.request.source, POL_STR("work")));
	g_assert_true(pol_eq(ev.request.target, POL_STR("vault")));
	g_assert_true(ev.request.assume_yes && ev.request.just_evaluate);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0work\0@dispvm"), ==, 0);
	/* Not before its end. */
	for (size_t n = 0; n < sizeof(head); n++)
		g_assert_cmpint(pol_wire_eval((struct pol_str){head, n}, false,
					      POL_STR("policy.EvalSimple"), &ev),
				==, -EAGAIN);
}

static void test_eval_bad(void)
{
	static char big[256] = "policy.EvalSimple+a.A gui";
	struct pol_wire_eval ev;

	g_assert_cmpint(EVAL("policy.EvalSimple gui\0work\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+ gui\0work\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple++x gui\0work\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalOther+a.A gui\0work\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A \0work\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0work"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0work\0"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0wo rk\0vault"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0work\0va\0ult"), ==, -EPROTO);
	g_assert_cmpint(EVAL("policy.EvalSimple+a.A gui\0"
			     "a23456789012345678901234567890123\0vault"),
			==, -EPROTO);
	/* More than anybody may send is cut off, and then too long for a name. */
	memset(big + 26, 'x', 200);
	big[30] = '\0';
	g_assert_cmpint(
		pol_wire_eval((struct pol_str){big, 226}, false, POL_STR("policy.EvalSimple"), &ev),
		==, -EPROTO);
}

static void test_events(void)
{
	static const char stream[] = "1\0\0connection-established\0\0"
				     "1\0work\0property-set:tag\0name\0x\0newvalue\0\0\0"
				     "1\0a";
	struct pol_str rest = {stream, sizeof(stream) - 1};
	struct pol_wire_event ev;
	size_t used;

	g_assert_cmpint(pol_wire_event(rest, &ev, &used), ==, 0);
	g_assert_true(pol_eq(ev.name, POL_STR("connection-established")));
	rest = pol_skip(rest, used);
	g_assert_cmpint(pol_wire_event(rest, &ev, &used), ==, 0);
	g_assert_true(pol_eq(ev.subject, POL_STR("work")));
	g_assert_true(pol_eq(ev.name, POL_STR("property-set:tag")));
	rest = pol_skip(rest, used);
	g_assert_cmpint(pol_wire_event(rest, &ev, &used), ==, -EAGAIN);
	g_assert_cmpint(pol_wire_event(POL_STR("2\0x"), &ev, &used), ==, -EPROTO);
	g_assert_cmpint(pol_wire_event(POL_STR("1x\0"), &ev, &used), ==, -EPROTO);
	g_assert_true(pol_wire_event_matters(POL_STR("domain-start")));
	g_assert_true(pol_wire_event_matters(POL_STR("domain-tag-add:x")));
	g_assert_true(pol_wire_event_matters(POL_STR("property-reset:guivm")));
	g_assert_false(pol_wire_event_matters(POL_STR("vm-stats")));
	g_assert_false(pol_wire_event_matters(POL_STR("device-added:block")));
}

static void test_answers(void)
{
	struct pol_str target;

	g_assert_cmpint(pol_wire_answer(POL_STR("deny"), &target), ==, 0);
	g_assert_null(target.p);
	g_assert_cmpint(pol_wire_answer(POL_STR("allow:vault"), &target), ==, 0);
	g_assert_true(pol_eq(target, POL_STR("vault")));
	g_assert_cmpint(pol_wire_answer(POL_STR("allow:"), &target), ==, -EPROTO);
	g_assert_cmpint(pol_wire_answer(POL_STR(""), &target), ==, -EPROTO);
	g_assert_cmpint(pol_wire_answer(POL_STR("deny\n"), &target), ==, -EPROTO);
	g_assert_cmpint(pol_wire_answer(POL_STR("allow:v\xc3\xa4"), &target), ==, -EPROTO);
}

#define AGENT(head, json)                                                                          \
	agent_params_parse((struct pol_str){head "\0" json, sizeof(head "\0" json) - 1}, &p)

static void test_agent_ask(void)
{
	struct agent_params p;

	g_assert_cmpint(
		AGENT("policy.Ask dom0 name dom0",
		      "{\"source\": \"work\", \"service\": \"a.A\", \"argument\": \"+x\", "
		      "\"targets\": [\"vault\", \"@dispvm:dvm\"], \"default_target\": \"vault\", "
		      "\"icons\": {\"work\": \"appvm-blue\", \"vault\": \"appvm-black\"}, "
		      "\"labels\": {\"work\": \"0x123456\"}, \"new\": [1]}"),
		==, 0);
	g_assert_cmpint(p.which, ==, AGENT_ASK);
	g_assert_cmpuint(p.n_targets, ==, 2);
	g_assert_true(pol_eq(p.argument, POL_STR("x")));
	g_assert_true(pol_eq(p.default_target, POL_STR("vault")));
	g_assert_cmphex(agent_color(agent_look_of(&p, POL_STR("work"))), ==, 0x123456);
	g_assert_cmphex(agent_color(agent_look_of(&p, POL_STR("vault"))), ==, 0x000000);
	g_assert_cmphex(agent_color(agent_look_of(&p, POL_STR("@dispvm:dvm"))), ==, 0x808080);
	agent_params_clear(&p);
	/* A default that is not among the targets is none. */
	g_assert_cmpint(AGENT("policy.Ask dom0",
			      "{\"source\": \"work\", \"service\": \"a.A\", \"argument\": \"+\", "
			      "\"targets\": [\"vault\"], \"default_target\": \"x\"}"),
			==, 0);
	g_assert_null(p.default_target.p);
	agent_params_clear(&p);
}

static void test_agent_notify(void)
{
	struct agent_params p;

	g_assert_cmpint(
		AGENT("policy.Notify dom0 name dom0",
		      "{\"resolution\": \"deny\", \"source\": \"work\", \"service\": \"a.A\", "
		      "\"argument\": \"+\", \"target\": \"\"}"),
		==, 0);
	g_assert_cmpint(p.resolution, ==, AGENT_DENIED);
	agent_params_clear(&p);
}

static void agent_refuses(const char *head, const char *json)
{
	g_autofree char *text = g_strconcat(head, "\n", json, NULL);
	struct agent_params p;

	text[strlen(head)] = '\0';
	g_assert_cmpint(
		agent_params_parse((struct pol_str){text, strlen(head) + 1 + strlen(json)}, &p), ==,
		-EPROTO);
	agent_params_clear(&p);
}

static void test_agent_bad(void)
{
	static const char *const json[] = {
		"",
		"{}",
		"[]",
		"{\"source\": \"w k\", \"service\": \"a\", \"argument\": \"+\", \"targets\": "
		"[\"v\"]}",
		"{\"source\": \"w\", \"service\": \"a\", \"argument\": \"x\", \"targets\": "
		"[\"v\"]}",
		"{\"source\": \"w\", \"service\": \"a\", \"argument\": \"+\", \"targets\": []}",
		"{\"source\": \"w\", \"service\": \"a\", \"argument\": \"+\", \"targets\": [\"\"]}",
		"{\"source\": \"w\", \"service\": \"<b>\\u202e\", \"argument\": \"+\", "
		"\"targets\": [\"v\"]}",
		"{\"source\": \"w\", \"service\": \"a\", \"argument\": \"+\", \"targets\": "
		"[\"v\"]} x",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(json); i++)
		agent_refuses("policy.Ask dom0", json[i]);
	agent_refuses("policy.Other dom0", "{\"source\": \"w\", \"service\": \"a\", \"argument\": "
					   "\"+\", \"targets\": [\"v\"]}");
	agent_refuses("policy.Ask", "{\"source\": \"w\", \"service\": \"a\", \"argument\": \"+\", "
				    "\"targets\": [\"v\"]}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/wire/request", test_request);
	g_test_add_func("/policy/wire/request-bad", test_request_bad);
	g_test_add_func("/policy/wire/eval", test_eval);
	g_test_add_func("/policy/wire/eval-bad", test_eval_bad);
	g_test_add_func("/policy/wire/events", test_events);
	g_test_add_func("/policy/wire/answers", test_answers);
	g_test_add_func("/policy/wire/agent-ask", test_agent_ask);
	g_test_add_func("/policy/wire/agent-notify", test_agent_notify);
	g_test_add_func("/policy/wire/agent-bad", test_agent_bad);
	return g_test_run();
}
