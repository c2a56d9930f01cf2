/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local clients of a daemon: qrexec-client, jobs of daemons, qubesd. They are trusted
 * to call; a malformed request still only ends their own connection.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/daemon/daemon.h"

#define DEFAULT_PREFIX "DEFAULT:"
#define READ_AT_ONCE 4096

static void drop(struct client *c)
{
	if (!c->used)
		return;
	close(c->fd);
	bytebuf_clear(&c->in);
	*c = (struct client){.used = false};
}

void clients_close_all(struct daemon *d)
{
	for (unsigned i = 0; i < d->clients_top; i++)
		drop(&d->clients[i]);
}

/* A free slot, MAX_CLIENTS: none. */
static unsigned free_slot(const struct daemon *d)
{
	unsigned i = 0;

	while (i < d->clients_top && d->clients[i].used)
		i++;
	return i;
}

bool clients_full(const struct daemon *d)
{
	return free_slot(d) == MAX_CLIENTS;
}

/* Sends our HELLO, if it has not been sent, and n bytes more; at once, or not at all. */
static bool say(struct client *c, const void *bytes, size_t n)
{
	uint8_t m[QRX_HEADER_LEN + QRX_HELLO_LEN + QRX_HEADER_LEN + QRX_PARAMS_LEN];
	size_t len = 0;

	if (!c->greeted) {
		qrx_put_hello(m, QRX_CLIENT_VERSION);
		len = QRX_HEADER_LEN + QRX_HELLO_LEN;
		c->greeted = true;
	}
	if (n)
		memcpy(m + len, bytes, n);
	len += n;
	return !len || send(c->fd, m, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

void clients_accept(struct daemon *d)
{
	unsigned slot = free_slot(d);
	struct client *c = &d->clients[slot];
	int fd = -1;

	if (slot < MAX_CLIENTS)
		fd = accept4(d->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (slot == d->clients_top)
		d->clients_top++;
	*c = (struct client){.used = true, .fd = fd, .state = CLIENT_HELLO};
	bytebuf_init(&c->in, QRX_HEADER_LEN + QRX_COMMAND_MAX);
	/* Most clients have said what they want by now: then one answer is enough. */
	clients_ready(d, c);
	if (c->used && !say(c, NULL, 0))
		drop(c);
}

void clients_port_released(struct daemon *d, unsigned port)
{
	for (unsigned i = 0; i < d->clients_top; i++)
		if (d->clients[i].used && d->clients[i].port == port)
			drop(&d->clients[i]);
}

/* Gives the request a port of ours and tells the client. */
static int assign_port(struct daemon *d, struct client *c, uint32_t type, struct qrx_params *p)
{
	uint8_t m[QRX_HEADER_LEN + QRX_PARAMS_LEN];

	p->port = ports_allocate(&d->ports, p->domain, io_now_ms());
	if (!p->port) {
		daemon_log("no data port of %s towards domain %u is free: %d calls are open",
			   d->cfg.name, p->domain, QRX_PORTS);
		return -EBUSY;
	}
	c->port = p->port;
	qrx_put_header(m, type, QRX_PARAMS_LEN);
	qrx_put_params(m + QRX_HEADER_LEN,
		       (struct qrx_params){.domain = d->cfg.domid, .port = p->port});
	if (say(c, m, sizeof(m)))
		return 0;
	ports_release(&d->ports, p->port, p->domain, io_now_ms());
	return -EPIPE;
}

/* Hands the request to the agent, "DEFAULT:" replaced by the default user. */
static int forward(struct daemon *d, uint32_t type, struct qrx_params p, const void *command,
		   size_t len)
{
	const size_t prefix = strlen(DEFAULT_PREFIX);
	uint8_t head[QRX_PARAMS_LEN + 256];
	size_t head_len = QRX_PARAMS_LEN;

	qrx_put_params(head, p);
	if (type != QRX_SERVICE_CONNECT && !strncmp(command, DEFAULT_PREFIX, prefix)) {
		size_t n = strlen(d->cfg.default_user);

		memcpy(head + head_len, d->cfg.default_user, n);
		head_len += n;
		command = (const char *)command + prefix - 1;
		len -= prefix - 1;
	}
	return agent_send(d, type, head, head_len, command, len);
}

static int check_connect(struct daemon *d, struct qrx_params p, const char *ident,
			 struct pending **ret)
{
	if (p.port && !qrx_is_data_port(p.port)) {
		daemon_log("a client named the invalid port %u", p.port);
		return -EINVAL;
	}
	*ret = pending_find(d, ident);
	if (!*ret) {
		daemon_log("a client answered a request that %s did not make, or twice",
			   d->cfg.name);
		return -EINVAL;
	}
	return 0;
}

/* Another qube will be the server of the data channel, this one comes to it. */
static int let_meet(struct daemon *d, struct qrx_params p)
{
	int r = p.domain ? vchan_permit(p.domain, d->cfg.domid, p.port) : 0;

	if (r)
		daemon_log("%s may not meet domain %u: vchan-broker says %s", d->cfg.name, p.domain,
			   strerror(-r));
	return r;
}

static int handle_request(struct daemon *d, struct client *c, struct qrx_header h,
			  const uint8_t *body)
{
	struct pending *answered = NULL;
	struct qrx_params p;
	const char *command;
	size_t n;
	int r;

	if (h.type != QRX_EXEC_CMDLINE && h.type != QRX_JUST_EXEC && h.type != QRX_SERVICE_CONNECT)
		return -EBADMSG;
	if (qrx_get_exec(h.type, body, h.len, &p, &command, &n))
		return -EBADMSG;
	if (h.type == QRX_SERVICE_CONNECT) {
		r = check_connect(d, p, command, &answered);
		if (r)
			return r;
	} else if (p.port) {
		daemon_log("a client named port %u in a call to %s; the agent will see it", p.port,
			   d->cfg.name);
		if (!qrx_is_data_port(p.port))
			return -EINVAL;
	}
	r = p.port ? 0 : assign_port(d, c, h.type, &p);
	if (!r && !answered)
		r = let_meet(d, p);
	if (!r && answered)
		pending_answer(answered, p);
	if (!r)
		r = forward(d, h.type, p, command, h.len - QRX_PARAMS_LEN);
	if (r && c->port)
		ports_release(&d->ports, c->port, p.domain, io_now_ms());
	return r;
}

/* Handles one whole message. 1: done, 0: not there yet, or -errno. */
static int next_message(struct daemon *d, struct client *c)
{
	struct qrx_header h;
	uint32_t version;
	int r;

	if (c->in.len < QRX_HEADER_LEN)
		return 0;
	h = qrx_get_header(bytebuf_peek(&c->in));
	if (c->state == CLIENT_HELLO) {
		if (c->in.len < QRX_HEADER_LEN + QRX_HELLO_LEN)
			return 0;
		r = qrx_get_hello(bytebuf_peek(&c->in), &version);
		if (!r && version < QRX_CLIENT_VERSION)
			r = -EPROTO;
		c->state = CLIENT_REQUEST;
		bytebuf_drop(&c->in, QRX_HEADER_LEN + QRX_HELLO_LEN);
		return r ? r : 1;
	}
	if (c->state == CLIENT_RUNNING)
		return -EBADMSG;
	if (h.len > QRX_COMMAND_MAX)
		return -EMSGSIZE;
	if (c->in.len < QRX_HEADER_LEN + h.len)
		return 0;
	r = handle_request(d, c, h, bytebuf_peek(&c->in) + QRX_HEADER_LEN);
	if (r)
		return r;
	c->state = CLIENT_RUNNING;
	bytebuf_drop(&c->in, QRX_HEADER_LEN + h.len);
	if (!c->in.len)
		bytebuf_clear(&c->in);
	return 1;
}

void clients_ready(struct daemon *d, struct client *c)
{
	size_t room = c->in.max - c->in.len;
	ssize_t n = bytebuf_fill(&c->in, c->fd, room < READ_AT_ONCE ? room : READ_AT_ONCE);
	int r;

	if (n == -EAGAIN)
		return;
	while (n > 0 && (r = next_message(d, c)) != 0) {
		if (r > 0)
			continue;
		if (c->state != CLIENT_RUNNING)
			daemon_log("a local client's request was not taken: %s", strerror(-r));
		n = r;
	}
	if (n <= 0)
		drop(c);
}
