/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries the data of one call (relay.h). The peer at the other end of the vchan is
 * hostile; the local descriptors are a service or the user's own terminal.
 */
#include "qrexec/call/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

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

static const struct stdio_end *out_end(const struct run *s)
{
	return s->shared ? &s->in : &s->out;
}

/* ---- closing ---- */

static void close_in(struct run *s)
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

static void close_out(struct run *s)
{
	if (!s->st.out_open)
		return;
	if (s->shared)
		stdio_half_close(&s->in, SHUT_RD);
	else
		stdio_close(&s->out, SHUT_RD);
	dp_out_closed(&s->st);
}

static void close_err(struct run *s)
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
	close_out(s);
	close_err(s);
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
				close_in(s);
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
		close_in(s);
		break;
	case DP_ERRDATA:
		if (s->errout.fd >= 0)
			deliver(s, &s->errout, e, s->r->replace_err);
		break;
	case DP_EXIT:
		close_out(s);
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
static int pump_in(struct run *s)
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

/* Room for data behind a header, 0: wait. */
static size_t room(struct run *s)
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

static uint32_t out_type(const struct run *s)
{
	return s->r->role == DP_SERVICE ? QRX_DATA_STDOUT : QRX_DATA_STDIN;
}

static bool send_prefix(struct run *s)
{
	size_t n = room(s);

	if (!s->r->prefix_len)
		return true;
	if (n > s->r->prefix_len)
		n = s->r->prefix_len;
	memcpy(s->chunk + QRX_HEADER_LEN, s->r->prefix, n);
	if (n)
		send_chunk(s, out_type(s), n);
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
static bool pump_one(struct run *s, const struct stdio_end *e, uint32_t type, bool *ret_eof)
{
	size_t max = room(s);
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

static void pump_out(struct run *s)
{
	bool eof = false;

	for (int i = 0; i < ROUNDS && s->st.out_open && !s->send_broken; i++) {
		if (!send_prefix(s))
			continue;
		if (!pump_one(s, out_end(s), out_type(s), &eof))
			break;
	}
	if (eof || (s->send_broken && s->st.out_open))
		close_out(s);
}

static void pump_err(struct run *s)
{
	bool eof = false;

	for (int i = 0; i < ROUNDS && s->st.err_open && !s->send_broken; i++)
		if (!pump_one(s, &s->err, QRX_DATA_STDERR, &eof))
			break;
	if (eof || (s->send_broken && s->st.err_open))
		close_err(s);
}

/*
 * All output of the service has ended: its exit is a matter of microseconds. Waiting for it
 * a moment lets the ends and the exit code go out, and wake the peer, together.
 */
static bool exit_expected(struct run *s)
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
static void send_due(struct run *s)
{
	uint8_t m[3 * QRX_HEADER_LEN + 4];
	struct dp_state then = s->st;
	size_t n = 0;
	bool done;

	if (exit_expected(s))
		return;
	if (then.erreof_due) {
		qrx_put_header(m, QRX_DATA_STDERR, 0);
		n += QRX_HEADER_LEN;
	}
	if (then.eof_due) {
		qrx_put_header(m + n, out_type(s), 0);
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

/* ---- the child ---- */

static void reap(struct run *s)
{
	int status;

	if (s->r->child <= 0 || s->st.child_done || waitpid(s->r->child, &status, WNOHANG) <= 0)
		return;
	close_in(s);
	dp_child_exited(&s->st, status);
}

/*
 * The service wants its stdin socket to carry both directions. What it wrote to
 * stdout before it said so goes first.
 */
static void use_single_socket(struct run *s)
{
	bool eof = false;

	if (!s->switch_due)
		return;
	while (s->st.out_open && pump_one(s, &s->out, out_type(s), &eof))
		;
	if (s->st.out_open && !eof && !room(s) && !s->send_broken && !s->st.peer_gone)
		return;
	s->switch_due = false;
	stdio_close(&s->out, SHUT_RD);
	s->shared = true;
	/* Too late when the peer has been told of the end already. */
	if (s->st.eof_due && !s->send_broken && !s->st.peer_gone) {
		s->st.out_open = true;
		s->st.eof_due = false;
	}
}

static void take_signals(struct run *s)
{
	struct signalfd_siginfo si;

	while (read(s->r->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(s);
		else if (si.ssi_signo == SIGUSR1)
			s->switch_due = !s->shared && s->in.fd >= 0 && s->in.is_sock;
	}
}

/* ---- the loop ---- */

enum { P_SIGNAL, P_VCHAN, P_IN, P_OUT, P_ERR, P_ERROUT, P_COUNT };

static void fill_poll(struct run *s, struct pollfd *p)
{
	bool can_send = room(s) > 0;

	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){.fd = -1};
	p[P_SIGNAL] = (struct pollfd){.fd = s->r->signal_fd, .events = POLLIN};
	if (!s->st.peer_gone && vchan_state(s->r->v) != VCHAN_DISCONNECTED)
		p[P_VCHAN] = (struct pollfd){vchan_fd(s->r->v), vchan_events(s->r->v), 0};
	/* Watched even with nothing to write: its reader may go away. */
	if (s->st.in_open)
		p[P_IN] = (struct pollfd){s->in.io_fd, 0, 0};
	if (s->pending_to == &s->in)
		p[P_IN].events = POLLOUT;
	if (s->st.out_open && can_send) {
		if (s->shared && p[P_IN].fd >= 0)
			p[P_IN].events |= POLLIN;
		else
			p[P_OUT] = (struct pollfd){out_end(s)->io_fd, POLLIN, 0};
	}
	if (s->st.err_open && can_send)
		p[P_ERR] = (struct pollfd){s->err.io_fd, POLLIN, 0};
	if (s->pending_to == &s->errout)
		p[P_ERROUT] = (struct pollfd){s->errout.io_fd, POLLOUT, 0};
}

/* True when there is more to do without waiting for anything. */
static bool busy(struct run *s)
{
	if (s->r->prefix_len && s->st.out_open && room(s))
		return true;
	if (s->st.peer_gone || s->pending_to || s->st.peer_exited)
		return false;
	return s->got_at < s->got_len || vchan_data_ready(s->r->v) ||
	       vchan_state(s->r->v) == VCHAN_DISCONNECTED;
}

static int timeout_of(struct run *s)
{
	if (busy(s))
		return 0;
	return exit_expected(s) ? EXIT_WAIT_MS : -1;
}

static int step(struct run *s)
{
	struct pollfd p[P_COUNT];
	int r;

	fill_poll(s, p);
	if (poll(p, P_COUNT, timeout_of(s)) < 0 && errno != EINTR)
		return -errno;
	if (p[P_SIGNAL].revents)
		take_signals(s);
	if (p[P_VCHAN].revents)
		vchan_wait(s->r->v);
	use_single_socket(s);
	if (p[P_IN].revents & (POLLHUP | POLLERR))
		close_in(s);
	r = pump_in(s);
	if (r)
		return r;
	if ((p[P_OUT].revents | (s->shared ? p[P_IN].revents : 0)) || s->r->prefix_len)
		pump_out(s);
	if (p[P_ERR].revents)
		pump_err(s);
	send_due(s);
	return 0;
}

static int loop(struct run *s)
{
	while (!s->exit_sent && dp_next(&s->st, s->pending_to != NULL) != DP_FINISH) {
		int r = step(s);

		if (r)
			return r;
	}
	return 0;
}

static void start(struct run *s, struct relay *r)
{
	unsigned inherited = r->inherited ? STDIO_INHERITED : 0;

	s->r = r;
	s->log_fd = -1;
	s->shared = r->in_fd == r->out_fd;
	stdio_open(&s->in, r->in_fd, inherited | STDIO_WRITE | (s->shared ? STDIO_BOTH_WAYS : 0));
	s->out = s->err = s->errout = STDIO_NONE;
	if (!s->shared)
		stdio_open(&s->out, r->out_fd, inherited);
	stdio_open(&s->err, r->err_fd, 0);
	stdio_open(&s->errout, r->errout_fd, STDIO_INHERITED | STDIO_WRITE);
	s->parser = (struct dp_in){.role = r->role, .max_chunk = qrx_chunk_max(r->version)};
	s->st = (struct dp_state){
		.role = r->role,
		.in_open = true,
		.out_open = true,
		.err_open = r->err_fd >= 0,
		.erreof_due = r->role == DP_SERVICE && r->err_fd<0, .has_child = r->child> 0,
		.exit_on_client_eof = r->exit_on_client_eof,
		.exit_on_service_eof = r->exit_on_service_eof,
	};
	if (r->first_len) {
		s->pending_to = &s->in;
		s->pending = r->first;
		s->pending_len = r->first_len;
	}
}

static void finish(struct run *s)
{
	int status;

	stdio_close(&s->out, SHUT_RD);
	stdio_close(&s->in, s->shared ? SHUT_RDWR : SHUT_WR);
	stdio_close(&s->err, SHUT_RD);
	stdio_close(&s->errout, SHUT_WR);
	cleanup_close(&s->log_fd);
	if (s->r->role == DP_SERVICE)
		relay_linger(s->r->v);
	if (!s->st.has_child || s->st.child_done)
		return;
	while (waitpid(s->r->child, &status, 0) < 0 && errno == EINTR)
		;
	dp_child_exited(&s->st, status);
}

int relay_run(struct relay *r)
{
	struct run s = {0};
	int e = -1;

	start(&s, r);
	s.got = malloc(QRX_CHUNK_V3);
	s.chunk = malloc(QRX_HEADER_LEN + QRX_CHUNK_V3);
	if (s.got && s.chunk && (!r->confine || r->confine() == 0)) {
		send_due(&s);
		reap(&s);
		e = loop(&s);
	}
	finish(&s);
	free(s.got);
	free(s.chunk);
	if (e && r->role == DP_CLIENT)
		return -1;
	return dp_result(&s.st);
}
