/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the qubes, kept fresh (qubesd.h). The peer is qubesd, which is trusted. */
#include "policy/daemon/qubesd.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/daemon/exchange.h"
#include "policy/daemon/wire.h"
#include "qrexec/base/bytebuf.h"
#include "qrexec/base/unixsock.h"

#define FETCH_TIMEOUT_MS 10000
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 3000
/* As long as a qubesd that ended may take to be there again: calls wait for that. */
#define RESTART_MS 3000

struct qubesd {
	char *admin_socket, *internal_socket; /* owned */
	void (*changed)(void *ctx);
	void *ctx;

	/* Every change of the qubes begins a new age. What was fetched in an age is good for
	 * questions of that age and of earlier ones. */
	uint64_t age;
	struct pol_sysinfo *info; /* owned reference */
	uint64_t info_age;
	int error; /* of the last fetch */
	uint64_t error_age;
	struct exchange *fetch;
	uint64_t fetch_age;
	guint refetch; /* a pause before the next fetch */

	gint64 lost_us; /* when it was last seen to end; 0: never */
	int events_fd;	/* -1: none */
	bool following; /* the event stream is established */
	struct bytebuf events;
	guint watch, retry;
	unsigned retry_ms;
};

static void stop_following(struct qubesd *q);
static void drain(struct qubesd *q);
static void fetch(struct qubesd *q);

static gboolean fetch_again(gpointer data)
{
	struct qubesd *q = data;

	q->refetch = 0;
	fetch(q);
	return G_SOURCE_REMOVE;
}

/* Whether it is just being restarted. */
static bool restarts(const struct qubesd *q, int error)
{
	if (error != -ENOENT && error != -ECONNREFUSED && error != -ECONNRESET && error != -EPIPE)
		return false;
	return q->lost_us &&
	       g_get_monotonic_time() - q->lost_us < RESTART_MS * G_TIME_SPAN_MILLISECOND;
}

static void fetched(void *ctx, int error, struct pol_str reply)
{
	struct pol_sysinfo *info = NULL;
	struct qubesd *q = ctx;

	q->fetch = NULL;
	if (!error && (reply.n < 2 || reply.p[0] != '0' || reply.p[1]))
		error = reply.n ? -EPROTO : -ECONNRESET;
	/* What ended us ended the events, too: known only when they are read. */
	if (error)
		drain(q);
	if (restarts(q, error)) {
		q->refetch = g_timeout_add(RETRY_MIN_MS, fetch_again, q);
		return;
	}
	if (!error)
		error = pol_sysinfo_parse(pol_skip(reply, 2), &info);
	q->error = error;
	q->error_age = q->fetch_age;
	if (!error) {
		pol_sysinfo_unref(q->info);
		q->info = info;
		q->info_age = q->fetch_age;
	}
	q->changed(q->ctx);
}

static void fetch(struct qubesd *q)
{
	if (q->fetch)
		return;
	q->fetch_age = q->age;
	q->fetch = exchange_socket(q->internal_socket,
				   (struct pol_str){"internal.GetSystemInfo+ dom0 name dom0", 39},
				   POL_SYSINFO_MAX, FETCH_TIMEOUT_MS, fetched, q);
}

/* Takes complete events off the buffer. False when the stream makes no sense. */
static bool take_events(struct qubesd *q)
{
	while (q->events.len) {
		struct pol_str text = {(const char *)bytebuf_peek(&q->events), q->events.len};
		struct pol_wire_event ev;
		size_t used;
		int r = pol_wire_event(text, &ev, &used);

		if (r == -EAGAIN)
			return true;
		if (r < 0)
			return false;
		if (pol_eq(ev.name, POL_STR("connection-established"))) {
			q->following = true;
			q->retry_ms = RETRY_MIN_MS;
		}
		if (pol_wire_event_matters(ev.name))
			q->age++;
		bytebuf_drop(&q->events, used);
	}
	return true;
}

/* Reads what has come of the event stream. */
static void drain(struct qubesd *q)
{
	while (q->events_fd >= 0) {
		ssize_t n = bytebuf_fill(&q->events, q->events_fd, 4096);

		if (n == -EAGAIN)
			break;
		if (n <= 0 || !take_events(q))
			stop_following(q);
	}
}

static gboolean events_ready(gint fd, GIOCondition cond, gpointer data)
{
	struct qubesd *q = data;
	guint watch = q->watch;

	drain(q);
	/* stop_following() removed the source already. */
	return q->watch == watch ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean follow(gpointer data);

static void retry_later(struct qubesd *q)
{
	if (q->retry)
		return;
	q->retry = g_timeout_add(q->retry_ms, follow, q);
	q->retry_ms = MIN(q->retry_ms * 2, RETRY_MAX_MS);
}

static void stop_following(struct qubesd *q)
{
	if (q->watch)
		g_source_remove(q->watch);
	q->watch = 0;
	if (q->events_fd >= 0)
		close(q->events_fd);
	q->events_fd = -1;
	if (q->following) {
		g_message("qubesd's events ended; asking it for every decision");
		q->lost_us = g_get_monotonic_time();
	}
	q->following = false;
	q->age++;
	bytebuf_clear(&q->events);
	retry_later(q);
}

static gboolean follow(gpointer data)
{
	static const char request[] = "admin.Events+ dom0 name dom0";
	struct qubesd *q = data;
	int fd = unix_connect(q->admin_socket, SOCK_STREAM | SOCK_NONBLOCK);

	q->retry = 0;
	if (fd < 0) {
		retry_later(q);
		return G_SOURCE_REMOVE;
	}
	/* A fresh socket has room for so little. */
	if (write(fd, request, sizeof(request)) != sizeof(request) || shutdown(fd, SHUT_WR) < 0) {
		close(fd);
		retry_later(q);
		return G_SOURCE_REMOVE;
	}
	q->events_fd = fd;
	/* Before any question, so that what happened before it is known before it. */
	q->watch = g_unix_fd_add_full(G_PRIORITY_HIGH, fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
				      events_ready, q, NULL);
	return G_SOURCE_REMOVE;
}

uint64_t qubesd_ticket(struct qubesd *q)
{
	drain(q);
	if (!q->following)
		q->age++;
	return q->age;
}

int qubesd_info(struct qubesd *q, uint64_t ticket, struct pol_sysinfo **ret_info)
{
	if (q->info && q->info_age >= ticket) {
		*ret_info = pol_sysinfo_ref(q->info);
		return 1;
	}
	if (q->error && q->error_age >= ticket)
		return q->error;
	if (q->refetch)
		return 0;
	fetch(q);
	return q->fetch ? 0 : -ENOMEM;
}

struct qubesd *qubesd_new(const char *admin_socket, const char *internal_socket,
			  void (*changed)(void *ctx), void *ctx)
{
	struct qubesd *q = g_new0(struct qubesd, 1);

	q->admin_socket = g_strdup(admin_socket);
	q->internal_socket = g_strdup(internal_socket);
	q->changed = changed;
	q->ctx = ctx;
	q->age = 1;
	q->events_fd = -1;
	q->retry_ms = RETRY_MIN_MS;
	bytebuf_init(&q->events, POL_WIRE_EVENT_MAX + 8192);
	follow(q);
	return q;
}

void qubesd_free(struct qubesd *q)
{
	if (!q)
		return;
	if (q->watch)
		g_source_remove(q->watch);
	if (q->retry)
		g_source_remove(q->retry);
	if (q->refetch)
		g_source_remove(q->refetch);
	if (q->events_fd >= 0)
		close(q->events_fd);
	exchange_cancel(q->fetch);
	pol_sysinfo_unref(q->info);
	bytebuf_clear(&q->events);
	g_free(q->admin_socket);
	g_free(q->internal_socket);
	g_free(q);
}
