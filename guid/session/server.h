/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session service's socket: requests of the GUI daemons (guid/proto/session.h). */
#ifndef QUBES_SESSION_SERVER_H
#define QUBES_SESSION_SERVER_H

#include <gio/gio.h>

/* Connections at a time; more are closed at once, and the daemon asks by other means. */
#define SESSION_CONNECTIONS_MAX 64
/* How long a daemon may take to say what it wants. */
#define SESSION_READ_TIMEOUT_S 30

struct session_server;

/* Serves the listening socket fd, which it owns. Never NULL. */
struct session_server *session_server_new(int fd, GApplication *app);
/* Closes everything; open questions go without an answer. */
void session_server_free(struct session_server *s);

#endif
