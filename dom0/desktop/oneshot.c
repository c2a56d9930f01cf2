/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request a connection (oneshot.h). The peers are dom0's own; the socket's mode keeps others
 * out. */
#include "dom0/desktop/oneshot.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/bytebuf.h"

#define READ_BYTES 16384

struct oneshot {
	int fd; /* owned */
	guint watch;
	struct oneshot_limits limits;
	oneshot_taken taken;
	void *ctx;
	GPtrArray *calls; /* owned; struct oneshot_call */
};

struct oneshot_call {
	struct oneshot *server;
	int fd; /* owned */
	guint watch, timer;
	struct bytebuf in;
	oneshot_lost lost; /* NULL: nobody waits */
	void *data;
};

static void call_free(gpointer data)
{
	struct oneshot_call *c = data;

	if (c->lost)
		c->lost(c->data);
	if (c->watch)
		g_source_remove(c->watch);
	if (c->timer)
		g_source_remove(c->timer);
	bytebuf_clear(&c->in);
	close(c->fd);
	g_free(c);
}

void oneshot_end(struct oneshot_call *call)
{
	call->lost = NULL;
	g_ptr_array_remove_fast(call->server->calls, call);
}

/* The answer is far smaller than any socket's buffer. */
void oneshot_answer(struct oneshot_call *call, const char *text)
{
	if (send(call->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		g_message("an answer could not be sent: %s", g_strerror(errno));
	oneshot_end(call);
}

static gboolean hung_up(gint fd, GIOCondition cond, gpointer data)
{
	struct oneshot_call *c = data;

	c->watch = 0;
	g_ptr_array_remove_fast(c->server->calls, c);
	return G_SOURCE_REMOVE;
}

void oneshot_wait(struct oneshot_call *call, oneshot_lost lost, void *data)
{
	call->lost = lost;
	call->data = data;
	call->watch = g_unix_fd_add(call->fd, G_IO_HUP | G_IO_ERR, hung_up, call);
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct oneshot_call *c = data;
	struct oneshot *o = c->server;
	ssize_t n = bytebuf_fill(&c->in, fd, MIN(c->in.max - c->in.len, READ_BYTES));

	if (n > 0 && c->in.len == c->in.max)
		n = -EMSGSIZE;
	if (n > 0 || n == -EAGAIN)
		return G_SOURCE_CONTINUE;
	g_source_remove(c->timer);
	c->watch = c->timer = 0;
	if (n == 0)
		o->taken(c, bytebuf_peek(&c->in), c->in.len, o->ctx);
	else
		oneshot_end(c);
	return G_SOURCE_REMOVE;
}

static gboolean out_of_time(gpointer data)
{
	struct oneshot_call *c = data;

	c->timer = 0;
	oneshot_end(c);
	return G_SOURCE_REMOVE;
}

static gboolean acceptable(gint fd, GIOCondition cond, gpointer data)
{
	int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct oneshot *o = data;
	struct oneshot_call *c;

	if (conn < 0)
		return G_SOURCE_CONTINUE;
	if (o->calls->len >= o->limits.calls) {
		close(conn);
		return G_SOURCE_CONTINUE;
	}
	c = g_new0(struct oneshot_call, 1);
	c->server = o;
	c->fd = conn;
	/* One byte more tells those that are too long. */
	bytebuf_init(&c->in, o->limits.request_bytes + 1);
	c->watch = g_unix_fd_add(conn, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, c);
	/* After what there is to read: it may be us who are late. */
	c->timer = g_timeout_add_seconds_full(G_PRIORITY_LOW, o->limits.seconds_to_read,
					      out_of_time, c, NULL);
	g_ptr_array_add(o->calls, c);
	return G_SOURCE_CONTINUE;
}

struct oneshot *oneshot_new(int fd, const struct oneshot_limits *limits, oneshot_taken taken,
			    void *ctx)
{
	struct oneshot *o = g_new0(struct oneshot, 1);

	o->fd = fd;
	o->limits = *limits;
	o->taken = taken;
	o->ctx = ctx;
	o->calls = g_ptr_array_new_with_free_func(call_free);
	o->watch = g_unix_fd_add(fd, G_IO_IN, acceptable, o);
	return o;
}

void oneshot_free(struct oneshot *o)
{
	g_source_remove(o->watch);
	g_ptr_array_unref(o->calls);
	close(o->fd);
	g_free(o);
}
