/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-policy-exec: one decision as the policy daemon would make it, with everything that
 * belongs to it: asking the user, notices, the log. qrexec-daemon runs it when there is no
 * policy daemon. Source and target are names from a qube, cleaned by qrexec-daemon.
 */
#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/daemon/call.h"
#include "policy/daemon/starter.h"
#include "policy/tools/common.h"
#include "policy/tools/exec-call.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define PROGRAM "qrexec-policy-exec"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: qrexec-policy-exec [--assume-yes-for-ask] [--just-evaluate] [--path "
		"DIR]...\n"
		"           SOURCE TARGET SERVICE[+ARG]\n"
		"       qrexec-policy-exec [options] DOMAIN-ID SOURCE TARGET SERVICE[+ARG] IDENT\n"
		"The first form prints the decision; the second one also makes the call.\n");
}

static void retry(void *ctx)
{
	calls_retry(ctx);
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n,
				  gpointer data)
{
	/* What the store loads is of no interest here, only what goes wrong or is decided. */
	for (gsize i = 0; i < n; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0 &&
		    !g_str_has_prefix(fields[i].value, "policy loaded"))
			fprintf(stderr, PROGRAM ": %s\n", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

struct options {
	struct tool_dirs dirs;
	bool assume_yes, just_evaluate;
};

/* The request as it would stand on the policy socket. */
static char *request_text(const struct options *o, char **args)
{
	return g_strdup_printf("source=%s\nintended_target=%s\nservice_and_arg=%s\n"
			       "assume_yes_for_ask=%s\njust_evaluate=%s\n\n",
			       args[0], args[1], args[2], o->assume_yes ? "yes" : "no",
			       o->just_evaluate ? "yes" : "no");
}

static gboolean answer_ready(gint fd, GIOCondition cond, gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

/* Runs the daemon's code over a socket pair, for one request. */
static int decide(const struct options *o, char **args, char **ret)
{
	char admin[QUBES_PATH_MAX], internal[QUBES_PATH_MAX], agent[QUBES_PATH_MAX];
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autofree char *text = request_text(o, args);
	struct service s = {.agent = {.socket = agent}};
	size_t len;
	int pair[2], r;

	qubes_path(admin, sizeof(admin), "/run/qubesd.sock");
	qubes_path(internal, sizeof(internal), "/run/qubesd.internal.sock");
	qubes_path(agent, sizeof(agent), "/run/qubes/policy-agent.sock");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	r = io_write_all(pair[0], text, strlen(text));
	s.store = r ? NULL : store_new(o->dirs.dirs, o->dirs.compat, retry, &s);
	if (s.store) {
		s.qubesd = qubesd_new(admin, internal, retry, &s);
		s.agent.starter = starter_start(NULL, NULL);
		call_new(&s, CALL_POLICY, pair[1]);
		g_unix_fd_add(pair[0], G_IO_IN | G_IO_HUP, answer_ready, loop);
		g_main_loop_run(loop);
		r = io_read_to_end(pair[0], RESPONSE_MAX, ret, &len);
		calls_free(&s);
		agent_clear(&s.agent);
		if (s.agent.starter > 0)
			close(s.agent.starter);
		qubesd_free(s.qubesd);
		store_free(s.store);
	} else {
		close(pair[1]);
		r = r ? r : -EMFILE;
	}
	close(pair[0]);
	return r;
}

static bool has_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n') &&
	       (at[strlen(line)] == '\n' || !at[strlen(line)]);
}

/* No line of the request may bring in another. */
static bool args_ok(char **args, int n)
{
	for (int i = 0; i < n; i++)
		if (strchr(args[i], '\n'))
			return false;
	return true;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {{"assume-yes-for-ask", no_argument, NULL, 'y'},
						{"just-evaluate", no_argument, NULL, 'j'},
						{"path", required_argument, NULL, 'p'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'y') {
			o->assume_yes = true;
		} else if (opt == 'j') {
			o->just_evaluate = true;
		} else if (opt != 'p' || !tool_dirs_add(&o->dirs, optarg)) {
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? -1 : 2;
		}
	}
	if ((argc - optind != 3 && argc - optind != 5) || !args_ok(argv + optind, argc - optind)) {
		usage(stderr);
		return 2;
	}
	tool_dirs_default(&o->dirs);
	return 0;
}

int main(int argc, char **argv)
{
	static struct options o; /* with a NULL behind the last folder */
	_cleanup_free_ char *answer = NULL;
	bool legacy, allowed;
	char **args;
	int r = parse(argc, argv, &o);

	if (r)
		return r < 0 ? 0 : r;
	legacy = argc - optind == 5;
	args = argv + optind + (legacy ? 1 : 0);
	signal(SIGPIPE, SIG_IGN);
	g_log_set_writer_func(write_log, NULL, NULL);
	r = decide(&o, args, &answer);
	if (r) {
		fprintf(stderr, PROGRAM ": cannot decide: %s\n", strerror(-r));
		return 1;
	}
	allowed = has_line(answer, "result=allow");
	if (legacy && allowed && !o.just_evaluate)
		return exec_call(argv + optind, answer);
	if (!legacy && !o.just_evaluate)
		printf("%s\n", answer);
	return allowed ? 0 : 1;
}
