/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session service's connections (server.h). The peers are GUI daemons of the same user;
 * the socket's mode keeps others out.
 */
#include "guid/session/server.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guid/session/dialog.h"
#include "guid/session/icons.h"
#include "guid/session/notice.h"
#include "qrexec/base/bytebuf.h"

struct session_server {
	int fd;
	guint watch;
	GApplication *app;
	GPtrArray *connections; /* struct connection */
};

struct connection {
	struct session_server *server;
	int fd;
	guint watch, timer;
	struct bytebuf in;
	GtkWidget *dialog;
};

static void connection_free(gpointer data)
{
	struct connection *c = data;

	if (c->watch)
		g_source_remove(c->watch);
	if (c->timer)
		g_source_remove(c->timer);
	if (c->dialog)
		gtk_widget_destroy(c->dialog);
	bytebuf_clear(&c->in);
	close(c->fd);
	g_free(c);
}

static void drop(struct connection *c)
{
	g_ptr_array_remove_fast(c->server->connections, c);
}

static void answered(void *ctx, bool terminate)
{
	const char *text = terminate ? SESSION_TERMINATE : SESSION_IGNORE;
	struct connection *c = ctx;

	c->dialog = NULL;
	if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		g_message("an answer could not be sent: %s", g_strerror(errno));
	drop(c);
}

/* The daemon is gone, and with it the question. */
static gboolean hung_up(gint fd, GIOCondition cond, gpointer data)
{
	struct connection *c = data;

	c->watch = 0;
	drop(c);
	return G_SOURCE_REMOVE;
}

static void take(struct connection *c)
{
	struct session_request rq;

	if (session_request_parse(bytebuf_peek(&c->in), c->in.len, &rq) < 0 ||
	    !g_utf8_validate(rq.text, -1, NULL)) {
		g_message("a malformed request was dropped");
		drop(c);
	} else if (rq.kind == SESSION_ASK) {
		c->dialog = dialog_show(&rq, answered, c);
		c->watch = g_unix_fd_add(c->fd, G_IO_HUP | G_IO_ERR, hung_up, c);
	} else if (rq.kind == SESSION_ERROR) {
		/* It stays when the daemon that failed is gone. */
		dialog_show(&rq, NULL, NULL);
		drop(c);
	} else {
		g_autofree char *title = g_strdup_printf("[%s]", rq.qube);

		notice_show(c->server->app, rq.qube, ICON_QUBE, rq.color, title, rq.text);
		drop(c);
	}
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct connection *c = data;
	ssize_t n = bytebuf_fill(&c->in, fd, c->in.max - c->in.len);

	if (n > 0 && c->in.len == c->in.max)
		n = -EMSGSIZE;
	if (n > 0 || n == -EAGAIN)
		return G_SOURCE_CONTINUE;
	g_source_remove(c->timer);
	c->watch = c->timer = 0;
	if (n == 0)
		take(c);
	else
		drop(c);
	return G_SOURCE_REMOVE;
}

static gboolean out_of_time(gpointer data)
{
	struct connection *c = data;

	c->timer = 0;
	drop(c);
	return G_SOURCE_REMOVE;
}

static gboolean acceptable(gint fd, GIOCondition cond, gpointer data)
{
	int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct session_server *s = data;
	struct connection *c;

	if (conn < 0)
		return G_SOURCE_CONTINUE;
	if (s->connections->len >= SESSION_CONNECTIONS_MAX) {
		close(conn);
		return G_SOURCE_CONTINUE;
	}
	c = g_new0(struct connection, 1);
	c->server = s;
	c->fd = conn;
	bytebuf_init(&c->in, SESSION_REQUEST_MAX + 1);
	c->watch = g_unix_fd_add(conn, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, c);
	c->timer = g_timeout_add_seconds(SESSION_READ_TIMEOUT_S, out_of_time, c);
	g_ptr_array_add(s->connections, c);
	return G_SOURCE_CONTINUE;
}

struct session_server *session_server_new(int fd, GApplication *app)
{
	struct session_server *s = g_new0(struct session_server, 1);

	s->fd = fd;
	s->app = app;
	s->connections = g_ptr_array_new_with_free_func(connection_free);
	s->watch = g_unix_fd_add(fd, G_IO_IN, acceptable, s);
	return s;
}

void session_server_free(struct session_server *s)
{
	g_source_remove(s->watch);
	g_ptr_array_unref(s->connections);
	close(s->fd);
	g_free(s);
}
