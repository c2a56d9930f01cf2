// SPDX-License-Identifier: GPL-2.0-or-later
/* What qmemman knows and does (qmemman.h). */
#include "dom0/qmemman/qmemman.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BALANCE_INTERVAL_MS 500
/* Less than this that was granted and not taken does not matter. */
#define SLACK_KIB 200u

/* What was granted to a domain is its own, though Xen calls it free until it is taken. */
static void count_promises(struct mem_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct mem_domain *d = &s->domain[i];

		d->promised = d->target > d->actual ? d->target - d->actual : 0;
		d->actual += d->promised;
		s->free -= d->promised < s->free ? d->promised : s->free;
	}
}

int state_refresh(struct mem_state *s)
{
	/* In this order: what follows the list of domains takes time, in which they take memory. */
	int r = mem_xen_free(s->xen, &s->free, &s->total), n;

	if (r)
		return r;
	n = mem_xen_domains(s->xen, s->domain, s->n);
	if (n < 0)
		return n;
	s->n = (size_t)n;
	count_promises(s);
	return 0;
}

/* The memory is somebody else's now: nobody may grow into it. */
static void take_back_promises(struct mem_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct mem_domain *d = &s->domain[i];
		uint64_t has = d->actual - d->promised;

		if (d->promised > SLACK_KIB && mem_xen_set_target(s->xen, d, has) == 0)
			d->target = has;
	}
}

/* Who gave what it was asked for, or lacks something itself, is counted on again. */
static void forgive(struct mem_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct mem_domain *d = &s->domain[i];

		if (d->actual <= d->target + s->config.xen_reserve / 2 ||
		    d->actual < mem_preferred(&s->config, d))
			d->no_progress = false;
	}
}

static void set_targets(struct mem_state *s, const uint64_t *target)
{
	/* First those that give, so that there is something to take. */
	for (int giving = 1; giving >= 0; giving--)
		for (size_t i = 0; i < s->n; i++) {
			struct mem_domain *d = &s->domain[i];

			if (!d->balanced || target[i] == d->actual || target[i] == d->target ||
			    (target[i] < d->actual) != giving)
				continue;
			if (mem_xen_set_target(s->xen, d, target[i]) == 0)
				d->target = target[i];
		}
}

void state_balance(struct mem_state *s, int64_t now_ms)
{
	uint64_t target[MEM_DOMAINS_MAX];

	if (s->busy || now_ms < s->next_balance_ms)
		return;
	s->next_balance_ms = now_ms + BALANCE_INTERVAL_MS;
	forgive(s);
	if (mem_balance(&s->config, s->domain, s->n, s->free, target))
		set_targets(s, target);
}

void state_request(struct mem_state *s, uint64_t kib, int64_t now_ms)
{
	s->busy = true;
	s->met = false;
	s->wanted = kib;
	s->since_ms = s->progress_ms = now_ms;
	s->best_free = 0;
	/* A new chance for everybody. */
	for (size_t i = 0; i < s->n; i++)
		s->domain[i].no_progress = false;
}

/* Domains that were asked to give and do not: others are asked instead. */
static void give_up_on_stuck(struct mem_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct mem_domain *d = &s->domain[i];

		if (d->target && d->actual > d->target + QMEMMAN_NEAR_KIB)
			d->no_progress = true;
	}
}

int state_request_step(struct mem_state *s, int64_t now_ms, char *ret_why, size_t size)
{
	uint64_t target[MEM_DOMAINS_MAX], possible;

	if (s->free >= s->wanted + s->config.xen_reserve) {
		take_back_promises(s);
		return 1;
	}
	if (s->free > s->best_free) {
		s->best_free = s->free;
		s->progress_ms = now_ms;
	}
	if (now_ms - s->progress_ms > QMEMMAN_STUCK_MS) {
		give_up_on_stuck(s);
		s->progress_ms = now_ms;
	}
	if (now_ms - s->since_ms <= QMEMMAN_REQUEST_MS &&
	    mem_make_room(&s->config, s->domain, s->n, s->free, s->wanted, target, &possible)) {
		set_targets(s, target);
		return 0;
	}
	mem_make_room(&s->config, s->domain, s->n, s->free, s->wanted, target, &possible);
	snprintf(ret_why, size,
		 "%" PRIu64 " MiB are needed, %" PRIu64
		 " MiB are free and running qubes could give "
		 "%" PRIu64 " MiB more; qvm-memory --why shows who has what",
		 s->wanted >> 10,
		 (s->free > s->config.xen_reserve ? s->free - s->config.xen_reserve : 0) >> 10,
		 (possible -
		  (s->free > s->config.xen_reserve ? s->free - s->config.xen_reserve : 0)) >>
			 10);
	return -1;
}

void state_request_end(struct mem_state *s)
{
	s->busy = s->met = false;
	s->next_balance_ms = 0;
}
