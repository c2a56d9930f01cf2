/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events from qubesd (listen.h). The peer is qubesd, trusted; decoded by reply.c. */
#include "dom0/admin/listen.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "qrexec/base/bytebuf.h"

#define READ_CHUNK 16384

struct admin_listener {
	struct admin *admin;
	char *dest; /* owned */
	admin_event_fn fn;
	gpointer data;
	int fd; /* -1 while not connected */
	pid_t pid;
	guint watch, timer;
	guint pause_ms;
	bool told; /* the break was announced */
	struct bytebuf buf;
};

static gboolean try_connect(gpointer data);

static void disconnect(struct admin_listener *l)
{
	if (l->watch)
		g_source_remove(l->watch);
	if (l->fd >= 0)
		close(l->fd);
	if (l->pid > 0) {
		kill(l->pid, SIGTERM);
		program_wait(l->pid);
	}
	bytebuf_clear(&l->buf);
	bytebuf_init(&l->buf, ADMIN_EVENT_MAX + READ_CHUNK);
	l->watch = 0;
	l->fd = -1;
	l->pid = 0;
}

static void lost(struct admin_listener *l, const char *reason)
{
	struct admin_event e = {.subject = "", .name = "connection-lost", .n_pairs = 1};

	e.keys[0] = "reason";
	e.values[0] = reason;
	disconnect(l);
	l->timer = g_timeout_add(l->pause_ms, try_connect, l);
	l->pause_ms = MIN(l->pause_ms * 2, ADMIN_LISTEN_PAUSE_MAX_MS);
	if (l->told)
		return;
	l->told = true;
	l->fn(&e, l->data);
}

/* Hands on all whole events. False when the stream makes no sense. */
static bool deliver(struct admin_listener *l)
{
	struct admin_event e;
	ssize_t n;

	while (l->buf.len) {
		n = admin_event_decode(bytebuf_peek(&l->buf), l->buf.len, &e);
		if (n <= 0)
			return n == 0;
		l->pause_ms = ADMIN_LISTEN_PAUSE_MIN_MS;
		l->told = false;
		l->fn(&e, l->data);
		bytebuf_drop(&l->buf, (size_t)n);
	}
	return true;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
	struct admin_listener *l = data;
	ssize_t n = bytebuf_fill(&l->buf, fd, READ_CHUNK);

	if (n == -EAGAIN || n == -EINTR)
		return G_SOURCE_CONTINUE;
	if (n > 0 && deliver(l))
		return G_SOURCE_CONTINUE;
	l->watch = 0; /* removed by our return value */
	lost(l, n > 0	? "qubesd's events are not understood"
		: n < 0 ? g_strerror((int)-n)
			: "qubesd closed the connection");
	return G_SOURCE_REMOVE;
}

static gboolean try_connect(gpointer data)
{
	struct admin_listener *l = data;
	g_autoptr(GError) err = NULL;

	l->timer = 0;
	l->fd = admin_open_stream(l->admin, l->dest, "admin.Events", &l->pid, &err);
	if (l->fd < 0)
		lost(l, err->message);
	else
		l->watch = g_unix_fd_add(l->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, l);
	return G_SOURCE_REMOVE;
}

struct admin_listener *admin_listen(struct admin *a, const char *dest, admin_event_fn fn,
				    gpointer data)
{
	struct admin_listener *l = g_new0(struct admin_listener, 1);

	l->admin = a;
	l->dest = g_strdup(dest);
	l->fn = fn;
	l->data = data;
	l->fd = -1;
	l->pause_ms = ADMIN_LISTEN_PAUSE_MIN_MS;
	bytebuf_init(&l->buf, ADMIN_EVENT_MAX + READ_CHUNK);
	l->timer = g_idle_add(try_connect, l);
	return l;
}

void admin_listener_free(struct admin_listener *l)
{
	if (!l)
		return;
	disconnect(l);
	if (l->timer)
		g_source_remove(l->timer);
	bytebuf_clear(&l->buf);
	g_free(l->dest);
	g_free(l);
}
