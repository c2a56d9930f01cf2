/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries the data of one call (relay.h). The peer at the other end of the vchan is
 * hostile; the local descriptors are a service or the user's own terminal.
 */
#include "qrexec/call/relay-run.h"

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

/* ---- the child ---- */

static void reap(struct run *s)
{
	int status;

	if (s->r->child <= 0 || s->st.child_done || waitpid(s->r->child, &status, WNOHANG) <= 0)
		return;
	relay_close_in(s);
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
	while (s->st.out_open && relay_pump_one(s, &s->out, relay_out_type(s), &eof))
		;
	if (s->st.out_open && !eof && !relay_room(s) && !s->send_broken && !s->st.peer_gone)
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

/* poll() looks in this order: what the service said by a signal, and then by the end of its output,
 * is seen together. */
enum { P_VCHAN, P_IN, P_OUT, P_ERR, P_ERROUT, P_SIGNAL, P_COUNT };

static void fill_poll(struct run *s, struct pollfd *p)
{
	bool can_send = relay_room(s) > 0;

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
			p[P_OUT] = (struct pollfd){relay_out_end(s)->io_fd, POLLIN, 0};
	}
	if (s->st.err_open && can_send)
		p[P_ERR] = (struct pollfd){s->err.io_fd, POLLIN, 0};
	if (s->pending_to == &s->errout)
		p[P_ERROUT] = (struct pollfd){s->errout.io_fd, POLLOUT, 0};
}

/* True when there is more to do without waiting for anything. */
static bool busy(struct run *s)
{
	if (s->r->prefix_len && s->st.out_open && relay_room(s))
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
	return relay_exit_expected(s) ? EXIT_WAIT_MS : -1;
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
		relay_close_in(s);
	r = relay_pump_in(s);
	if (r)
		return r;
	if ((p[P_OUT].revents | (s->shared ? p[P_IN].revents : 0)) || s->r->prefix_len)
		relay_pump_out(s);
	if (p[P_ERR].revents)
		relay_pump_err(s);
	relay_send_due(s);
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

/* The peer has gone, or broke the protocol. Said while our standard error is open. */
static void report_loss(const struct run *s)
{
	bool client = s->r->role == DP_CLIENT;
	char text[256];

	if (!s->r->log || (client ? s->st.peer_exited : s->exit_sent))
		return;
	snprintf(text, sizeof(text), "%.150s: %s",
		 s->r->log_tag && *s->r->log_tag ? s->r->log_tag : "a command",
		 client ? "the connection was lost before the end"
			: "the caller has gone before the end");
	s->r->log(text);
}

int relay_run(struct relay *r)
{
	struct run s = {0};
	int e = -1;

	start(&s, r);
	s.got = malloc(QRX_CHUNK_V3);
	s.chunk = malloc(QRX_HEADER_LEN + QRX_CHUNK_V3);
	if (s.got && s.chunk && (!r->confine || r->confine() == 0)) {
		relay_send_due(&s);
		reap(&s);
		e = loop(&s);
	}
	report_loss(&s);
	finish(&s);
	free(s.got);
	free(s.chunk);
	if (e && r->role == DP_CLIENT)
		return -1;
	return dp_result(&s.st);
}
