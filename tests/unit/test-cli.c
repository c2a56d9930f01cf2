/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of the small parts of dom0/cli: tables, sizes, GUI configuration, the tables. */
#include <stdlib.h>
#include <string.h>

#include "dom0/cli/starttrace.h"
#include "dom0/cli/clockdate.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/guidconf.h"
#include "dom0/cli/table.h"
#include "dom0/cli/volume.h"

typedef void (*print_fn)(const struct table *t, FILE *f);

static char *printed(const struct table *t, print_fn print)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	print(t, f);
	fclose(f);
	return text;
}

static void check(const struct table *t, print_fn print, const char *wanted)
{
	char *got = printed(t, print);

	g_assert_cmpstr(got, ==, wanted);
	free(got);
}

static struct table *sample(bool head)
{
	static const char *const columns[] = {"NAME", "PRIV-CURR", "X", NULL};
	struct table *t = table_new(head, columns);

	t->none = "-";
	table_add(t, "a", "10", "tail", NULL);
	table_row(t);
	table_cell(t, "\u2514\u2500name");
	table_cell_bare(t, "5");
	table_cell(t, NULL);
	return t;
}

static void test_table(void)
{
	g_autoptr(Table) t = sample(true);
	g_autoptr(Table) bare = sample(false);

	check(t, table_print,
	      "NAME    PRIV-CURR  X\na       10         tail\n\u2514\u2500name  5          -\n");
	check(bare, table_print, "a       10  tail\n\u2514\u2500name  5   -\n");
	check(t, table_print_raw, "a|10|tail\n\u2514\u2500name|5|-\n");
	check(t, table_print_json,
	      "[\n {\"name\": \"a\", \"priv_curr\": \"10\", \"x\": \"tail\"},\n"
	      " {\"name\": \"\u2514\u2500name\", \"priv_curr\": 5, \"x\": null}\n]\n");
}

static void test_table_empty(void)
{
	static const char *const columns[] = {"A", NULL};
	g_autoptr(Table) t = table_new(false, columns);

	check(t, table_print, "");
	check(t, table_print_json, "[]\n");
}

static void test_json(void)
{
	g_autoptr(GString) s = g_string_new(NULL);

	json_string(s, "a\"b\\c\nd\te\001");
	json_string(s, NULL);
	g_assert_cmpstr(s->str, ==, "\"a\\\"b\\\\c\\nd\\u0009e\\u0001\"null");
}

static void test_width(void)
{
	g_assert_cmpuint(text_width(""), ==, 0);
	g_assert_cmpuint(text_width("abc"), ==, 3);
	g_assert_cmpuint(text_width("\u2514\u2500x"), ==, 3);
	g_assert_cmpuint(text_width("\u6f22"), ==, 2);
	g_assert_cmpuint(text_width("a\xff"), ==, 2);
}

static void test_size(void)
{
	static const struct {
		const char *text;
		guint64 bytes;
	} good[] = {{"0", 0},	       {"123", 123},	       {"1k", 1000},
		    {"2KB", 2000},     {"1KiB", 1024},	       {"3M", 3000000},
		    {"1MiB", 1048576}, {"10GiB", 10737418240}, {" 5 gb ", 5000000000}};
	static const char *const bad[] = {
		"", "x", "1T", "-1", "1.5G", "GiB", "99999999999999999999", "9223372036854775807K"};
	guint64 n;

	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(volume_parse_size(good[i].text, &n));
		g_assert_cmpuint(n, ==, good[i].bytes);
	}
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(volume_parse_size(bad[i], &n));
}

/* Features as "key=value" lines. */
static char *get(const char *key, gpointer data)
{
	g_auto(GStrv) lines = g_strsplit(data, "\n", -1);

	for (char **l = lines; *l; l++) {
		char *eq = strchr(*l, '=');

		if (eq && !strncmp(*l, key, (size_t)(eq - *l)) && !key[eq - *l])
			return g_strdup(eq + 1);
	}
	return NULL;
}

static void test_guidconf(void)
{
	g_autofree char *none = guidconf_make(get, (gpointer) "", "work");
	g_autofree char *some = guidconf_make(get,
					      (gpointer) "allow-fullscreen=1\n"
							 "allow-utf8-titles=\n"
							 "max-clipboard-size=4096\n"
							 "secure-copy-sequence=Ctrl-Mod4-c\n"
							 "trayicon-mode=tint+border1\n"
							 "window-background-color=0xff0000",
					      "work");
	g_autofree char *bad = guidconf_make(get,
					     (gpointer) "max-clipboard-size=1\n"
							"startup-timeout=x\n"
							"secure-copy-sequence=Hyper-c\n"
							"secure-paste-sequence=\"; x = \"\n"
							"trayicon-mode=bg border1\n"
							"override-redirect=perhaps\n"
							"window-background-color=\"",
					     "work");

	g_assert_true(g_str_has_suffix(none, "global: {\n}\n"));
	g_assert_nonnull(strstr(some, "  allow_fullscreen = true;\n"));
	g_assert_nonnull(strstr(some, "  allow_utf8_titles = false;\n"));
	g_assert_nonnull(strstr(some, "  max_clipboard_size = 4096;\n"));
	g_assert_nonnull(strstr(some, "  secure_copy_sequence = \"Ctrl-Mod4-c\";\n"));
	g_assert_nonnull(strstr(some, "  trayicon_mode = \"tint+border1\";\n"));
	g_assert_nonnull(strstr(some, "  window_background_color = \"0xff0000\";\n"));
	g_assert_cmpstr(bad, ==, none);
}

/* No two options of a command have a name in common, and dests of positionals differ. */
static void check_command(const struct command *cmd)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct opt *o;
	guint i = 0;

	g_test_message("%s", cmd->name);
	g_assert_nonnull(cmd->summary);
	g_assert_nonnull(cmd->run);
	while ((o = command_opt(cmd, &i))) {
		g_auto(GStrv) words = g_strsplit(o->names, " ", -1);

		for (char **w = words; *w; w++)
			g_assert_true(g_hash_table_add(names, g_strdup(*w)));
		g_assert_true((o->kind == OPT_CONST) == (o->constant != NULL));
	}
	for (const struct command *s = cmd->subs; s && s->name; s++)
		check_command(s);
}

static void test_commands(void)
{
	for (const struct command *const *c = all_commands; *c; c++) {
		g_assert_true(command_find((*c)->name) == *c);
		check_command(*c);
	}
	g_assert_null(command_find("qvm-nosuch"));
}

/* What a qube says about its boot: taken when it makes sense, never trusted to. */
static void test_trace(void)
{
	struct trace_times t = {0};

	g_assert_true(trace_parse_times("UserspaceTimestampMonotonic=1500000\n"
					"ExecMainStartTimestampMonotonic=2750000\n",
					&t));
	g_assert_cmpuint(t.init, ==, 1500000);
	g_assert_cmpuint(t.agent, ==, 2750000);
	g_assert_false(t.container);
	g_assert_true(trace_parse_times("ExecMainStartTimestampMonotonic=5\nContainer=1\n", &t));
	g_assert_true(t.container);
	g_assert_false(trace_parse_times("", &t));
	g_assert_false(trace_parse_times("UserspaceTimestampMonotonic=9\n"
					 "ExecMainStartTimestampMonotonic=8\n",
					 &t));
	g_assert_false(
		trace_parse_times("ExecMainStartTimestampMonotonic=99999999999999999999\n", &t));
	g_assert_false(trace_parse_times("ExecMainStartTimestampMonotonic=-5\n", &t));
}

static void test_clockdate(void)
{
	static const char *const bad[] = {
		"",
		"2026-12-01T10:20:30+00:00",
		"2026-12-01T10:20:30+00:00\n\n",
		"2026-12-01 10:20:30+00:00\n",
		"2026-12-01T10:20:30+01:00\n",
		"2026-13-01T10:20:30+00:00\n",
		"2026-02-30T10:20:30+00:00\n",
		"2026-12-01T24:20:30+00:00\n",
		"2026-12-01T10:20:61+00:00\n",
		"2026-12-01T10:20:30,12345678+00:00\n",
		"2026-12-01T10:20:30.123456789+00:00\n",
		"2026-10-31T23:59:59+00:00\n",
		"1970-01-01T00:00:00+00:00\n",
		"-026-12-01T10:20:30+00:00\n",
	};
	const char *why;
	struct timespec t;

	g_assert_true(clockdate_parse("2026-12-01T10:20:30+00:00\n", &t, &why));
	g_assert_cmpint(t.tv_sec, ==, 1796120430);
	g_assert_cmpint(t.tv_nsec, ==, 0);
	g_assert_true(clockdate_parse("2028-02-29T23:59:59,000000042+00:00\n", &t, &why));
	g_assert_cmpint(t.tv_nsec, ==, 42);
	g_assert_true(clockdate_parse("2026-11-01T00:00:00+00:00\n", &t, &why));
	g_assert_cmpint(t.tv_sec, ==, CLOCKDATE_EARLIEST);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(clockdate_parse(bad[i], &t, &why));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/trace", test_trace);
	g_test_add_func("/cli/table", test_table);
	g_test_add_func("/cli/table-empty", test_table_empty);
	g_test_add_func("/cli/json", test_json);
	g_test_add_func("/cli/width", test_width);
	g_test_add_func("/cli/size", test_size);
	g_test_add_func("/cli/guidconf", test_guidconf);
	g_test_add_func("/cli/commands", test_commands);
	g_test_add_func("/cli/clockdate", test_clockdate);
	return g_test_run();
}
