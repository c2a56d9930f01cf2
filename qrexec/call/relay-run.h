/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a relay, shared by relay.c, relay-in.c and relay-out.c. Private to this folder. */
#ifndef QUBES_QREXEC_RELAY_RUN_H
#define QUBES_QREXEC_RELAY_RUN_H

#include "qrexec/call/relay.h"

/* Local output is read only for at least this much room, unless the ring is smaller. */
#define ROOM_MIN 512
#define ROUNDS 8 /* chunks moved one way before the other gets its turn */
#define EXIT_WAIT_MS 2

/* One run. */
struct run {
	struct relay *r;
	struct dp_state st;
	struct dp_in parser;
	struct stdio_end in, out, err, errout;
	bool shared;	 /* in and out are one socket (in.fd) */
	bool switch_due; /* SIGUSR1 came: make them one as soon as out is empty */
	uint8_t *got;	 /* from the peer: got_at..got_len not parsed yet */
	size_t got_at, got_len;
	const struct stdio_end *pending_to; /* data that did not fit, NULL: none */
	const uint8_t *pending;
	size_t pending_len;
	uint8_t *chunk;	  /* header and data for the peer */
	int log_fd;	  /* copy of stderr; -1: not open, -2: not to be had */
	bool send_broken; /* the peer does not take anything any more */
	bool exit_sent;
	int64_t hold_until_ms; /* 0: not waiting for an exit */
	unsigned odd;	       /* messages that made no sense */
};

static inline const struct stdio_end *relay_out_end(const struct run *s)
{
	return s->shared ? &s->in : &s->out;
}

static inline uint32_t relay_out_type(const struct run *s)
{
	return s->r->role == DP_SERVICE ? QRX_DATA_STDOUT : QRX_DATA_STDIN;
}

/* relay-in.c: from the peer to the local end. */
void relay_close_in(struct run *s);
void relay_close_out(struct run *s);
void relay_close_err(struct run *s);
/* Moves what there is. 0 or -errno, after which the call is lost. */
int relay_pump_in(struct run *s);

/* relay-out.c: from the local end to the peer. */
/* Room for data behind a header, 0: wait. */
size_t relay_room(struct run *s);
/* Reads once from e and sends it. False when there is nothing more to do now. */
bool relay_pump_one(struct run *s, const struct stdio_end *e, uint32_t type, bool *ret_eof);
void relay_pump_out(struct run *s);
void relay_pump_err(struct run *s);
bool relay_exit_expected(struct run *s);
void relay_send_due(struct run *s);

#endif
