/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The starter (starter.h). Its peer is the policy daemon, which might have been taken over by
 * what a qube asked for: the worst it can ask for is a question to the policy agent of a qube of
 * its choice. What the program says is for the daemon to read.
 */
#include "policy/daemon/starter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/tools/common.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define STARTED_MAX 512 /* programs at a time; more fail */
#define FDS 2

extern char **environ;

struct request {
	bool notify;
	char qube[STARTER_QUBE_MAX];
};

struct started {
	pid_t pid;
	int out;   /* owned: for the last byte, and to see that nobody reads it */
	bool told; /* to end */
};

struct starter {
	int control, signals;
	char *program; /* owned */
	struct started all[STARTED_MAX];
	size_t n;
};

static bool name_ok(const char *name)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t n = strnlen(name, STARTER_QUBE_MAX);

	return n && n < STARTER_QUBE_MAX && name[0] != '-' && strspn(name, chars) == n;
}

static int run(const struct starter *s, const struct request *rq, const int fds[FDS],
	       pid_t *ret_pid)
{
	const char *command = rq->notify ? "DEFAULT:QUBESRPC policy.Notify dom0"
					 : "DEFAULT:QUBESRPC policy.Ask dom0";
	const char *const argv[] = {"qrexec-client", "-d", rq->qube, "--", command, NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t defaults, none;
	int r;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fds[0], 0);
	posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	r = posix_spawnp(ret_pid, s->program, &fa, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return -r;
}

/* A request and its descriptors. False when there is none. */
static bool receive(int control, struct request *rq, int fds[FDS], ssize_t *ret_n)
{
	union {
		char buf[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec iov = {rq, sizeof(*rq)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = u.buf,
			   .msg_controllen = sizeof(u.buf)};
	struct cmsghdr *c;

	do {
		*ret_n = recvmsg(control, &m, MSG_CMSG_CLOEXEC);
	} while (*ret_n < 0 && errno == EINTR);
	c = *ret_n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(FDS * sizeof(int)))
		return false;
	memcpy(fds, CMSG_DATA(c), FDS * sizeof(int));
	return true;
}

/* False when the daemon is gone, or does not speak as it should. */
static bool take_request(struct starter *s)
{
	struct request rq;
	int fds[FDS];
	ssize_t n;
	pid_t pid;

	if (!receive(s->control, &rq, fds, &n))
		return false;
	if (n == sizeof(rq) && name_ok(rq.qube) && s->n < STARTED_MAX && !run(s, &rq, fds, &pid))
		s->all[s->n++] = (struct started){.pid = pid, .out = fds[1]};
	else
		close(fds[1]); /* without a last byte: it failed */
	close(fds[0]);
	return true;
}

static void ended(struct starter *s, pid_t pid, int status)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->all[i].pid != pid)
			continue;
		(void)!write(s->all[i].out, status ? "\1" : "\0", 1);
		close(s->all[i].out);
		s->all[i] = s->all[--s->n];
		return;
	}
}

static void reap(struct starter *s)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	while (read(s->signals, &si, sizeof(si)) == sizeof(si))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(s, pid, status);
}

static void end(struct started *x)
{
	if (!x->told)
		kill(x->pid, SIGTERM);
	x->told = true;
}

static void serve(struct starter *s)
{
	struct pollfd p[FDS + STARTED_MAX];
	bool alive = true;

	while (alive) {
		p[0] = (struct pollfd){s->control, POLLIN, 0};
		p[1] = (struct pollfd){s->signals, POLLIN, 0};
		for (size_t i = 0; i < s->n; i++)
			p[2 + i] = (struct pollfd){s->all[i].told ? -1 : s->all[i].out, 0, 0};
		if (poll(p, 2 + s->n, -1) < 0)
			continue;
		for (size_t i = 0; i < s->n; i++)
			if (p[2 + i].revents)
				end(&s->all[i]);
		if (p[1].revents)
			reap(s);
		if (p[0].revents)
			alive = take_request(s);
	}
	for (size_t i = 0; i < s->n; i++)
		end(&s->all[i]);
}

/* In the process of its own. */
static int be_starter(int control, int (*enter)(const void *ctx), const void *ctx)
{
	struct starter *s = calloc(1, sizeof(*s));
	sigset_t child;

	prctl(PR_SET_NAME, "policy-starter");
	/* Nothing of the daemon's but its log. */
	if (!s || dup2(control, 3) != 3)
		return 1;
	if (syscall(SYS_close_range, 4, ~0U, 0) < 0)
		for (int fd = 4; fd < 1024; fd++)
			close(fd);
	s->control = 3;
	io_set_cloexec(3, true);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	s->program = tool_find("qrexec-client");
	if (s->signals < 0 || !s->program || (enter && enter(ctx)))
		return 1;
	serve(s);
	return 0;
}

int starter_start(int (*enter)(const void *ctx), const void *ctx)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* Twice: it is not the daemon's child. */
	pid = io_fork();
	if (pid == 0) {
		pid = io_fork();
		_exit(pid == 0 ? be_starter(pair[1], enter, ctx) : pid < 0);
	}
	close(pair[1]);
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		return pair[0];
	close(pair[0]);
	return -EAGAIN;
}

int starter_call(int starter, bool notify, struct pol_str qube, int in, int out)
{
	union {
		char buf[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} u = {{0}};
	struct request rq = {.notify = notify};
	struct iovec iov = {&rq, sizeof(rq)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = u.buf,
			   .msg_controllen = sizeof(u.buf)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	const int fds[FDS] = {in, out};

	if (starter <= 0 || !qube.n || qube.n >= sizeof(rq.qube))
		return -EINVAL;
	memcpy(rq.qube, qube.p, qube.n);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(starter, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
