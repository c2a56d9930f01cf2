/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-embedded-init: the first process of an embedded dom0.
 *
 *   qubes-embedded-init start ROOT SERVICES-DIR   in the background, in fresh mount and
 *                                                 pid namespaces
 *   qubes-embedded-init pid ROOT                  print its pid as seen from here
 *   qubes-embedded-init stop ROOT                 end it and all that it started
 *
 * On an installed system systemd does this work. Here dom0 is a guest on somebody's
 * machine, so everything it starts lives in one pid namespace and everything it mounts in
 * one mount namespace: when this process ends, by whatever cause, the kernel removes both
 * completely. Each executable in SERVICES-DIR is a service, started in the order of the
 * names and restarted with a growing delay when it ends. It runs as
 * `SERVICE` with the environment of `start`; standard output and error go to
 * ROOT/var/log/qubes/NAME.log. A service named *.once runs to its end before the next is
 * started; if it fails, so does the start.
 *
 * Peers: none; its input is its command line and its own children.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/pidfile.h"

#define MAX_SERVICES 32
#define DELAY_FIRST_MS 100
#define DELAY_MAX_MS 5000
/* A service that ran this long has recovered: its next restart is quick again. */
#define HEALTHY_MS 10000
#define STOP_GRACE_MS 5000

struct service {
	char *path; /* owned */
	const char *name;
	pid_t pid; /* 0: not running */
	int64_t started, restart_at;
	int delay;
};

struct init {
	const char *root;
	struct service services[MAX_SERVICES];
	size_t n;
	sigset_t old_mask;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct service *)a)->path, ((const struct service *)b)->path);
}

static int load_services(struct init *in, const char *dir_path)
{
	DIR *dir = opendir(dir_path);
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)) && in->n < MAX_SERVICES) {
		struct service *s = &in->services[in->n];

		if (e->d_name[0] == '.')
			continue;
		if (asprintf(&s->path, "%s/%s", dir_path, e->d_name) < 0)
			break;
		if (access(s->path, X_OK) < 0) {
			free(s->path);
			continue;
		}
		in->n++;
	}
	closedir(dir);
	qsort(in->services, in->n, sizeof(in->services[0]), by_name);
	for (size_t i = 0; i < in->n; i++)
		in->services[i].name = strrchr(in->services[i].path, '/') + 1;
	return in->n ? 0 : -ENOENT;
}

static bool is_once(const struct service *s)
{
	const char *dot = strrchr(s->name, '.');

	return dot && !strcmp(dot, ".once");
}

static void redirect_to_log(const struct init *in, const char *name)
{
	char path[QUBES_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/var/log/qubes/%s.log", in->root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void start_service(struct init *in, struct service *s)
{
	s->started = io_now_ms();
	s->pid = fork();
	if (s->pid == 0) {
		sigprocmask(SIG_SETMASK, &in->old_mask, NULL);
		setsid();
		redirect_to_log(in, s->name);
		execl(s->path, s->path, (char *)NULL);
		fprintf(stderr, "%s: cannot start: %s\n", s->path, strerror(errno));
		_exit(127);
	}
	if (s->pid < 0) {
		s->pid = 0;
		s->restart_at = s->started + DELAY_MAX_MS;
	}
}

static void schedule_restart(struct service *s)
{
	int64_t now = io_now_ms();

	if (now - s->started >= HEALTHY_MS || !s->delay)
		s->delay = DELAY_FIRST_MS;
	else if (s->delay < DELAY_MAX_MS)
		s->delay *= 2;
	s->pid = 0;
	s->restart_at = now + s->delay;
}

/* Reaps everything that ended: services, and orphans of the pid namespace. */
static void reap(struct init *in)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < in->n; i++)
			if (in->services[i].pid == pid)
				schedule_restart(&in->services[i]);
}

/* Runs the *.once services and starts the others. False when one of the former failed. */
static bool start_all(struct init *in)
{
	for (size_t i = 0; i < in->n; i++) {
		struct service *s = &in->services[i];
		int status;

		start_service(in, s);
		if (!is_once(s))
			continue;
		if (s->pid <= 0 || waitpid(s->pid, &status, 0) < 0 || status != 0) {
			fprintf(stderr, "dom0: %s failed, see %s/var/log/qubes/%s.log\n", s->name,
				in->root, s->name);
			return false;
		}
		s->pid = 0;
	}
	return true;
}

/* Starts what is due; returns the milliseconds until the next is, or -1. */
static int restart_due(struct init *in)
{
	int64_t now = io_now_ms(), next = -1;

	for (size_t i = 0; i < in->n; i++) {
		struct service *s = &in->services[i];

		if (s->pid || is_once(s))
			continue;
		if (s->restart_at <= now)
			start_service(in, s);
		else if (next < 0 || s->restart_at - now < next)
			next = s->restart_at - now;
	}
	return (int)next;
}

/* Asks the services to end, last started first, and waits a while for all of them. */
static void stop_all(struct init *in)
{
	int64_t deadline = io_now_ms() + STOP_GRACE_MS;

	for (size_t i = in->n; i-- > 0;)
		if (in->services[i].pid)
			kill(in->services[i].pid, SIGTERM);
	while (io_now_ms() < deadline) {
		bool any = false;

		reap(in);
		for (size_t i = 0; i < in->n; i++)
			any |= in->services[i].pid != 0;
		if (!any)
			return;
		poll(NULL, 0, 10);
	}
}

static void main_loop(struct init *in, int sigfd)
{
	for (;;) {
		struct pollfd p = {.fd = sigfd, .events = POLLIN};
		struct signalfd_siginfo si;

		poll(&p, 1, restart_due(in));
		while (read(sigfd, &si, sizeof(si)) == sizeof(si))
			if (si.ssi_signo == SIGTERM)
				return;
		reap(in);
	}
}

/* The first process of the namespaces. Never returns; its end ends everything. */
static void run_init(struct init *in, int ready_fd)
{
	char path[QUBES_PATH_MAX];
	sigset_t mask;
	int sigfd, lock;

	setsid();
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		_exit(1);
	snprintf(path, sizeof(path), "%s/run/dom0.pid", in->root);
	lock = pidfile_lock(path);
	if (lock < 0)
		_exit(1);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &in->old_mask);
	sigfd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (!start_all(in))
		_exit(1);
	if (write(ready_fd, "1", 1) != 1)
		_exit(1);
	close(ready_fd);
	/* Whoever reads our output must see its end: from here on it is the log's. */
	redirect_to_log(in, "init");
	main_loop(in, sigfd);
	stop_all(in);
	_exit(0);
}

static pid_t holder(const char *root)
{
	char path[QUBES_PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/dom0.pid", root);
	return pidfile_holder(path);
}

static int fail(const char *what)
{
	fprintf(stderr, "qubes-embedded-init: %s: %s\n", what, strerror(errno));
	return 1;
}

static int start(const char *root, const char *dir)
{
	struct init in = {.root = root};
	int ready[2];
	char c;
	int r;

	if (holder(root) > 0) {
		fprintf(stderr, "qubes-embedded-init: already running below %s\n", root);
		return 1;
	}
	r = load_services(&in, dir);
	if (r) {
		fprintf(stderr, "qubes-embedded-init: no services in %s: %s\n", dir, strerror(-r));
		return 1;
	}
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
		return fail("cannot make namespaces (root is needed)");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail("cannot make the mounts private");
	if (pipe2(ready, O_CLOEXEC) < 0)
		return fail("pipe");
	r = fork();
	if (r < 0)
		return fail("fork");
	if (r == 0) {
		close(ready[0]);
		run_init(&in, ready[1]);
	}
	close(ready[1]);
	return read(ready[0], &c, 1) == 1 ? 0 : 1;
}

static int stop(const char *root)
{
	pid_t pid = holder(root);
	int64_t deadline = io_now_ms() + STOP_GRACE_MS + 2000;

	if (pid <= 0)
		return 0;
	kill(pid, SIGTERM);
	while (holder(root) == pid) {
		if (io_now_ms() > deadline)
			kill(pid, SIGKILL);
		if (io_now_ms() > deadline + 5000) {
			fprintf(stderr, "qubes-embedded-init: process %d does not end\n", (int)pid);
			return 1;
		}
		poll(NULL, 0, 10);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "start"))
		return start(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "stop"))
		return stop(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "pid")) {
		pid_t pid = holder(argv[2]);

		if (pid > 0)
			printf("%d\n", (int)pid);
		return pid > 0 ? 0 : 1;
	}
	fprintf(stderr,
		"usage: qubes-embedded-init start ROOT SERVICES-DIR | stop ROOT | pid ROOT\n");
	return 2;
}
