/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data ports of one daemon: which is in use towards which domain. Pure. */
#ifndef QUBES_QREXEC_PORTS_H
#define QUBES_QREXEC_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "qrexec/proto/wire.h"

struct ports {
	unsigned own;	/* domain this daemon is for */
	unsigned start; /* index of the port that is looked at first; even */
	struct {
		bool used;
		bool stale; /* its agent went away: nobody will tell when it ends */
		uint32_t peer;
		int64_t free_at_ms; /* when it may be given out again */
	} port[QRX_PORTS];
};

/* start: any number; which port is the first to be given out. 0: QRX_DATA_PORT. */
void ports_init(struct ports *p, unsigned own, unsigned start);

/*
 * One end says that a call is over while the other may still be closing: a port that was
 * given out again at once could meet what is left of the old call.
 */
#define PORTS_REST_MS 50

/*
 * A port for a channel between the own domain and peer: from the start on, the first free one that
 * has rested; towards another qube every second one only, so that the daemons of both never choose
 * the same. When nothing else is left, the one that rests longest, then a stale one. 0: none.
 * now_ms: of io_now_ms().
 */
unsigned ports_allocate(struct ports *p, uint32_t peer, int64_t now_ms);

/* Frees a port if it is in use towards peer. False when it is not. */
bool ports_release(struct ports *p, uint32_t port, uint32_t peer, int64_t now_ms);

/* The agent is gone. */
void ports_all_stale(struct ports *p);

#endif
