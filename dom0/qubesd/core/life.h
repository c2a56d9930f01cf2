/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a qube: start, stop, pause, removal; and what the hypervisor says about it.
 * specs/admin-api.md section 10. Functions that take a Flow block and run on its thread.
 */
#ifndef QUBESD_CORE_LIFE_H
#define QUBESD_CORE_LIFE_H

#include "dom0/qubesd/core/flow.h"
#include "dom0/qubesd/core/run.h"

/* Milliseconds per stage of a start, in the order they ended. */
#define TRACE_MAX 12
typedef struct {
	const char *stage[TRACE_MAX]; /* static */
	gint64 us[TRACE_MAX];
	size_t n;
	gint64 last_us, first_us;
} Trace;

void trace_begin(Trace *t);
void trace_mark(Trace *t, const char *stage);
/* "volumes=1.3\n...total=...\n"; g_free. */
char *trace_text(const Trace *t);

/*
 * Starts d and what it needs; returns when its agent is connected. Already running is
 * success. On failure everything is undone. trace may be NULL.
 */
bool life_start(Flow *f, Domain *d, Trace *trace, GError **error);

/*
 * End d. Both fail with E_VM_NOT_STARTED where it is down already; who waits is told so when it is
 * halted, with its volumes stopped. wait: until then, at most its shutdown_timeout; the killing of
 * one always waits.
 */
bool life_shutdown(Flow *f, Domain *d, bool force, bool wait, GError **error);
bool life_kill(Flow *f, Domain *d, GError **error);
bool life_pause(Flow *f, Domain *d, GError **error);
bool life_unpause(Flow *f, Domain *d, GError **error);
bool life_suspend(Flow *f, Domain *d, GError **error);
bool life_resume(Flow *f, Domain *d, GError **error);

/*
 * Removes what a run left: helpers, images, mounts. The caller holds d's lock, and the
 * run's phase is RUN_STOPPING. Then the run is gone, events were sent; a disposable with
 * auto_cleanup is removed.
 */
void life_clean_up(Flow *f, Domain *d);

/* The last part of that: removes d if it is a disposable that asks for it. */
void life_auto_remove(Flow *f, Domain *d);

/* Takes d out of the system and its images off the disk. The caller holds d's lock. */
bool life_remove(Flow *f, Domain *d, GError **error);

/* --- main thread --- */

/* The domain of d's run is gone: the run is stopping from now on. */
void life_gone(Domain *d);
/* The same with a flow that cleans up. */
void life_stopped(Domain *d);

/* Connects to the hypervisor: its events, what runs already, remains of what does not. */
void life_begin(App *app, void (*ready)(gpointer data), gpointer data);

#endif
