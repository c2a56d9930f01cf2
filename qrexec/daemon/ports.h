/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data ports of one daemon: which is in use towards which domain. Pure. */
#ifndef QUBES_QREXEC_PORTS_H
#define QUBES_QREXEC_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "qrexec/proto/wire.h"

struct ports {
	unsigned own; /* domain this daemon is for */
	struct {
		bool used;
		bool stale; /* its agent went away: nobody will tell when it ends */
		uint32_t peer;
	} port[QRX_PORTS];
};

void ports_init(struct ports *p, unsigned own);

/*
 * A port for a channel between the own domain and peer: the lowest free one; towards
 * another qube every second one only, so that the daemons of both never choose the same.
 * A stale one is taken when nothing else is left. 0: none.
 */
unsigned ports_allocate(struct ports *p, uint32_t peer);

/* Frees a port if it is in use towards peer. False when it is not. */
bool ports_release(struct ports *p, uint32_t port, uint32_t peer);

/* The agent is gone. */
void ports_all_stale(struct ports *p);

#endif
