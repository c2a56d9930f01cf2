/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded disposables: started ahead of their use, hidden, and paused until somebody
 * asks for a disposable of their template. specs/admin-api.md section 12.
 *
 * What is kept where: feature preload-dispvm-max of a disposable template (or of dom0,
 * for the default one) says how many there should be, preload-dispvm of the template lists
 * those that wait. On the disposable, preload-dispvm-in-progress is true from its making
 * until it waits, and from the request until it is handed over; what is in progress when
 * qubesd starts is thrown away.
 *
 * Main thread, but for functions that take a Flow.
 */
#ifndef QUBESD_CORE_PRELOAD_H
#define QUBESD_CORE_PRELOAD_H

#include "dom0/qubesd/core/flow.h"
#include "dom0/qubesd/core/ids.h"

/* Seconds. */
#define PRELOAD_DELAY_DEFAULT 3
#define PRELOAD_GAP_DELAY_MIN 5
#define PRELOAD_DISCARD_DELAY 2
#define PRELOAD_REFRESH_DELAY 4
#define PRELOAD_PROPERTY_DELAY 30

/* --- what there is (preload.c) --- */

/* Can it have disposables at all? */
bool preload_is_template(const Domain *t);
/* How many there should be. */
int preload_max(const Domain *t);
/* The names of those that wait or are being made; g_strfreev. */
char **preload_list(const Domain *t);
bool preload_vacancy(const Domain *t);
/* Waiting, being made, or asked for and not handed over yet. */
bool preload_is(const Domain *disp);
/* The services that its software must have. False with E_VALUE when one is missing. */
bool preload_supported(const Domain *t, GError **error);
/* Does dom0's setting apply to t? */
bool preload_is_global(const Domain *t);
/*
 * False for properties that differ from the template's by nature, or do not matter to who
 * uses the disposable.
 */
bool preload_matters(PropId id);
/* Those that matter as text, to see that they changed; g_free. */
char *preload_print(const Domain *disp);
/* Is one of them not what a new disposable would have, or not what this one started with? */
bool preload_properties_differ(const Domain *disp);

/* Puts a new disposable on its template's list. */
bool preload_mark(Domain *disp, GError **error);
/* Takes one off the list, if it is there. why: for the log. */
void preload_forget(Domain *disp, const char *why);
/* Takes off and removes all beyond the first max. */
void preload_trim(Domain *t, int max, const char *why);

/* --- making them (preload-fill.c; what is told and done later: preload-news.c) --- */

/* Tells of it (domain-preload-dispvm-start), and fills the gaps after delay seconds. */
void preload_start(Domain *t, const char *reason, double delay);
/* The same at once and in f's time: returns when all wait. */
bool preload_fill(Flow *f, Domain *t, const char *reason, GError **error);

/* --- taking them away (preload-drop.c) --- */

/* Removes what is outdated and makes new ones after delay seconds. */
void preload_refresh(Domain *t, double delay);
/* Removes a disposable after delay seconds, in the background. */
void preload_discard(Domain *disp, double delay);
/* Removes t's preloaded disposables; returns when they are gone. */
void preload_clear(Flow *f, Domain *t);
/* What runs is known: throws away what was interrupted, fills what is missing. */
void preload_begin(App *app);

/* --- using them (preload-use.c) --- */

/*
 * One of t's for a client, running, no longer hidden; nobody else gets it. NULL: there is
 * none that can be used, make another. A reference.
 */
Domain *preload_obtain(Flow *f, Domain *t);
/* Those of t that are not what a new one would be; Domain*, a reference each. */
GPtrArray *preload_outdated(Flow *f, Domain *t);
/* It runs again: if nobody asked, it counts as used. After the event domain-unpaused. */
void preload_unpaused(Domain *disp);

#endif
