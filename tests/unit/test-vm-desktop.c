/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desktop entries: decoding, commands, ids, and where they are looked for. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "templates/vm/desktop/apps.h"
#include "templates/vm/desktop/desktop.h"

static void test_parse(void)
{
	struct desktop_entry e;

	g_assert_cmpint(
		desktop_parse("# c\n[Other]\nExec=no\n[Desktop Entry]\r\nType=Application\r\n"
			      "Name = A\\sb\\\\c \nName[de]=Nein\nExec=a \"b c\"\n"
			      "Terminal=true\nNoDisplay=1\nHidden=true\nnothing\n=x\n"
			      "[Desktop Action new]\nExec=no\n",
			      &e),
		==, 0);
	g_assert_true(e.application && e.terminal && e.hidden && !e.no_display);
	g_assert_cmpstr(e.name, ==, "A b\\c");
	g_assert_cmpstr(e.exec, ==, "a \"b c\"");
	g_assert_null(e.icon);
	desktop_clear(&e);
	g_assert_cmpint(desktop_parse("Exec=x\n", &e), ==, -EINVAL);
	g_assert_cmpint(desktop_parse("", &e), ==, -EINVAL);
	g_assert_cmpint(desktop_parse("[Desktop Entry]\nExec=a\nExec=b", &e), ==, 0);
	g_assert_cmpstr(e.exec, ==, "b");
	desktop_clear(&e);
}

static void command(const char *exec, const char *wanted)
{
	struct desktop_entry e = {.exec = (char *)exec, .name = (char *)"N", .icon = (char *)"I"};
	char **argv = desktop_argv(&e, "/f");
	g_autofree char *got = argv ? g_strjoinv("|", argv) : NULL;

	g_assert_cmpstr(got, ==, wanted);
	desktop_free_argv(argv);
}

static void test_argv(void)
{
	g_autoptr(GString) many = g_string_new("a");

	command("a b  c ", "a|b|c");
	command("a %f %U b", "a|b");
	command("a --x=%u", "a|--x=");
	command("a %c %k %i %%", "a|N|/f|--icon|I|%");
	command("\"a b\" \"c\\\"\\$d\" e\\f", "a b|c\"$d|e\\f");
	command("a \"\"", "a|");
	command("a \"b", NULL);
	command("a %z", NULL);
	command("", NULL);
	command("  ", NULL);
	command("a %", "a|%");
	for (int i = 0; i < DESKTOP_ARGS_MAX; i++)
		g_string_append(many, " b");
	command(many->str, NULL);
}

static void test_id(void)
{
	char buf[16];

	g_assert_true(desktop_id("a/b.desktop", buf, sizeof(buf)));
	g_assert_cmpstr(buf, ==, "a-b.desktop");
	g_assert_false(desktop_id(".desktop", buf, sizeof(buf)));
	g_assert_false(desktop_id("a.txt", buf, sizeof(buf)));
	g_assert_false(desktop_id("abcdefgh.desktop", buf, sizeof(buf)));
}

static bool collect(void *ctx, const char *id, const char *path)
{
	g_string_append_printf(ctx, "%s ", id);
	return true;
}

static void test_walk(void)
{
	g_autofree char *dir = g_dir_make_tmp("desktop-XXXXXX", NULL);
	g_autofree char *apps = g_build_filename(dir, "applications", "sub", NULL);
	g_autofree char *a = g_build_filename(dir, "applications", "a.desktop", NULL);
	g_autofree char *b = g_build_filename(apps, "b.desktop", NULL);
	g_autofree char *loop = g_build_filename(apps, "loop", NULL),
			*top = g_path_get_dirname(apps);
	g_autoptr(GString) ids = g_string_new(NULL);

	g_assert_cmpint(g_mkdir_with_parents(apps, 0700), ==, 0);
	g_assert_true(g_file_set_contents(a, "x", 1, NULL) && g_file_set_contents(b, "x", 1, NULL));
	g_setenv("XDG_DATA_DIRS", "relative::/nowhere", TRUE);
	g_setenv("XDG_DATA_HOME", dir, TRUE);
	apps_walk(false, collect, ids);
	g_assert_cmpstr(ids->str, ==, "a.desktop sub-b.desktop ");
	g_assert_cmpint(symlink(top, loop), ==, 0);
	apps_walk(false, collect, ids); /* ends */
	g_unlink(loop);
	g_unlink(a);
	g_unlink(b);
	g_rmdir(apps);
	g_rmdir(top);
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vm/desktop/parse", test_parse);
	g_test_add_func("/vm/desktop/argv", test_argv);
	g_test_add_func("/vm/desktop/id", test_id);
	g_test_add_func("/vm/desktop/walk", test_walk);
	return g_test_run();
}
