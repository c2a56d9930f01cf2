/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's side of qmemman: figures of the machine and its domains, and asking domains to have
 * more or less. What a domain reports in its part of xenstore is untrusted; everything else
 * comes from the hypervisor and the toolstack.
 */
#ifndef QUBES_QMEMMAN_XEN_H
#define QUBES_QMEMMAN_XEN_H

#include "dom0/qmemman/balance.h"

struct mem_xen;

/* NULL: this is no Xen dom0, *ret_why (static) says what is missing. */
struct mem_xen *mem_xen_open(const char **ret_why);
void mem_xen_close(struct mem_xen *x);

/* Polls ready when domains came, went, or reported. */
int mem_xen_fd(const struct mem_xen *x);
/* Takes what happened. True: the list of domains has to be read anew. */
bool mem_xen_events(struct mem_xen *x);

/*
 * Reads all domains into list (room for MEM_DOMAINS_MAX); what is known from before of the
 * same domain (no_progress, target) is kept. The hypervisor is asked first, xenstore then: its
 * figures are of the moment of the call. The number of domains, or -errno.
 */
int mem_xen_domains(struct mem_xen *x, struct mem_domain *list, size_t n_before);

/* Of the machine, KiB. 0 or -errno. */
int mem_xen_free(struct mem_xen *x, uint64_t *ret_free, uint64_t *ret_total);

/* Asks domain d to have target KiB. 0 or -errno; the domain takes its time, or does not. */
int mem_xen_set_target(struct mem_xen *x, const struct mem_domain *d, uint64_t target);

#endif
