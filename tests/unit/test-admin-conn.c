/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of dom0/admin's calls and events, against a qubesd made of a thread. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dom0/admin/conn.h"
#include "dom0/admin/listen.h"
#include "dom0/admin/vm.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#define PATIENCE_MS 150000
#define REPLY(s) (s), sizeof(s) - 1

struct server {
	char *dir, *path; /* owned */
	int fd;
	GThread *thread;
	GMutex lock;
	guint calls;
	char last[256]; /* the last request, its NUL shown as '|' */
};

static void answer(struct server *s, int fd, const char *req)
{
	if (strstr(req, "admin.vm.List+"))
		io_write_all(fd, REPLY("0\0a class=AppVM state=Running\nb class=AppVM\n"));
	else if (strstr(req, "admin.vm.property.GetAll+ dom0 name b"))
		io_write_all(fd, REPLY("2\0QubesVMNotFoundError\0\0gone\0"));
	else if (strstr(req, "admin.vm.property.GetAll+"))
		io_write_all(fd, REPLY("0\0label default=True type=label red\n"));
	else if (strstr(req, "test.Fail+"))
		io_write_all(fd, REPLY("2\0QubesVMInUseError\0\0%s is in use, 100%%\0vm\0"));
	else if (strstr(req, "test.Slow+"))
		poll(&(struct pollfd){.fd = fd}, 1, 100000); /* until the caller has gone */
	else if (strstr(req, "admin.Events+"))
		io_write_all(
			fd, REPLY("1\0\0connection-established\0\0001\0a\0domain-start\0k\0v\0\0"));
	else if (!strstr(req, "test.Empty+"))
		io_write_all(fd, REPLY("0\0ok"));
}

static gpointer serve(gpointer data)
{
	struct server *s = data;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		char *req = NULL;
		size_t n = 0;

		if (io_read_to_end(fd, 65536, &req, &n) == 0) {
			for (size_t i = 0; i < n; i++)
				req[i] = req[i] ? req[i] : '|';
			g_mutex_lock(&s->lock);
			g_strlcpy(s->last, req, sizeof(s->last));
			s->calls++;
			g_mutex_unlock(&s->lock);
			answer(s, fd, req);
		}
		free(req);
		close(fd);
	}
	return NULL;
}

static void setup(struct server *s, gconstpointer unused)
{
	s->dir = g_dir_make_tmp("test-admin-XXXXXX", NULL);
	s->path = g_build_filename(s->dir, "qubesd.sock", NULL);
	s->fd = unix_listen(s->path, SOCK_STREAM, 0600);
	g_assert_cmpint(s->fd, >=, 0);
	g_mutex_init(&s->lock);
	g_setenv("QUBESD_SOCKET", s->path, TRUE);
	g_setenv("QUBES_CONNECTION", "socket", TRUE);
	s->thread = g_thread_new("server", serve, s);
}

static void teardown(struct server *s, gconstpointer unused)
{
	shutdown(s->fd, SHUT_RDWR);
	g_thread_join(s->thread);
	close(s->fd);
	unlink(s->path);
	rmdir(s->dir);
	g_free(s->path);
	g_free(s->dir);
	g_mutex_clear(&s->lock);
}

static void test_call(struct server *s, gconstpointer unused)
{
	g_autoptr(Admin) a = admin_new();
	g_autoptr(GError) err = NULL;
	g_autofree char *r = admin_call(a, "work", "test.Ok", "arg", "pay\nload", &err);

	g_assert_no_error(err);
	g_assert_cmpstr(r, ==, "ok");
	g_assert_cmpstr(s->last, ==, "test.Ok+arg dom0 name work|pay\nload");
	g_assert_true(admin_is_local(a));
	g_assert_cmpstr(admin_local_name(a), ==, "dom0");
}

static void test_failures(struct server *s, gconstpointer unused)
{
	g_autoptr(Admin) a = admin_new();
	g_autoptr(GError) fail = NULL;
	g_autoptr(GError) empty = NULL;
	g_autoptr(GError) space = NULL;
	g_autoptr(GError) slow = NULL;

	g_assert_false(admin_do(a, "vm", "test.Fail", NULL, NULL, &fail));
	g_assert_error(fail, ADMIN_ERROR, ADMIN_ERROR_VM_IN_USE);
	g_assert_cmpstr(fail->message, ==, "vm is in use, 100%");
	g_assert_false(admin_do(a, "vm", "test.Empty", NULL, NULL, &empty));
	g_assert_error(empty, ADMIN_ERROR, ADMIN_ERROR_ACCESS);
	g_assert_false(admin_do(a, "dom0 name x", "test.Ok", NULL, NULL, &space));
	g_assert_error(space, ADMIN_ERROR, ADMIN_ERROR_VALUE);
	admin_set_timeout(a, 50);
	g_assert_false(admin_do(a, "vm", "test.Slow", NULL, NULL, &slow));
	g_assert_error(slow, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION);
}

/* A moment after it was killed. */
static gpointer come_back(gpointer data)
{
	struct server *s = data;

	g_usleep(20000);
	s->fd = unix_listen(s->path, SOCK_STREAM, 0600);
	g_assert_cmpint(s->fd, >=, 0);
	s->thread = g_thread_new("server", serve, s);
	return NULL;
}

static void test_patience(struct server *s, gconstpointer unused)
{
	g_autoptr(Admin) a = admin_new();
	g_autoptr(GError) hasty = NULL;
	g_autoptr(GError) gone = NULL;
	g_autoptr(GError) err = NULL;
	g_autofree char *r = NULL;
	GThread *successor;

	shutdown(s->fd, SHUT_RDWR);
	g_thread_join(s->thread);
	close(s->fd);
	g_assert_false(admin_do(a, "vm", "test.Ok", NULL, NULL, &hasty));
	g_assert_error(hasty, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION);
	admin_set_patience(a, 50);
	g_assert_false(admin_do(a, "vm", "test.Ok", NULL, NULL, &gone));
	g_assert_error(gone, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION);
	g_assert_nonnull(strstr(gone->message, "is it running?"));
	admin_set_patience(a, PATIENCE_MS);
	successor = g_thread_new("successor", come_back, s);
	r = admin_call(a, "vm", "test.Ok", NULL, NULL, &err);
	g_thread_join(successor);
	g_assert_no_error(err);
	g_assert_cmpstr(r, ==, "ok");
}

/* Nor is one awaited that was stopped: it took its socket along. */
static void test_no_server(void)
{
	gint64 start = g_get_monotonic_time();
	g_autoptr(GError) err = NULL;
	g_autoptr(Admin) a = NULL;

	g_setenv("QUBESD_SOCKET", "/nonexistent/qubesd.sock", TRUE);
	g_setenv("QUBES_CONNECTION", "socket", TRUE);
	a = admin_new();
	admin_set_patience(a, PATIENCE_MS);
	g_assert_false(admin_do(a, "vm", "test.Ok", NULL, NULL, &err));
	g_assert_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION);
	g_assert_nonnull(strstr(err->message, "/nonexistent/qubesd.sock"));
	g_assert_cmpint(g_get_monotonic_time() - start, <, PATIENCE_MS * 500);
}

static void test_many(struct server *s, gconstpointer unused)
{
	g_autoptr(Admin) a = admin_new();
	struct admin_call *calls[16];

	for (guint i = 0; i < G_N_ELEMENTS(calls); i++)
		calls[i] = admin_begin(a, "vm", i % 2 ? "test.Ok" : "test.Fail", NULL, NULL, 0);
	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_autofree char *r = admin_finish(calls[i], NULL, NULL);

		g_assert_cmpstr(r, ==, i % 2 ? "ok" : NULL);
	}
	g_assert_cmpuint(s->calls, ==, 16);
}

static void test_fetch(struct server *s, gconstpointer unused)
{
	g_autoptr(Admin) a = admin_new();
	g_autoptr(GError) err = NULL;
	g_autoptr(AdminVms) vms = admin_vms_list(a, &err);
	struct admin_vm *vm;

	g_assert_no_error(err);
	g_assert_true(admin_vms_fetch(a, vms->list, NULL, &err));
	vm = admin_vms_find(vms, "a");
	g_assert_cmpstr(admin_vm_show(a, vm, "label"), ==, "red");
	g_assert_null(admin_vm_prop(a, vm, "nosuch", &err));
	g_assert_error(err, ADMIN_ERROR, ADMIN_ERROR_NO_SUCH_PROPERTY);
	g_assert_true(admin_vms_find(vms, "b")->gone);
	g_assert_cmpuint(s->calls, ==, 3);
}

struct seen {
	GMainLoop *loop;
	GString *names;
	guint connections;
};

static void on_event(const struct admin_event *e, gpointer data)
{
	struct seen *seen = data;

	g_string_append_printf(seen->names, "%s:%s ", e->subject, e->name);
	seen->connections += !strcmp(e->name, "connection-established");
	if (seen->connections == 2 && !strcmp(e->name, "domain-start"))
		g_main_loop_quit(seen->loop);
}

static gboolean give_up(gpointer data)
{
	g_error("no events");
	return G_SOURCE_REMOVE;
}

/* The server closes after two events each time: the listener comes back. */
static void test_events(struct server *s, gconstpointer unused)
{
	g_autoptr(Admin) a = admin_new();
	struct seen seen = {g_main_loop_new(NULL, FALSE), g_string_new(NULL), 0};
	struct admin_listener *l = admin_listen(a, "dom0", on_event, &seen);
	guint timer = g_timeout_add_seconds(100, give_up, NULL);

	g_main_loop_run(seen.loop);
	g_assert_cmpstr(seen.names->str, ==,
			":connection-established a:domain-start :connection-lost "
			":connection-established a:domain-start ");
	admin_listener_free(l);
	g_source_remove(timer);
	g_main_loop_unref(seen.loop);
	g_string_free(seen.names, TRUE);
}

/* In a qube calls go through qrexec-client-vm; here a shell script stands for it. */
static void test_qrexec(void)
{
	g_autofree char *dir = g_dir_make_tmp("test-admin-XXXXXX", NULL);
	g_autofree char *tool = g_build_filename(dir, "client-vm", NULL);
	g_autoptr(GError) err = NULL;
	g_autoptr(GError) refused = NULL;
	g_autoptr(Admin) a = NULL;
	g_autofree char *r = NULL;

	g_file_set_contents_full(tool,
				 "#!/bin/sh\n[ \"$1\" = deny ] && { echo no >&2; exit 126; }\n"
				 "printf '0\\0%s %s ' \"$1\" \"$2\"; cat\n",
				 -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL);
	g_setenv("QUBES_CONNECTION", "qrexec", TRUE);
	g_setenv("QREXEC_CLIENT_VM", tool, TRUE);
	a = admin_new();
	g_assert_false(admin_is_local(a));
	r = admin_call(a, "work", "test.Ok", "arg", "payload", &err);
	g_assert_no_error(err);
	g_assert_cmpstr(r, ==, "work test.Ok+arg payload");
	g_assert_false(admin_do(a, "deny", "test.Ok", NULL, NULL, &refused));
	g_assert_error(refused, ADMIN_ERROR, ADMIN_ERROR_ACCESS);
	g_assert_nonnull(strstr(refused->message, "no"));
	unlink(tool);
	rmdir(dir);
	g_unsetenv("QREXEC_CLIENT_VM");
}

#define ADD(name, fn) g_test_add(name, struct server, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	signal(SIGPIPE, SIG_IGN); /* callers whose patience has ended are gone */
	ADD("/conn/call", test_call);
	ADD("/conn/failures", test_failures);
	ADD("/conn/patience", test_patience);
	ADD("/conn/many", test_many);
	ADD("/conn/fetch", test_fetch);
	ADD("/conn/events", test_events);
	g_test_add_func("/conn/no-server", test_no_server);
	g_test_add_func("/conn/qrexec", test_qrexec);
	return g_test_run();
}
