/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy.* services: files, tokens, and that a wrong change changes nothing. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/tools/admin.h"

struct fixture {
	char *dir, *compat;
	struct pol_buf out;
};

static void put(struct fixture *f, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(f->dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void content_is(struct fixture *f, const char *name, const char *want)
{
	g_autofree char *path = g_build_filename(f->dir, name, NULL), *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		text = NULL;
	g_assert_cmpstr(text, ==, want);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
	g_autofree char *include = NULL;

	f->dir = g_dir_make_tmp("qubes-test-XXXXXX", NULL);
	f->compat = g_build_filename(f->dir, "none", NULL);
	include = g_build_filename(f->dir, "include", NULL);
	g_mkdir(include, 0755);
	put(f, "30-user.policy", "a.A * work vault allow\n!include-service b.B * include/b\n");
	put(f, "include/b", "work vault ask\n");
	put(f, "README", "hello");
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", f->dir);

	pol_buf_clear(&f->out);
	g_assert_cmpint(system(command), ==, 0);
	g_free(f->dir);
	g_free(f->compat);
}

static enum admin_error call(struct fixture *f, const char *service, const char *arg,
			     const char *payload)
{
	const struct admin_request rq = {.dir = f->dir,
					 .compat_dir = f->compat,
					 .service = service,
					 .arg = pol_str(arg),
					 .payload = pol_str(payload),
					 .caller = "back",
					 .requested_target = "front"};

	pol_buf_clear(&f->out);
	return admin_handle(&rq, &f->out);
}

#define OK(service, arg, payload) g_assert_cmpint(call(f, service, arg, payload), ==, ADMIN_OK)
#define FAILS(error, service, arg, payload)                                                        \
	g_assert_cmpint(call(f, service, arg, payload), ==, ADMIN_##error)

static void test_list(struct fixture *f, gconstpointer unused)
{
	put(f, "10-a.policy", "");
	OK("policy.List", "", "");
	g_assert_cmpstr(f->out.p, ==, "10-a\n30-user\n");
	OK("policy.include.List", "", "");
	g_assert_cmpstr(f->out.p, ==, "b\n");
	FAILS(PROTOCOL, "policy.List", "x", "");
	FAILS(PROTOCOL, "policy.List", "", "x");
	FAILS(PROTOCOL, "policy.Unknown", "", "");
	FAILS(PROTOCOL, "policy.List", "\xc3\xa4", "");
}

static char *token(struct fixture *f, const char *service, const char *name)
{
	OK(service, name, "");
	return g_strndup(f->out.p, strcspn(f->out.p, "\n"));
}

static void test_get(struct fixture *f, gconstpointer unused)
{
	OK("policy.include.Get", "b", "");
	g_assert_cmpstr(f->out.p, ==,
			"sha256:9e7c0c950bb532ccacacc442d69cacc3801c1e536df0d0afc600a5ea2a687ed5\n"
			"work vault ask\n");
	FAILS(NOT_FOUND, "policy.Get", "nothing", "");
	FAILS(FILE_NAME, "policy.Get", "..", "");
	FAILS(FILE_NAME, "policy.Get", "", "");
	FAILS(FILE_NAME, "policy.Get", "a.b", "");
	FAILS(PROTOCOL, "policy.Get", "30-user", "payload");
}

static void test_links(struct fixture *f, gconstpointer unused)
{
	g_autofree char *link = g_build_filename(f->dir, "out.policy", NULL);
	g_autofree char *in = g_build_filename(f->dir, "in.policy", NULL);

	g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
	FAILS(FILE_PATH, "policy.Get", "out", "");
	FAILS(FILE_PATH, "policy.Replace", "out", "any\n");
	g_assert_cmpint(unlink(link), ==, 0);
	g_assert_cmpint(symlink("30-user.policy", in), ==, 0);
	OK("policy.Get", "in", "");
}

static void test_replace(struct fixture *f, gconstpointer unused)
{
	g_autofree char *old = token(f, "policy.Get", "30-user"), *payload = NULL;

	OK("policy.Replace", "40-new", "new\nx.X * work vault deny\n");
	content_is(f, "40-new.policy", "x.X * work vault deny\n");
	FAILS(TOKEN, "policy.Replace", "40-new", "new\n");
	OK("policy.Replace", "40-new", "any\n");
	content_is(f, "40-new.policy", "");
	payload = g_strconcat(old, "\nz.Z * work vault deny\n", NULL);
	OK("policy.Replace", "30-user", payload);
	content_is(f, "30-user.policy", "z.Z * work vault deny\n");
	/* It changed since. */
	FAILS(TOKEN, "policy.Replace", "30-user", payload);
	FAILS(TOKEN, "policy.Replace", "50-new", payload);
	FAILS(PROTOCOL, "policy.Replace", "30-user", "whatever\n");
	FAILS(PROTOCOL, "policy.Replace", "30-user", "any");
	FAILS(FILE_NAME, "policy.Replace", "Upper", "any\n");
}

static void test_wrong_change(struct fixture *f, gconstpointer unused)
{
	FAILS(SYNTAX, "policy.Replace", "30-user", "any\nx.X * work\n");
	g_assert_nonnull(strstr(f->out.p, "30-user.policy:1: wrong number of fields"));
	FAILS(SYNTAX, "policy.Replace", "40-new", "any\n!include include/none\n");
	FAILS(SYNTAX, "policy.Replace", "40-new", "any\n!include 40-new.policy\n");
	FAILS(SYNTAX, "policy.Replace", "40-new", "any\n# \xff\n");
	FAILS(SYNTAX, "policy.include.Replace", "b", "any\nx.X * work vault deny\n");
	FAILS(SYNTAX, "policy.include.Remove", "b", "any");
	g_assert_nonnull(strstr(f->out.p, "will be removed"));
	content_is(f, "30-user.policy",
		   "a.A * work vault allow\n!include-service b.B * include/b\n");
	content_is(f, "40-new.policy", NULL);
	content_is(f, "include/b", "work vault ask\n");
}

static void test_remove(struct fixture *f, gconstpointer unused)
{
	g_autofree char *t = token(f, "policy.include.Get", "b");

	FAILS(NOT_FOUND, "policy.Remove", "nothing", "any");
	FAILS(TOKEN, "policy.Remove", "nothing", t);
	FAILS(TOKEN, "policy.Remove", "30-user", t);
	OK("policy.Remove", "30-user", "any");
	OK("policy.include.Remove", "b", t);
	content_is(f, "30-user.policy", NULL);
	content_is(f, "include/b", NULL);
}

static void test_get_files(struct fixture *f, gconstpointer unused)
{
	put(f, "20-any.policy", "* * a b deny\n");
	OK("policy.GetFiles", "b.B", "");
	g_assert_cmpstr(f->out.p, ==, "20-any\nb\n");
	OK("policy.GetFiles", "a.A", "");
	g_assert_cmpstr(f->out.p, ==, "20-any\n30-user\n");
	FAILS(PROTOCOL, "policy.GetFiles", "", "");
	FAILS(PROTOCOL, "policy.GetFiles", "a+b", "");
}

static void test_register(struct fixture *f, gconstpointer unused)
{
	OK("policy.RegisterArgument", "x.Perform", "one");
	OK("policy.RegisterArgument", "x.Perform", "two");
	FAILS(PROTOCOL, "policy.RegisterArgument", "x.Perform", "one");
	FAILS(PROTOCOL, "policy.RegisterArgument", "x.Perform", "");
	FAILS(PROTOCOL, "policy.RegisterArgument", "x.Perform", "a b");
	FAILS(SYNTAX, "policy.RegisterArgument", "x+y", "three");
	content_is(f, "60-registered-arguments.policy",
		   "x.Perform +one front back allow\nx.Perform +two front back allow\n");
}

#define ADD(name, func)                                                                            \
	g_test_add("/policy/admin/" name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("list", test_list);
	ADD("get", test_get);
	ADD("links", test_links);
	ADD("replace", test_replace);
	ADD("wrong-change", test_wrong_change);
	ADD("remove", test_remove);
	ADD("get-files", test_get_files);
	ADD("register", test_register);
	return g_test_run();
}
