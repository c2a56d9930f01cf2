/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local sockets: what programs say to a daemon (qrexec/daemon/clients.c) and to an agent
 * (qrexec/agent/requests.c). The first byte chooses, the second says how it is cut in two.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/daemon/daemon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pending one_pending;

void daemon_log(const char *fmt, ...)
{
}

void agent_log(const char *fmt, ...)
{
}

int vchan_permit(unsigned a, unsigned b, unsigned port)
{
	return 0;
}

struct pending *pending_find(struct daemon *d, const char *ident)
{
	return strcmp(ident, "SOCKET5") == 0 ? &one_pending : NULL;
}

void pending_answer(struct pending *p, struct qrx_params where)
{
	if (!qrx_is_data_port(where.port))
		abort();
}

/* To the qube: whole, with a NUL at the end, within the limits. */
int agent_send(struct daemon *d, uint32_t type, const void *head, size_t head_len, const void *body,
	       size_t len)
{
	struct qrx_header h = {type, (uint32_t)(head_len + len)};

	if (qrx_check_from_daemon(h) || !len || ((const char *)body)[len - 1] != '\0')
		abort();
	return 0;
}

/* To dom0: a whole request of ours, under our ident. */
int control_send(struct agent *a, uint32_t type, const void *body, size_t len)
{
	struct qrx_header h = {type, (uint32_t)len};
	size_t at = type == QRX_TRIGGER_SERVICE ? 96 : type == QRX_TRIGGER_SERVICE3 ? 64 : 128;

	if (qrx_check_from_agent(h, a->version) ||
	    memcmp((const char *)body + at, "SOCKET0", 7) != 0)
		abort();
	return 0;
}

void control_terminated(struct agent *a, unsigned generation, struct qrx_params where)
{
}

/* As much as the socket takes. */
static void give(int fd, const uint8_t *data, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0)
			return;
		data += sent;
		n -= (size_t)sent;
	}
}

static void feed_daemon(int fd, int peer, const uint8_t *data, size_t n, size_t cut)
{
	static struct daemon d;
	struct client *c = &d.clients[0];

	memset(&d, 0, offsetof(struct daemon, clients));
	d.cfg = (struct config){.domid = 42, .name = "fuzzed", .default_user = "user"};
	ports_init(&d.ports, 42, 0);
	d.clients_top = 1;
	*c = (struct client){.used = true, .fd = fd, .state = CLIENT_HELLO};
	bytebuf_init(&c->in, QRX_HEADER_LEN + QRX_COMMAND_MAX);
	give(peer, data, cut);
	for (int i = 0; i < 30 && c->used; i++)
		clients_ready(&d, c);
	give(peer, data + cut, n - cut);
	close(peer);
	for (int i = 0; i < 30 && c->used; i++)
		clients_ready(&d, c);
	if (c->used)
		abort();
}

static void feed_agent(int fd, int peer, const uint8_t *data, size_t n, size_t cut)
{
	static struct agent a;
	struct request *r = &a.requests[0];

	a.version = 2 + (int)(cut % 3);
	a.state = CTL_READY;
	a.requests_top = 1;
	*r = (struct request){.used = true, .fd = fd, .state = REQ_READING};
	bytebuf_init(&r->in, QRX_HEADER_LEN + QRX_FROM_AGENT_MAX);
	give(peer, data, cut);
	requests_ready(&a, r);
	give(peer, data + cut, n - cut);
	close(peer);
	for (size_t i = 0; i < n + 3 && r->used; i++)
		requests_ready(&a, r);
	if (r->used)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[2];
	size_t cut;

	if (size < 3 || size > 100000 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
		return 0;
	cut = data[1] < size - 2 ? data[1] : size - 2;
	(data[0] & 1 ? feed_agent : feed_daemon)(fds[0], fds[1], data + 2, size - 2, cut);
	return 0;
}
