/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random delay of input events (guid.h; events_max_delay), so that a qube does not learn the
 * rhythm of the user's typing. Order is kept. No peer.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "guid/daemon/guid.h"
#include "qrexec/base/io.h"

/* Events held at most; more are delivered without delay. */
#define MAX_HELD 4096

struct delayed {
	struct delayed *next;
	int64_t due_ms;
	xcb_generic_event_t event; /* the largest core event is of this size */
};

/* Between 0 and max, evenly enough. */
static uint32_t random_below(uint32_t max)
{
	uint32_t v = 0;

	if (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v))
		return max;
	return v % (max + 1);
}

/* Structure events keep the windows where they are: they are never late. */
static bool is_input(uint8_t type)
{
	return type != XCB_CONFIGURE_NOTIFY && type != XCB_REPARENT_NOTIFY &&
	       type != XCB_MAP_NOTIFY && type != XCB_DESTROY_NOTIFY && type != 0 &&
	       type != XCB_GE_GENERIC;
}

bool delay_event(struct guid *g, const xcb_generic_event_t *e)
{
	int64_t now, due;
	struct delayed *d;

	if (!g->o->max_delay_ms || !is_input(e->response_type & 0x7f))
		return false;
	d = calloc(1, sizeof(*d));
	if (!d)
		return false;
	now = io_now_ms();
	due = now + random_below(g->o->max_delay_ms);
	/* Never before the one that came before. */
	if (g->delayed && due < g->delay_last_ms)
		due = g->delay_last_ms;
	g->delay_last_ms = due;
	d->due_ms = due;
	d->event = *e;
	*g->delayed_end = d;
	g->delayed_end = &d->next;
	if (++g->n_delayed > MAX_HELD)
		g->delayed->due_ms = now;
	return true;
}

void delay_release(struct guid *g)
{
	int64_t now = g->delayed ? io_now_ms() : 0;

	while (g->delayed && g->delayed->due_ms <= now) {
		struct delayed *d = g->delayed;

		g->delayed = d->next;
		if (!g->delayed)
			g->delayed_end = &g->delayed;
		g->n_delayed--;
		xevents_dispatch(g, &d->event);
		free(d);
	}
}

int delay_timeout(struct guid *g)
{
	int64_t left;

	if (!g->delayed)
		return -1;
	left = g->delayed->due_ms - io_now_ms();
	return left < 0 ? 0 : (int)left;
}
