// SPDX-License-Identifier: GPL-2.0-or-later
/* qmemman's clients (qmemman.h): dom0's own programs, trusted but for their patience. */
#include "dom0/qmemman/qmemman.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/unixsock.h"

#define BYTES_MAX (1ull << 46)

struct client {
	int fd; /* owned; -1: free */
	char line[QMEMMAN_LINE];
	size_t len;
	bool asks; /* waits for memory, or has it */
	uint64_t kib;
	unsigned long turn; /* who came first */
};

struct clients {
	int listen_fd;
	struct client client[QMEMMAN_CLIENTS];
	struct client *current; /* whose request is at hand */
	unsigned long turns;
};

struct clients *clients_new(int listen_fd)
{
	struct clients *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->listen_fd = listen_fd;
	for (size_t i = 0; i < QMEMMAN_CLIENTS; i++)
		c->client[i].fd = -1;
	return c;
}

static void drop(struct clients *c, struct mem_state *s, struct client *cl)
{
	if (c->current == cl) {
		c->current = NULL;
		state_request_end(s);
	}
	close(cl->fd);
	*cl = (struct client){.fd = -1};
}

static void say(const struct client *cl, const char *text)
{
	size_t n = strlen(text);

	/* Small enough for any socket; who does not read it does not get it. */
	if (send(cl->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		fprintf(stderr, "qmemman: a client did not take its answer\n");
}

size_t clients_poll(struct clients *c, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = c->listen_fd, .events = POLLIN};
	for (size_t i = 0; i < QMEMMAN_CLIENTS; i++)
		fds[i + 1] = (struct pollfd){.fd = c->client[i].fd, .events = POLLIN};
	return QMEMMAN_CLIENTS + 1;
}

static void accept_one(struct clients *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < QMEMMAN_CLIENTS; i++) {
		if (c->client[i].fd < 0) {
			c->client[i].fd = fd;
			c->client[i].turn = ++c->turns;
			return;
		}
	}
	close(fd);
}

static bool is_root(int fd)
{
	uid_t uid;

	return unix_peer(fd, &uid, NULL) == 0 && uid == 0;
}

/* False: this client is done with. */
static bool take_line(struct mem_state *s, struct client *cl)
{
	unsigned long long bytes;
	char *end;

	if (!strcmp(cl->line, "why")) {
		_cleanup_free_ char *text = mem_why(s);

		if (text)
			say(cl, text);
		return false;
	}
	errno = 0;
	bytes = strtoull(cl->line, &end, 10);
	if (*cl->line < '0' || *cl->line > '9' || *end || errno || bytes > BYTES_MAX) {
		say(cl, "FAIL\nthe request is no number of bytes\n");
		return false;
	}
	if (!is_root(cl->fd)) {
		say(cl, "FAIL\nonly root may ask for memory\n");
		return false;
	}
	cl->asks = true;
	cl->kib = bytes >> 10;
	return true;
}

static bool read_some(struct mem_state *s, struct client *cl)
{
	size_t room = sizeof(cl->line) - 1 - cl->len;
	ssize_t n = read(cl->fd, cl->line + cl->len, room);
	char *newline;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0 || cl->asks)
		return false; /* gone, or talking out of turn */
	cl->len += (size_t)n;
	cl->line[cl->len] = '\0';
	newline = strchr(cl->line, '\n');
	if (!newline)
		return cl->len < sizeof(cl->line) - 1;
	*newline = '\0';
	return take_line(s, cl);
}

void clients_ready(struct clients *c, struct mem_state *s, const struct pollfd *fds, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct client *cl = &c->client[i - 1];

		if (fds[i].revents && cl->fd >= 0 && cl->fd == fds[i].fd && !read_some(s, cl))
			drop(c, s, cl);
	}
	if (fds[0].revents)
		accept_one(c);
}

static struct client *next(struct clients *c)
{
	struct client *first = NULL;

	for (size_t i = 0; i < QMEMMAN_CLIENTS; i++) {
		struct client *cl = &c->client[i];

		if (cl->fd >= 0 && cl->asks && (!first || cl->turn < first->turn))
			first = cl;
	}
	return first;
}

void clients_step(struct clients *c, struct mem_state *s, int64_t now_ms)
{
	char why[256], answer[300];
	int r;

	if (!c->current) {
		c->current = next(c);
		if (!c->current)
			return;
		state_request(s, c->current->kib, now_ms);
	}
	if (s->met) {
		if (now_ms - s->since_ms > QMEMMAN_HOLD_MS)
			drop(c, s, c->current);
		return;
	}
	r = state_request_step(s, now_ms, why, sizeof(why));
	if (r == 0)
		return;
	if (r > 0) {
		s->met = true;
		s->since_ms = now_ms;
		say(c->current, "OK\n");
		return;
	}
	snprintf(answer, sizeof(answer), "FAIL\n%s\n", why);
	say(c->current, answer);
	drop(c, s, c->current);
}
