/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How full pools are. Asked for in the background; when one passes a threshold, up or down,
 * the log and the clients hear of it, before writes of qubes fail:
 *
 *   pool-usage  pool=NAME level=normal|warning|critical|full data=PERCENT [metadata=PERCENT]
 *
 * An event of the system. Pools that could not be opened are tried again on the way.
 */
#ifndef QUBESD_CORE_POOL_WATCH_H
#define QUBESD_CORE_POOL_WATCH_H

#include "dom0/qubesd/core/model.h"

/* Percent of data, or of metadata where there is such a thing. */
#define POOL_WARNING 90
#define POOL_CRITICAL 95
#define POOL_FULL 99
/* How far it must sink below a threshold to be below it again. */
#define POOL_SLACK 2

void pool_watch_begin(App *app);
/* No flow may be under way. */
void pool_watch_end(App *app);
/* Main thread: what somebody found out about p just now. */
void pool_watch_note(App *app, Pool *p, const PoolUsage *u);

/* --- pure, for tests --- */

typedef enum {
	POOL_LEVEL_NORMAL,
	POOL_LEVEL_WARNING,
	POOL_LEVEL_CRITICAL,
	POOL_LEVEL_FULL
} PoolLevel;
/* The level that follows from the usage, when it was `was` before. */
PoolLevel pool_level(const PoolUsage *u, PoolLevel was);

#endif
