// SPDX-License-Identifier: GPL-2.0-or-later
/* Listening sockets and the life of connections. Clients are untrusted. */
#include "dom0/qubesd/api/server.h"

#include "dom0/qubesd/api/connection.h"
#include "dom0/qubesd/api/filter.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[SOCKET_N] = {"qubesd.sock", "qubesd.internal.sock",
					    "qubesd.misc.sock"};

static void listen_again(Server *s, ApiSocket which);

static gboolean accept_client(gint fd, GIOCondition condition, gpointer data)
{
	Listener *l = data;
	Server *s = l->server;
	int client;

	if (s->connections->len >= CONNECTIONS_MAX) {
		/* Asked again when one leaves. */
		g_clear_pointer(&l->source, g_source_unref);
		return G_SOURCE_REMOVE;
	}
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client >= 0)
		connection_new(s, l->which, client);
	else if (errno == EMFILE || errno == ENFILE)
		g_warning("no file descriptors left for a client");
	return G_SOURCE_CONTINUE;
}

static void listen_again(Server *s, ApiSocket which)
{
	Listener *l = &s->listener[which];

	if (l->source || l->fd < 0 || s->stopping)
		return;
	l->source = g_unix_fd_source_new(l->fd, G_IO_IN);
	g_source_set_callback(l->source, G_SOURCE_FUNC(accept_client), l, NULL);
	g_source_attach(l->source, s->app->context);
}

void server_left(Server *s)
{
	for (int i = 0; i < SOCKET_N; i++)
		listen_again(s, (ApiSocket)i);
}

static bool open_socket(Server *s, ApiSocket which, GError **error)
{
	Listener *l = &s->listener[which];
	int r;

	l->server = s;
	l->which = which;
	l->path = g_strdup_printf("%s/run/%s", s->app->opt.root, names[which]);
	r = unix_listen(l->path, SOCK_STREAM | SOCK_NONBLOCK, 0660);
	if (r < 0) {
		g_clear_pointer(&l->path, g_free);
		return fail(error, E_QUBES, "%s/run/%s: %s", s->app->opt.root, names[which],
			    r == -EADDRINUSE ? "another qubesd listens there" : g_strerror(-r));
	}
	l->fd = r;
	if (!geteuid() && chown(l->path, (uid_t)-1, s->app->opt.owner_gid) < 0)
		g_warning("%s: chown: %s", l->path, g_strerror(errno));
	listen_again(s, which);
	return true;
}

Server *server_new(App *app, GError **error)
{
	Server *s = g_new0(Server, 1);
	g_autofree char *dir = g_strconcat(app->opt.root, "/run", NULL);

	s->app = app;
	s->table = methods_table();
	s->filter = filter_new(app);
	s->connections = g_ptr_array_new();
	for (int i = 0; i < SOCKET_N; i++)
		s->listener[i].fd = -1;
	io_mkdir_p(dir, 0755);
	for (int i = 0; i < SOCKET_N; i++) {
		if (!open_socket(s, (ApiSocket)i, error)) {
			server_free(s);
			return NULL;
		}
	}
	return s;
}

static void stop_listening(Listener *l)
{
	if (l->source) {
		g_source_destroy(l->source);
		g_clear_pointer(&l->source, g_source_unref);
	}
	if (l->path)
		unlink(l->path);
	g_clear_pointer(&l->path, g_free);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void server_stop(Server *s)
{
	s->stopping = true;
	for (int i = 0; i < SOCKET_N; i++)
		stop_listening(&s->listener[i]);
}

guint server_pending(const Server *s)
{
	guint n = 0;

	for (guint i = 0; i < s->connections->len; i++)
		n += connection_busy(g_ptr_array_index(s->connections, i));
	return n;
}

void server_free(Server *s)
{
	if (!s)
		return;
	server_stop(s);
	while (s->connections->len)
		connection_close(g_ptr_array_index(s->connections, s->connections->len - 1));
	g_ptr_array_unref(s->connections);
	g_hash_table_unref(s->table);
	filter_free(s->filter);
	g_free(s);
}
