/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the qubes, from qubesd: fetched when needed, kept as long as qubesd's events
 * say that nothing changed. While there are no events, every question is answered by a
 * fetch of its own.
 */
#ifndef QUBES_POLICY_QUBESD_H
#define QUBES_POLICY_QUBESD_H

#include "policy/engine/sysinfo.h"

struct qubesd;

/* changed: called from the main loop when waiting questions should be tried again. */
struct qubesd *qubesd_new(const char *admin_socket, const char *internal_socket,
			  void (*changed)(void *ctx), void *ctx);
void qubesd_free(struct qubesd *q);

/* What a question that arrives now may be answered with; pass it to qubesd_info(). */
uint64_t qubesd_ticket(struct qubesd *q);

/*
 * 1: *ret_info is a new reference to info that is good for the ticket. 0: not yet, changed()
 * will be called. Negative errno: qubesd could not be asked since the ticket was drawn.
 */
int qubesd_info(struct qubesd *q, uint64_t ticket, struct pol_sysinfo **ret_info);

#endif
