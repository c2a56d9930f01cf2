/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-gui-agent: shows this qube's windows in dom0 (agent.h). Its peers are the qube's
 * own X server and dom0's GUI daemon; it holds nothing that the qube's user must not have.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guid/agent/agent.h"
#include "guid/agent/display.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/notify.h"
#include "qrexec/base/ppoll.h"
#include "qrexec/vchan/vchan.h"

struct options {
	const char *display;  /* NULL: $DISPLAY */
	const char *ready;    /* file made when ready, NULL: none */
	const char *monitors; /* file with dom0's monitors, NULL: none */
	const char *rules;    /* what to call the keyboard's rules, NULL: as they are */
	unsigned domain;
	int verbose;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static const char usage[] =
	"Usage: qubes-gui-agent [-d DOMAIN] [-D DISPLAY] [-r FILE] [-m FILE] [-k NAME] [-v]\n"
	"Shows the windows of this qube's X display in the GUI domain.\n"
	"\n"
	"  -d, --gui-domid=N     domain of the GUI daemon (default 0)\n"
	"  -D, --display=NAME    X display (default: $DISPLAY)\n"
	"  -r, --ready-file=FILE create FILE once windows are seen\n"
	"  -m, --monitors=FILE   follow the monitors that FILE tells, whenever it is replaced\n"
	"  -k, --xkb-rules=NAME  what the X server's built-in keyboard rules really are\n"
	"  -v, --verbose         say more on standard error; twice: messages and X errors\n"
	"  -h, --help            this text\n"
	"      --version         the version of the GUI protocol\n";

/* 0: go on; else exit with the value - 1. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"gui-domid", required_argument, NULL, 'd'},
					      {"display", required_argument, NULL, 'D'},
					      {"ready-file", required_argument, NULL, 'r'},
					      {"monitors", required_argument, NULL, 'm'},
					      {"xkb-rules", required_argument, NULL, 'k'},
					      {"verbose", no_argument, NULL, 'v'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {0}};
	unsigned long n;
	int c;

	while ((c = getopt_long(argc, argv, "d:D:r:m:k:vh", longs, NULL)) != -1) {
		if (c == 'd' && !io_parse_uint(optarg, 0, VCHAN_DOMID_MAX, &n)) {
			o->domain = (unsigned)n;
		} else if (c == 'D') {
			o->display = optarg;
		} else if (c == 'r') {
			o->ready = optarg;
		} else if (c == 'm') {
			o->monitors = optarg;
		} else if (c == 'k') {
			o->rules = optarg;
		} else if (c == 'v') {
			o->verbose++;
		} else if (c == 'h') {
			fputs(usage, stdout);
			return 1;
		} else if (c == 'V') {
			printf("qubes-gui-agent: GUI protocol %u.%u\n", GUI_VERSION_MAJOR,
			       GUI_VERSION_MINOR);
			return 1;
		} else {
			if (c == 'd')
				fprintf(stderr, "qubes-gui-agent: %s is not a domain number\n",
					optarg);
			fputs(usage, stderr);
			return 3;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "qubes-gui-agent: unexpected argument %s\n", argv[optind]);
		return 3;
	}
	return 0;
}

static void make_ready_file(const char *path)
{
	_cleanup_close_ int fd = -1;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		fprintf(stderr, "qubes-gui-agent: cannot create %s: %s\n", path, strerror(errno));
}

static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

struct ready {
	bool x, link, monitors, damage;
};

/* How long there is nothing to do, in microseconds; -1: until something comes. */
static int64_t idle_time(struct agent *a, int64_t paint_us)
{
	int64_t now = io_now_ms(), us = paint_us;
	int ms = link_timeout(&a->link, now);

	if (ms >= 0)
		us = sooner(us, (int64_t)ms * 1000);
	ms = clipboard_timeout(&a->clipboard, now);
	return ms >= 0 ? sooner(us, (int64_t)ms * 1000) : us;
}

/* Sleeps until something comes, at most us microseconds (-1: any time). */
static struct ready wait_for_events(struct agent *a, int64_t us, const sigset_t *unblocked)
{
	struct pollfd p[] = {
		{.fd = xcb_get_file_descriptor(a->x), .events = POLLIN},
		{.fd = link_fd(&a->link), .events = link_events(&a->link)},
		{.fd = a->monitors.fd, .events = POLLIN},
		{.fd = a->link.damage.conn_fd}, /* for its end */
	};
	const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	if (ppoll_signals(p, ARRAY_LEN(p), us < 0 ? NULL : &t, unblocked) < 0)
		return (struct ready){0};
	return (struct ready){
		.x = p[0].revents != 0,
		.link = p[1].revents != 0 || link_timeout(&a->link, io_now_ms()) == 0,
		.monitors = p[2].revents != 0,
		.damage = p[3].revents != 0,
	};
}

/* Until the X server goes or a signal comes. */
static int run(struct agent *a, const sigset_t *unblocked)
{
	struct ready ready = {.x = true, .link = true};

	while (!stop) {
		bool more, link_more = false;
		int64_t due;

		if (ready.x)
			display_drain(a, true);
		if (xcb_connection_has_error(a->x)) {
			fprintf(stderr, "qubes-gui-agent: the X server has gone\n");
			return 1;
		}
		if (ready.monitors)
			monitors_step(a);
		if (ready.link)
			link_more = link_step(a);
		if (ready.damage)
			link_damage_ended(a);
		/* What came with answers to that. */
		display_drain(a, false);
		clipboard_tick(a, io_now_ms());
		due = windows_settle(a);
		xcb_flush(a->x);
		link_flush(a);
		/* Waiting for answers may have brought events. */
		more = display_drain(a, false);
		ready = wait_for_events(a, more || link_more ? 0 : idle_time(a, due), unblocked);
		/* The channel may hold more than its descriptor shows. */
		ready.link |= link_more;
	}
	return 0;
}

static void catch_signals(sigset_t *ret_unblocked)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, ret_unblocked);
	sigdelset(ret_unblocked, SIGTERM);
	sigdelset(ret_unblocked, SIGINT);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct agent a = {.link = {.side = SIDECHAN_INIT, .damage = SIDECHAN_INIT},
			  .monitors.fd = -1};
	sigset_t unblocked;
	int r = parse(argc, argv, &o);

	if (r)
		return r - 1;
	a.verbose = o.verbose;
	windows_init(&a);
	catch_signals(&unblocked);
	r = link_start(&a, o.domain);
	if (r)
		fprintf(stderr, "qubes-gui-agent: cannot offer the GUI to domain %u: %s\n",
			o.domain, strerror(-r));
	if (!r && !display_open(&a, o.display)) {
		if (o.rules)
			display_name_rules(&a, o.rules);
		if (o.monitors)
			monitors_open(&a, o.monitors);
		make_ready_file(o.ready);
		notify_send("READY=1");
		r = run(&a, &unblocked);
		if (o.ready)
			unlink(o.ready);
	} else {
		r = 1;
	}
	monitors_close(&a.monitors);
	display_close(&a);
	link_clear(&a.link);
	clipboard_clear(&a.clipboard);
	return r;
}
