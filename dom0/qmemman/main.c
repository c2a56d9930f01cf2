// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qmemman: divides the machine's memory between dom0 and the qubes, and makes room for a
 * qube that is to be started. Xen only. Its clients are dom0's programs; of qubes it reads
 * one number each, from xenstore.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dom0/qmemman/qmemman.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/notify.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/signals.h"
#include "qrexec/base/unixsock.h"

/* While domains give memory back; Xen does not tell of it. */
#define WAIT_STEP_MS 50
/* dom0's own use changes without any event. */
#define IDLE_MS 1000

static int die(const char *what, int r)
{
	fprintf(stderr, "qmemman: %s%s%s\n", what, r ? ": " : "", r ? strerror(-r) : "");
	return 1;
}

static int read_config(struct mem_config *c)
{
	char path[QUBES_PATH_MAX], why[256];
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (!qubes_path(path, sizeof(path), QMEMMAN_CONFIG))
		return die("the path in QUBES_ROOT is too long", 0);
	r = io_read_file(path, 65536, &text, &len);
	if (r == -ENOENT)
		return 0;
	if (r)
		return die(path, r);
	if (config_read(text, c, why, sizeof(why)))
		return 0;
	fprintf(stderr, "qmemman: %s: %s\n", path, why);
	return 1;
}

static int listen_here(void)
{
	char path[QUBES_PATH_MAX];
	struct group *group = getgrnam("qubes");
	int fd;

	if (!qubes_path(path, sizeof(path), QMEMMAN_SOCKET))
		return -ENAMETOOLONG;
	fd = unix_listen(path, SOCK_STREAM, 0660);
	if (fd >= 0 && group && chown(path, (uid_t)-1, group->gr_gid) < 0)
		fprintf(stderr, "qmemman: %s: %s\n", path, strerror(errno));
	return fd;
}

static const int end_signals[] = {SIGTERM, SIGINT, 0};

static bool is_paused(void)
{
	char path[QUBES_PATH_MAX];

	return qubes_path(path, sizeof(path), QMEMMAN_PAUSE) && access(path, F_OK) == 0;
}

enum { P_SIGNAL, P_XEN, P_CLIENTS };

static int loop(struct mem_state *s, struct clients *c, int signals)
{
	struct pollfd fds[P_CLIENTS + QMEMMAN_CLIENTS + 1];
	int r;

	for (;;) {
		size_t n = clients_poll(c, fds + P_CLIENTS);

		fds[P_SIGNAL] = (struct pollfd){.fd = signals, .events = POLLIN};
		fds[P_XEN] = (struct pollfd){.fd = mem_xen_fd(s->xen), .events = POLLIN};
		if (poll(fds, P_CLIENTS + n, s->busy && !s->met ? WAIT_STEP_MS : IDLE_MS) < 0 &&
		    errno != EINTR)
			return die("poll", -errno);
		if (fds[P_SIGNAL].revents)
			return 0;
		mem_xen_events(s->xen);
		r = state_refresh(s);
		if (r)
			return die("the hypervisor does not answer", r);
		clients_ready(c, s, fds + P_CLIENTS, n);
		clients_step(c, s, io_now_ms());
		if (!is_paused())
			state_balance(s, io_now_ms());
	}
}

int main(int argc, char **argv)
{
	static struct mem_state s;
	struct clients *c;
	const char *why;
	int fd, r;

	if (argc > 1) {
		fputs("usage: qmemman\nDivides memory between the qubes. See qmemman(8).\n",
		      strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	s.config = mem_config_default;
	if (read_config(&s.config))
		return 1;
	s.xen = mem_xen_open(&why);
	if (!s.xen)
		return die(why, 0);
	fd = listen_here();
	if (fd < 0)
		return die("cannot listen on " QMEMMAN_SOCKET, fd);
	c = clients_new(fd);
	if (!c)
		return die("out of memory", 0);
	r = state_refresh(&s);
	if (r)
		return die("the hypervisor does not answer", r);
	notify_send("READY=1");
	r = loop(&s, c, signals_fd(end_signals));
	free(c);
	mem_xen_close(s.xen);
	return r;
}
