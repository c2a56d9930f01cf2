/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries what the local end of a call writes to the peer (relay.h). The peer at the other
 * end of the vchan is hostile.
 */
#include "qrexec/call/relay-run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "qrexec/base/io.h"

/* ---- to the peer ---- */

static bool send_raw(struct run *s, const void *data, size_t n)
{
	const uint8_t *p = data;

	if (s->send_broken || s->st.peer_gone)
		return true;
	if (vchan_buffer_space(s->r->v) < n) {
		if (vchan_state(s->r->v) == VCHAN_DISCONNECTED)
			s->send_broken = true;
		return s->send_broken;
	}
	while (n) {
		ssize_t w = vchan_write(s->r->v, p, n);

		if (w <= 0) {
			s->send_broken = true;
			break;
		}
		p += w;
		n -= (size_t)w;
	}
	return true;
}

size_t relay_room(struct run *s)
{
	size_t space = vchan_buffer_space(s->r->v), max = qrx_chunk_max(s->r->version);

	if (space < ROOM_MIN + QRX_HEADER_LEN)
		return 0;
	space -= QRX_HEADER_LEN;
	return space < max ? space : max;
}

static void send_chunk(struct run *s, uint32_t type, size_t n)
{
	qrx_put_header(s->chunk, type, (uint32_t)n);
	send_raw(s, s->chunk, QRX_HEADER_LEN + n);
}

static bool send_prefix(struct run *s)
{
	size_t n = relay_room(s);

	if (!s->r->prefix_len)
		return true;
	if (n > s->r->prefix_len)
		n = s->r->prefix_len;
	memcpy(s->chunk + QRX_HEADER_LEN, s->r->prefix, n);
	if (n)
		send_chunk(s, relay_out_type(s), n);
	s->r->prefix = (const char *)s->r->prefix + n;
	s->r->prefix_len -= n;
	return false;
}

/* What the log does not take at once is lost to it: a slow log must not stop the call. */
static void log_stderr(struct run *s, const void *text, size_t n)
{
	if (s->log_fd == -1)
		s->log_fd = s->r->open_log ? s->r->open_log(s->r->log_tag) : -2;
	if (s->log_fd >= 0)
		send(s->log_fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		s->log_fd = -2;
}

/* Reads once from e and sends it. False when there is nothing more to do now. */
bool relay_pump_one(struct run *s, const struct stdio_end *e, uint32_t type, bool *ret_eof)
{
	size_t max = relay_room(s);
	ssize_t n;

	*ret_eof = false;
	if (!max)
		return false;
	n = stdio_read(e, s->chunk + QRX_HEADER_LEN, max);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		*ret_eof = true;
		return false;
	}
	if (type == QRX_DATA_STDERR)
		log_stderr(s, s->chunk + QRX_HEADER_LEN, (size_t)n);
	send_chunk(s, type, (size_t)n);
	return (size_t)n == max || n >= QRX_CHUNK_V2;
}

void relay_pump_out(struct run *s)
{
	bool eof = false;

	for (int i = 0; i < ROUNDS && s->st.out_open && !s->send_broken; i++) {
		if (!send_prefix(s))
			continue;
		if (!relay_pump_one(s, relay_out_end(s), relay_out_type(s), &eof))
			break;
	}
	if (eof || (s->send_broken && s->st.out_open))
		relay_close_out(s);
}

void relay_pump_err(struct run *s)
{
	bool eof = false;

	for (int i = 0; i < ROUNDS && s->st.err_open && !s->send_broken; i++)
		if (!relay_pump_one(s, &s->err, QRX_DATA_STDERR, &eof))
			break;
	if (eof || (s->send_broken && s->st.err_open))
		relay_close_err(s);
}

/*
 * All output of the service has ended: its exit is a matter of microseconds. Waiting for it
 * a moment lets the ends and the exit code go out, and wake the peer, together.
 */
bool relay_exit_expected(struct run *s)
{
	const struct dp_state *st = &s->st;

	if (st->role != DP_SERVICE || !st->has_child || st->child_done || st->out_open ||
	    st->err_open || st->peer_gone)
		return false;
	if (!s->hold_until_ms)
		s->hold_until_ms = io_now_ms() + EXIT_WAIT_MS;
	return io_now_ms() < s->hold_until_ms;
}

static size_t add_exit(struct run *s, uint8_t *m)
{
	uint32_t code = (uint32_t)dp_result(&s->st);

	qrx_put_header(m, QRX_DATA_EXIT_CODE, 4);
	for (int i = 0; i < 4; i++)
		m[QRX_HEADER_LEN + i] = (uint8_t)(code >> (8 * i));
	return QRX_HEADER_LEN + 4;
}

/* Sends what is due besides data: ends of streams, and the exit code of a service. */
void relay_send_due(struct run *s)
{
	uint8_t m[3 * QRX_HEADER_LEN + 4];
	struct dp_state then = s->st;
	size_t n = 0;
	bool done;

	if (relay_exit_expected(s))
		return;
	if (then.erreof_due) {
		qrx_put_header(m, QRX_DATA_STDERR, 0);
		n += QRX_HEADER_LEN;
	}
	if (then.eof_due) {
		qrx_put_header(m + n, relay_out_type(s), 0);
		n += QRX_HEADER_LEN;
	}
	then.erreof_due = then.eof_due = false;
	done = !s->exit_sent && dp_next(&then, s->pending_to != NULL) == DP_SEND_EXIT;
	if (done)
		n += add_exit(s, m + n);
	if (!n || !send_raw(s, m, n))
		return;
	s->st = then;
	s->exit_sent = done;
}
