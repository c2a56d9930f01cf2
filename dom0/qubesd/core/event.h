/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: what happens to qubes and to the system. First the system's own reactions
 * (reactions.h), which may veto an event that is about to happen; and the subscribers,
 * which are the clients of admin.Events. specs/admin-api.md section 6.
 *
 * Order, which clients can observe: an event before the fact (pre) goes to subscribers
 * first and then to reactions; one after the fact to reactions first, so that what
 * follows from it is heard before it.
 */
#ifndef QUBESD_CORE_EVENT_H
#define QUBESD_CORE_EVENT_H

#include "dom0/qubesd/core/model.h"

#define EVENT_ARGS_MAX 6

typedef struct {
	const char *name;     /* "property-set:netvm" */
	Domain *subject;      /* NULL: the system */
	bool pre;	      /* before the fact: reactions may veto */
	PropId prop;	      /* of property events */
	const Value *newv;    /* of property events, NULL when absent */
	const Value *oldv;    /* the same */
	const char *key;      /* feature or tag */
	const char *value;    /* of a feature */
	const char *oldvalue; /* of a feature, NULL when absent */
	bool force;	      /* of domain-pre-shutdown */
	Domain *about;	      /* of domain-add and the like, whose subject is the system */
	const char *args[2 * EVENT_ARGS_MAX + 1]; /* key, value, ..., NULL: as sent to clients */
} Event;

/* Runs reactions and tells subscribers. False: vetoed (only when pre). */
bool event_emit(App *app, Event *ev, GError **error);

/* Only tells subscribers: something changed back. */
void event_tell(App *app, const Event *ev);

/* An event after the fact with arguments key, value, ..., NULL. subject may be NULL. */
void event_fire(App *app, Domain *subject, const char *name, ...) G_GNUC_NULL_TERMINATED;
/* domain-add, domain-delete and before it: an event of the system about a qube. */
void event_fire_about(App *app, Domain *about, const char *name);
bool event_ask_about(App *app, Domain *about, GError **error, const char *name);
/* An event before the fact. */
bool event_ask(App *app, Domain *subject, GError **error, const char *name,
	       ...) G_GNUC_NULL_TERMINATED;

/* ev is borrowed for the call. Must not unsubscribe. */
typedef void (*EventCallback)(const Event *ev, gpointer data);

typedef struct Subscription {
	Domain *only; /* NULL: all; compared, never looked into */
	EventCallback cb;
	gpointer data;
} Subscription;

/* Freed by event_unsubscribe(), which may be called from anywhere but a callback. */
Subscription *event_subscribe(App *app, Domain *only, EventCallback cb, gpointer data);
void event_unsubscribe(App *app, Subscription *s);

#endif
