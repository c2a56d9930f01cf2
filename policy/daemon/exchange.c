/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question and its answer without blocking (exchange.h). Peers: qubesd and the policy agent
 * of dom0, which are trusted to be slow at most; qrexec-client, whose output comes from a
 * GUI qube and is only bounded here.
 */
#include "policy/daemon/exchange.h"

#include <errno.h>
#include <glib-unix.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/daemon/starter.h"
#include "qrexec/base/bytebuf.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#define RETRY_MS 10 /* when the peer's queue of connections is full */

struct exchange {
	char *path;	   /* owned; of a socket that is not connected yet */
	int in_fd, out_fd; /* owned; the same for a socket; -1 = closed */
	guint in_watch, out_watch, timer, retry;
	bool ends_with_status; /* as the starter writes it */
	struct bytebuf out, in;
	exchange_done done;
	void *ctx;
};

static void drop(guint *source)
{
	if (*source)
		g_source_remove(*source);
	*source = 0;
}

static void close_out(struct exchange *x)
{
	drop(&x->out_watch);
	if (x->out_fd >= 0 && x->out_fd == x->in_fd)
		shutdown(x->out_fd, SHUT_WR);
	else if (x->out_fd >= 0)
		close(x->out_fd);
	x->out_fd = -1;
}

static void release(struct exchange *x)
{
	close_out(x);
	drop(&x->in_watch);
	drop(&x->timer);
	drop(&x->retry);
	if (x->in_fd >= 0)
		close(x->in_fd);
	bytebuf_clear(&x->in);
	bytebuf_clear(&x->out);
	g_free(x->path);
	g_free(x);
}

void exchange_cancel(struct exchange *x)
{
	if (x)
		release(x);
}

static void finish(struct exchange *x, int error)
{
	struct pol_str reply = {(const char *)bytebuf_peek(&x->in), x->in.len};

	if (!x->in.data)
		reply = POL_STR("");
	if (!error && x->ends_with_status) {
		if (!reply.n || reply.p[reply.n - 1])
			error = -ECHILD;
		else
			reply.n--;
	}
	x->done(x->ctx, error, reply);
	release(x);
}

static gboolean timed_out(gpointer data)
{
	struct exchange *x = data;

	x->timer = 0;
	finish(x, -ETIMEDOUT);
	return G_SOURCE_REMOVE;
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct exchange *x = data;
	ssize_t n = bytebuf_fill(&x->in, fd, MIN(x->in.max - x->in.len, 16384));

	if (x->in.len == x->in.max)
		n = -EMSGSIZE;
	/* Closed before it had heard all: what it said came first, and is all there. */
	if (n == -ECONNRESET)
		n = 0;
	if (n > 0 || n == -EAGAIN)
		return G_SOURCE_CONTINUE;
	x->in_watch = 0;
	finish(x, (int)n);
	return G_SOURCE_REMOVE;
}

static gboolean writable(gint fd, GIOCondition cond, gpointer data)
{
	struct exchange *x = data;

	/* A peer that does not listen may still have answered. */
	if (bytebuf_flush(&x->out, fd) == 0 && x->out.len)
		return G_SOURCE_CONTINUE;
	x->out_watch = 0;
	close_out(x);
	return G_SOURCE_REMOVE;
}

static void begin(struct exchange *x)
{
	if (x->in_fd != x->out_fd)
		io_set_nonblock(x->in_fd, true);
	io_set_nonblock(x->out_fd, true);
	x->in_watch = g_unix_fd_add(x->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, x);
	if (bytebuf_flush(&x->out, x->out_fd) == 0 && x->out.len)
		x->out_watch = g_unix_fd_add(x->out_fd, G_IO_OUT | G_IO_ERR, writable, x);
	else
		close_out(x);
}

static gboolean try_connect(gpointer data)
{
	struct exchange *x = data;
	int fd = unix_connect(x->path, SOCK_STREAM | SOCK_NONBLOCK);

	x->retry = 0;
	if (fd == -EAGAIN) {
		x->retry = g_timeout_add(RETRY_MS, try_connect, x);
	} else if (fd < 0) {
		finish(x, fd);
	} else {
		x->in_fd = x->out_fd = fd;
		begin(x);
	}
	return G_SOURCE_REMOVE;
}

static gboolean report_failure(gpointer data)
{
	struct exchange *x = data;

	x->retry = 0;
	finish(x, -ENOENT);
	return G_SOURCE_REMOVE;
}

static struct exchange *new_exchange(struct pol_str data, size_t max_reply, unsigned timeout_ms,
				     exchange_done done, void *ctx)
{
	struct exchange *x = g_new0(struct exchange, 1);

	x->in_fd = x->out_fd = -1;
	x->done = done;
	x->ctx = ctx;
	bytebuf_init(&x->out, data.n);
	bytebuf_init(&x->in, max_reply + 1);
	if (bytebuf_add(&x->out, data.p, data.n) < 0) {
		release(x);
		return NULL;
	}
	if (timeout_ms)
		x->timer = g_timeout_add(timeout_ms, timed_out, x);
	return x;
}

struct exchange *exchange_socket(const char *path, struct pol_str data, size_t max_reply,
				 unsigned timeout_ms, exchange_done done, void *ctx)
{
	struct exchange *x = new_exchange(data, max_reply, timeout_ms, done, ctx);
	int fd;

	if (!x)
		return NULL;
	x->path = g_strdup(path);
	fd = unix_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd >= 0) {
		x->in_fd = x->out_fd = fd;
		begin(x);
	} else {
		/* Tried again, and reported, from the main loop. */
		x->retry = g_timeout_add(fd == -EAGAIN ? RETRY_MS : 0, try_connect, x);
	}
	return x;
}

/* Two pipes, of which the starter gets the other ends. 0 or -errno. */
static int start_call(struct exchange *x, int starter, bool notify, struct pol_str qube)
{
	int to[2], from[2], r;

	if (pipe2(to, O_CLOEXEC) < 0)
		return -errno;
	x->out_fd = to[1];
	r = pipe2(from, O_CLOEXEC) < 0 ? -errno : 0;
	if (!r) {
		x->in_fd = from[0];
		r = starter_call(starter, notify, qube, to[0], from[1]);
		close(from[1]);
	}
	close(to[0]);
	return r;
}

struct exchange *exchange_qube(int starter, bool notify, struct pol_str qube, struct pol_str data,
			       size_t max_reply, unsigned timeout_ms, exchange_done done, void *ctx)
{
	struct exchange *x = new_exchange(data, max_reply + 1, timeout_ms, done, ctx);

	if (!x)
		return NULL;
	x->ends_with_status = true;
	if (start_call(x, starter, notify, qube) < 0)
		x->retry = g_timeout_add(0, report_failure, x);
	else
		begin(x);
	return x;
}
