/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the policy: small worlds to decide in. */
#ifndef QUBES_TEST_POLICY_UTIL_H
#define QUBES_TEST_POLICY_UTIL_H

#include <glib.h>

#include "policy/engine/eval.h"
#include "policy/engine/rule.h"

#define TEST_QUBE(name, number, more)                                                              \
	"\"" name "\": {\"type\": \"AppVM\", \"power_state\": \"Running\", \"guivm\": \"dom0\", "  \
	"\"label\": \"0x3465a4\", \"icon\": \"appvm-blue\", "                                      \
	"\"uuid\": \"0000000" number "-1111-4222-8333-000000000000\", " more "}"

/* dom0, work (tag t), personal (halted), vault (no disposables, tag t), dvm (a template for
 * disposables), hidden (internal), far (remote, behind relay), relay */
#define TEST_QUBES                                                                                                                                                                                                                                                           \
	"{\"domains\": {\"dom0\": {\"type\": \"AdminVM\", \"power_state\": \"Running\", "                                                                                                                                                                                    \
	"\"uuid\": \"00000000-0000-0000-0000-000000000000\", \"default_dispvm\": "                                                                                                                                                                                           \
	"\"dvm\"}, " TEST_QUBE("work", "1", "\"tags\": [\"t\", \"guivm-gui\"], \"default_dispvm\": \"dvm\"") ", " TEST_QUBE(                                                                                                                                                 \
		"personal", "2",                                                                                                                                                                                                                                             \
		"\"tags\": [], \"default_dispvm\": \"dvm\", "                                                                                                                                                                                                                \
		"\"power_state\": \"Halted\"") ", " TEST_QUBE("vault", "3",                                                                                                                                                                                                  \
							      "\"tags\": [\"t\", \"guivm-gui\"], "                                                                                                                                                                           \
							      "\"default_dispvm\": null") ","                                                                                                                                                                                \
											  " " TEST_QUBE(                                                                                                                                                                     \
												  "dvm",                                                                                                                                                                     \
												  "4",                                                                                                                                                                       \
												  "\"tags\": [\"d\"], \"template_for_dispvms\": true, "                                                                                                                      \
												  "\"default_dispvm\": \"dvm\"") ", " TEST_QUBE("hidden",                                                                                                                    \
																		"5",                                                                                                                         \
																		"\"tags\": [], \"internal\": \"1\"") ", " TEST_QUBE("far",                                                                   \
																								    "6",                                                                     \
																								    "\"tags\": [], \"type\": \"RemoteVM\", \"relayvm\": "                    \
																								    "\"relay\", \"transport_rpc\": \"x.Transport\"") ", " TEST_QUBE("relay", \
																																    "7",     \
																																    "\"tags\": []") "}}"

static inline struct pol_sysinfo *make_info(const char *json)
{
	struct pol_sysinfo *si = NULL;

	g_assert_cmpint(pol_sysinfo_parse(pol_str(json), &si), ==, 0);
	return si;
}

/* A policy of lines in today's format, all said to be of file "test". NULL when one is wrong. */
static inline struct pol_policy *make_policy(const char *text)
{
	static const struct pol_file file = {{"test", 4}, {"test", 4}};
	struct pol_policy *p = pol_policy_new();
	struct pol_str rest = pol_str(text), line;
	bool ok = true;

	for (unsigned no = 1; ok && pol_line(&rest, &line); no++) {
		struct pol_rule rule;
		struct pol_buf why = {0};

		ok = pol_rule_parse(line, &rule, &why);
		if (ok) {
			rule.file = &file;
			rule.line = no;
			g_assert_cmpint(pol_policy_add(p, &rule), ==, 0);
		}
		pol_buf_clear(&why);
	}
	g_assert_cmpint(pol_policy_finish(p), ==, 0);
	if (ok)
		return p;
	pol_policy_unref(p);
	return NULL;
}

#endif
