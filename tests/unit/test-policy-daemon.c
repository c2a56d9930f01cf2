/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy daemon's connections, policy store and view of the qubes, on one main loop with a
 * stand-in for qubesd and one for the policy agent.
 */
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/daemon/call.h"
#include "policy/daemon/wire.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "tests/unit/test-policy-util.h"

struct fixture {
	char *root, *run_d, *etc_d, *compat, *admin, *internal, *agent;
	struct service s;
	/* qubesd */
	int admin_fd, internal_fd, events_fd;
	guint admin_watch, internal_watch;
	unsigned fetches;
	char *info;
	/* the agent */
	int agent_fd, asked_fd;
	guint agent_watch;
	char *asked;
	const char *answer; /* NULL: thinks for ever */
	bool deaf;	    /* answers without having listened */
};

static void retry(void *ctx)
{
	calls_retry(ctx);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(f->etc_d, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void drop(struct fixture *f, const char *name)
{
	g_autofree char *path = g_build_filename(f->etc_d, name, NULL);

	g_assert_cmpint(g_remove(path), ==, 0);
}

static gboolean answer_info(gint fd, GIOCondition cond, gpointer data)
{
	g_autofree char *text = NULL;
	struct fixture *f = data;
	int conn = accept(fd, NULL, NULL);
	size_t len;

	g_assert_cmpint(io_read_to_end(conn, 4096, &text, &len), ==, 0);
	g_assert_cmpstr(text, ==, "internal.GetSystemInfo+ dom0 name dom0");
	f->fetches++;
	io_write_all(conn, "0\0", 2);
	io_write_all(conn, f->info, strlen(f->info));
	close(conn);
	return G_SOURCE_CONTINUE;
}

static gboolean answer_events(gint fd, GIOCondition cond, gpointer data)
{
	static const char hello[] = "1\0\0connection-established\0";
	g_autofree char *text = NULL;
	struct fixture *f = data;
	size_t len;

	f->events_fd = accept(fd, NULL, NULL);
	g_assert_cmpint(io_read_to_end(f->events_fd, 4096, &text, &len), ==, 0);
	g_assert_cmpstr(text, ==, "admin.Events+ dom0 name dom0");
	io_write_all(f->events_fd, hello, sizeof(hello));
	return G_SOURCE_CONTINUE;
}

static gboolean answer_ask(gint fd, GIOCondition cond, gpointer data)
{
	struct fixture *f = data;
	int conn = accept(fd, NULL, NULL);
	size_t len;

	g_clear_pointer(&f->asked, g_free);
	if (!f->deaf)
		g_assert_cmpint(io_read_to_end(conn, 65536, &f->asked, &len), ==, 0);
	if (f->answer) {
		io_write_all(conn, f->answer, strlen(f->answer));
		close(conn);
	} else {
		f->asked_fd = conn;
	}
	return G_SOURCE_CONTINUE;
}

static int serve(const char *path, GUnixFDSourceFunc fn, struct fixture *f, guint *ret_watch)
{
	int fd = unix_listen(path, SOCK_STREAM, 0600);

	g_assert_cmpint(fd, >=, 0);
	*ret_watch = g_unix_fd_add(fd, G_IO_IN, fn, f);
	return fd;
}

static void start_qubesd(struct fixture *f)
{
	f->internal_fd = serve(f->internal, answer_info, f, &f->internal_watch);
	f->admin_fd = serve(f->admin, answer_events, f, &f->admin_watch);
}

static void stop_qubesd(struct fixture *f)
{
	g_source_remove(f->internal_watch);
	g_source_remove(f->admin_watch);
	close(f->internal_fd);
	close(f->admin_fd);
	if (f->events_fd >= 0)
		close(f->events_fd);
	f->events_fd = -1;
	unlink(f->internal);
	unlink(f->admin);
}

/* So long, and so often: a busy machine may not run us at all in that time. */
static void spin(unsigned ms)
{
	gint64 end = g_get_monotonic_time() + ms * 1000;

	for (unsigned idle = 0; idle < 2 * ms || g_get_monotonic_time() < end;)
		if (!g_main_context_iteration(NULL, FALSE)) {
			g_usleep(500);
			idle++;
		}
}

static void set_up(struct fixture *f, gconstpointer unused)
{
	const char *dirs[3] = {NULL};

	f->root = g_dir_make_tmp("qubes-test-XXXXXX", NULL);
	f->run_d = g_build_filename(f->root, "run.d", NULL);
	f->etc_d = g_build_filename(f->root, "etc.d", NULL);
	f->compat = g_build_filename(f->root, "compat", NULL);
	f->admin = g_build_filename(f->root, "qubesd.sock", NULL);
	f->internal = g_build_filename(f->root, "qubesd.internal.sock", NULL);
	f->agent = g_build_filename(f->root, "agent.sock", NULL);
	g_mkdir(f->run_d, 0755);
	g_mkdir(f->etc_d, 0755);
	put(f, "30-user.policy",
	    "a.A * @anyvm vault allow\na.Ask * @anyvm @anyvm ask\na.Deny * work @anyvm deny\n"
	    "a.Odd * work vault allow user=\xc3\xa9\n");
	f->info = g_strdup(TEST_QUBES);
	f->events_fd = f->asked_fd = -1;
	f->agent_fd = serve(f->agent, answer_ask, f, &f->agent_watch);
	start_qubesd(f);
	dirs[0] = f->run_d;
	dirs[1] = f->etc_d;
	f->s.agent.socket = f->agent;
	f->s.store = store_new(dirs, f->compat, retry, &f->s);
	f->s.qubesd = qubesd_new(f->admin, f->internal, retry, &f->s);
	spin(20);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	g_autofree char *command = NULL;

	calls_free(&f->s);
	agent_clear(&f->s.agent);
	qubesd_free(f->s.qubesd);
	store_free(f->s.store);
	stop_qubesd(f);
	g_source_remove(f->agent_watch);
	close(f->agent_fd);
	if (f->asked_fd >= 0)
		close(f->asked_fd);
	command = g_strdup_printf("rm -rf '%s'", f->root);
	g_assert_cmpint(system(command), ==, 0);
	g_free(f->root);
	g_free(f->run_d);
	g_free(f->etc_d);
	g_free(f->compat);
	g_free(f->admin);
	g_free(f->internal);
	g_free(f->agent);
	g_free(f->info);
	g_free(f->asked);
}

/* Opens a call and writes text; the other end is returned. */
static int begin(struct fixture *f, enum call_kind kind, const char *text, size_t len)
{
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	io_set_nonblock(pair[1], true);
	if (len)
		io_write_all(pair[0], text, len);
	call_new(&f->s, kind, pair[1]);
	return pair[0];
}

/* Runs the loop until the call is closed; what it said. */
static char *end(int fd)
{
	gint64 limit = g_get_monotonic_time() + 150 * G_TIME_SPAN_SECOND;
	GString *s = g_string_new("");
	char buf[512];

	io_set_nonblock(fd, true);
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n == 0)
			break;
		if (n > 0)
			g_string_append_len(s, buf, n);
		else
			g_main_context_iteration(NULL, FALSE);
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
	}
	close(fd);
	return g_string_free(s, FALSE);
}

static char *ask(struct fixture *f, const char *source, const char *target, const char *service)
{
	g_autofree char *text = g_strdup_printf(
		"source=%s\nintended_target=%s\nservice_and_arg=%s\n\n", source, target, service);

	return end(begin(f, CALL_POLICY, text, strlen(text)));
}

static void is_allowed(struct fixture *f, const char *source, const char *target,
		       const char *service)
{
	g_autofree char *answer = ask(f, source, target, service);

	g_assert_nonnull(strstr(answer, "\nresult=allow\ntarget=vault\n"));
}

static void is_denied(struct fixture *f, const char *source, const char *target,
		      const char *service)
{
	g_autofree char *answer = ask(f, source, target, service);

	g_assert_cmpstr(answer, ==, "result=deny");
}

static void test_decisions(struct fixture *f, gconstpointer unused)
{
	g_autofree char *answer = ask(f, "work", "vault", "a.A");

	g_assert_cmpstr(answer, ==,
			"user=DEFAULT\nresult=allow\ntarget=vault\n"
			"target_uuid=uuid:00000003-1111-4222-8333-000000000000\nautostart=True\n"
			"requested_target=vault");
	is_denied(f, "work", "personal", "a.A");
	is_denied(f, "work", "vault", "b.B");
	is_denied(f, "work", "*", "a.A");
	/* An answer that could not be read as one is not given. */
	is_denied(f, "work", "vault", "a.Odd");
}

static void test_malformed(struct fixture *f, gconstpointer unused)
{
	g_autofree char *a = end(begin(f, CALL_POLICY, "x=y\n\n", 5));
	g_autofree char *big = g_strnfill(POL_WIRE_REQUEST_MAX + 10, 'x');
	int fd;

	g_assert_cmpstr(a, ==, "");
	g_assert_cmpuint(f->s.calls.length, ==, 0);
	fd = begin(f, CALL_POLICY, "source=", 7);
	io_set_nonblock(fd, true);
	for (size_t sent = 0; sent < strlen(big);) {
		ssize_t n = send(fd, big + sent, strlen(big) - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		sent += n > 0 ? (size_t)n : 0;
		spin(1);
	}
	spin(5);
	g_assert_cmpuint(f->s.calls.length, ==, 0);
	close(fd);
}

static void test_eval(struct fixture *f, gconstpointer unused)
{
	static const char simple[] = "policy.EvalSimple+a.Ask anybody name dom0\0work\0vault";
	static const char gui[] = "policy.EvalGUI+a.Ask gui\0work\0vault";
	static const char other[] = "policy.EvalGUI+a.Ask anybody\0work\0vault";
	g_autofree char *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	int fd = begin(f, CALL_EVAL, simple, sizeof(simple) - 1);

	shutdown(fd, SHUT_WR);
	a = end(fd);
	g_assert_cmpstr(a, ==, "result=allow\n");
	fd = begin(f, CALL_EVAL_GUI, gui, sizeof(gui) - 1);
	shutdown(fd, SHUT_WR);
	b = end(fd);
	g_assert_cmpstr(b, ==, "result=allow\n");
	fd = begin(f, CALL_EVAL_GUI, other, sizeof(other) - 1);
	shutdown(fd, SHUT_WR);
	c = end(fd);
	g_assert_cmpstr(c, ==, "");
	fd = begin(f, CALL_EVAL, other, sizeof(other) - 1);
	shutdown(fd, SHUT_WR);
	d = end(fd);
	g_assert_cmpstr(d, ==, "");
}

static void test_ask(struct fixture *f, gconstpointer unused)
{
	f->answer = "allow:vault";
	is_allowed(f, "work", "personal", "a.Ask");
	g_assert_cmpstr(f->asked, ==, "policy.Ask dom0 name dom0");
	g_assert_nonnull(strstr(f->asked + 26, "\"targets\": [\"personal\", \"vault\""));
	g_assert_nonnull(strstr(f->asked + 26, "\"icons\": {\"work\": \"appvm-blue\""));
	g_assert_nonnull(strstr(f->asked + 26, "\"@dispvm:dvm\": \"dispvm-blue\""));
	f->answer = "deny";
	is_denied(f, "work", "personal", "a.Ask");
	f->answer = "allow:hidden";
	is_denied(f, "work", "personal", "a.Ask");
	f->answer = "allow:dom0";
	is_denied(f, "work", "personal", "a.Ask");
	f->answer = "what?";
	is_denied(f, "work", "personal", "a.Ask");
	f->answer = "";
	is_denied(f, "work", "personal", "a.Ask");
	f->deaf = true;
	f->answer = "allow:vault";
	is_allowed(f, "work", "personal", "a.Ask");
	unlink(f->agent);
	is_denied(f, "work", "personal", "a.Ask");
}

/* Nobody waits for another: not for a slow user, not for a caller that says nothing. */
static void test_not_blocking(struct fixture *f, gconstpointer unused)
{
	static const char q[] = "source=work\nintended_target=vault\nservice_and_arg=a.Ask\n\n";
	int slow = begin(f, CALL_POLICY, q, sizeof(q) - 1), mute = begin(f, CALL_POLICY, "", 0);
	g_autofree char *answer = NULL;

	spin(10);
	g_assert_cmpint(f->asked_fd, >=, 0);
	is_allowed(f, "work", "vault", "a.A");
	io_write_all(f->asked_fd, "allow:vault", 11);
	close(f->asked_fd);
	f->asked_fd = -1;
	answer = end(slow);
	g_assert_nonnull(strstr(answer, "result=allow"));
	close(mute);
	spin(5);
	g_assert_cmpuint(f->s.calls.length, ==, 0);
}

/* A caller that goes away takes its question with it. */
static void test_hang_up(struct fixture *f, gconstpointer unused)
{
	static const char q[] = "source=work\nintended_target=vault\nservice_and_arg=a.Ask\n\n";
	int fd = begin(f, CALL_POLICY, q, sizeof(q) - 1);
	char c;

	spin(10);
	g_assert_cmpint(f->asked_fd, >=, 0);
	close(fd);
	spin(10);
	g_assert_cmpuint(f->s.calls.length, ==, 0);
	g_assert_cmpint(read(f->asked_fd, &c, 1), ==, 0);
}

/* Half-closing is no hang-up. */
static void test_half_close(struct fixture *f, gconstpointer unused)
{
	static const char q[] = "source=work\nintended_target=vault\nservice_and_arg=a.A\n";
	int fd = begin(f, CALL_POLICY, q, sizeof(q) - 1);
	g_autofree char *answer = NULL;

	shutdown(fd, SHUT_WR);
	answer = end(fd);
	g_assert_nonnull(strstr(answer, "result=allow"));
}

static void test_too_many_questions(struct fixture *f, gconstpointer unused)
{
	static const char q[] = "source=work\nintended_target=vault\nservice_and_arg=a.Ask\n\n";
	int fds[ASKS_PER_SOURCE];

	for (int i = 0; i < ASKS_PER_SOURCE; i++) {
		fds[i] = begin(f, CALL_POLICY, q, sizeof(q) - 1);
		spin(1);
	}
	spin(10);
	is_denied(f, "work", "vault", "a.Ask");
	f->answer = "allow:vault";
	is_allowed(f, "personal", "vault", "a.Ask");
	for (int i = 0; i < ASKS_PER_SOURCE; i++)
		close(fds[i]);
}

static void test_reload(struct fixture *f, gconstpointer unused)
{
	is_allowed(f, "work", "vault", "a.A");
	put(f, "20-first.policy", "a.A * work vault deny\n");
	is_denied(f, "work", "vault", "a.A");
	put(f, "20-first.policy", "a.A * work\n");
	is_denied(f, "personal", "vault", "a.A");
	drop(f, "20-first.policy");
	is_allowed(f, "work", "vault", "a.A");
	/* Included files and folders that come later count as well. */
	put(f, "20-first.policy", "!include include/x\n");
	is_denied(f, "work", "vault", "a.A");
	g_autofree char *include = g_build_filename(f->etc_d, "include", NULL);

	g_mkdir(include, 0755);
	put(f, "include/x", "a.A * personal vault deny\n");
	is_allowed(f, "work", "vault", "a.A");
	is_denied(f, "personal", "vault", "a.A");
	put(f, "include/x", "a.A * work vault deny\n");
	is_denied(f, "work", "vault", "a.A");
	is_allowed(f, "personal", "vault", "a.A");
}

static void test_missing_folder(struct fixture *f, gconstpointer unused)
{
	g_autofree char *away = g_strconcat(f->etc_d, "2", NULL);

	g_assert_cmpint(g_rename(f->etc_d, away), ==, 0);
	is_denied(f, "work", "vault", "a.A");
	g_assert_cmpint(g_rename(away, f->etc_d), ==, 0);
	is_allowed(f, "work", "vault", "a.A");
}

/* The policy changes between question and answer. */
static void test_changed_mind(struct fixture *f, gconstpointer unused)
{
	static const char q[] = "source=work\nintended_target=vault\nservice_and_arg=a.Ask\n\n";
	int fd = begin(f, CALL_POLICY, q, sizeof(q) - 1);
	g_autofree char *answer = NULL;

	spin(10);
	put(f, "20-first.policy", "a.Ask * work @anyvm deny\n");
	spin(50);
	io_write_all(f->asked_fd, "allow:vault", 11);
	close(f->asked_fd);
	f->asked_fd = -1;
	answer = end(fd);
	g_assert_cmpstr(answer, ==, "result=deny");
}

static void event(struct fixture *f, const char *name)
{
	io_write_all(f->events_fd, "1\0work", 7);
	io_write_all(f->events_fd, name, strlen(name));
	io_write_all(f->events_fd, "\0k\0v\0", 6);
}

static void test_events(struct fixture *f, gconstpointer unused)
{
	unsigned before;

	g_assert_cmpint(f->events_fd, >=, 0);
	is_allowed(f, "work", "vault", "a.A");
	before = f->fetches;
	is_allowed(f, "work", "vault", "a.A");
	is_allowed(f, "work", "vault", "a.A");
	g_assert_cmpuint(f->fetches, ==, before);
	event(f, "vm-stats");
	is_allowed(f, "work", "vault", "a.A");
	g_assert_cmpuint(f->fetches, ==, before);
	/* The event and the question that follows it: the question sees the new state. */
	g_free(f->info);
	f->info = g_strdup("{\"domains\": {}}");
	event(f, "domain-delete");
	is_denied(f, "work", "vault", "a.A");
	g_assert_cmpuint(f->fetches, ==, before + 1);
}

static void test_no_events(struct fixture *f, gconstpointer unused)
{
	unsigned before;

	/* Nobody listens there any more. */
	unlink(f->admin);
	close(f->events_fd);
	f->events_fd = -1;
	spin(5);
	before = f->fetches;
	is_allowed(f, "work", "vault", "a.A");
	is_allowed(f, "work", "vault", "a.A");
	g_assert_cmpuint(f->fetches, ==, before + 2);
}

static void test_qubesd_restart(struct fixture *f, gconstpointer unused)
{
	static const char text[] = "source=work\nintended_target=vault\nservice_and_arg=a.A\n\n";
	g_autofree char *answer = NULL;
	int call;

	is_allowed(f, "work", "vault", "a.A");
	stop_qubesd(f);
	spin(5);
	/* Who asks just then waits for the next one, but not for ever. */
	call = begin(f, CALL_POLICY, text, sizeof(text) - 1);
	spin(150);
	start_qubesd(f);
	answer = end(call);
	g_assert_nonnull(strstr(answer, "\nresult=allow\ntarget=vault\n"));
	for (int i = 0; i < 100 && f->events_fd < 0; i++)
		spin(20);
	stop_qubesd(f);
	is_denied(f, "work", "vault", "a.A");
	start_qubesd(f);
	is_allowed(f, "work", "vault", "a.A");
	/* And it follows the new one's events. */
	for (int i = 0; i < 100 && f->events_fd < 0; i++)
		spin(20);
	g_assert_cmpint(f->events_fd, >=, 0);
}

static void test_nonsense_from_qubesd(struct fixture *f, gconstpointer unused)
{
	g_free(f->info);
	f->info = g_strdup("{\"domains\": 3}");
	event(f, "domain-add");
	is_denied(f, "work", "vault", "a.A");
	io_write_all(f->events_fd, "nonsense", 8);
	g_free(f->info);
	f->info = g_strdup(TEST_QUBES);
	spin(5);
	is_allowed(f, "work", "vault", "a.A");
}

static void test_notify(struct fixture *f, gconstpointer unused)
{
	f->answer = "";
	is_denied(f, "work", "vault", "a.Deny");
	spin(10);
	g_assert_cmpstr(f->asked, ==, "policy.Notify dom0 name dom0");
	g_assert_cmpstr(f->asked + 29, ==,
			"{\"resolution\": \"deny\", \"service\": \"a.Deny\", \"argument\": \"+\", "
			"\"source\": \"work\", \"target\": \"vault\"}");
}

static GLogWriterOutput no_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer p)
{
	return G_LOG_WRITER_HANDLED;
}

#define ADD(name, func)                                                                            \
	g_test_add("/policy/daemon/" name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A broken policy is a warning, and what some of these are about. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(no_log, NULL, NULL);
	ADD("decisions", test_decisions);
	ADD("malformed", test_malformed);
	ADD("eval", test_eval);
	ADD("ask", test_ask);
	ADD("not-blocking", test_not_blocking);
	ADD("hang-up", test_hang_up);
	ADD("half-close", test_half_close);
	ADD("too-many-questions", test_too_many_questions);
	ADD("reload", test_reload);
	ADD("missing-folder", test_missing_folder);
	ADD("changed-mind", test_changed_mind);
	ADD("events", test_events);
	ADD("no-events", test_no_events);
	ADD("qubesd-restart", test_qubesd_restart);
	ADD("nonsense-from-qubesd", test_nonsense_from_qubesd);
	ADD("notify", test_notify);
	return g_test_run();
}
