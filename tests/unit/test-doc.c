/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers and writers of TOML and JSON documents (dom0/cli/doc/). */
#include <string.h>

#include "dom0/cli/doc/doc.h"

static char *as_json(enum doc_format format, const char *text)
{
	unsigned line = 0;
	char *why = NULL;
	g_autoptr(Doc) d = doc_parse(format, text, strlen(text), &line, &why);
	g_autoptr(GString) out = g_string_new(NULL);

	if (!d) {
		g_test_message("line %u: %s", line, why);
		g_free(why);
		return NULL;
	}
	doc_write_json(out, d);
	/* On one line, which is easier to compare. */
	for (char *nl; (nl = strchr(out->str, '\n'));) {
		gssize n = 1 + (gssize)strspn(nl + 1, " ");

		g_string_erase(out, nl - out->str, n);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void test_toml(void)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"", "{}"},
		{"# only\r\n\t# comments\n", "{}"},
		{"a = 1\nb-c = 'x'\n\"d e\" = true", "{\"a\": 1,\"b-c\": \"x\",\"d e\": true}"},
		{"a.b.c = 1\na.b.d = 2\n", "{\"a\": {\"b\": {\"c\": 1,\"d\": 2}}}"},
		{"[a.b]\nx = 1\n[a]\ny = 2\n", "{\"a\": {\"b\": {\"x\": 1},\"y\": 2}}"},
		{"[[l]]\nx = 1\n[[l]]\n[l.t]\ny = 2\n",
		 "{\"l\": [{\"x\": 1},{\"t\": {\"y\": 2}}]}"},
		{"a = [1, [2, 3], # c\n {x = 1},\n]\n", "{\"a\": [1,[2, 3],{\"x\": 1}]}"},
		{"a = {}\nb = { c.d = 1, e = \"f\" }\n",
		 "{\"a\": {},\"b\": {\"c\": {\"d\": 1},\"e\": \"f\"}}"},
		{"a = 0x1F\nb = 0o17\nc = 0b101\nd = -1_000\ne = +7\n",
		 "{\"a\": 31,\"b\": 15,\"c\": 5,\"d\": -1000,\"e\": 7}"},
		{"a = 1.50\nb = -2e3\n", "{\"a\": 1.50,\"b\": -2e3}"},
		{"a = \"x\\t\\\"\\u00e9\\\\\"\n", "{\"a\": \"x\\u0009\\\"\u00e9\\\\\"}"},
		{"a = \"\"\"\nx\\\n   y\"\"\"\"\n", "{\"a\": \"xy\\\"\"}"},
		{"a = '''\nx\\n\n'y' '''\n", "{\"a\": \"x\\\\n\\n'y' \"}"},
		{"\xef\xbb\xbf"
		 "a = 1",
		 "{\"a\": 1}"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *json = as_json(DOC_TOML, cases[i].text);

		g_assert_cmpstr(json, ==, cases[i].json);
	}
}

/* What is wrong, and in which line. */
static void test_errors(void)
{
	static const struct {
		enum doc_format format;
		unsigned line;
		const char *text, *why;
	} cases[] = {
		{DOC_TOML, 1, "a", "'=' is missing after 'a'"},
		{DOC_TOML, 2, "\na =\n", "a value is missing"},
		{DOC_TOML, 1, "a = yes", "strings need quotes"},
		{DOC_TOML, 3, "a = 1\n\na = 2", "given before, in line 1"},
		{DOC_TOML, 3, "[a]\nb = 1\n[a]\n", "given before, in line 1"},
		{DOC_TOML, 2, "a = {b = 1}\na.c = 2\n", "given before"},
		{DOC_TOML, 2, "a = [1]\n[[a]]\n", "given before"},
		{DOC_TOML, 3, "[a.b]\n[c]\n[a.b]\n", "given before"},
		{DOC_TOML, 1, "a = \"x\nb = 1", "no closing quote"},
		{DOC_TOML, 2, "\na = '''x\n\n\n", "no closing quote"},
		{DOC_TOML, 1, "a = \"\\x\"", "no such escape"},
		{DOC_TOML, 1, "a = \"\\ud800\"", "no character"},
		{DOC_TOML, 1, "a = 1 b = 2", "more on the line"},
		{DOC_TOML, 3, "a = [1,\n2\n3]", "',' or ']' is missing"},
		{DOC_TOML, 1, "a = {b = 1\n}", "has to end on the line"},
		{DOC_TOML, 1, "a = 01", "no value"},
		{DOC_TOML, 1, "a = 9223372036854775808", "too large"},
		{DOC_TOML, 1, "a = 2024-01-02", "dates"},
		{DOC_TOML, 1, "[a", "']' is missing"},
		{DOC_TOML, 1, "\xc3\xa9 = 1", "needs quotes"},
		{DOC_TOML, 2, "a = 1\nb = \"\xff\"", "not UTF-8"},
		{DOC_JSON, 1, "", "a value is missing"},
		{DOC_JSON, 1, "[]", "has to be an object"},
		{DOC_JSON, 3, "{\"a\": 1,\n\n\"a\": 2}", "given before, in line 1"},
		{DOC_JSON, 2, "{\n\"a\": 1,}", "key in double quotes"},
		{DOC_JSON, 1, "{\"a\": 01}", "no value"},
		{DOC_JSON, 1, "{\"a\": NaN}", "no value"},
		{DOC_JSON, 1, "{} x", "more text"},
		{DOC_JSON, 1, "{\"a\": \"\\ud800\"}", "no character"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		unsigned line = 0;
		char *why = NULL;

		g_test_message("%s", cases[i].text);
		g_assert_null(doc_parse(cases[i].format, cases[i].text, strlen(cases[i].text),
					&line, &why));
		g_assert_nonnull(strstr(why, cases[i].why));
		g_assert_cmpuint(line, ==, cases[i].line);
		g_free(why);
	}
}

static void test_json(void)
{
	g_autofree char *a = as_json(DOC_JSON, " {\"a\": [1, -2.5e3, null, true],\n\"b\": {}} ");
	g_autofree char *b = as_json(DOC_JSON, "{\"\\u00e9\": \"\\ud83d\\ude00\\/\"}");

	g_assert_cmpstr(a, ==, "{\"a\": [1, -2.5e3, null, true],\"b\": {}}");
	g_assert_cmpstr(b, ==, "{\"\u00e9\": \"\U0001F600/\"}");
}

/* What is written as TOML is read back as it was. */
static void test_round(void)
{
	static const char text[] =
		"{\"s\": {\"x y\": \"a\\nb\", \"n\": 1, \"l\": [\"p\", {\"q\": \"r\\u0001\"}]},"
		" \"e\": {}, \"d.d\": {\"f\": {\"g\": \"''\\n'\"}}, \"m\": \"l1\\nl2\\n\"}";
	unsigned line;
	char *why;
	g_autoptr(Doc) d = doc_parse(DOC_JSON, text, strlen(text), &line, &why);
	g_autoptr(GString) toml = g_string_new(NULL);
	g_autofree char *direct = as_json(DOC_JSON, text), *round = NULL;

	g_assert_nonnull(d);
	doc_write_toml(toml, d);
	g_test_message("%s", toml->str);
	round = as_json(DOC_TOML, toml->str);
	/* Plain values come before tables, which is the only change. */
	g_assert_cmpuint(strlen(round), ==, strlen(direct));
	g_assert_nonnull(strstr(round, "\"l\": [\"p\",{\"q\": \"r\\u0001\"}]"));
	g_assert_nonnull(strstr(round, "\"m\": \"l1\\nl2\\n\""));
	g_assert_nonnull(strstr(round, "\"g\": \"''\\n'\""));
}

static void test_deep(void)
{
	for (int json = 0; json < 2; json++) {
		g_autoptr(GString) s = g_string_new(json ? "{\"a\":" : "a = ");
		unsigned line;
		char *why = NULL;

		for (int i = 0; i < 100000; i++)
			g_string_append_c(s, '[');
		g_assert_null(doc_parse(json ? DOC_JSON : DOC_TOML, s->str, s->len, &line, &why));
		g_assert_nonnull(strstr(why, "inside each other"));
		g_free(why);
	}
}

/* Many keys and tables are read in a time that grows as they do. */
static void test_large(void)
{
	g_autoptr(GString) s = g_string_new(NULL);
	unsigned line;
	char *why;
	g_autoptr(Doc) d = NULL;

	for (int i = 0; i < 50000; i++)
		g_string_append_printf(s, "[qubes.q%d]\nlabel = \"red\"\nmemory = %d\n", i, i);
	d = doc_parse(DOC_TOML, s->str, s->len, &line, &why);
	g_assert_nonnull(d);
	g_assert_cmpuint(doc_size(doc_get(d, "qubes")), ==, 50000);
	g_assert_cmpuint(doc_get(doc_get(d, "qubes"), "q9")->line, ==, 28);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/doc/toml", test_toml);
	g_test_add_func("/doc/errors", test_errors);
	g_test_add_func("/doc/json", test_json);
	g_test_add_func("/doc/round", test_round);
	g_test_add_func("/doc/deep", test_deep);
	g_test_add_func("/doc/large", test_large);
	return g_test_run();
}
