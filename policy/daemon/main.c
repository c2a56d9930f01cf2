/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-policy-daemon: decides for every service call between qubes whether it may happen.
 *
 * Asked by qrexec-daemons on the policy socket and, through qrexec, by qubes that may know
 * what would be allowed, on the Eval sockets. Names in requests come from qubes. It trusts its
 * policy files, qubesd, and the policy agent for what the user chose.
 */
#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/daemon/call.h"
#include "policy/daemon/confine.h"
#include "policy/daemon/starter.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

#define PROGRAM "qrexec-policy-daemon"
#define POLICY_DIRS_MAX 16
#define SOCKETS 3
#define PAUSE_MS 100 /* without file descriptors */

struct listener {
	struct service *service;
	enum call_kind kind;
	const char *path;
	char buf[QUBES_PATH_MAX];
	int fd;
};

struct options {
	const char *dirs[POLICY_DIRS_MAX + 1];
	size_t n_dirs;
	uid_t uid;
	gid_t gid;
	bool owner;
};

/* Lines for the journal, without decoration. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n,
				  gpointer data)
{
	if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			fprintf(stderr, PROGRAM ": %s\n", (const char *)fields[i].value);
	}
	return G_LOG_WRITER_HANDLED;
}

static void retry(void *ctx)
{
	calls_retry(ctx);
}

static gboolean accept_again(gpointer data);

static gboolean acceptable(gint fd, GIOCondition cond, gpointer data)
{
	struct listener *l = data;
	int conn;

	while ((conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		call_new(l->service, l->kind, conn);
	if (errno != EMFILE && errno != ENFILE)
		return G_SOURCE_CONTINUE;
	/* Calls that end give descriptors back; until then there is nothing to do. */
	g_warning("no file descriptors are left: calls wait");
	g_timeout_add(PAUSE_MS, accept_again, l);
	return G_SOURCE_REMOVE;
}

static void watch_listener(struct listener *l)
{
	g_unix_fd_add(l->fd, G_IO_IN, acceptable, l);
}

static gboolean accept_again(gpointer data)
{
	watch_listener(data);
	return G_SOURCE_REMOVE;
}

/* Listens on l's path. 0, or -1 after a complaint. */
static int open_listener(struct listener *l, const struct options *o)
{
	l->fd = unix_listen(l->path, SOCK_STREAM | SOCK_NONBLOCK, 0660);
	if (l->fd == -EADDRINUSE) {
		fprintf(stderr, PROGRAM ": %s is in use: the daemon is running already\n", l->path);
		return -1;
	}
	if (l->fd < 0) {
		fprintf(stderr, PROGRAM ": cannot listen on %s: %s\n", l->path, strerror(-l->fd));
		return -1;
	}
	if (o->owner && chown(l->path, o->uid, o->gid) < 0) {
		fprintf(stderr, PROGRAM ": cannot give %s to %u:%u: %s\n", l->path,
			(unsigned)o->uid, (unsigned)o->gid, strerror(errno));
		return -1;
	}
	return 0;
}

static int enter_starter(const void *ctx)
{
	const struct options *o = ctx;

	return confine_starter(o->owner, o->uid, o->gid);
}

/* Gives up what only opening needed, and what only the starter may. An exit status. */
static int drop(const struct options *o, int *ret_starter)
{
	int starter = starter_start(enter_starter, o);
	int r = starter < 0 ? starter : confine(o->owner, o->uid, o->gid);

	*ret_starter = starter;
	if (r)
		fprintf(stderr, PROGRAM ": cannot give up privileges: %s\n", strerror(-r));
	return r ? 1 : 0;
}

static int start(const struct options *o, struct service *s, const char *admin,
		 const char *internal, const char *compat)
{
	s->store = store_new(o->dirs, compat, retry, s);
	if (!s->store) {
		fprintf(stderr, PROGRAM ": cannot watch the policy: no inotify instance is left; "
					"raise fs.inotify.max_user_instances\n");
		return 1;
	}
	s->qubesd = qubesd_new(admin, internal, retry, s);
	return 0;
}

/* Whoever started the daemon starts it again, with a starter. */
static gboolean starter_gone(gint fd, GIOCondition cond, gpointer loop)
{
	g_warning("the process that calls agents in qubes is gone");
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static void more_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = MIN(rl.rlim_max, 3 * CALLS_MAX);
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static int serve(const struct options *o, struct listener *listeners)
{
	char admin[QUBES_PATH_MAX], internal[QUBES_PATH_MAX], agent[QUBES_PATH_MAX],
		compat[QUBES_PATH_MAX];
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct service s = {.agent = {.socket = agent}};
	int status = 0;

	qubes_path(admin, sizeof(admin), "/run/qubesd.sock");
	qubes_path(internal, sizeof(internal), "/run/qubesd.internal.sock");
	qubes_path(agent, sizeof(agent), "/run/qubes/policy-agent.sock");
	qubes_path(compat, sizeof(compat), "/etc/qubes-rpc/policy");
	for (int i = 0; i < SOCKETS && !status; i++) {
		listeners[i].service = &s;
		status = open_listener(&listeners[i], o) < 0;
	}
	if (!status)
		status = drop(o, &s.agent.starter);
	if (!status)
		status = start(o, &s, admin, internal, compat);
	for (int i = 0; i < SOCKETS && !status; i++)
		watch_listener(&listeners[i]);
	if (!status) {
		g_unix_signal_add(SIGTERM, quit, loop);
		g_unix_signal_add(SIGINT, quit, loop);
		g_unix_fd_add(s.agent.starter, G_IO_IN | G_IO_HUP | G_IO_ERR, starter_gone, loop);
		g_main_loop_run(loop);
	}
	for (int i = 0; i < SOCKETS; i++)
		if (listeners[i].fd >= 0)
			unlink(listeners[i].path);
	calls_free(&s);
	agent_clear(&s.agent);
	qubesd_free(s.qubesd);
	store_free(s.store);
	return status;
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: qrexec-policy-daemon [--policy-path DIR]... [--socket-path PATH]\n"
		    "           [--eval-socket-path PATH] [--gui-socket-path PATH] [--owner "
		    "UID:GID]\n");
}

static int take_owner(const char *text, struct options *o)
{
	unsigned uid, gid;
	char extra;

	if (sscanf(text, "%u:%u%c", &uid, &gid, &extra) != 2)
		return -1;
	o->uid = uid;
	o->gid = gid;
	o->owner = true;
	return 0;
}

static int parse_options(int argc, char **argv, struct options *o, struct listener *listeners)
{
	static const struct option options[] = {{"policy-path", required_argument, NULL, 'p'},
						{"socket-path", required_argument, NULL, 's'},
						{"eval-socket-path", required_argument, NULL, 'e'},
						{"gui-socket-path", required_argument, NULL, 'g'},
						{"owner", required_argument, NULL, 'o'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int opt, r = 0;

	while (!r && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'p' && o->n_dirs < POLICY_DIRS_MAX)
			o->dirs[o->n_dirs++] = optarg;
		else if (opt == 's')
			listeners[0].path = optarg;
		else if (opt == 'e')
			listeners[1].path = optarg;
		else if (opt == 'g')
			listeners[2].path = optarg;
		else if (opt == 'o')
			r = take_owner(optarg, o);
		else if (opt == 'h')
			return 1;
		else
			r = -1;
	}
	return optind == argc ? r : -1;
}

int main(int argc, char **argv)
{
	static struct listener listeners[SOCKETS] = {{.kind = CALL_POLICY, .fd = -1},
						     {.kind = CALL_EVAL, .fd = -1},
						     {.kind = CALL_EVAL_GUI, .fd = -1}};
	static const char *const paths[SOCKETS] = {"/run/qubes/policy.sock",
						   "/etc/qubes-rpc/policy.EvalSimple",
						   "/etc/qubes-rpc/policy.EvalGUI"};
	static char run_dir[QUBES_PATH_MAX], etc_dir[QUBES_PATH_MAX];
	struct options o = {.n_dirs = 0};
	int r;

	for (int i = 0; i < SOCKETS; i++)
		listeners[i].path = qubes_path(listeners[i].buf, QUBES_PATH_MAX, "%s", paths[i]);
	if (!qubes_path(run_dir, sizeof(run_dir), "/run/qubes/policy.d") ||
	    !qubes_path(etc_dir, sizeof(etc_dir), "/etc/qubes/policy.d") || !listeners[1].path) {
		fprintf(stderr, PROGRAM ": QUBES_ROOT is too long\n");
		return 1;
	}
	r = parse_options(argc, argv, &o, listeners);
	if (r) {
		usage(r > 0 ? stdout : stderr);
		return r > 0 ? 0 : 2;
	}
	if (!o.n_dirs) {
		o.dirs[o.n_dirs++] = run_dir;
		o.dirs[o.n_dirs++] = etc_dir;
	}
	signal(SIGPIPE, SIG_IGN);
	more_files();
	g_log_set_writer_func(write_log, NULL, NULL);
	return serve(&o, listeners);
}
