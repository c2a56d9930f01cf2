/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Supervisor of qubes-guid (supervisor.h). Its peer is the worker, which is confined because
 * it may have been taken over by the qube: requests are bounded and only concern this qube.
 */
#include "guid/daemon/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guid/daemon/ipc.h"
#include "guid/daemon/jobs.h"
#include "guid/daemon/log.h"
#include "guid/daemon/worker.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/signals.h"

#define MAX_CLIP_JOBS 8	     /* waiting */
#define MAX_MESSAGES 8	     /* dialogs and notifications at a time */
#define ERROR_DIALOG_MS 1000 /* how long the last dialog may take to appear */
#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 2000

struct clip_job {
	struct ipc_msg m;
	int fd; /* owned, or -1 */
};

struct supervisor {
	const struct guid_options *o;
	int notify_fd, signal_fd;
	int worker_fd; /* owned; -1: no worker */
	pid_t worker, ask, clip;
	pid_t messages[MAX_MESSAGES];
	struct clip_job queue[MAX_CLIP_JOBS];
	unsigned queued;
	int64_t started_ms;
	int64_t restart_ms; /* when to start the next worker, 0: not planned */
	unsigned backoff_ms;
	bool finished;
	int status;
};

static void finish(struct supervisor *s, int status)
{
	s->finished = true;
	s->status = status;
}

/* A child with default signals. 0 in the child. */
static pid_t spawn(struct supervisor *s)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(s->signal_fd);
	if (s->notify_fd >= 0)
		close(s->notify_fd);
	return 0;
}

static int start_worker(struct supervisor *s)
{
	int fds[2];
	int r = ipc_pair(fds);

	if (r)
		return r;
	s->started_ms = io_now_ms();
	s->worker = spawn(s);
	if (s->worker == 0) {
		pid_t parent = getppid();

		close(fds[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(WORKER_FAILED);
		_exit(worker_run(s->o, fds[1]));
	}
	r = s->worker < 0 ? -errno : 0;
	close(fds[1]);
	if (r)
		close(fds[0]);
	else
		s->worker_fd = fds[0];
	return r;
}

static void start_clip_job(struct supervisor *s)
{
	struct clip_job job;

	if (s->clip || !s->queued)
		return;
	job = s->queue[0];
	memmove(s->queue, s->queue + 1, --s->queued * sizeof(job));
	s->clip = spawn(s);
	if (s->clip == 0) {
		if (job.m.kind == IPC_PASTE)
			job_paste(s->o, &job.m, s->worker_fd);
		if (job.m.kind == IPC_FETCH)
			job_fetch(s->o, &job.m);
		job_copy(s->o, &job.m, job.fd);
	}
	if (s->clip < 0)
		s->clip = 0;
	if (job.fd >= 0)
		close(job.fd);
}

static void queue_clip_job(struct supervisor *s, const struct ipc_msg *m, int *fd)
{
	if (s->queued == MAX_CLIP_JOBS) {
		log_error("clipboard operation dropped: earlier ones still wait");
		return;
	}
	s->queue[s->queued++] = (struct clip_job){*m, steal_fd(fd)};
	start_clip_job(s);
}

static void start_message(struct supervisor *s, const struct ipc_msg *m)
{
	for (int i = 0; i < MAX_MESSAGES; i++) {
		if (s->messages[i])
			continue;
		s->messages[i] = spawn(s);
		if (s->messages[i] == 0 && m->kind == IPC_ERROR)
			job_error(s->o, m->text);
		if (s->messages[i] == 0)
			job_notify(s->o, m->text);
		if (s->messages[i] < 0)
			s->messages[i] = 0;
		return;
	}
	log_error("%s", m->text);
}

static void start_ask(struct supervisor *s, const struct ipc_msg *m)
{
	if (s->ask)
		return;
	s->ask = spawn(s);
	if (s->ask == 0)
		job_ask(s->o, m->text);
	if (s->ask < 0) {
		log_error("cannot ask about an invalid request: %s", strerror(errno));
		finish(s, 1);
	}
}

static void connected(struct supervisor *s)
{
	if (s->notify_fd < 0)
		return;
	if (write(s->notify_fd, "c", 1) < 0)
		log_debug("the starter is gone");
	close(s->notify_fd);
	s->notify_fd = -1;
	if (s->o->kill_on_connect)
		kill(s->o->kill_on_connect, SIGUSR1);
}

static void handle_request(struct supervisor *s, const struct ipc_msg *m, int *fd)
{
	switch (m->kind) {
	case IPC_CONNECTED:
		connected(s);
		break;
	case IPC_ASK:
		start_ask(s, m);
		break;
	case IPC_ERROR:
	case IPC_NOTIFY:
		start_message(s, m);
		break;
	case IPC_COPY:
	case IPC_PASTE:
	case IPC_FETCH:
		queue_clip_job(s, m, fd);
		break;
	default:
		log_error("unknown request %u from the worker", m->kind);
		finish(s, 1);
	}
}

static void drain_worker(struct supervisor *s)
{
	struct ipc_msg m;
	int r;

	while (s->worker_fd >= 0 && !s->finished) {
		_cleanup_close_ int fd = -1;

		r = ipc_recv(s->worker_fd, &m, &fd);
		if (r == 0)
			return;
		if (r < 0) {
			close(s->worker_fd);
			s->worker_fd = -1;
			return;
		}
		handle_request(s, &m, &fd);
	}
}

static void terminate_qube(struct supervisor *s)
{
	pid_t pid;

	log_info("terminating the qube, as the user decided");
	if (s->worker)
		kill(s->worker, SIGKILL);
	pid = spawn(s);
	if (pid == 0)
		job_kill(s->o);
	finish(s, 1);
}

static void ask_done(struct supervisor *s, int status)
{
	struct ipc_msg m = {.kind = IPC_ANSWER};

	s->ask = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == JOB_TERMINATE) {
		terminate_qube(s);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (s->worker_fd >= 0)
			ipc_send(s->worker_fd, &m, -1);
	} else {
		log_error("the question could not be shown: is zenity installed? giving up");
		finish(s, 1);
	}
}

/* The worker of a flapping agent is restarted less and less often. */
static void plan_restart(struct supervisor *s)
{
	int64_t now = io_now_ms();

	if (now - s->started_ms > 5 * BACKOFF_MAX_MS)
		s->backoff_ms = 0;
	s->backoff_ms = s->backoff_ms ? s->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (s->backoff_ms > BACKOFF_MAX_MS)
		s->backoff_ms = BACKOFF_MAX_MS;
	s->restart_ms = now + s->backoff_ms;
}

/* Starts the worker when it is time. ms to wait until then, -1: nothing is planned. */
static int restart_if_due(struct supervisor *s)
{
	int64_t left = s->restart_ms - io_now_ms();

	if (!s->restart_ms)
		return -1;
	if (left > 0)
		return (int)left;
	s->restart_ms = 0;
	if (start_worker(s))
		finish(s, 1);
	return -1;
}

static void worker_done(struct supervisor *s, int status)
{
	drain_worker(s);
	if (s->worker_fd >= 0)
		close(s->worker_fd);
	s->worker_fd = -1;
	s->worker = 0;
	if (s->finished)
		return;
	if (WIFSIGNALED(status)) {
		log_error("the worker was killed by signal %d%s", WTERMSIG(status),
			  WTERMSIG(status) == SIGSYS ? " (forbidden system call)" : "");
		finish(s, 1);
	} else if (WEXITSTATUS(status) != WORKER_RECONNECT) {
		finish(s, WEXITSTATUS(status));
	} else {
		plan_restart(s);
	}
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->worker)
			worker_done(s, status);
		else if (pid == s->ask)
			ask_done(s, status);
		else if (pid == s->clip)
			s->clip = 0;
		for (int i = 0; i < MAX_MESSAGES; i++)
			if (s->messages[i] == pid)
				s->messages[i] = 0;
	}
	start_clip_job(s);
}

static void take_signals(struct supervisor *s)
{
	struct ipc_msg reload = {.kind = IPC_RELOAD};
	struct signalfd_siginfo si;

	while (read(s->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(s);
		else if (si.ssi_signo == SIGHUP && s->worker_fd >= 0)
			ipc_send(s->worker_fd, &reload, -1);
		else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGUSR1 ||
			 si.ssi_signo == SIGINT)
			finish(s, 0);
	}
}

/* Lets dialogs about the end appear, but does not wait for them to be read. */
static void settle(struct supervisor *s)
{
	int64_t until = io_now_ms() + ERROR_DIALOG_MS;
	bool busy = s->status != 0;

	while (busy && io_now_ms() < until) {
		struct timespec ts = {.tv_nsec = 10 * 1000000};

		busy = false;
		nanosleep(&ts, NULL);
		for (int i = 0; i < MAX_MESSAGES; i++) {
			if (s->messages[i] && waitpid(s->messages[i], NULL, WNOHANG))
				s->messages[i] = 0;
			busy |= s->messages[i] != 0;
		}
	}
}

int supervisor_signals(void)
{
	return signals_fd((const int[]){SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGCHLD, 0});
}

int supervisor_run(const struct guid_options *o, int notify_fd, int signal_fd)
{
	struct supervisor s = {
		.o = o, .notify_fd = notify_fd, .worker_fd = -1, .signal_fd = signal_fd};
	int r = s.signal_fd < 0 ? s.signal_fd : start_worker(&s);

	if (r) {
		log_error("cannot start: %s", strerror(-r));
		return 1;
	}
	while (!s.finished) {
		struct pollfd p[2] = {{.fd = s.signal_fd, .events = POLLIN},
				      {.fd = s.worker_fd, .events = POLLIN}};

		if (poll(p, 2, restart_if_due(&s)) < 0 && errno != EINTR)
			finish(&s, 1);
		drain_worker(&s);
		take_signals(&s);
	}
	if (s.worker) {
		kill(s.worker, SIGKILL);
		waitpid(s.worker, NULL, 0);
	}
	settle(&s);
	return s.status;
}
