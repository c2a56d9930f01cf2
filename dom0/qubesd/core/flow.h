/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows: operations that block (storage, hypervisor, QubesDB, waiting for a qube).
 *
 * A flow is a function on a thread of its own, written from top to bottom. It blocks as
 * it likes; whenever it wants to see or change the state, it has a function run on the
 * main thread and waits for that. The main thread never waits for a flow.
 */
#ifndef QUBESD_CORE_FLOW_H
#define QUBESD_CORE_FLOW_H

#include "dom0/qubesd/core/model.h"

typedef void (*FlowFn)(Flow *f, gpointer data);
typedef void (*MainFn)(gpointer data);

/*
 * Main thread. Runs run(f, data) on a thread; then, on the main thread again,
 * done(data) (may be NULL), which also frees data.
 */
void flow_start(App *app, FlowFn run, gpointer data, MainFn done);

/* --- from the flow's own thread, and from jobs that it runs side by side --- */

App *flow_app(const Flow *f); /* for passing on; not to be looked into */
/* Runs fn(data) on the main thread; returns when it did. */
void flow_main(Flow *f, MainFn fn, gpointer data);

/*
 * Only one flow at a time changes the life of a qube (start, clean up, remove). First
 * come, first served. Who holds one may wait for another only "upwards": for its netvm.
 */
void flow_lock(Flow *f, Domain *d);
void flow_unlock(Flow *f, Domain *d);

/*
 * Runs n jobs at the same time, each in its own thread, and waits for all. job(item) for
 * every item; returns false with the first error if any failed (all have ended by then).
 */
typedef bool (*JobFn)(gpointer item, GError **error);
bool flow_parallel(JobFn job, gpointer *items, size_t n, GError **error);

/* Saves the store; false: nothing was changed (store.h). */
bool flow_save(Flow *f, GError **error);

/* Waits until d's run ended. False: it did not within timeout_ms (-1: for ever). */
bool flow_wait_halted(Flow *f, Domain *d, int timeout_ms);

/*
 * Waits until test(data), which runs on the main thread, is true: it is asked now and
 * whenever flow_recheck() is called. False: not within timeout_ms.
 */
bool flow_wait_until(Flow *f, bool (*test)(gpointer data), gpointer data, int timeout_ms);

/* --- main thread --- */

/* Something changed that a flow may wait for. */
void flow_recheck(App *app);

/* A run of d ended: wakes who waits for that. */
void flow_wake_halted(Domain *d);

#endif
