/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz harness: policy text, in both formats, through the linter, the parser and the evaluator.
 * The first byte chooses the format. What must hold of any text:
 *  - with a rule in front that denies everything, nothing is allowed;
 *  - what is allowed or asked, a rule of that action decided;
 *  - the index finds the same rule as looking at every one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/engine/eval.h"
#include "policy/engine/lint.h"
#include "policy/engine/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char qubes[] =
	"{\"domains\": {\"dom0\": {\"type\": \"AdminVM\", \"power_state\": \"Running\", \"uuid\": "
	"\"00000000-0000-0000-0000-000000000000\", \"default_dispvm\": \"dvm\"},"
	"\"work\": {\"type\": \"AppVM\", \"tags\": [\"t\"], \"default_dispvm\": \"dvm\", "
	"\"power_state\": \"Running\", \"uuid\": \"1\"},"
	"\"a\": {\"type\": \"AppVM\", \"tags\": [\"t\", \"u\"], \"power_state\": \"Halted\", "
	"\"uuid\": \"2\"},"
	"\"dvm\": {\"type\": \"AppVM\", \"tags\": [\"u\"], \"template_for_dispvms\": true, "
	"\"default_dispvm\": \"gone\", \"power_state\": \"Running\", \"uuid\": \"3\"},"
	"\"far\": {\"type\": \"RemoteVM\", \"tags\": [], \"relayvm\": \"a\", \"transport_rpc\": "
	"\"T\", "
	"\"power_state\": \"Running\", \"uuid\": \"4\"}}}";

struct reading {
	struct pol_policy *policy, *denied;
	bool old;
};

static void require(bool what)
{
	if (!what)
		abort();
}

static int take_line(void *ctx, struct pol_str line, unsigned no)
{
	const struct pol_service service = {POL_STR("s"), POL_NONE};
	struct reading *rd = ctx;
	struct pol_arena scratch = {0};
	struct pol_buf why = {0}, lint = {0};
	struct pol_rule rule;
	bool linted = pol_lint_line(line, rd->old, &lint), ok = false;

	require(linted == !lint.n);
	if (pol_utf8_valid(line) && line.p[0] != '!') {
		if (rd->old)
			line = pol_old_line(line, &scratch);
		ok = rd->old ? pol_rule_parse_old(line, &service, &rule, &why)
			     : pol_rule_parse(line, &rule, &why);
		require(ok == !why.n);
		/* The substitutions can make a directive of what was none. */
		require(ok == linted || line.p[0] == '!');
	}
	if (ok) {
		rule.file = NULL;
		rule.line = no;
		require(pol_policy_add(rd->policy, &rule) == 0 &&
			pol_policy_add(rd->denied, &rule) == 0);
	}
	pol_arena_clear(&scratch);
	pol_buf_clear(&why);
	pol_buf_clear(&lint);
	return 0;
}

static enum pol_outcome decide(const struct pol_policy *p, const struct pol_sysinfo *si,
			       const struct pol_request *rq, const struct pol_rule **ret_rule)
{
	struct pol_buf response = {0};
	struct pol_decision d;
	enum pol_outcome o;

	pol_evaluate(p, si, rq, &d, &response);
	o = d.outcome;
	*ret_rule = d.rule;
	if (o == POL_ALLOW)
		require(d.rule && d.rule->action != POL_ACTION_DENY &&
			strstr(response.p, "result=allow"));
	if (o == POL_ASK)
		require(d.rule && d.rule->action == POL_ACTION_ASK && d.n_targets);
	if (o == POL_ASK) {
		pol_answer(&d, d.targets[d.n_targets - 1]);
		pol_respond(&d, si, rq, &response);
	}
	pol_decision_clear(&d);
	pol_buf_clear(&response);
	return o;
}

/* A few of the calls there may be; which ones, the text chooses. */
static void ask_some(const struct reading *rd, size_t start)
{
	static const char *const sources[] = {"work", "a", "dvm", "uuid:1", "dom0", "x"};
	static const char *const targets[] = {"",     "a",	"@dispvm", "@dispvm:dvm",
					      "dom0", "uuid:2", "far"};
	static const char *const services[] = {"s", "s+a", "t+"};
	struct pol_sysinfo *si = NULL, *linear = NULL;
	const struct pol_rule *r1, *r2;

	require(pol_sysinfo_parse(POL_STR(qubes), &si) == 0 &&
		pol_sysinfo_parse(POL_STR(qubes), &linear) == 0);
	linear->uuid_clash = true;
	for (size_t i = start % 13; i < 6 * 7 * 3; i += 13) {
		struct pol_request rq = {.source = pol_str(sources[i % 6]),
					 .target = pol_str(targets[i / 6 % 7]),
					 .assume_yes = i % 5 == 0};

		pol_request_service(&rq, pol_str(services[i / 42]));
		require(decide(rd->denied, si, &rq, &r1) == POL_DENY);
		require(decide(rd->policy, si, &rq, &r1) == decide(rd->policy, linear, &rq, &r2));
		require(r1 == r2);
	}
	pol_sysinfo_unref(si);
	pol_sysinfo_unref(linear);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading rd = {.policy = pol_policy_new(), .denied = pol_policy_new()};
	struct pol_buf why = {0};
	struct pol_rule all;

	if (!size || size > 4096)
		goto out;
	rd.old = data[0] & 1;
	require(pol_rule_parse(POL_STR("* * * * deny"), &all, &why));
	require(pol_policy_add(rd.denied, &all) == 0);
	pol_each_line((struct pol_str){(const char *)data + 1, size - 1}, take_line, &rd);
	require(pol_policy_finish(rd.policy) == 0 && pol_policy_finish(rd.denied) == 0);
	ask_some(&rd, data[0] / 2 + size);
out:
	pol_policy_unref(rd.policy);
	pol_policy_unref(rd.denied);
	return 0;
}
