/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data phase of a call, without its I/O: what arrives is cut into events, and
 * the state of the three streams decides when the call is over.
 * docs/wire-qrexec.md. The peer's bytes are hostile on both sides.
 */
#ifndef QUBES_QREXEC_DATAPHASE_H
#define QUBES_QREXEC_DATAPHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qrexec/proto/wire.h"

enum dp_role {
	DP_CLIENT,  /* asked for the service; gets STDOUT, STDERR and the exit code */
	DP_SERVICE, /* runs it; gets STDIN */
};

/* Cuts the incoming byte stream. All zeroes but the first two is the start. */
struct dp_in {
	enum dp_role role;
	size_t max_chunk; /* longer messages are an error */
	uint8_t head[QRX_HEADER_LEN];
	size_t have;   /* bytes of head */
	uint32_t type; /* of the body being read */
	size_t left;   /* bytes of it still to come */
	uint8_t code[4];
	size_t code_have;
};

enum dp_event_kind {
	DP_MORE,    /* all was consumed, nothing to report */
	DP_DATA,    /* data for the main stream (our stdin as a service, else our stdout) */
	DP_EOF,	    /* end of the main stream */
	DP_ERRDATA, /* data for stderr (clients only) */
	DP_ERREOF,
	DP_EXIT, /* exit code (clients only) */
	DP_ODD,	 /* a message that makes no sense here: skip, worth one log line */
	DP_BAD,	 /* protocol violation: end the call */
};

struct dp_event {
	enum dp_event_kind kind;
	uint8_t *data; /* for the data kinds: within the fed bytes */
	size_t len;
	int code;      /* DP_EXIT */
	uint32_t type; /* DP_ODD, DP_BAD: of the message */
};

/*
 * Consumes bytes up to and including one event. Returns how many of the n bytes
 * were consumed (data of the event is among them).
 */
size_t dp_feed(struct dp_in *in, uint8_t *bytes, size_t n, struct dp_event *ret);

/* Replaces everything but printable ASCII and \t \n \r \b \a by '_'. */
void dp_replace_chars(uint8_t *bytes, size_t n);

/* What is still going on. A service without a child is a socket. */
struct dp_state {
	enum dp_role role;
	bool in_open;  /* we still write to the local end */
	bool out_open; /* we still read from it */
	bool err_open; /* and from its stderr (services only) */
	bool eof_due;  /* the peer has not been told that out ended */
	bool erreof_due;
	bool has_child, child_done;
	int child_code;	  /* 0..255 */
	bool peer_exited; /* client: the exit code came */
	int peer_code;
	bool peer_gone; /* the channel is closed and read to its end */
	bool exit_on_client_eof, exit_on_service_eof;
};

enum dp_next {
	DP_GO_ON,
	DP_SEND_EXIT, /* service: send dp_result() as the exit code, then finish */
	DP_FINISH,
};

/*
 * Transitions. Each only changes the state; closing descriptors and sending what
 * became due is the caller's.
 */
void dp_in_closed(struct dp_state *s);	/* the main stream ended, or its reader is gone */
void dp_out_closed(struct dp_state *s); /* end of file on the local output */
void dp_err_closed(struct dp_state *s);
void dp_child_exited(struct dp_state *s, int wait_status);
void dp_peer_exited(struct dp_state *s, int code);

/* unflushed: data for the local end is still waiting to be written. */
enum dp_next dp_next(const struct dp_state *s, bool unflushed);

/* The exit code of the call as seen from here, 0..255; -1: the channel broke. */
int dp_result(const struct dp_state *s);

#endif
