/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spawner: the only part of a daemon that can start processes. Its peer is the
 * daemon, which reads a hostile qube's bytes and might have been taken over: requests
 * are checked again, and the worst it can ask for is a call under the name of its own
 * qube, decided by the policy.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/call/dom0.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/spare.h"
#include "qrexec/call/spawn.h"
#include "qrexec/daemon/daemon.h"

/* More jobs than this, each a process, are not kept for the sake of watching. */
#define MAX_WATCHING 64

struct running {
	pid_t pid; /* 0: free slot */
	uint32_t job;
	bool hurried; /* it need not watch its target any longer */
};

struct spawner {
	const struct config *cfg;
	int fd, signal_fd;
	struct spare spare;
	struct running jobs[2 * MAX_PENDING];
	struct spawn_request request; /* last: most of it is never touched */
};

static bool field_ok(const char *s, size_t cap, const char *extra)
{
	size_t n = strnlen(s, cap);

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      strchr("_-.", c) || strchr(extra, c)))
			return false;
	}
	return n < cap;
}

static bool request_ok(const struct spawn_request *r, size_t len)
{
	size_t text = len - offsetof(struct spawn_request, service);

	return len > offsetof(struct spawn_request, service) && r->job &&
	       strnlen(r->service, text) == text - 1 && r->service[0] && r->service[0] != '+' &&
	       field_ok(r->service, text, "+") && field_ok(r->source, sizeof(r->source), "@:") &&
	       field_ok(r->target, sizeof(r->target), "@:") &&
	       qrx_ident_ok((const uint8_t *)r->ident);
}

static void report(struct spawner *s, uint32_t job, int code)
{
	struct spawn_result res = {.job = job, .code = code};

	/* Blocks only while the daemon has 256 results to read. */
	if (send(s->fd, &res, sizeof(res), MSG_NOSIGNAL) != sizeof(res))
		daemon_log("the daemon does not take the result of job %u", job);
}

/* In its own process. */
static int run_job(void *data, void *message, size_t n)
{
	const struct spawner *s = data;

	/* As long as the policy decides: nobody waits for it when the daemon is gone. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return job_run(s->cfg, message);
}

/* The job's pid, or -1. */
static pid_t fork_job(struct spawner *s, struct spawn_request *r, size_t n)
{
	struct iovec message = {r, n};
	pid_t pid = spare_use(&s->spare, &message, 1);

	if (!pid)
		pid = io_fork();
	if (pid != 0)
		return pid;
	relay_signals_reset();
	spawn_close_from(3);
	_exit(run_job(s, r, n));
}

/*
 * Most jobs only watch what becomes of a call (job.c), for those calls that never begin. The longer
 * ago one was started, the less it will see; when there are many the oldest goes.
 */
static void make_room(struct spawner *s)
{
	struct running *oldest = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_LEN(s->jobs); i++) {
		struct running *r = &s->jobs[i];

		if (!r->pid || r->hurried)
			continue;
		n++;
		/* Numbers go round. */
		if (!oldest || (int32_t)(r->job - oldest->job) < 0)
			oldest = r;
	}
	if (n < MAX_WATCHING)
		return;
	oldest->hurried = true;
	kill(oldest->pid, DOM0_STOP_WATCHING);
}

static void start_job(struct spawner *s, struct spawn_request *r, size_t n)
{
	struct running *slot = NULL;
	pid_t pid = -1;

	for (size_t i = 0; i < ARRAY_LEN(s->jobs) && !slot; i++)
		if (!s->jobs[i].pid)
			slot = &s->jobs[i];
	if (slot)
		pid = fork_job(s, r, n);
	if (pid < 0) {
		daemon_log("cannot start a job for %s of %s: %s", r->service, s->cfg->name,
			   slot ? strerror(errno) : "too many are running");
		report(s, r->job, QRX_EXIT_PROBLEM);
		return;
	}
	*slot = (struct running){.pid = pid, .job = r->job};
	make_room(s);
}

/* *ret_ended: a job has. */
static void reap(struct spawner *s, bool *ret_ended)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	while (read(s->signal_fd, &si, sizeof(si)) == sizeof(si))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (spare_reaped(&s->spare, pid))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(s->jobs); i++)
			if (s->jobs[i].pid == pid) {
				s->jobs[i].pid = 0;
				*ret_ended = true;
				report(s, s->jobs[i].job,
				       WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							   : WEXITSTATUS(status));
			}
	}
}

/* False when the daemon is gone. */
static bool take_request(struct spawner *s)
{
	ssize_t n = recv(s->fd, &s->request, sizeof(s->request), 0);

	if (n > 0 && request_ok(&s->request, (size_t)n))
		start_job(s, &s->request, (size_t)n);
	else if (n > 0)
		daemon_log("the daemon of %s sent a malformed request: ignored", s->cfg->name);
	return n > 0 || (n < 0 && errno == EINTR);
}

static void run(struct spawner *s)
{
	struct pollfd p[2] = {{s->fd, POLLIN, 0}, {s->signal_fd, POLLIN, 0}};

	for (;;) {
		bool ended = false;

		if (poll(p, 2, spare_timeout_ms(&s->spare)) < 0 && errno != EINTR)
			return;
		if (p[1].revents & POLLIN)
			reap(s, &ended);
		if ((p[0].revents & (POLLIN | POLLHUP)) && !take_request(s))
			return;
		spare_expire(&s->spare);
		if (ended)
			spare_start(&s->spare, run_job, s, sizeof(s->request));
	}
}

/* The spawner's own process: never returns. */
__attribute__((noreturn)) static void be_spawner(struct spawner *s, int fd)
{
	/* Nothing else of the daemon's stays open here. */
	s->fd = dup2(fd, 3);
	io_set_cloexec(s->fd, true);
	spawn_close_from(4);
	s->signal_fd = relay_signals();
	if (s->signal_fd >= 0)
		run(s);
	_exit(0);
}

int spawner_start(const struct config *cfg)
{
	/* Not of the heap: the two processes share that until one of them touches it. */
	struct spawner *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[2], r = 0;
	pid_t pid;

	if (s == MAP_FAILED)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		munmap(s, sizeof(*s));
		return -EMFILE;
	}
	s->cfg = cfg;
	/* Twice: it is not the daemon's child, which cannot wait for anybody. */
	pid = io_fork();
	if (pid == 0) {
		if (io_fork() != 0)
			_exit(0);
		be_spawner(s, fds[1]);
	}
	munmap(s, sizeof(*s));
	close(fds[1]);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		r = pid < 0 ? -EAGAIN : -errno;
	if (r)
		close(fds[0]);
	return r ? r : fds[0];
}
