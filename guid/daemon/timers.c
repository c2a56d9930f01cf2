/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be done to single windows by the clock (guid.h). No peer. */
#include "guid/daemon/guid.h"
#include "qrexec/base/io.h"

static void (*const handlers[TIMERS])(struct guid *g, struct gwin *w) = {
	[TIMER_LOOK] = place_look,
	[TIMER_HINTS] = hints_due,
	[TIMER_GROW] = grow_due,
};

void timer_set(struct guid *g, struct gwin *w, enum window_timer kind, int64_t at)
{
	w->timers[kind] = at;
	if (!g->timer_at || at < g->timer_at)
		g->timer_at = at;
}

void timers_run(struct guid *g)
{
	int64_t now, next = 0;

	if (!g->timer_at || (now = io_now_ms()) < g->timer_at)
		return;
	for (struct gwin *w = g->windows; w; w = w->next) {
		for (int i = 0; i < TIMERS; i++) {
			if (w->timers[i] && now >= w->timers[i]) {
				w->timers[i] = 0;
				handlers[i](g, w);
			}
			if (w->timers[i] && (!next || w->timers[i] < next))
				next = w->timers[i];
		}
	}
	g->timer_at = next;
}

int timers_timeout(const struct guid *g)
{
	int64_t left = g->timer_at - io_now_ms();

	if (!g->timer_at)
		return -1;
	return left < 0 ? 0 : (int)left;
}
