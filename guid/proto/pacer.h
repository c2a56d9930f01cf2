/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a window's damage is passed on, by the agent or the X server's module. A window that
 * draws now and then, or that waits for its frames to be seen, is passed on at once. One that
 * floods (drawn again at once after the last update, several times in a row) is held to one update
 * per PACER_INTERVAL_US; the X server merges what it draws in between. Pure.
 */
#ifndef QUBES_GUID_PROTO_PACER_H
#define QUBES_GUID_PROTO_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define PACER_INTERVAL_US 4000
#define PACER_GAP_US 60 /* damage that follows sooner than this counts as a flood */
#define PACER_FLOOD 4	/* so many times in a row */

struct pacer {
	int64_t last;	/* end of the last update; monotonic microseconds */
	unsigned flood; /* updates in a row that were followed at once by damage */
};

/* New damage was reported after an update. */
static inline void pacer_damage(struct pacer *p, int64_t now)
{
	if (now - p->last >= PACER_GAP_US)
		p->flood = 0;
	else if (p->flood < PACER_FLOOD)
		p->flood++;
}

/* Nothing is held back. */
static inline bool pacer_is_calm(const struct pacer *p)
{
	return !p->flood;
}

/* When the next update may be made; not after now: at once. */
static inline int64_t pacer_due(const struct pacer *p)
{
	return p->flood < PACER_FLOOD ? p->last : p->last + PACER_INTERVAL_US;
}

/* Whoever is told has no room for more. */
static inline void pacer_flooded(struct pacer *p)
{
	p->flood = PACER_FLOOD;
}

static inline void pacer_updated(struct pacer *p, int64_t now)
{
	p->last = now;
}

#endif
