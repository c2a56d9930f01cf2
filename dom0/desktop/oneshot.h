/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket where each connection makes one request: it is read to its end, within limits, and
 * handed on; the answer may take as long as the user does. For programs of the user's session, in
 * GLib's main loop.
 */
#ifndef QUBES_DESKTOP_ONESHOT_H
#define QUBES_DESKTOP_ONESHOT_H

#include <glib.h>

struct oneshot;
struct oneshot_call;

/*
 * A whole request of n bytes (may be 0), valid until the call ends. It is to be ended: at once or
 * later, by oneshot_answer() or oneshot_end().
 */
typedef void (*oneshot_taken)(struct oneshot_call *call, const void *request, gsize n, void *ctx);

/* The caller went away, or the server goes: the call ends when this returns. */
typedef void (*oneshot_lost)(void *data);

struct oneshot_limits {
	gsize request_bytes;   /* longer requests are dropped */
	guint calls;	       /* at a time; more connections are closed at once */
	guint seconds_to_read; /* slower ones are dropped */
};

/* Serves the listening, non-blocking socket fd, which it owns. Never NULL. */
struct oneshot *oneshot_new(int fd, const struct oneshot_limits *limits, oneshot_taken taken,
			    void *ctx);
/* Ends all calls; those that are waited with get lost(). */
void oneshot_free(struct oneshot *o);

/* The answer comes later; lost is called, with data, if the caller does not wait for it. */
void oneshot_wait(struct oneshot_call *call, oneshot_lost lost, void *data);

/* Sends a short text and ends the call. */
void oneshot_answer(struct oneshot_call *call, const char *text);
void oneshot_end(struct oneshot_call *call);

#endif
