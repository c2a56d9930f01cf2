/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of the Admin API and the connections to them. Main thread. */
#ifndef QUBESD_API_SERVER_H
#define QUBESD_API_SERVER_H

#include "dom0/qubesd/api/call.h"

/* At most this many clients at a time; more wait to be accepted. */
#define CONNECTIONS_MAX 1024
/* A request must be complete within this time. */
#define REQUEST_TIMEOUT_S 300
/* What a client of a stream may leave unread before it is dropped. */
#define STREAM_QUEUE_MAX (4u << 20)

/* Opens the three sockets below app's root; mode 0660, the owner's group. */
Server *server_new(App *app, GError **error);
/* Closes everything and removes the sockets. */
void server_free(Server *s);
/* No new clients; those there are get their replies. */
void server_stop(Server *s);
/* Requests without a reply yet (streams do not count). */
guint server_pending(const Server *s);

/* --- for calls --- */

void connection_set_call(Connection *conn, Call *c);
/* The one reply; the connection ends when it is written. */
void connection_reply(Connection *conn, const char *body, const GError *error);
/*
 * The call is a stream from now on: gone(data) when the client is, after which the
 * connection must not be used.
 */
void connection_stream(Connection *conn, void (*gone)(gpointer data), gpointer data);
/* Adds an event to the stream; args: key, value, ..., NULL. */
void connection_event(Connection *conn, const char *subject, const char *event,
		      const char *const *args);

#endif
