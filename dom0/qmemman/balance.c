// SPDX-License-Identifier: GPL-2.0-or-later
/* Dividing memory (balance.h). Pure. */
#include "dom0/qmemman/balance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIB 1024u
#define MEMINFO_MAX 4096

const struct mem_config mem_config_default = {
	.vm_min = 200 * MIB,
	.dom0_boost = 350 * MIB,
	.margin = 1.3,
	.xen_reserve = 50 * MIB,
	.least_step = 150 * MIB,
	.least_help = 15 * MIB,
};

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t mem_preferred(const struct mem_config *c, const struct mem_domain *d)
{
	uint64_t p = (uint64_t)((double)d->used * c->margin);

	if (!d->balanced)
		return d->actual;
	if (!d->id)
		p += c->dom0_boost;
	return at_most(p < c->vm_min ? c->vm_min : p, d->maximum);
}

uint64_t mem_surplus(const struct mem_config *c, const struct mem_domain *d)
{
	uint64_t p = mem_preferred(c, d);

	return d->balanced && !d->no_progress && d->actual > p ? d->actual - p : 0;
}

/* Gives and takes. */
static bool moves(const struct mem_domain *d)
{
	return d->balanced && !d->no_progress;
}

static uint64_t lack(const struct mem_config *c, const struct mem_domain *d)
{
	uint64_t p = mem_preferred(c, d);

	return moves(d) && p > d->actual ? p - d->actual : 0;
}

/*
 * Adds parts of rest to target[], in proportion to what is preferred and up to limit[]; what one
 * cannot take goes to the others, in equal parts.
 */
static void share(const struct mem_config *c, const struct mem_domain *domains, size_t n,
		  uint64_t rest, const uint64_t *limit, uint64_t *target)
{
	bool first = true, again = true;

	while (again && rest) {
		uint64_t given = 0;
		double all = 0;

		again = false;
		for (size_t i = 0; i < n; i++)
			if (target[i] < limit[i])
				all += first ? (double)mem_preferred(c, &domains[i]) : 1;
		for (size_t i = 0; i < n && all > 0; i++) {
			uint64_t room = limit[i] > target[i] ? limit[i] - target[i] : 0, part;
			double own = first ? (double)mem_preferred(c, &domains[i]) : 1;

			if (!room)
				continue;
			part = (uint64_t)((double)rest * own / all);
			if (part >= room) {
				part = room;
				again = true;
			}
			target[i] += part;
			given += part;
		}
		rest -= at_most(given, rest);
		first = false;
	}
}

/* As upstream's: few small changes, but quick help for who has less than it prefers. */
static bool worth_it(const struct mem_config *c, const struct mem_domain *domains, size_t n,
		     uint64_t free, const uint64_t *target)
{
	uint64_t moved = free > c->xen_reserve ? free - c->xen_reserve : c->xen_reserve - free;

	if (free + c->least_help < c->xen_reserve)
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct mem_domain *d = &domains[i];

		if (lack(c, d) && target[i] > d->actual + c->least_help)
			return true;
		moved += target[i] > d->actual ? target[i] - d->actual : d->actual - target[i];
	}
	return moved > c->least_step;
}

bool mem_balance(const struct mem_config *c, const struct mem_domain *domains, size_t n,
		 uint64_t free, uint64_t *ret_target)
{
	uint64_t supply = free > c->xen_reserve ? free - c->xen_reserve : 0, wanted = 0;
	uint64_t limit[MEM_DOMAINS_MAX];

	for (size_t i = 0; i < n; i++) {
		supply += mem_surplus(c, &domains[i]);
		wanted += lack(c, &domains[i]);
	}
	for (size_t i = 0; i < n; i++) {
		const struct mem_domain *d = &domains[i];
		uint64_t preferred = mem_preferred(c, d);

		if (!moves(d))
			ret_target[i] = limit[i] = d->actual;
		else if (supply >= wanted)
			ret_target[i] = preferred, limit[i] = d->maximum;
		else
			ret_target[i] = at_most(d->actual, preferred), limit[i] = preferred;
	}
	share(c, domains, n, supply >= wanted ? supply - wanted : supply, limit, ret_target);
	return worth_it(c, domains, n, free, ret_target);
}

bool mem_make_room(const struct mem_config *c, const struct mem_domain *domains, size_t n,
		   uint64_t free, uint64_t wanted, uint64_t *ret_target, uint64_t *ret_possible)
{
	uint64_t have = free > c->xen_reserve ? free - c->xen_reserve : 0, surplus = 0, missing;

	for (size_t i = 0; i < n; i++) {
		surplus += mem_surplus(c, &domains[i]);
		ret_target[i] = domains[i].actual;
	}
	*ret_possible = have + surplus;
	if (have >= wanted)
		return true;
	missing = wanted - have;
	if (missing > surplus)
		return false;
	for (size_t i = 0; i < n; i++) {
		double part = (double)mem_surplus(c, &domains[i]) / (double)surplus;

		ret_target[i] -= at_most((uint64_t)(part * (double)missing) + 1,
					 mem_surplus(c, &domains[i]));
	}
	return true;
}

/* --- what a domain reports --- */

static bool number(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !errno && *end != '-';
}

static bool line_value(const char *text, const char *name, uint64_t *ret)
{
	const char *p = strstr(text, name);

	if (!p)
		return false;
	p += strlen(name);
	p += strspn(p, ": \t");
	return number(p, ret);
}

static bool from_lines(const char *text, uint64_t *ret_used)
{
	uint64_t total, idle, buffers, cached, swap, swap_free, rest;

	if (!line_value(text, "MemTotal", &total) || !line_value(text, "MemFree", &idle) ||
	    !line_value(text, "Buffers", &buffers) || !line_value(text, "\nCached", &cached) ||
	    !line_value(text, "SwapTotal", &swap) || !line_value(text, "SwapFree", &swap_free))
		return false;
	if (idle > total || buffers > total || cached > total || swap_free > swap)
		return false;
	rest = idle + buffers + cached;
	if (rest > total)
		return false;
	*ret_used = total - rest + (swap - swap_free);
	return true;
}

bool mem_parse_meminfo(const char *untrusted_text, size_t len, uint64_t maximum, uint64_t *ret_used)
{
	char text[MEMINFO_MAX + 1];
	uint64_t used;

	if (!len || len > MEMINFO_MAX || memchr(untrusted_text, '\0', len))
		return false;
	memcpy(text, untrusted_text, len);
	text[len] = '\0';
	if (strspn(text, "0123456789") + strspn(text + strspn(text, "0123456789"), "\n ") == len) {
		if (!number(text, &used))
			return false;
	} else if (!from_lines(text, &used)) {
		return false;
	}
	/* With swap in use it may be more than there is room for. */
	*ret_used = at_most(used, maximum);
	return true;
}
