/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of a method: what the table (methods.c) says about methods, what a handler
 * gets, and what becomes of its result.
 */
#ifndef QUBESD_API_CALL_H
#define QUBESD_API_CALL_H

#include "dom0/qubesd/api/request.h"
#include "dom0/qubesd/core/flow.h"

typedef struct Call Call;
typedef struct Connection Connection;
typedef struct Server Server;
typedef struct Filter Filter;

typedef enum { FORBIDDEN, REQUIRED, OPTIONAL } Presence;
typedef enum { TO_ANY, TO_DOM0, TO_QUBE } Destination;
typedef enum { SOCKET_ADMIN, SOCKET_INTERNAL, SOCKET_MISC, SOCKET_N } ApiSocket;

enum {
	M_SAVE = 1,   /* changes the state: saved before the reply */
	M_TEXT = 2,   /* the payload is text: no NUL, ASCII */
	M_SCRIPT = 4, /* as a qrexec service it is a program, not a link to the socket */
};

typedef struct {
	const char *name;
	Presence arg, payload;
	Destination dest;
	ApiSocket socket;
	unsigned flags;
	int variant; /* for the handler: class, link... */
	/* One of these. */
	char *(*sync)(Call *c, GError **error);		 /* on the main thread */
	char *(*flow)(Flow *f, Call *c, GError **error); /* on a thread of its own */
	void (*stream)(Call *c); /* on the main thread; ends with the client */
} Method;

/*
 * Sync handlers return the body (g_free), or NULL with *error. An empty body is "".
 * Flow handlers may read the strings and use src and dest only as flow.h says.
 */
struct Call {
	App *app;
	Filter *filter; /* borrowed */
	const Method *method;
	Connection *conn;    /* NULL when the client is gone */
	GByteArray *buffer;  /* owned; holds the strings below */
	const char *arg;     /* checked to be ASCII */
	const char *payload; /* NUL-terminated */
	size_t payload_len;
	Domain *src, *dest; /* a reference each */
	char *body;	    /* owned; result */
	GError *error;	    /* owned */
};

const Method *method_find(GHashTable *table, const char *name, ApiSocket socket);
/*
 * Makes the methods qrexec services: links in dir, relative, to the sockets below the same
 * root. Links of ours to what is no method any more are removed; everything else stays.
 */
bool methods_link(const char *dir, GError **error);
/* name -> Method*; g_hash_table_unref. */
GHashTable *methods_table(void);

/*
 * Takes buffer (with the request that req points into) and answers on conn, now or
 * later. conn is told by connection_reply() or connection_stream().
 */
void call_start(Server *server, ApiSocket socket, Connection *conn, GByteArray *buffer,
		const Request *req);
/* The client is gone: the call goes on, its reply is dropped. */
void call_orphan(Call *c);
/* For streams: the call is over. */
void call_free(Call *c);

/* A handler's shorthand: the body is a copy of s. */
static inline char *body(const char *s)
{
	return g_strdup(s ? s : "");
}

/* May the calling qube do this? dom0 may everything. Sets E_PERMISSION. */
bool call_is_dom0(const Call *c);
/*
 * The volume that the argument names. When the qube has none of that name: E_PERMISSION, for
 * scripts E_PROTOCOL.
 */
bool call_volume(const Call *c, VolumeId *ret, GError **error);
/* The pool that the argument names; E_PERMISSION when there is none. */
Pool *call_pool(const Call *c, GError **error);

#endif
