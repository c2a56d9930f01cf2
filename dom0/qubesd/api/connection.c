// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One client: reads a request up to the end of file, hands it over, writes the reply; or
 * a stream of events, until the client leaves or falls too far behind.
 */
#include "dom0/qubesd/api/connection.h"

#include "dom0/qubesd/api/reply.h"
#include "dom0/qubesd/core/error.h"
#include "qrexec/base/bytebuf.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum { READING, WAITING, WRITING, STREAMING, DOOMED } State;

struct Connection {
	Server *server;
	ApiSocket which;
	int fd;
	State state;
	GSource *source;  /* of fd */
	GSource *timeout; /* of the request */
	GByteArray *in;	  /* the request so far */
	struct bytebuf out;
	Call *call; /* under way; NULL: none */
	void (*gone)(gpointer data);
	gpointer gone_data;
};

static void drop(GSource **s)
{
	if (*s) {
		g_source_destroy(*s);
		g_clear_pointer(s, g_source_unref);
	}
}

void connection_close(Connection *c)
{
	Server *s = c->server;

	if (c->call)
		call_orphan(c->call);
	c->call = NULL;
	if (c->gone)
		c->gone(c->gone_data);
	drop(&c->source);
	drop(&c->timeout);
	if (c->in)
		g_byte_array_unref(c->in);
	bytebuf_clear(&c->out);
	close(c->fd);
	g_ptr_array_remove_fast(s->connections, c);
	g_free(c);
	server_left(s);
}

bool connection_busy(const Connection *c)
{
	return c->state == WAITING || c->state == WRITING;
}

static gboolean on_ready(gint fd, GIOCondition condition, gpointer data);

static void watch(Connection *c, GIOCondition what)
{
	drop(&c->source);
	c->source = g_unix_fd_source_new(c->fd, what);
	g_source_set_callback(c->source, G_SOURCE_FUNC(on_ready), c, NULL);
	g_source_attach(c->source, c->server->app->context);
}

/* --- the request --- */

static void whole_request(Connection *c)
{
	GByteArray *buffer = g_steal_pointer(&c->in);
	guint len = buffer->len;
	Request req;

	drop(&c->timeout);
	g_byte_array_set_size(buffer, len + 1);
	if (!request_decode((char *)buffer->data, len, &req)) {
		g_message("framing error in a request");
		g_byte_array_unref(buffer);
		connection_close(c);
		return;
	}
	c->state = WAITING;
	watch(c, G_IO_HUP | G_IO_ERR); /* only to hear of its leaving */
	call_start(c->server, c->which, c, buffer, &req);
}

/* Everything that is there now: most requests come in one piece, with their end. */
static void read_more(Connection *c)
{
	guint8 part[16384];
	ssize_t n;

	while ((n = read(c->fd, part, sizeof(part))) > 0) {
		if (c->in->len + (size_t)n > REQUEST_MAX) {
			g_message("a request is too long");
			connection_close(c);
			return;
		}
		g_byte_array_append(c->in, part, (guint)n);
	}
	if (n == 0)
		whole_request(c);
	else if (errno != EAGAIN && errno != EINTR)
		connection_close(c);
}

static gboolean too_slow(gpointer data)
{
	g_message("a client did not finish its request in time");
	connection_close(data);
	return G_SOURCE_REMOVE;
}

/* --- replies and events --- */

static gboolean close_now(gpointer data)
{
	connection_close(data);
	return G_SOURCE_REMOVE;
}

/* From the loop, because events are told in the middle of something. */
static void close_soon(Connection *c)
{
	drop(&c->source);
	c->state = DOOMED;
	c->source = g_idle_source_new();
	g_source_set_callback(c->source, close_now, c, NULL);
	g_source_attach(c->source, c->server->app->context);
}

/* What fits into the socket needs no queue, and no further wake-up. */
static void send_bytes(Connection *c, GByteArray *bytes)
{
	ssize_t n = 0;

	if (!c->out.len)
		n = send(c->fd, bytes->data, bytes->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		n = 0; /* if it is gone, we will hear of it */
	if ((guint)n == bytes->len)
		return;
	if (bytebuf_add(&c->out, bytes->data + n, bytes->len - (size_t)n) < 0) {
		g_message("a client reads too slowly, it is disconnected");
		close_soon(c);
		return;
	}
	watch(c, G_IO_OUT | G_IO_HUP | G_IO_ERR);
}

static void flush(Connection *c)
{
	if (bytebuf_flush(&c->out, c->fd) < 0 || (!c->out.len && c->state == WRITING))
		connection_close(c);
	else if (!c->out.len)
		watch(c, G_IO_HUP | G_IO_ERR);
}

void connection_set_call(Connection *conn, Call *c)
{
	conn->call = c;
}

void connection_reply(Connection *conn, const char *text, const GError *error)
{
	g_autoptr(GByteArray) bytes = NULL;

	if (error) {
		g_autofree char *message = g_strdup(error->message);

		text_one_line(message);
		bytes = reply_exception(qubes_error_type(error), message);
	} else {
		bytes = reply_ok(text);
	}
	conn->call = NULL;
	conn->state = WRITING;
	send_bytes(conn, bytes);
	if (conn->state == WRITING && !conn->out.len)
		connection_close(conn);
}

void connection_stream(Connection *conn, void (*gone)(gpointer data), gpointer data)
{
	conn->call = NULL;
	conn->state = STREAMING;
	conn->gone = gone;
	conn->gone_data = data;
}

void connection_event(Connection *conn, const char *subject, const char *event,
		      const char *const *args)
{
	g_autoptr(GByteArray) bytes = NULL;

	if (conn->state != STREAMING)
		return;
	bytes = reply_event(subject, event, args);
	send_bytes(conn, bytes);
}

/* --- */

static gboolean on_ready(gint fd, GIOCondition condition, gpointer data)
{
	Connection *c = data;

	if (c->state == READING)
		read_more(c);
	else if (condition & (G_IO_HUP | G_IO_ERR))
		connection_close(c);
	else if (condition & G_IO_OUT)
		flush(c);
	return G_SOURCE_CONTINUE;
}

void connection_new(Server *s, ApiSocket which, int fd)
{
	Connection *c = g_new0(Connection, 1);

	c->server = s;
	c->which = which;
	c->fd = fd;
	c->in = g_byte_array_new();
	bytebuf_init(&c->out, STREAM_QUEUE_MAX);
	g_ptr_array_add(s->connections, c);
	c->timeout = g_timeout_source_new_seconds(REQUEST_TIMEOUT_S);
	g_source_set_callback(c->timeout, too_slow, c, NULL);
	g_source_attach(c->timeout, s->app->context);
	watch(c, G_IO_IN);
	read_more(c);
}
