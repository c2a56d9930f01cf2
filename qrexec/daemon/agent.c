/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control connection to a qube's agent, which is hostile. Its messages are cut and
 * checked here; anything that is not allowed ends this daemon and nothing else.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/daemon/daemon.h"

/* How long an agent that is hung up on may take to finish its message. */
#define LINGER_MS 100

/* A connection that lasted this long is followed by the next at once. */
#define STEADY_MS 1000
#define PAUSE_MIN_MS 20
#define PAUSE_MAX_MS 2000

int agent_connect(struct daemon *d)
{
	bytebuf_clear(&d->in);
	bytebuf_clear(&d->out);
	bytebuf_init(&d->in, QRX_HEADER_LEN + QRX_FROM_AGENT_MAX);
	bytebuf_init(&d->out, OUT_MAX);
	d->unread = false;
	if (!d->trigger)
		d->trigger = malloc(sizeof(*d->trigger));
	if (!d->trigger)
		return -ENOMEM;
	d->state = AGENT_CONNECTING;
	return vchan_client_new(d->cfg.domid, QRX_CONTROL_PORT, &d->agent);
}

bool agent_has_room(const struct daemon *d)
{
	return d->state == AGENT_READY && d->out.len < OUT_HIGH;
}

int agent_send(struct daemon *d, uint32_t type, const void *head, size_t head_len, const void *body,
	       size_t len)
{
	uint8_t header[QRX_HEADER_LEN];
	int r;

	if (d->out.len + sizeof(header) + head_len + len > OUT_MAX)
		return -ENOBUFS;
	qrx_put_header(header, type, (uint32_t)(head_len + len));
	r = bytebuf_add(&d->out, header, sizeof(header));
	if (!r)
		r = bytebuf_add(&d->out, head, head_len);
	return r ? r : bytebuf_add(&d->out, body, len);
}

void agent_tell_parent(struct daemon *d)
{
	if (d->ready_fd < 0)
		return;
	if (write(d->ready_fd, "", 1) != 1)
		daemon_log("nobody waits for the start any more");
	close(d->ready_fd);
	d->ready_fd = -1;
}

static int handle_hello(struct daemon *d)
{
	uint8_t hello[QRX_HEADER_LEN + QRX_HELLO_LEN];
	uint32_t untrusted_version;
	int r = qrx_get_hello(bytebuf_peek(&d->in), &untrusted_version);

	if (r) {
		daemon_log("the agent of %s did not start with HELLO", d->cfg.name);
		return r;
	}
	r = qrx_negotiate(QRX_VERSION, QRX_VERSION_MIN, untrusted_version);
	if (r < 0) {
		daemon_log("the agent of %s speaks qrexec protocol %u, the oldest supported is "
			   "%d: update the qrexec package in its template",
			   d->cfg.name, untrusted_version, QRX_VERSION_MIN);
		return r;
	}
	d->version = r;
	/* The agent's own number goes back to it, not ours: that is the protocol. */
	qrx_put_hello(hello, untrusted_version);
	r = bytebuf_add(&d->out, hello, sizeof(hello));
	if (!r)
		r = sockets_create(d);
	if (r) {
		daemon_log("cannot listen in %s: %s", d->cfg.socket_dir, strerror(-r));
		return r;
	}
	d->state = AGENT_READY;
	d->deadline_ms = -1;
	daemon_log("connected to the agent of %s (protocol %d)", d->cfg.name, d->version);
	agent_tell_parent(d);
	return 0;
}

static int handle_terminated(struct daemon *d, const uint8_t *untrusted_body)
{
	struct qrx_params untrusted = qrx_get_params(untrusted_body);

	if (!qrx_is_data_port(untrusted.port))
		return -EBADMSG;
	pending_over(d, untrusted);
	/* A wrong domain number frees nothing. */
	if (ports_release(&d->ports, untrusted.port, untrusted.domain, io_now_ms()))
		clients_port_released(d, untrusted.port);
	return 0;
}

static int handle_trigger(struct daemon *d, uint32_t type, const uint8_t *untrusted_body,
			  size_t len)
{
	uint8_t ident[QRX_IDENT_LEN];
	int r = qrx_trigger_decode(type, untrusted_body, len, d->trigger, ident);

	if (!r) {
		pending_start(d, d->trigger, ident);
	} else if (r == -EINVAL) {
		daemon_log("%s sent a malformed request for a service: refused", d->cfg.name);
		pending_refuse(d, ident);
		r = 0;
	}
	return r;
}

/* Handles one whole message. 1: done, 0: not there yet, or -errno. */
static int next_message(struct daemon *d)
{
	struct qrx_header h;
	const uint8_t *body;
	int r;

	if (d->in.len < QRX_HEADER_LEN)
		return 0;
	if (d->state == AGENT_HELLO) {
		if (d->in.len < QRX_HEADER_LEN + QRX_HELLO_LEN)
			return 0;
		r = handle_hello(d);
		bytebuf_drop(&d->in, QRX_HEADER_LEN + QRX_HELLO_LEN);
		return r ? r : 1;
	}
	h = qrx_get_header(bytebuf_peek(&d->in));
	if (qrx_check_from_agent(h, d->version)) {
		daemon_log("the agent of %s broke the protocol: message 0x%x (%s) of %u bytes, "
			   "version %d",
			   d->cfg.name, h.type, qrx_type_name(h.type), h.len, d->version);
		return -EBADMSG;
	}
	if (d->in.len < QRX_HEADER_LEN + h.len)
		return 0;
	body = bytebuf_peek(&d->in) + QRX_HEADER_LEN;
	r = h.type == QRX_CONNECTION_TERMINATED ? handle_terminated(d, body)
						: handle_trigger(d, h.type, body, h.len);
	bytebuf_drop(&d->in, QRX_HEADER_LEN + h.len);
	return r ? r : 1;
}

/* Takes what the agent sent while there is room for answers. -EPIPE: it is gone. */
static int pull(struct daemon *d)
{
	d->unread = false;
	while (d->out.len < OUT_HIGH) {
		int r = next_message(d);
		ssize_t got;
		size_t n;
		void *p;

		if (r < 0)
			return r;
		if (r)
			continue;
		n = vchan_data_ready(d->agent);
		if (!n)
			return vchan_state(d->agent) == VCHAN_DISCONNECTED ? -EPIPE : 0;
		if (n > d->in.max - d->in.len)
			n = d->in.max - d->in.len;
		p = bytebuf_reserve(&d->in, n);
		got = p ? vchan_read(d->agent, p, n) : -ENOMEM;
		if (got < 0)
			return (int)got;
		bytebuf_added(&d->in, (size_t)got);
	}
	d->unread = true;
	return 0;
}

static int push(struct daemon *d)
{
	while (d->out.len) {
		ssize_t n = vchan_write(d->agent, bytebuf_peek(&d->out), d->out.len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		bytebuf_drop(&d->out, (size_t)n);
	}
	return 0;
}

/* The agent went away; it may come back. One that only comes and goes is not run after. */
static void lose_agent(struct daemon *d)
{
	int64_t now = io_now_ms();

	if (d->state == AGENT_READY) {
		daemon_log("the agent of %s has disconnected: waiting for it", d->cfg.name);
		sockets_remove(d);
		clients_close_all(d);
		pending_forget(d);
		ports_all_stale(&d->ports);
	} else if (!d->pause_ms) {
		daemon_log("the agent of %s disconnected before its HELLO: waiting for it",
			   d->cfg.name);
	}
	if (now - d->since_ms >= STEADY_MS)
		d->pause_ms = 0;
	else if (!d->pause_ms)
		d->pause_ms = PAUSE_MIN_MS;
	else if (d->pause_ms < PAUSE_MAX_MS)
		d->pause_ms *= 2;
	d->retry_at_ms = now + d->pause_ms;
	vchan_abort(d->agent);
	d->agent = NULL;
	d->state = AGENT_AWAY;
}

int64_t agent_wakes_at_ms(const struct daemon *d)
{
	if (d->state == AGENT_AWAY)
		return d->retry_at_ms;
	/* What was read already wakes nobody once there is room for its answers again. */
	return d->unread && d->out.len < OUT_HIGH ? 0 : -1;
}

/* Waits for the pause to end, and connects again. 0 or -errno: the domain is gone. */
static int come_back(struct daemon *d)
{
	int r = io_now_ms() < d->retry_at_ms ? 0 : agent_connect(d);

	if (r)
		daemon_log("%s is gone: %s", d->cfg.name, strerror(-r));
	return r;
}

void agent_linger(struct daemon *d)
{
	int64_t end = io_now_ms() + LINGER_MS, left;
	uint8_t buf[4096];

	while (vchan_read(d->agent, buf, sizeof(buf)) >= 0 && (left = end - io_now_ms()) > 0) {
		struct pollfd p = {vchan_fd(d->agent), vchan_events(d->agent), 0};

		poll(&p, 1, (int)left);
		vchan_wait(d->agent);
	}
}

int agent_step(struct daemon *d, bool ready)
{
	int r = 0;

	if (d->state == AGENT_AWAY)
		return come_back(d);
	if (ready)
		r = vchan_wait(d->agent);
	if (d->state == AGENT_CONNECTING) {
		/* -EPIPE: it was there, and went at once. */
		if (r && r != -EPIPE) {
			daemon_log("%s is gone: %s", d->cfg.name, strerror(-r));
			return -ENODEV;
		}
		if (vchan_state(d->agent) == VCHAN_WAITING)
			return 0;
		d->state = AGENT_HELLO;
		d->since_ms = io_now_ms();
	}
	r = push(d);
	if (!r)
		r = pull(d);
	if (!r)
		r = push(d);
	if (r != -EPIPE)
		return r;
	lose_agent(d);
	return 0;
}
