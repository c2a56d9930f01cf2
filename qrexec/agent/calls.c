/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of services in this qube. dom0 decided them and is trusted; the caller's data
 * is hostile and is handled by one process per call (qrexec/call/serve.c), never here.
 */
#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/cursor.h"
#include "qrexec/base/io.h"
#include "qrexec/base/trim.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/serve.h"

#define CONNECT_TIMEOUT_MS 120000
/* To a call's process: the agent or its daemon is gone. */
#define SIG_CANCEL SIGUSR2

static struct call *new_call(struct agent *a, struct qrx_params where)
{
	unsigned i = 0;

	while (i < a->calls_top && a->calls[i].used)
		i++;
	if (i == MAX_CALLS)
		return NULL;
	if (i == a->calls_top)
		a->calls_top++;
	a->calls[i] =
		(struct call){.used = true, .fd = -1, .generation = a->generation, .where = where};
	return &a->calls[i];
}

static void end_call(struct agent *a, struct call *c)
{
	control_terminated(a, c->generation, c->where);
	cleanup_close(&c->fd);
	c->used = false;
}

void calls_ready(struct agent *a, struct call *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		end_call(a, c);
}

void calls_reap(struct agent *a)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (session_reaped(a, pid) || spare_reaped(&a->spare, pid))
			continue;
		for (unsigned i = 0; i < a->calls_top; i++)
			if (a->calls[i].used && a->calls[i].pid == pid) {
				end_call(a, &a->calls[i]);
				a->call_ended = true;
			}
	}
}

void calls_cancel(struct agent *a)
{
	for (unsigned i = 0; i < a->calls_top; i++) {
		struct call *c = &a->calls[i];

		if (c->used && c->pid)
			kill(c->pid, SIG_CANCEL);
		else if (c->used)
			shutdown(c->fd, SHUT_WR);
	}
}

/* ---- the fork server of a user's session ---- */

/* Where user's fork server listens. False when it cannot have one. */
static bool fork_server_path(const struct agent *a, const char *user, char *buf, size_t n)
{
	const char *mark = a->fork_server ? strstr(a->fork_server, "%s") : NULL;
	int len;

	if (!a->fork_server || !*user || strpbrk(user, "/%"))
		return false;
	if (mark)
		len = snprintf(buf, n, "%.*s%s%s", (int)(mark - a->fork_server), a->fork_server,
			       user, mark + 2);
	else
		len = snprintf(buf, n, "%s", a->fork_server);
	return len > 0 && (size_t)len < n;
}

/* Only the user's own process may run that user's calls. */
static bool owned_by(int fd, const char *user)
{
	struct passwd *pw = getpwnam(user);
	uid_t uid;

	return pw && unix_peer(fd, &uid, NULL) == 0 && (uid == pw->pw_uid || uid == 0);
}

static int try_fork_server(struct agent *a, uint32_t type, struct qrx_params where,
			   const struct qrx_command *c, const char *command)
{
	const char *rest = strchr(command, ':') + 1;
	size_t n = strlen(rest) + 1;
	_cleanup_free_ uint8_t *m = malloc(16 + n);
	struct wcur w = wcur_init(m, 16 + n);
	_cleanup_close_ int fd = -1;
	char path[256];

	if (!m || !fork_server_path(a, c->user, path, sizeof(path)))
		return -ENOENT;
	fd = unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0)
		return fd;
	if (!owned_by(fd, c->user)) {
		agent_log("%s does not belong to user %s: not used", path, c->user);
		return -EPERM;
	}
	wcur_u32(&w, type);
	wcur_u32(&w, where.domain);
	wcur_u32(&w, where.port);
	wcur_u32(&w, (uint32_t)n);
	wcur_bytes(&w, rest, n);
	/* A fresh connection takes all of it, or this fork server is not used. */
	if (send(fd, m, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len)
		return -EPIPE;
	return steal_fd(&fd);
}

/* ---- our own processes ---- */

/* A descriptor that tells of SIG_CANCEL, or -1; and it comes when the agent dies. */
static int watch_agent(pid_t agent)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIG_CANCEL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIG_CANCEL);
	if (getppid() != agent)
		raise(SIG_CANCEL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What a process needs to know of its call; the command follows, to its NUL. */
struct task {
	uint32_t type;
	struct qrx_params where;
	struct qrx_rpcconf conf;
	int failure; /* exit code to answer without starting anything, 0: none */
};

#define TASK_MAX (sizeof(struct task) + QRX_TO_AGENT_MAX)

/* The exit code of its process. */
static int run_call(struct agent *a, const struct task *t, const struct qrx_command *c)
{
	struct serve s = {.type = t->type,
			  .where = t->where,
			  .paths = &a->paths,
			  .cmd = c,
			  .conf = &t->conf,
			  .failure = t->failure,
			  .timeout_ms = CONNECT_TIMEOUT_MS,
			  .shell = "/bin/sh",
			  .exec = a->self[0] ? NULL : login_exec,
			  .open_log = journal_open,
			  .log = agent_log_text};

	s.call_fd = watch_agent(a->pid);
	return serve_run(&s);
}

/* In a process that was there before its call. */
static int run_later(void *data, void *message, size_t n)
{
	const struct task *t = message;
	const char *command = (const char *)(t + 1), *why;
	struct qrx_command c;

	/* It was parsed before, and is from the agent. */
	if (n <= sizeof(*t) || (!t->failure && qrx_command_parse(command, true, &c, &why)))
		return QRX_EXIT_PROBLEM;
	if (!t->failure && t->conf.has_user)
		memcpy(c.user, t->conf.user, sizeof(c.user));
	return run_call(data, t, t->failure ? NULL : &c);
}

void calls_settle(struct agent *a)
{
	/* The end of a burst of calls: back to the memory of an idle agent. */
	if (spare_expire(&a->spare)) {
		malloc_trim(0);
		trim_pages();
	}
	a->pid = getpid();
	if (a->call_ended)
		spare_start(&a->spare, run_later, a, TASK_MAX);
	a->call_ended = false;
}

/* The process for a call, or -1. */
static pid_t fork_call(struct agent *a, struct task *t, const struct qrx_command *c,
		       const char *command)
{
	struct iovec parts[] = {{t, sizeof(*t)}, {(char *)command, strlen(command) + 1}};
	pid_t pid = spare_use(&a->spare, parts, ARRAY_LEN(parts));

	a->pid = getpid();
	if (!pid)
		pid = io_fork();
	if (pid != 0)
		return pid;
	relay_signals_reset();
	spawn_close_from(3);
	/* Not exit(): the buffers and handlers are the agent's. */
	_exit(run_call(a, t, c));
}

static void start(struct agent *a, struct task *t, const struct qrx_command *c, const char *command)
{
	struct call *call = new_call(a, t->where);
	pid_t pid = call ? fork_call(a, t, c, command) : -1;

	if (pid > 0) {
		call->pid = pid;
		return;
	}
	agent_log("a call was dropped: %s", call ? strerror(errno) : "too many calls are running");
	if (call)
		end_call(a, call);
	else
		control_terminated(a, a->generation, t->where);
}

static bool fork_server_fits(const struct qrx_command *c, const struct qrx_rpcconf *conf)
{
	return !c->nogui && !conf->skip_descriptor && !conf->exit_on_client_eof &&
	       !conf->exit_on_service_eof;
}

/* Parses the command and loads the service's configuration. 0 or the exit code. */
static int prepare(struct agent *a, const char *command, struct qrx_command *c,
		   struct qrx_rpcconf *conf)
{
	const char *why = NULL;
	struct qrx_error e;

	qrx_rpcconf_defaults(conf);
	if (qrx_command_parse(command, true, c, &why)) {
		agent_log("dom0 sent a command that cannot be run: %s", why);
		return QRX_EXIT_PROBLEM;
	}
	if (c->is_service && lookup_config(&a->paths, c, conf, &e)) {
		agent_log("%s", e.text);
		return QRX_EXIT_PROBLEM;
	}
	if (lookup_config_odd(c, conf, false, &e))
		agent_log("%s", e.text);
	if (conf->has_user)
		memcpy(c->user, conf->user, sizeof(c->user));
	if (a->self[0] && strcmp(a->self, c->user) != 0) {
		agent_log("%.80s was not run as user %s: the agent is not root",
			  c->is_service ? c->name : "a command", c->user);
		return QRX_EXIT_PROBLEM;
	}
	return 0;
}

void calls_execute(struct agent *a, uint32_t type, struct qrx_params where, const char *command,
		   bool may_wait)
{
	struct task t = {.type = type, .where = where};
	struct qrx_command c;
	struct call *call;
	int fd;

	t.failure = prepare(a, command, &c, &t.conf);
	if (t.failure) {
		start(a, &t, NULL, command);
		return;
	}
	if (may_wait && t.conf.wait_for_session && !c.nogui &&
	    session_wait(a, type, where, command, &c))
		return;
	if (fork_server_fits(&c, &t.conf)) {
		fd = try_fork_server(a, type, where, &c, command);
		call = fd >= 0 ? new_call(a, where) : NULL;
		if (call) {
			call->fd = fd;
			return;
		}
		cleanup_close(&fd);
	}
	start(a, &t, &c, command);
}
