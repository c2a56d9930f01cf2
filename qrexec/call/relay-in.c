/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries what the peer of a call sends to the local end (relay.h). The peer at the other
 * end of the vchan is hostile.
 */
#include "qrexec/call/relay-run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- closing ---- */

void relay_close_in(struct run *s)
{
	if (s->pending_to == &s->in) {
		s->pending_to = NULL;
		s->pending_len = 0;
	}
	if (!s->st.in_open)
		return;
	/* Shut down, not closed: SIGUSR1 may still make it the way out. */
	stdio_half_close(&s->in, SHUT_WR);
	dp_in_closed(&s->st);
}

void relay_close_out(struct run *s)
{
	if (!s->st.out_open)
		return;
	if (s->shared)
		stdio_half_close(&s->in, SHUT_RD);
	else
		stdio_close(&s->out, SHUT_RD);
	dp_out_closed(&s->st);
}

void relay_close_err(struct run *s)
{
	if (s->st.err_open)
		stdio_close(&s->err, SHUT_RD);
	dp_err_closed(&s->st);
}

/* The peer is gone, and all it sent was read. */
static void lost_peer(struct run *s)
{
	if (s->st.peer_gone)
		return;
	s->st.peer_gone = true;
	relay_close_out(s);
	relay_close_err(s);
	s->st.eof_due = s->st.erreof_due = false;
}

/* ---- to the local end ---- */

static void flush_pending(struct run *s)
{
	while (s->pending_to && s->pending_len) {
		ssize_t n = stdio_write(s->pending_to, s->pending, s->pending_len);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			/* Nobody reads it: drop this and what follows. */
			if (s->pending_to == &s->in)
				relay_close_in(s);
			else
				stdio_close(&s->errout, SHUT_WR);
			break;
		}
		s->pending += n;
		s->pending_len -= (size_t)n;
	}
	s->pending_to = NULL;
	s->pending_len = 0;
}

static void deliver(struct run *s, const struct stdio_end *to, const struct dp_event *e,
		    bool replace)
{
	if (replace)
		dp_replace_chars(e->data, e->len);
	s->pending_to = to;
	s->pending = e->data;
	s->pending_len = e->len;
	flush_pending(s);
}

static void report_odd(struct run *s, const struct dp_event *e)
{
	char text[96];

	if (s->odd++ || !s->r->log)
		return;
	snprintf(text, sizeof(text), "the peer sent %s, which makes no sense here: ignored",
		 qrx_type_name(e->type));
	s->r->log(text);
}

static int handle_event(struct run *s, const struct dp_event *e)
{
	switch (e->kind) {
	case DP_DATA:
		if (s->st.in_open)
			deliver(s, &s->in, e, s->r->replace_out);
		break;
	case DP_EOF:
		relay_close_in(s);
		break;
	case DP_ERRDATA:
		if (s->errout.fd >= 0)
			deliver(s, &s->errout, e, s->r->replace_err);
		break;
	case DP_EXIT:
		relay_close_out(s);
		dp_peer_exited(&s->st, e->code);
		break;
	case DP_ODD:
		report_odd(s, e);
		break;
	case DP_BAD:
		if (s->r->log)
			s->r->log("the peer broke the protocol of the data channel: giving up");
		return -EBADMSG;
	default:
		break;
	}
	return 0;
}

/* Parses what is buffered; stops when something has to be written first. */
static int parse_got(struct run *s)
{
	while (s->got_at < s->got_len && !s->pending_to && !s->st.peer_exited) {
		struct dp_event e;
		int r;

		s->got_at += dp_feed(&s->parser, s->got + s->got_at, s->got_len - s->got_at, &e);
		r = handle_event(s, &e);
		if (r)
			return r;
	}
	return 0;
}

/* Moves data from the peer to the local end. 0 or -errno, after which the call is lost. */
int relay_pump_in(struct run *s)
{
	flush_pending(s);
	for (int i = 0; i < ROUNDS; i++) {
		ssize_t n;
		int r = parse_got(s);

		if (r || s->pending_to || s->st.peer_exited || s->st.peer_gone)
			return r;
		n = vchan_read(s->r->v, s->got, QRX_CHUNK_V3);
		if (n < 0) {
			lost_peer(s);
			return 0;
		}
		if (n == 0)
			return 0;
		s->got_at = 0;
		s->got_len = (size_t)n;
	}
	return 0;
}
