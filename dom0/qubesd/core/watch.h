/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Supervision of the helpers of a running qube: one that dies is started again, ever more
 * slowly if it keeps dying. Main thread.
 */
#ifndef QUBESD_CORE_WATCH_H
#define QUBESD_CORE_WATCH_H

#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"

/* Watches pidfd (taken) for d's run. */
void watch_set(Domain *d, Helper which, int pidfd);
/* Starts it now, in the background: it was found missing. */
void watch_restart(Domain *d, Helper which);
/* Stops watching; the descriptor of the daemon (the caller's now), -1: none. */
int watch_take(Run *run, Helper which);
void watch_free(Watch *w);

#endif
