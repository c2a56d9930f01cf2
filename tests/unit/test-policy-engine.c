/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the policy engine: text, JSON, system info, tokens, lines, the index. */
#include "policy/engine/json.h"
#include "policy/engine/lint.h"
#include "policy/engine/path.h"
#include "tests/unit/test-policy-util.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void test_words(void)
{
	struct pol_str s = POL_STR("\t one\xc2\xa0two\xe2\x80\x83three \x1c"), w;

	g_assert_true(pol_word(&s, &w) && pol_eq(w, POL_STR("one")));
	g_assert_true(pol_word(&s, &w) && pol_eq(w, POL_STR("two")));
	g_assert_true(pol_word(&s, &w) && pol_eq(w, POL_STR("three")));
	g_assert_false(pol_word(&s, &w));
	g_assert_true(pol_eq(pol_strip(POL_STR(" \xe3\x80\x80 x y \xc2\x85")), POL_STR("x y")));
	g_assert_true(pol_eq(pol_strip(POL_STR(" \t")), POL_STR("")));
}

static void test_lines(void)
{
	struct pol_str s = POL_STR("a\r\nb\rc\n\nd"), l;
	const char *want[] = {"a", "b", "c", "", "d"};

	for (int i = 0; i < 5; i++) {
		g_assert_true(pol_line(&s, &l));
		g_assert_true(pol_eq(l, pol_str(want[i])));
	}
	g_assert_false(pol_line(&s, &l));
}

static void test_utf8(void)
{
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"};

	g_assert_true(pol_utf8_valid(POL_STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(pol_utf8_valid(pol_str(bad[i])));
}

static void test_json(void)
{
	struct pol_arena a = {0};
	struct pol_json j = pol_json_init(
		POL_STR(" {\"a\\u00e9\": [1, -2.5e3, {}], \"b\": \"\\ud83d\\ude00x\", "
			"\"c\": null, \"d\": true} "));
	struct pol_str key, s;

	pol_json_object(&j);
	g_assert_true(pol_json_key(&j, &a, &key) && pol_eq(key, POL_STR("a\xc3\xa9")));
	pol_json_skip(&j);
	g_assert_true(pol_json_key(&j, &a, &key));
	s = pol_json_string(&j, &a);
	g_assert_true(pol_eq(s, POL_STR("\xf0\x9f\x98\x80x")));
	g_assert_true(pol_json_key(&j, &a, &key));
	g_assert_null(pol_json_string(&j, &a).p);
	g_assert_true(pol_json_key(&j, &a, &key) && pol_json_bool(&j));
	g_assert_false(pol_json_key(&j, &a, &key));
	g_assert_true(pol_json_end(&j));
	pol_arena_clear(&a);
}

static void test_json_bad(void)
{
	static const char *const bad[] = {"",		"{",	      "{\"a\"}", "{\"a\":1,}",
					  "[1 2]",	"{\"a\":1}x", "\"\\q\"", "[\"\\ud8\"]",
					  "[\"a\nb\"]", "nul"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct pol_json j = pol_json_init(pol_str(bad[i]));

		pol_json_skip(&j);
		g_assert_false(pol_json_end(&j));
	}
	/* Depth is limited. */
	g_autofree char *deep = g_strnfill(POL_JSON_DEPTH + 1, '[');
	struct pol_json j = pol_json_init(pol_str(deep));

	pol_json_skip(&j);
	g_assert_false(pol_json_end(&j));
}

static void test_json_put(void)
{
	struct pol_buf b = {0};

	pol_json_put(&b, POL_STR("a\"\\\n\xc3\xa9\xf0\x9f\x98\x80\xff"));
	g_assert_cmpstr(b.p, ==, "\"a\\\"\\\\\\u000a\\u00e9\\ud83d\\ude00\\ufffd\"");
	pol_buf_clear(&b);
}

static void test_sysinfo(void)
{
	struct pol_sysinfo *si = make_info(TEST_QUBES), *bad = NULL;
	const struct pol_domain *d = pol_domain_find(si, POL_STR("work"));

	g_assert_nonnull(d);
	g_assert_true(d ==
		      pol_domain_find(si, POL_STR("uuid:00000001-1111-4222-8333-000000000000")));
	g_assert_true(pol_domain_has_tag(d, POL_STR("t")));
	g_assert_false(pol_domain_has_tag(d, POL_STR("d")));
	g_assert_true(pol_eq(d->default_dispvm, POL_STR("dvm")));
	g_assert_null(pol_domain_find(si, POL_STR("vault"))->default_dispvm.p);
	g_assert_true(pol_domain_find(si, POL_STR("hidden"))->internal);
	g_assert_null(pol_domain_find(si, POL_STR("nobody")));
	g_assert_null(pol_domain_find(si, POL_STR("uuid:")));
	g_assert_false(si->uuid_clash);
	pol_sysinfo_unref(si);
	g_assert_cmpint(pol_sysinfo_parse(POL_STR("[]"), &bad), ==, -EINVAL);
	g_assert_cmpint(pol_sysinfo_parse(POL_STR("{\"domains\": {\"a\": 1}}"), &bad), ==, -EINVAL);
	g_assert_cmpint(pol_sysinfo_parse(POL_STR("{}"), &bad), ==, -EINVAL);
}

static void test_sysinfo_odd(void)
{
	/* A name given twice means the later one; names that look like tokens are nobody's. */
	struct pol_sysinfo *si =
		make_info("{\"domains\": {\"a\": {\"uuid\": \"1\"}, \"b\": {\"uuid\": \"2\"}, "
			  "\"a\": {\"uuid\": \"2\"}, \"@x\": {}, \"uuid:q\": {}, \"*\": {}}}");

	g_assert_cmpuint(si->n_domains, ==, 2);
	g_assert_true(si->uuid_clash);
	g_assert_null(pol_domain_find(si, POL_STR("uuid:1")));
	g_assert_nonnull(pol_domain_find(si, POL_STR("uuid:2")));
	pol_sysinfo_unref(si);
}

static void test_tokens(void)
{
	static const struct {
		const char *text;
		unsigned places;
	} cases[] = {
		{"*", 3},	  {"@anyvm", 3},   {"@adminvm", 15},
		{"@default", 10}, {"@dispvm", 14}, {"@dispvm:x", 15},
		{"@tag:x", 3},	  {"@type:x", 3},  {"@dispvm:@tag:x", 3},
		{"work", 15},	  {"uuid:", 15},   {"@dispvm:", 0},
		{"@tag:", 0},	  {"@tag:@x", 0},  {"@dispvmx", 0},
		{"@AnyVM", 0},	  {"", 0},	   {"@", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (unsigned place = 1; place <= 8; place *= 2) {
			struct pol_token t;

			g_assert_cmpint(pol_token_parse(pol_str(cases[i].text), place, &t, NULL),
					==, (cases[i].places & place) != 0);
		}
}

static const char *why_not(const char *line, char *buf, size_t n)
{
	struct pol_buf why = {0};
	struct pol_rule r;
	bool ok = pol_rule_parse(pol_str(line), &r, &why);

	g_strlcpy(buf, ok ? "ok" : why.p, n);
	pol_buf_clear(&why);
	return buf;
}

static void test_rules(void)
{
	static const char *const cases[][2] = {
		{"a.B * work vault allow", "ok"},
		{"a.B +x @tag:t @default allow target=vault user= notify=yes autostart=no", "ok"},
		{"a.B * work vault", "wrong number of fields"},
		{"a/B * work vault deny", "service 'a/B' contains invalid characters: ('/',)"},
		{"a.B x work vault deny", "argument 'x' does not start with +"},
		{"* +x work vault deny", "only * argument allowed for * service"},
		{"a.B * @default vault deny", "invalid source token: '@default'"},
		{"a.B * work @tag: deny", "invalid empty @tag: token: '@tag:'"},
		{"a.B * work vault Deny", "invalid action: Deny"},
		{"a.B * work vault deny user=x", "invalid parameters for action Deny: ['user=x']"},
		{"a.B * work vault allow x", "invalid action parameter syntax: 'x'"},
		{"a.B * work vault ask notify=no notify=no", "parameter given twice: 'notify'"},
		{"a.B * work vault ask notify=maybe",
		 "'notify' is 'maybe', but can be only 'yes' or 'no'"},
		{"a.B * work vault allow target=", "invalid empty redirect token"},
		{"a.B * work vault allow target=*", "invalid redirect token: '*'"},
		{"a.B * work @default allow",
		 "allow action for @default rule must specify target= option"},
	};
	char got[256];

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(why_not(cases[i][0], got, sizeof(got)), ==, cases[i][1]);
	/* A line of nothing but parameters ends in time. */
	GString *s = g_string_new("a.B * work vault allow");

	for (int i = 0; i < 100000; i++)
		g_string_append_printf(s, " k%d=v", i);
	g_assert_cmpstr(why_not(s->str, got, sizeof(got)), ==, "too many action parameters");
	g_string_free(s, TRUE);
}

static void test_nul(void)
{
	static const char line[] = "a.B * wo\0rk vault allow";
	struct pol_buf why = {0};
	struct pol_rule r;

	g_assert_false(pol_rule_parse((struct pol_str){line, sizeof(line) - 1}, &r, &why));
	pol_buf_clear(&why);
}

static void test_lint(void)
{
	static const struct {
		const char *line;
		bool service, ok;
	} cases[] = {
		{"!include include/x", false, true},
		{"!include /etc/x", false, false},
		{"!include ./x", false, false},
		{"!include-dir any/where", false, true},
		{"!compat-4.0", false, true},
		{"!compat-4.0", true, false},
		{"!include-dir x", true, true},
		{"$include:include/x", true, false},
		{"!include include/x", true, true},
		{"work $tag:t allow,user=root", true, true},
		{"!include-service a + b", false, true},
		{"!include-service * + b", false, false},
		{"!nonsense", false, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct pol_buf why = {0};

		g_assert_cmpint(pol_lint_line(pol_str(cases[i].line), cases[i].service, &why), ==,
				cases[i].ok);
		pol_buf_clear(&why);
	}
}

static void test_paths(void)
{
	char got[POL_PATH_MAX];
	g_autofree char *dir = g_dir_make_tmp("qubes-test-XXXXXX", NULL);
	g_autofree char *link = g_build_filename(dir, "l", NULL);
	g_autofree char *loop = g_build_filename(dir, "o", NULL);
	g_autofree char *want = g_build_filename(dir, "a", NULL);

	g_assert_cmpint(pol_path_resolve("/none", "a/./b//../c", got), ==, 0);
	g_assert_cmpstr(got, ==, "/none/a/c");
	g_assert_cmpint(pol_path_resolve("/none", "/x/../../y", got), ==, 0);
	g_assert_cmpstr(got, ==, "/y");
	g_assert_cmpint(symlink("a", link), ==, 0);
	g_assert_cmpint(symlink("o", loop), ==, 0);
	g_assert_cmpint(pol_path_resolve(dir, "l", got), ==, 0);
	g_assert_cmpstr(got, ==, want);
	g_assert_cmpint(pol_path_resolve(dir, "o", got), ==, -ELOOP);
	g_assert_cmpstr(pol_path_below("/a/b//c", "/a/b/"), ==, "c");
	g_assert_null(pol_path_below("/a/bc", "/a/b"));
	unlink(link);
	unlink(loop);
	rmdir(dir);
}

/* A line of random but valid tokens. */
static void random_rule(GString *s, GRand *r)
{
	static const char *const services[] = {"a.A", "b.B", "*"}, *const args[] = {"*", "+", "+x"};
	static const char *const sources[] = {"work",
					      "personal",
					      "@anyvm",
					      "*",
					      "@tag:t",
					      "dom0",
					      "@adminvm",
					      "@type:AppVM",
					      "@dispvm:dvm",
					      "uuid:x",
					      "uuid:00000001-1111-4222-8333-000000000000",
					      "uuid:00000000-0000-0000-0000-000000000000"};
	static const char *const targets[] = {"vault",
					      "@anyvm",
					      "*",
					      "@default target",
					      "@dispvm",
					      "@dispvm:dvm",
					      "@dispvm:@tag:d",
					      "dom0",
					      "@type:AppVM",
					      "uuid:00000003-1111-4222-8333-000000000000",
					      "far"};
	static const char *const actions[] = {"deny",
					      "deny notify=no",
					      "allow",
					      "ask",
					      "ask target=vault",
					      "allow target=@dispvm",
					      "ask default_target=vault",
					      "allow autostart=no",
					      "allow target=personal autostart=no notify=yes"};
	const char *service = services[g_rand_int_range(r, 0, 3)];
	const char *target = targets[g_rand_int_range(r, 0, G_N_ELEMENTS(targets))];
	const char *action = actions[g_rand_int_range(r, 0, G_N_ELEMENTS(actions))];

	if (strcmp(target, "@default target") == 0) {
		target = "@default";
		if (strcmp(action, "allow") == 0 || strcmp(action, "allow autostart=no") == 0)
			action = "allow target=vault";
	}
	g_string_append_printf(s, "%s %s %s %s %s\n", service,
			       *service == '*' ? "*" : args[g_rand_int_range(r, 0, 3)],
			       sources[g_rand_int_range(r, 0, G_N_ELEMENTS(sources))], target,
			       action);
}

static void random_request(struct pol_request *rq, GRand *r)
{
	static const char *const services[] = {"a.A", "b.B+x", "c.C+", "a.A+x"};
	static const char *const sources[] = {"work",
					      "personal",
					      "vault",
					      "dom0",
					      "nobody",
					      "dvm",
					      "uuid:00000001-1111-4222-8333-000000000000"};
	static const char *const targets[] = {
		"vault",       "work", "@default", "@dispvm",
		"@dispvm:dvm", "dom0", "@adminvm", "nobody",
		"far",	       "",     "*",	   "uuid:00000003-1111-4222-8333-000000000000"};

	*rq = (struct pol_request){
		.source = pol_str(sources[g_rand_int_range(r, 0, G_N_ELEMENTS(sources))]),
		.target = pol_str(targets[g_rand_int_range(r, 0, G_N_ELEMENTS(targets))]),
		.assume_yes = g_rand_boolean(r),
		.just_evaluate = g_rand_int_range(r, 0, 4) == 0,
	};
	pol_request_service(rq, pol_str(services[g_rand_int_range(r, 0, G_N_ELEMENTS(services))]));
	if (g_rand_int_range(r, 0, 8) == 0) {
		rq->source = POL_STR("relay");
		rq->requested_source = POL_STR("far");
	}
}

/* What a decision comes to, as text. */
static char *outcome_of(const struct pol_policy *p, const struct pol_sysinfo *si,
			const struct pol_request *rq)
{
	struct pol_buf response = {0};
	struct pol_decision d;
	GString *s = g_string_new(NULL);

	pol_evaluate(p, si, rq, &d, &response);
	g_string_append_printf(s, "%d %s %d %u %s", d.outcome, pol_reason_word(d.reason), d.notify,
			       d.rule ? d.rule->line : 0, response.p ? response.p : "");
	for (size_t i = 0; i < d.n_targets; i++)
		g_string_append_printf(s, " %.*s", POL_ARG(d.targets[i]));
	pol_decision_clear(&d);
	pol_buf_clear(&response);
	return g_string_free(s, FALSE);
}

static void test_index(void)
{
	struct pol_sysinfo *si = make_info(TEST_QUBES), *linear = make_info(TEST_QUBES);
	g_autoptr(GRand) r = g_rand_new_with_seed(4);

	/* With this set, every rule is looked at. */
	linear->uuid_clash = true;
	for (int i = 0; i < 2000; i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		struct pol_policy *p;

		for (int n = g_rand_int_range(r, 0, 12); n > 0; n--)
			random_rule(text, r);
		p = make_policy(text->str);
		g_assert_nonnull(p);
		for (int k = 0; k < 20; k++) {
			struct pol_request rq;
			g_autofree char *a = NULL, *b = NULL;

			random_request(&rq, r);
			a = outcome_of(p, si, &rq);
			b = outcome_of(p, linear, &rq);
			g_assert_cmpstr(a, ==, b);
		}
		pol_policy_unref(p);
	}
	pol_sysinfo_unref(si);
	pol_sysinfo_unref(linear);
}

static enum pol_outcome decided(const struct pol_policy *p, const struct pol_sysinfo *si,
				const struct pol_request *rq)
{
	struct pol_buf response = {0};
	struct pol_decision d;
	enum pol_outcome o;

	pol_evaluate(p, si, rq, &d, &response);
	o = d.outcome;
	pol_decision_clear(&d);
	pol_buf_clear(&response);
	return o;
}

/* A deny rule put in front never turns a deny into anything else, nor an ask into an allow. */
static void test_deny_in_front(void)
{
	struct pol_sysinfo *si = make_info(TEST_QUBES);
	g_autoptr(GRand) r = g_rand_new_with_seed(5);

	for (int i = 0; i < 4000; i++) {
		g_autoptr(GString) text = g_string_new(NULL), more = g_string_new(NULL);
		struct pol_policy *before, *after;
		char *action;

		random_rule(more, r);
		action = strstr(more->str, " allow");
		if (!action)
			action = strstr(more->str, " ask");
		if (action)
			g_string_truncate(more, (gsize)(action - more->str));
		if (action)
			g_string_append(more, " deny\n");
		for (int n = g_rand_int_range(r, 0, 8); n > 0; n--)
			random_rule(text, r);
		before = make_policy(text->str);
		g_string_append(more, text->str);
		after = make_policy(more->str);
		g_assert_true(before && after);
		for (int k = 0; k < 20; k++) {
			struct pol_request rq;

			random_request(&rq, r);
			if (decided(before, si, &rq) == POL_DENY)
				g_assert_cmpint(decided(after, si, &rq), ==, POL_DENY);
			else if (decided(before, si, &rq) == POL_ASK)
				g_assert_cmpint(decided(after, si, &rq), !=, POL_ALLOW);
		}
		pol_policy_unref(before);
		pol_policy_unref(after);
	}
	pol_sysinfo_unref(si);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/engine/words", test_words);
	g_test_add_func("/policy/engine/lines", test_lines);
	g_test_add_func("/policy/engine/utf8", test_utf8);
	g_test_add_func("/policy/engine/json", test_json);
	g_test_add_func("/policy/engine/json-bad", test_json_bad);
	g_test_add_func("/policy/engine/json-put", test_json_put);
	g_test_add_func("/policy/engine/sysinfo", test_sysinfo);
	g_test_add_func("/policy/engine/sysinfo-odd", test_sysinfo_odd);
	g_test_add_func("/policy/engine/tokens", test_tokens);
	g_test_add_func("/policy/engine/rules", test_rules);
	g_test_add_func("/policy/engine/nul", test_nul);
	g_test_add_func("/policy/engine/lint", test_lint);
	g_test_add_func("/policy/engine/paths", test_paths);
	g_test_add_func("/policy/engine/index", test_index);
	g_test_add_func("/policy/engine/deny-in-front", test_deny_in_front);
	return g_test_run();
}
