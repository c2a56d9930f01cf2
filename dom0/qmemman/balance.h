/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How memory is divided between domains. Pure: figures in, targets out. All in KiB.
 *
 * A domain says how much it uses; it is preferred to have that with a margin. What is left
 * of the machine beyond the sum of that is divided in the same proportion; when there is not
 * enough, those that have more than they prefer give, those that have less get. A qube that
 * is to be started takes from the surplus, never from what is preferred.
 *
 * The figures come out as those of Qubes OS's qmemman, where they end after some rounds: it takes
 * first and gives in the next round, and it may give more than is preferred to one that lacks
 * something while another one still does.
 */
#ifndef QUBES_QMEMMAN_BALANCE_H
#define QUBES_QMEMMAN_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_NAME_MAX 64
#define MEM_DOMAINS_MAX 1024

/* What the administrator can set (/etc/qubes/qmemman.conf). */
struct mem_config {
	uint64_t vm_min;      /* no balanced domain is asked to have less */
	uint64_t dom0_boost;  /* dom0 has this beyond its margin */
	double margin;	      /* preferred = used * margin, 1.0..10.0 */
	uint64_t xen_reserve; /* left to Xen itself */
	uint64_t least_step;  /* targets are changed when more than this moves... */
	uint64_t least_help;  /* ...or one that has less than it prefers gets more than this */
};

extern const struct mem_config mem_config_default;

struct mem_domain {
	unsigned id;
	char name[MEM_NAME_MAX];
	bool balanced;	   /* it reports what it uses: it can be asked to give or take */
	bool no_progress;  /* it did not give what it was asked for: not counted on */
	uint64_t actual;   /* has now, or was granted */
	uint64_t promised; /* of that: granted and not taken yet */
	uint64_t target;   /* was asked to have; 0: never asked */
	uint64_t maximum;  /* can have */
	uint64_t used;	   /* reported by the domain itself; untrusted, within 0..maximum */
};

/* What d should have, at least. */
uint64_t mem_preferred(const struct mem_config *c, const struct mem_domain *d);

/* What could be taken from d. 0 when it is not balanced. */
uint64_t mem_surplus(const struct mem_config *c, const struct mem_domain *d);

/*
 * Divides everything: ret_target[i] for domains[i], its actual memory where nothing is to
 * change. free: of the machine. False: it is not worth it, ret_target is not set.
 */
bool mem_balance(const struct mem_config *c, const struct mem_domain *domains, size_t n,
		 uint64_t free, uint64_t *ret_target);

/*
 * Makes room, so that `wanted` is free beyond the reserve. False: the domains do not have
 * so much to give. *ret_possible: how much could be free.
 */
bool mem_make_room(const struct mem_config *c, const struct mem_domain *domains, size_t n,
		   uint64_t free, uint64_t wanted, uint64_t *ret_target, uint64_t *ret_possible);

/*
 * What a domain wrote about itself: one number, KiB used, or the lines of /proc/meminfo with
 * SwapTotal and SwapFree. len is at most 4096. False: nonsense.
 */
bool mem_parse_meminfo(const char *untrusted_text, size_t len, uint64_t maximum,
		       uint64_t *ret_used);

#endif
