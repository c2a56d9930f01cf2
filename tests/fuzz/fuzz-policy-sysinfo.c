/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz harness: JSON, as system info and by itself; a decision about whatever it says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/engine/eval.h"
#include "policy/engine/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pol_policy *policy(void)
{
	static const char *const lines[] = {
		"* * @tag:t @anyvm ask default_target=@dispvm", "* * @type:AppVM @dispvm allow",
		"* * @anyvm @dispvm:@tag:t allow autostart=no", "* * @anyvm * allow"};
	struct pol_policy *p = pol_policy_new();

	for (int i = 0; i < 4; i++) {
		struct pol_buf why = {0};
		struct pol_rule r;

		if (!pol_rule_parse(pol_str(lines[i]), &r, &why) || pol_policy_add(p, &r) < 0)
			abort();
	}
	if (pol_policy_finish(p) < 0)
		abort();
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pol_str text = {(const char *)data, size};
	struct pol_json j = pol_json_init(text);
	struct pol_sysinfo *si;
	struct pol_policy *p;

	if (size > 65536)
		return 0;
	pol_json_skip(&j);
	pol_json_end(&j);
	if (pol_sysinfo_parse(text, &si) < 0)
		return 0;
	p = policy();
	for (size_t i = 0; i < si->n_domains && i < 8; i++) {
		struct pol_request rq = {.service = POL_STR("s"),
					 .argument = POL_STR("+"),
					 .source = si->domains[i].name,
					 .target = i % 2 ? POL_STR("@dispvm") : si->domains[0].name,
					 .requested_source =
						 i % 3 ? POL_NONE : si->domains[0].name};
		struct pol_buf response = {0};
		struct pol_decision d;

		if (pol_domain_find(si, rq.source) != &si->domains[i])
			abort();
		pol_evaluate(p, si, &rq, &d, &response);
		if (d.outcome == POL_ASK) {
			pol_answer(&d, d.targets[0]);
			pol_respond(&d, si, &rq, &response);
		}
		pol_decision_clear(&d);
		pol_buf_clear(&response);
	}
	pol_policy_unref(p);
	pol_sysinfo_unref(si);
	return 0;
}
