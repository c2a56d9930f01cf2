/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-daemon: dom0's end of one qube's qrexec. Its peers are the qube's agent
 * (hostile) and local clients (trusted). Phases: open (log, pid file, spawner), drop
 * (user), confine (confine.c), run (one loop).
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/pidfile.h"
#include "qrexec/base/sandbox.h"
#include "qrexec/base/signals.h"
#include "qrexec/base/trim.h"
#include "qrexec/call/stdio.h"
#include "qrexec/daemon/daemon.h"
#include "qrexec/daemon/options.h"

#define STARTUP_TIMEOUT_S 60

void daemon_log(const char *fmt, ...)
{
	char text[512], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (localtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S ", &tm);
	fprintf(stderr, "%sqrexec-daemon[%d]: %s\n", stamp, (int)getpid(), text);
}

void daemon_log_text(const char *text)
{
	daemon_log("%s", text);
}

/* ---- start ---- */

/* The time to wait for the agent in ms, -1: for ever. */
static int startup_timeout_ms(void)
{
	const char *text = getenv("QREXEC_STARTUP_TIMEOUT");
	unsigned long s = STARTUP_TIMEOUT_S;

	if (getenv("QREXEC_STARTUP_NOWAIT"))
		return -1;
	if (text && io_parse_uint(text, 1, 1000000, &s))
		s = STARTUP_TIMEOUT_S;
	return (int)s * 1000;
}

static int open_log(const struct config *cfg)
{
	char path[QUBES_PATH_MAX], old[QUBES_PATH_MAX + 4];
	int fd;

	if (!qubes_path(path, sizeof(path), "/var/log/qubes/qrexec.%s.log", cfg->name))
		return -ENAMETOOLONG;
	snprintf(old, sizeof(old), "%s.old", path);
	rename(path, old);
	umask(0007);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0) {
		fprintf(stderr, "qrexec-daemon: cannot write the log %s: %s\n", path,
			strerror(errno));
		return -errno;
	}
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	return 0;
}

/* The parent of a background start: its exit code tells how it went. */
static int wait_for_start(const struct options *o, int fd)
{
	char what = 'x';

	if (!o->quiet && startup_timeout_ms() >= 0)
		fprintf(stderr, "Waiting for the qrexec agent of %s...\n", o->cfg.name);
	if (io_read_all(fd, &what, 1) == 0 && what == 0)
		return 0;
	if (what == 1) {
		fprintf(stderr, "qrexec-daemon: the qrexec agent of %s did not connect in time\n",
			o->cfg.name);
		return EXIT_NO_AGENT;
	}
	fprintf(stderr,
		"qrexec-daemon: the start for %s failed; its log tells why: "
		"%s/var/log/qubes/qrexec.%s.log\n",
		o->cfg.name, qubes_root(), o->cfg.name);
	return 1;
}

/* Goes to the background. -1: this is the daemon, else the parent's exit code. */
static int detach(const struct options *o, struct daemon *d)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return options_complain("cannot make a pipe");
	pid = fork();
	if (pid < 0)
		return options_complain("cannot fork");
	if (pid > 0) {
		close(p[1]);
		return wait_for_start(o, p[0]);
	}
	cleanup_close(&p[0]);
	d->ready_fd = p[1];
	setsid();
	return -1;
}

static const int signals[] = {SIGTERM, SIGINT, 0};

/*
 * Calls that a killed daemon had begun may still be looking for each other at its ports: those
 * of the next one begin elsewhere.
 */
static unsigned ports_start(const char *pid_file)
{
	unsigned start = 0;

	if (access(pid_file, F_OK) == 0 && getrandom(&start, sizeof(start), GRND_NONBLOCK) < 0)
		start = (unsigned)getpid();
	return start;
}

static int lock_pid_file(struct daemon *d)
{
	const struct config *cfg = &d->cfg;
	char path[QUBES_PATH_MAX];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/qrexec.%u.pid", cfg->socket_dir, cfg->domid) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	umask(0022);
	ports_init(&d->ports, cfg->domid, ports_start(path));
	r = pidfile_lock(path);
	if (r == -EALREADY)
		daemon_log("a qrexec-daemon for domain %u is running already", cfg->domid);
	else if (r < 0)
		daemon_log("cannot create %s: %s", path, strerror(-r));
	return r;
}

/* Everything that needs privileges we are about to give up. 0 or the exit code. */
static int open_phase(struct daemon *d)
{
	int r = lock_pid_file(d);

	if (r < 0)
		return 1;
	/* Who does not wait for the agent waits until this daemon can be found. */
	if (d->deadline_ms < 0)
		agent_tell_parent(d);
	/* What the heap has now, the spawner has too, for good. */
	malloc_trim(0);
	d->spawner_fd = spawner_start(&d->cfg);
	if (d->spawner_fd < 0) {
		daemon_log("cannot start the spawner: %s", strerror(-d->spawner_fd));
		return 1;
	}
	d->signal_fd = signals_fd(signals);
	/* Reads the zone's file now, while it may. */
	tzset();
	r = agent_connect(d);
	if (r) {
		daemon_log("cannot reach domain %u (%s): %s", d->cfg.domid, d->cfg.name,
			   strerror(-r));
		return EXIT_NO_AGENT;
	}
	r = confine_daemon();
	if (r) {
		daemon_log("cannot confine this process: %s", strerror(-r));
		return 1;
	}
	return 0;
}

/* ---- run ---- */

enum { P_SIGNAL, P_AGENT, P_LISTEN, P_SPAWNER, P_CLIENTS };

static nfds_t fill(struct daemon *d, struct pollfd *p, struct client **who)
{
	bool room = agent_has_room(d);
	nfds_t n = P_CLIENTS;

	p[P_SIGNAL] = (struct pollfd){d->signal_fd, POLLIN, 0};
	p[P_AGENT] = (struct pollfd){.fd = -1};
	if (d->agent)
		p[P_AGENT] = (struct pollfd){vchan_fd(d->agent), vchan_events(d->agent), 0};
	p[P_LISTEN] = (struct pollfd){room && !clients_full(d) ? d->listen_fd : -1, POLLIN, 0};
	p[P_SPAWNER] = (struct pollfd){d->spawner_fd, POLLIN, 0};
	for (unsigned i = 0; i < d->clients_top; i++) {
		struct client *c = &d->clients[i];

		if (!c->used || (!room && c->state != CLIENT_RUNNING))
			continue;
		who[n] = c;
		p[n++] = (struct pollfd){c->fd, POLLIN, 0};
	}
	return n;
}

static int timeout_of(const struct daemon *d)
{
	int64_t end = agent_wakes_at_ms(d), left;

	if (end < 0 || (d->deadline_ms >= 0 && d->deadline_ms < end))
		end = d->deadline_ms;
	if (end < 0)
		return -1;
	left = end - io_now_ms();
	return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

static int too_late(struct daemon *d)
{
	daemon_log("the qrexec agent of %s did not connect in time", d->cfg.name);
	if (d->ready_fd >= 0 && write(d->ready_fd, "\1", 1) != 1)
		daemon_log("nobody waits for the start any more");
	return EXIT_NO_AGENT;
}

/* Once the agent is there, the start is over. */
static bool settle(const struct daemon *d)
{
	if (d->state != AGENT_READY)
		return false;
	malloc_trim(0);
	trim_pages();
	return true;
}

/* The exit code. */
static int loop(struct daemon *d)
{
	struct pollfd p[P_CLIENTS + MAX_CLIENTS];
	struct client *who[P_CLIENTS + MAX_CLIENTS];
	bool started = false;
	nfds_t n;
	int r;

	for (;;) {
		n = fill(d, p, who);
		r = poll(p, n, timeout_of(d));
		if (r < 0 && errno != EINTR)
			return 1;
		if (d->deadline_ms >= 0 && io_now_ms() >= d->deadline_ms)
			return too_late(d);
		if (r < 0)
			continue;
		if (p[P_SIGNAL].revents)
			return 0;
		for (nfds_t i = P_CLIENTS; i < n; i++)
			if (p[i].revents && who[i]->used && who[i]->fd == p[i].fd)
				clients_ready(d, who[i]);
		if (p[P_LISTEN].revents)
			clients_accept(d);
		if (p[P_SPAWNER].revents && pending_results(d))
			return 1;
		r = agent_step(d, p[P_AGENT].revents != 0);
		if (r)
			return r == -ENODEV || r == -ENOENT ? 0 : 1;
		started = started || settle(d);
	}
}

static void remove_pid_file(const struct config *cfg)
{
	char path[QUBES_PATH_MAX];

	snprintf(path, sizeof(path), "%s/qrexec.%u.pid", cfg->socket_dir, cfg->domid);
	unlink(path);
}

static int run(struct daemon *d)
{
	int r = open_phase(d);

	if (r) {
		if (r == EXIT_NO_AGENT && d->ready_fd >= 0 && write(d->ready_fd, "\1", 1) != 1)
			return r;
		return r;
	}
	r = loop(d);
	sockets_remove(d);
	if (r == 1 && d->agent)
		agent_linger(d);
	remove_pid_file(&d->cfg);
	return r;
}

int main(int argc, char **argv)
{
	static struct daemon d;
	static struct options o;
	int r, timeout;

	if (stdio_sanitize())
		return 1;
	r = options_parse(argc, argv, &o);
	if (r)
		return r - 1;
	if (options_defaults(&o))
		return options_complain("the path in QUBES_ROOT is too long");
	if (o.have_user && sandbox_become((unsigned)o.uid, (unsigned)o.gid,
					  o.cfg.qubes_gid > 0 ? (unsigned)o.cfg.qubes_gid : 0))
		return options_complain("cannot become the user given with --user");
	d.cfg = o.cfg;
	d.ready_fd = d.listen_fd = d.spawner_fd = -1;
	timeout = startup_timeout_ms();
	if (!o.direct) {
		r = detach(&o, &d);
		if (r >= 0)
			return r;
		if (open_log(&d.cfg))
			return 1;
	}
	d.deadline_ms = timeout < 0 ? -1 : io_now_ms() + timeout;
	return run(&d);
}
