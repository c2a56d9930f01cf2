/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QubesDB daemon's loop (server.h). Local clients are programs of any user of this
 * domain: they can ask and wait, not block the daemon nor each other.
 */
#include "qrexec/qubesdb/daemon/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/vchan/vchan.h"

enum { P_SIGNAL, P_RW, P_RO, P_LINK, P_CLIENTS };

void server_init(struct server *s, enum qdb_role role, unsigned domid)
{
	*s = (struct server){.rw_fd = -1, .ro_fd = -1, .signal_fd = -1, .domid = domid};
	for (int i = 0; i < QDB_CLIENTS_MAX; i++)
		s->client_fd[i] = -1;
	qdb_core_init(&s->core, role);
}

static void remove_client(struct server *s, int i)
{
	close(s->client_fd[i]);
	s->client_fd[i] = -1;
	qdb_client_remove(&s->core, i);
}

void server_clear(struct server *s)
{
	for (int i = 0; i < QDB_CLIENTS_MAX; i++)
		if (s->client_fd[i] >= 0)
			remove_client(s, i);
	vchan_free(s->vchan);
	s->vchan = NULL;
	qdb_core_clear(&s->core);
	if (s->rw_fd >= 0)
		close(s->rw_fd);
	if (s->ro_fd >= 0)
		close(s->ro_fd);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}

static void accept_client(struct server *s, int listen_fd, bool writable)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int i;

	if (fd < 0)
		return;
	i = qdb_client_add(&s->core, writable);
	if (i < 0) {
		fprintf(stderr, "a client was turned away: %d are connected\n", QDB_CLIENTS_MAX);
		close(fd);
		return;
	}
	s->client_fd[i] = fd;
}

/* 0 or -EPIPE. */
static int flush_client(int fd, struct bytebuf *out)
{
	while (out->len) {
		ssize_t n = send(fd, bytebuf_peek(out), out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			bytebuf_drop(out, (size_t)n);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -EPIPE;
	}
	return 0;
}

/* Reads once, if there is room. 0, or -EPIPE at the end. */
static int fill_client(int fd, struct bytebuf *in)
{
	size_t room = in->max - in->len;
	ssize_t n;

	if (!room)
		return 0;
	n = bytebuf_fill(in, fd, room < 8192 ? room : 8192);
	return n > 0 || n == -EAGAIN || n == -EINTR ? 0 : -EPIPE;
}

/* Serves a client: reads (when polled), answers, sends, and on until it would wait. */
static void client_step(struct server *s, int i, short revents)
{
	struct qdb_client *c = s->core.client[i];
	int r = 0, end = 0;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		end = fill_client(s->client_fd[i], &c->peer.in);
	for (;;) {
		size_t before = c->peer.in.len;

		if (flush_client(s->client_fd[i], &c->peer.out))
			end = -EPIPE;
		if (r || end || c->peer.out.len || !c->peer.in.len)
			break;
		r = qdb_client_run(&s->core, i);
		if (!r && before == c->peer.in.len && !c->peer.out.len)
			break;
	}
	if (r || end || c->broken)
		remove_client(s, i);
}

static void fill_polls(struct server *s, struct pollfd *p)
{
	p[P_SIGNAL] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
	p[P_RW] = (struct pollfd){.fd = s->is_ready ? s->rw_fd : -1, .events = POLLIN};
	p[P_RO] = (struct pollfd){.fd = s->is_ready ? s->ro_fd : -1, .events = POLLIN};
	p[P_LINK] = (struct pollfd){.fd = -1};
	if (s->vchan) {
		p[P_LINK].fd = vchan_fd(s->vchan);
		p[P_LINK].events = vchan_events(s->vchan);
	}
	for (int i = 0; i < QDB_CLIENTS_MAX; i++) {
		const struct qdb_client *c = s->core.client[i];

		p[P_CLIENTS + i] = (struct pollfd){.fd = s->client_fd[i]};
		if (!c)
			continue;
		if (c->peer.out.len)
			p[P_CLIENTS + i].events = POLLOUT;
		else if (c->peer.in.len < c->peer.in.max)
			p[P_CLIENTS + i].events = POLLIN;
	}
}

/* A qube's clients wait until its daemon has dom0's data; dom0's can write at once. */
static void become_ready(struct server *s)
{
	if (s->is_ready || (s->core.role == QDB_ROLE_VM && !s->core.ever_synced))
		return;
	s->is_ready = true;
	if (s->ready)
		s->ready(s->ready_arg);
}

static void serve_round(struct server *s, const struct pollfd *p)
{
	bool synced;

	server_link_step(s, p[P_LINK].revents != 0);
	become_ready(s);
	for (int i = 0; i < QDB_CLIENTS_MAX; i++)
		if (s->client_fd[i] >= 0)
			client_step(s, i, p[P_CLIENTS + i].revents);
	if (p[P_RW].revents)
		accept_client(s, s->rw_fd, true);
	if (p[P_RO].revents)
		accept_client(s, s->ro_fd, false);
	/* What the clients changed goes to the other daemon now, and its events to them. A
	 * dump that ends here sets clients free, who wait for the next round. */
	synced = s->core.synced;
	server_link_step(s, false);
	if (s->core.synced != synced)
		s->more = true;
	for (int i = 0; i < QDB_CLIENTS_MAX; i++)
		if (s->client_fd[i] >= 0 && s->core.client[i]->peer.out.len)
			client_step(s, i, 0);
}

int server_run(struct server *s)
{
	struct pollfd p[P_CLIENTS + QDB_CLIENTS_MAX] = {0};

	serve_round(s, p);
	while (!s->gone) {
		fill_polls(s, p);
		if (poll(p, P_CLIENTS + QDB_CLIENTS_MAX, server_link_timeout(s)) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (p[P_SIGNAL].revents)
			return 0;
		serve_round(s, p);
	}
	fprintf(stderr, "domain %u is gone\n", s->domid);
	return 0;
}
