/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client; shared by server.c and connection.c. */
#ifndef QUBESD_API_CONNECTION_H
#define QUBESD_API_CONNECTION_H

#include "dom0/qubesd/api/server.h"

typedef struct {
	Server *server;
	ApiSocket which;
	char *path;	 /* owned */
	int fd;		 /* -1: closed */
	GSource *source; /* NULL: not listening now */
} Listener;

struct Server {
	App *app;
	GHashTable *table; /* of methods */
	Filter *filter;	   /* owned */
	Listener listener[SOCKET_N];
	GPtrArray *connections; /* Connection* */
	bool stopping;
};

/* Takes fd. Adds itself to the server's connections. */
void connection_new(Server *s, ApiSocket which, int fd);
/* Ends it now. */
void connection_close(Connection *c);
/* It waits for a reply, or has one to write. */
bool connection_busy(const Connection *c);

/* One left: there is room for more. */
void server_left(Server *s);

#endif
