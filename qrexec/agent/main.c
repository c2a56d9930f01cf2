/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-agent: a qube's end of qrexec. One loop over the daemon's connection (dom0,
 * trusted), this qube's programs that call services, and the calls that run here. It
 * never reads what another qube sends: each call has a process of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/base/signals.h"
#include "qrexec/base/trim.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/stdio.h"

#define AGENT_SOCKET "/var/run/qubes/qrexec-agent"
#define FORK_SERVER "/var/run/qubes/qrexec-server.%s.sock"

void agent_log(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "qrexec-agent[%d]: %s\n", (int)getpid(), text);
}

void agent_log_text(const char *text)
{
	agent_log("%s", text);
}

static void usage(FILE *to)
{
	fputs("usage: qrexec-agent [options]\n"
	      "  -a, --agent-socket=PATH          where to listen for programs of this qube\n"
	      "  -s, --fork-server-socket=PATH    where fork servers listen; %s is the user\n"
	      "  -S, --no-fork-server             use none\n",
	      to);
}

static const struct option long_options[] = {
	{"help", no_argument, NULL, 'h'},
	{"agent-socket", required_argument, NULL, 'a'},
	{"fork-server-socket", required_argument, NULL, 's'},
	{"no-fork-server", no_argument, NULL, 'S'},
	{NULL, 0, NULL, 0},
};

/* 0: go on, else the exit code + 1. */
static int parse_options(int argc, char **argv, struct agent *a)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "ha:s:S", long_options, NULL)) != -1) {
		if (opt == 'a')
			a->socket_path = optarg;
		else if (opt == 's')
			a->fork_server = *optarg ? optarg : NULL;
		else if (opt == 'S')
			a->fork_server = NULL;
		else {
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 1 : 3;
		}
	}
	return 0;
}

static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, 0};

/* False: time to go. */
static bool take_signals(struct agent *a)
{
	struct signalfd_siginfo si;

	while (read(a->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo != SIGCHLD)
			return false;
		calls_reap(a);
	}
	return true;
}

struct poll_set {
	size_t requests, calls; /* where they start */
	size_t n;
	struct pollfd p[3 + MAX_REQUESTS + MAX_CALLS];
	void *who[3 + MAX_REQUESTS + MAX_CALLS];
};

static void add(struct poll_set *s, int fd, short events, void *who)
{
	s->p[s->n] = (struct pollfd){fd, events, 0};
	s->who[s->n++] = who;
}

static void fill(struct agent *a, struct poll_set *s)
{
	bool room = control_has_room(a);

	s->n = 0;
	add(s, a->signal_fd, POLLIN, NULL);
	add(s, vchan_fd(a->ctl), vchan_events(a->ctl), NULL);
	add(s, room ? a->listen_fd : -1, POLLIN, NULL);
	s->requests = s->n;
	for (unsigned i = 0; i < a->requests_top; i++) {
		struct request *r = &a->requests[i];

		if (r->used && (room || r->state != REQ_READING))
			add(s, r->fd, POLLIN, r);
	}
	s->calls = s->n;
	for (unsigned i = 0; i < a->calls_top; i++)
		if (a->calls[i].used && a->calls[i].fd >= 0)
			add(s, a->calls[i].fd, POLLIN, &a->calls[i]);
}

static int loop(struct agent *a, struct poll_set *s)
{
	bool started = false;

	for (;;) {
		fill(a, s);
		if (poll(s->p, s->n, spare_timeout_ms(&a->spare)) < 0 && errno != EINTR)
			return 1;
		for (size_t i = s->requests; i < s->calls; i++)
			if (s->p[i].revents)
				requests_ready(a, s->who[i]);
		for (size_t i = s->calls; i < s->n; i++)
			if (s->p[i].revents)
				calls_ready(a, s->who[i]);
		if (s->p[2].revents)
			requests_accept(a);
		if (s->p[0].revents && !take_signals(a))
			return 0;
		control_step(a, s->p[1].revents != 0);
		calls_settle(a);
		if (!started && a->state == CTL_READY) {
			/* The start is over. */
			malloc_trim(0);
			trim_pages();
			started = true;
		}
	}
}

/* Who this agent is; it must have a name. */
static bool find_self(struct agent *a)
{
	const struct passwd *pw = geteuid() ? getpwuid(geteuid()) : NULL;

	if (geteuid() == 0)
		return true;
	if (!pw || strlen(pw->pw_name) > QRX_USER_MAX)
		return false;
	memcpy(a->self, pw->pw_name, strlen(pw->pw_name) + 1);
	return true;
}

int main(int argc, char **argv)
{
	/* Not on the heap: what is never used is then never in memory. */
	static struct agent all;
	static struct poll_set set;
	struct agent *a = &all;
	int r;

	if (stdio_sanitize())
		return 1;
	a->socket_path = AGENT_SOCKET;
	a->fork_server = FORK_SERVER;
	r = parse_options(argc, argv, a);
	if (r)
		return r - 1;
	if (!find_self(a)) {
		agent_log("user %u has no name: start the agent as root", (unsigned)geteuid());
		return 1;
	}
	lookup_paths_init(&a->paths, false);
	a->signal_fd = signals_fd(signals);
	a->listen_fd = unix_listen(a->socket_path, SOCK_STREAM | SOCK_NONBLOCK, 0777);
	if (a->listen_fd < 0) {
		agent_log("cannot listen at %s: %s%s", a->socket_path, strerror(-a->listen_fd),
			  a->listen_fd == -EADDRINUSE ? " (another agent is running)" : "");
		return 1;
	}
	r = control_listen(a);
	if (r) {
		agent_log("cannot create the channel to dom0: %s", strerror(-r));
		return 1;
	}
	r = loop(a, &set);
	vchan_abort(a->ctl);
	unlink(a->socket_path);
	return r;
}
