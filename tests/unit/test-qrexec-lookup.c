/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding services and their configuration; the environment of a service. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/unixsock.h"
#include "qrexec/call/lookup.h"
#include "qrexec/call/spawn.h"

struct fixture {
	char *dir, *a, *b, *both;
	struct lookup_paths p;
	struct qrx_error e;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->dir = g_dir_make_tmp("lookup.XXXXXX", NULL);
	f->a = g_build_filename(f->dir, "a", NULL);
	f->b = g_build_filename(f->dir, "b", NULL);
	f->both = g_strdup_printf("%s:%s", f->a, f->b);
	g_assert_cmpint(g_mkdir(f->a, 0755), ==, 0);
	g_assert_cmpint(g_mkdir(f->b, 0755), ==, 0);
	f->p.services = f->p.configs = f->both;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_autofree char *cmd = g_strdup_printf("rm -rf %s", f->dir);

	g_assert_cmpint(system(cmd), ==, 0);
	g_free(f->dir);
	g_free(f->a);
	g_free(f->b);
	g_free(f->both);
}

static void put(const char *dir, const char *name, const char *text, int mode)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

static void put_link(const char *dir, const char *name, const char *target)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_cmpint(symlink(target, path), ==, 0);
}

static int find(struct fixture *f, const char *service, struct service_found *ret)
{
	g_autofree char *text = g_strdup_printf("QUBESRPC %s work", service);
	struct qrx_command c;

	g_assert_cmpint(qrx_command_parse(text, false, &c, NULL), ==, 0);
	return lookup_service(&f->p, &c, ret, &f->e);
}

static void test_order(struct fixture *f, gconstpointer data)
{
	struct service_found s;

	g_assert_cmpint(find(f, "svc+x", &s), ==, -ENOENT);
	g_assert_nonnull(strstr(f->e.text, "svc"));
	put(f->b, "svc", "", 0755);
	g_assert_cmpint(find(f, "svc+x", &s), ==, 0);
	g_assert_true(g_str_has_suffix(s.path, "/b/svc"));
	put(f->a, "svc", "", 0755);
	g_assert_cmpint(find(f, "svc+x", &s), ==, 0);
	g_assert_true(g_str_has_suffix(s.path, "/a/svc"));
	/* With the argument goes first, in whatever directory. */
	put(f->b, "svc+x", "", 0755);
	g_assert_cmpint(find(f, "svc+x", &s), ==, 0);
	g_assert_true(g_str_has_suffix(s.path, "/b/svc+x"));
	g_assert_cmpint(s.kind, ==, SERVICE_EXEC);
	put(f->b, "svc+", "", 0755);
	g_assert_cmpint(find(f, "svc", &s), ==, 0);
	g_assert_true(g_str_has_suffix(s.path, "/b/svc+"));
}

static void test_kinds(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->a, "sock", NULL);
	int fd = unix_listen(path, SOCK_STREAM, 0600);
	struct service_found s;

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(find(f, "sock", &s), ==, 0);
	g_assert_cmpint(s.kind, ==, SERVICE_UNIX);
	put_link(f->a, "link", "sock");
	g_assert_cmpint(find(f, "link", &s), ==, 0);
	g_assert_cmpint(s.kind, ==, SERVICE_UNIX);
	put_link(f->a, "tcp", "/dev/tcp/127.0.0.1");
	g_assert_cmpint(find(f, "tcp+80", &s), ==, 0);
	g_assert_cmpint(s.kind, ==, SERVICE_TCP);
	g_assert_cmpstr(s.path, ==, "/dev/tcp/127.0.0.1");
	put(f->a, "plain", "", 0644);
	g_assert_cmpint(find(f, "plain", &s), ==, -EACCES);
	close(fd);
}

static void test_broken(struct fixture *f, gconstpointer data)
{
	g_autofree char *longarg = g_strnfill(300, 'x');
	g_autofree char *longname = g_strdup_printf("svc+%s", longarg);
	struct service_found s;

	put(f->b, "svc", "", 0755);
	put_link(f->a, "svc+loop", "svc+loop");
	g_assert_cmpint(find(f, "svc+loop", &s), ==, -ELOOP);
	put_link(f->a, "svc+file", "/dev/null/x");
	g_assert_cmpint(find(f, "svc+file", &s), ==, -ENOTDIR);
	put_link(f->a, "svc+none", "nowhere");
	g_assert_cmpint(find(f, "svc+none", &s), ==, 0);
	/* A name that no file can have is skipped, a path is refused. */
	g_assert_cmpint(find(f, longname, &s), ==, 0);
	g_assert_cmpint(find(f, "../b/svc", &s), ==, -EINVAL);
	g_assert_cmpint(find(f, "svc+../svc", &s), ==, -EINVAL);
}

static int config(struct fixture *f, const char *service, struct qrx_rpcconf *ret)
{
	g_autofree char *text = g_strdup_printf("QUBESRPC %s work", service);
	struct qrx_command c;

	g_assert_cmpint(qrx_command_parse(text, false, &c, NULL), ==, 0);
	return lookup_config(&f->p, &c, ret, &f->e);
}

static void test_config(struct fixture *f, gconstpointer data)
{
	struct qrx_rpcconf c;

	g_assert_cmpint(config(f, "svc+x", &c), ==, 0);
	g_assert_false(c.wait_for_session);
	put(f->b, "svc", "wait-for-session=1\n", 0644);
	g_assert_cmpint(config(f, "svc+x", &c), ==, 0);
	g_assert_true(c.wait_for_session);
	put(f->b, "svc+x", "\nforce-user = nobody\n", 0644);
	g_assert_cmpint(config(f, "svc+x", &c), ==, -EINVAL);
	g_assert_nonnull(strstr(f->e.text, "/b/svc+x:2: "));
	put_link(f->a, "svc+x", "/dev/null/x");
	g_assert_cmpint(config(f, "svc+x", &c), ==, -ENOTDIR);
}

static bool has(char **env, const char *var)
{
	return g_strv_contains((const char *const *)env, var);
}

static void free_env(char **env, char **base)
{
	for (char **p = env; *p; p++) {
		bool ours = true;

		for (char **q = base; *q; q++)
			ours &= *p != *q;
		if (ours)
			g_free(*p);
	}
	g_free(env);
}

static void test_env(void)
{
	char *base[] = {"PATH=/bin",
			"QREXEC_SERVICE_PATH=/s",
			"QREXEC_REMOTE_DOMAIN=old",
			"QREXEC_X=y",
			"QREXECUTE=1",
			NULL};
	struct qrx_command c;
	char **env;

	g_assert_cmpint(qrx_command_parse("QUBESRPC s+a work keyword adminvm", false, &c, NULL), ==,
			0);
	env = spawn_env(base, &c, 77);
	g_assert_true(has(env, "PATH=/bin"));
	g_assert_true(has(env, "QREXEC_SERVICE_PATH=/s"));
	g_assert_true(has(env, "QREXEC_AGENT_PID=77"));
	g_assert_true(has(env, "QREXEC_REMOTE_DOMAIN=work"));
	g_assert_true(has(env, "QREXEC_SERVICE_FULL_NAME=s+a"));
	g_assert_true(has(env, "QREXEC_SERVICE_ARGUMENT=a"));
	g_assert_true(has(env, "QREXEC_REQUESTED_TARGET_TYPE=keyword"));
	g_assert_true(has(env, "QREXEC_REQUESTED_TARGET_KEYWORD=adminvm"));
	g_assert_cmpuint(g_strv_length(env), ==, 8);
	free_env(env, base);
	g_assert_cmpint(qrx_command_parse("QUBESRPC s work", false, &c, NULL), ==, 0);
	env = spawn_env(base, &c, 77);
	g_assert_true(has(env, "QREXEC_REQUESTED_TARGET_TYPE="));
	g_assert_cmpuint(g_strv_length(env), ==, 6);
	free_env(env, base);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/qrexec/lookup/order", struct fixture, NULL, set_up, test_order, tear_down);
	g_test_add("/qrexec/lookup/kinds", struct fixture, NULL, set_up, test_kinds, tear_down);
	g_test_add("/qrexec/lookup/broken", struct fixture, NULL, set_up, test_broken, tear_down);
	g_test_add("/qrexec/lookup/config", struct fixture, NULL, set_up, test_config, tear_down);
	g_test_add_func("/qrexec/spawn/env", test_env);
	return g_test_run();
}
