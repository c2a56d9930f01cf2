/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as they happen (admin-api.md, section 6), from the default GLib main loop.
 * Reconnects with a growing pause when qubesd goes away.
 */
#ifndef QUBES_ADMIN_LISTEN_H
#define QUBES_ADMIN_LISTEN_H

#include "dom0/admin/conn.h"
#include "dom0/admin/reply.h"

/* Pauses between attempts to connect, doubled each time. */
#define ADMIN_LISTEN_PAUSE_MIN_MS 100
#define ADMIN_LISTEN_PAUSE_MAX_MS 10000

struct admin_listener;

/*
 * Called for every event. "connection-established" comes first on each connection: events
 * may have been missed before it. "connection-lost" (not qubesd's) says that the
 * connection broke, or could not be made for the first time; its value "reason" why.
 */
typedef void (*admin_event_fn)(const struct admin_event *e, gpointer data);

/* Listens to what happens to dest ("dom0": to everything). */
struct admin_listener *admin_listen(struct admin *a, const char *dest, admin_event_fn fn,
				    gpointer data);
void admin_listener_free(struct admin_listener *l);

#endif
