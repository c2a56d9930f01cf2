/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading policy from folders: order, shadowing, includes, changes, and what must not hang it. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/engine/load.h"
#include "tests/unit/test-policy-util.h"

struct fixture {
	char *root, *run, *etc, *compat;
	struct pol_policy *p;
	struct pol_error e;
};

static void set_up(struct fixture *f, gconstpointer unused)
{
	f->root = g_dir_make_tmp("qubes-test-XXXXXX", NULL);
	f->run = g_build_filename(f->root, "run", NULL);
	f->etc = g_build_filename(f->root, "etc", NULL);
	f->compat = g_build_filename(f->root, "compat", NULL);
	g_mkdir(f->run, 0755);
	g_mkdir(f->etc, 0755);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && !g_file_test(path, G_FILE_TEST_IS_SYMLINK) && (name = g_dir_read_name(d))) {
		g_autofree char *sub = g_build_filename(path, name, NULL);

		remove_tree(sub);
	}
	g_remove(path);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	remove_tree(f->root);
	pol_policy_unref(f->p);
	pol_error_clear(&f->e);
	g_free(f->root);
	g_free(f->run);
	g_free(f->etc);
	g_free(f->compat);
}

/* Writes a file below the root, with the folders it needs. */
static void put(struct fixture *f, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(f->root, name, NULL);
	g_autofree char *dir = g_path_get_dirname(path);

	g_mkdir_with_parents(dir, 0755);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int load(struct fixture *f)
{
	const char *dirs[] = {f->run, f->etc};
	const struct pol_load o = {.dirs = dirs, .n_dirs = 2, .compat_dir = f->compat};

	pol_policy_unref(f->p);
	f->p = NULL;
	pol_error_clear(&f->e);
	return pol_load(&o, &f->p, &f->e);
}

/* The places of all rules, in order. */
static void places_are(struct fixture *f, const char *want)
{
	g_autoptr(GString) s = g_string_new("");

	g_assert_cmpint(load(f), ==, 0);
	for (size_t i = 0; i < f->p->n_rules; i++)
		g_string_append_printf(s, "%s%.*s:%u", i ? " " : "",
				       POL_ARG(f->p->rules[i].file->shown), f->p->rules[i].line);
	g_assert_cmpstr(s->str, ==, want);
}

static void error_is(struct fixture *f, enum pol_error_kind kind, const char *file, unsigned line)
{
	g_assert_cmpint(load(f), ==, -1);
	g_assert_null(f->p);
	g_assert_cmpint(f->e.kind, ==, kind);
	g_assert_cmpstr(f->e.shown, ==, file);
	g_assert_cmpuint(f->e.line, ==, line);
	g_assert_nonnull(f->e.message);
}

#define RULE "* * work vault allow\n"

static void test_order(struct fixture *f, gconstpointer unused)
{
	put(f, "etc/a.b.policy", RULE);
	put(f, "etc/a-b.policy", RULE);
	put(f, "etc/a_b.policy", RULE);
	put(f, "run/a0.policy", "\n#c\n" RULE);
	put(f, "etc/30.policy", RULE);
	put(f, "run/30.policy", "\r\n" RULE RULE);
	put(f, "etc/.x.policy", "wrong");
	put(f, "etc/x.policy~", "wrong");
	put(f, "etc/sub/x.policy", "wrong");
	places_are(f, "30.policy:2 30.policy:3 a-b.policy:1 a.b.policy:1 a0.policy:3 a_b.policy:1");
}

static void test_includes(struct fixture *f, gconstpointer unused)
{
	put(f, "etc/10.policy",
	    "!include include/full\n!include-dir dir\n!include-service a.A +x include/old\n");
	put(f, "etc/include/full", RULE "!include dir/20-y.policy\n");
	put(f, "etc/include/old",
	    "# c\nwork $dispvm allow,user=root\n$include:include/../include/old2\n");
	put(f, "etc/include/old2", "$tag:t @anyvm deny\n");
	put(f, "etc/dir/10-x.policy", RULE);
	put(f, "etc/dir/20-y.policy", RULE);
	places_are(f, "include/full:1 dir/20-y.policy:1 dir/10-x.policy:1 dir/20-y.policy:1 "
		      "include/old:2 include/old2:1");
	g_assert_true(pol_eq(f->p->rules[4].service, POL_STR("a.A")));
	g_assert_true(pol_eq(f->p->rules[4].argument, POL_STR("+x")));
	g_assert_true(pol_eq(f->p->rules[4].target.text, POL_STR("@dispvm")));
	g_assert_true(pol_eq(f->p->rules[5].source.text, POL_STR("@tag:t")));
}

static void test_compat(struct fixture *f, gconstpointer unused)
{
	put(f, "etc/35.policy", "!compat-4.0\n");
	error_is(f, POL_ERROR_FILE, NULL, 0);
	put(f, "compat/a.A", "$anyvm $anyvm ask\n");
	put(f, "compat/a.A+z", "work vault allow\n");
	put(f, "compat/a.A+b", "work vault allow\n");
	put(f, "compat/x.rpmnew", "wrong");
	put(f, "compat/no$no", "wrong");
	places_are(f, "a.A+b:1 a.A+b:0 a.A+b:0 a.A+z:1 a.A+z:0 a.A+z:0 a.A:1");
}

static void test_errors(struct fixture *f, gconstpointer unused)
{
	put(f, "etc/10.policy", RULE "a.A * work\n");
	error_is(f, POL_ERROR_SYNTAX, "10.policy", 2);
	put(f, "etc/10.policy", RULE "!include include/x\n");
	error_is(f, POL_ERROR_SYNTAX, "10.policy", 2);
	put(f, "etc/include/x", "\n\nx\n");
	error_is(f, POL_ERROR_SYNTAX, "include/x", 3);
	put(f, "etc/include/x", "# \xff\n");
	error_is(f, POL_ERROR_ENCODING, "include/x", 1);
	put(f, "etc/10.policy", "!include-service * * 10.policy/../include\n");
	error_is(f, POL_ERROR_SYNTAX, "10.policy", 1);
	put(f, "etc/10.policy", "");
	put(f, "etc/B.policy", "");
	error_is(f, POL_ERROR_FILE, NULL, 0);
}

static void test_missing_dir(struct fixture *f, gconstpointer unused)
{
	put(f, "etc/10.policy", "wrong");
	g_rmdir(f->run);
	error_is(f, POL_ERROR_FILE, NULL, 0);
}

static void test_links(struct fixture *f, gconstpointer unused)
{
	g_autofree char *link = g_build_filename(f->etc, "20.policy", NULL);
	g_autofree char *dangling = g_build_filename(f->etc, "30.policy", NULL);
	g_autofree char *fifo = g_build_filename(f->etc, "40.policy", NULL);

	put(f, "etc/include/x", RULE);
	put(f, "etc/10.policy", "!include 20.policy\n");
	g_assert_cmpint(symlink("include/x", link), ==, 0);
	g_assert_cmpint(symlink("nowhere", dangling), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	places_are(f, "include/x:1 20.policy:1");
}

/* Files that would keep a naive reader busy for ever. */
static void test_bombs(struct fixture *f, gconstpointer unused)
{
	put(f, "etc/10.policy", "!include 10.policy\n");
	error_is(f, POL_ERROR_LIMIT, NULL, 0);
	put(f, "etc/10.policy", "!include-service a.A * include/s\n");
	put(f, "etc/include/s", "!include include/s\n");
	error_is(f, POL_ERROR_LIMIT, NULL, 0);
	put(f, "etc/10.policy", "!include include/0\n");
	for (int i = 0; i < 40; i++) {
		g_autofree char *name = g_strdup_printf("etc/include/%d", i);
		g_autofree char *text =
			g_strdup_printf("!include include/%d\n!include include/%d\n", i + 1, i + 1);

		put(f, name, text);
	}
	put(f, "etc/include/40", RULE);
	error_is(f, POL_ERROR_LIMIT, NULL, 0);
}

static void test_too_many(struct fixture *f, gconstpointer unused)
{
	g_autoptr(GString) s = g_string_new("");

	for (unsigned i = 0; i < POL_RULES_MAX / 10 + 1; i++)
		g_string_append(s, "* * a b deny\n");
	put(f, "etc/include/many", s->str);
	put(f, "etc/10.policy",
	    "!include include/many\n!include include/many\n!include include/many\n"
	    "!include include/many\n!include include/many\n!include include/many\n"
	    "!include include/many\n!include include/many\n!include include/many\n"
	    "!include include/many\n");
	g_assert_cmpint(load(f), ==, -1);
	g_assert_cmpint(f->e.kind, ==, POL_ERROR_LIMIT);
}

static void test_overrides(struct fixture *f, gconstpointer unused)
{
	const char *dirs[] = {f->etc};
	g_autofree char *ten = g_build_filename(f->etc, "10.policy", NULL);
	g_autofree char *new = g_build_filename(f->etc, "20.policy", NULL);
	g_autofree char *x = g_build_filename(f->etc, "include/x", NULL);
	struct pol_override o = {.path = ten, .text = POL_STR("wrong")};
	struct pol_load l = {.dirs = dirs, .n_dirs = 1, .overrides = &o, .n_overrides = 1};

	put(f, "etc/10.policy", "!include include/x\n");
	put(f, "etc/include/x", RULE);
	g_assert_cmpint(pol_load(&l, &f->p, &f->e), ==, -1);
	g_assert_cmpstr(f->e.shown, ==, "10.policy");
	pol_error_clear(&f->e);
	o = (struct pol_override){.path = x, .text = POL_NONE};
	g_assert_cmpint(pol_load(&l, &f->p, &f->e), ==, -1);
	g_assert_nonnull(strstr(f->e.message, "will be removed"));
	pol_error_clear(&f->e);
	o = (struct pol_override){.path = new, .text = POL_STR(RULE)};
	g_assert_cmpint(pol_load(&l, &f->p, &f->e), ==, 0);
	g_assert_cmpuint(f->p->n_rules, ==, 2);
}

#define ADD(name, func)                                                                            \
	g_test_add("/policy/load/" name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("order", test_order);
	ADD("includes", test_includes);
	ADD("compat", test_compat);
	ADD("errors", test_errors);
	ADD("missing-dir", test_missing_dir);
	ADD("links", test_links);
	ADD("bombs", test_bombs);
	ADD("too-many", test_too_many);
	ADD("overrides", test_overrides);
	return g_test_run();
}
