/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of this qube that call services (qrexec-client-vm). Any process of the qube
 * may connect; whether a call is allowed is dom0's business alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"

static void drop(struct request *r)
{
	close(r->fd);
	bytebuf_clear(&r->in);
	r->used = false;
}

/* The request is whole: sends it to dom0 under an ident of our own. */
static void forward(struct agent *a, struct request *r, size_t len)
{
	uint8_t *body = (uint8_t *)bytebuf_peek(&r->in) + QRX_HEADER_LEN;
	uint8_t old[QRX_TRIGGER2_LEN];
	const uint8_t *message;
	int type;

	/* Numbers are not used again: a late answer never reaches another request. */
	memset(r->ident, 0, sizeof(r->ident));
	/* The zero tells the daemon that we know late refusals: requests_refused(). */
	snprintf(r->ident, sizeof(r->ident), "SOCKET0%u", a->next_ident++);
	memcpy(body + 2 * QRX_NAME_FIELD, r->ident, QRX_IDENT_LEN);
	r->generation = a->generation;
	r->state = REQ_PENDING;
	type = qrx_trigger_for_version(a->version, body, len, old, &message, &len);
	if (type < 0 || control_send(a, (uint32_t)type, message, len)) {
		agent_log("a request was refused: %s",
			  type < 0 ? "dom0's qrexec is too old for it" : "too many wait for dom0");
		drop(r);
		return;
	}
	bytebuf_clear(&r->in);
}

static void read_request(struct agent *a, struct request *r)
{
	struct qrx_header h = {0, 0};
	size_t want = QRX_HEADER_LEN;
	ssize_t n;

	do {
		if (r->in.len >= QRX_HEADER_LEN) {
			h = qrx_get_header(bytebuf_peek(&r->in));
			if (h.type != QRX_TRIGGER_SERVICE4 ||
			    qrx_check_from_agent(h, QRX_VERSION)) {
				agent_log("a program sent a malformed request (type 0x%x, length "
					  "%u): is its qrexec-client-vm outdated?",
					  h.type, h.len);
				drop(r);
				return;
			}
			want = QRX_HEADER_LEN + h.len;
		}
		if (r->in.len == want) {
			forward(a, r, h.len);
			return;
		}
		n = bytebuf_fill(&r->in, r->fd, want - r->in.len);
	} while (n > 0);
	if (n != -EAGAIN)
		drop(r);
}

void requests_ready(struct agent *a, struct request *r)
{
	char byte;
	ssize_t n;

	if (r->state == REQ_READING) {
		read_request(a, r);
		return;
	}
	n = recv(r->fd, &byte, 1, MSG_DONTWAIT);
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	/* The program is gone. If it still waits, the answer will find nobody. */
	if (r->state == REQ_CONNECTED)
		control_terminated(a, r->generation, r->where);
	drop(r);
}

void requests_accept(struct agent *a)
{
	int fd = accept4(a->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct request *r;
	unsigned i = 0;

	if (fd < 0)
		return;
	while (i < a->requests_top && a->requests[i].used)
		i++;
	if (i == MAX_REQUESTS) {
		agent_log("a request was refused: %d are open already", MAX_REQUESTS);
		close(fd);
		return;
	}
	if (i == a->requests_top)
		a->requests_top++;
	r = &a->requests[i];
	*r = (struct request){.used = true, .fd = fd, .state = REQ_READING};
	bytebuf_init(&r->in, QRX_HEADER_LEN + QRX_FROM_AGENT_MAX);
	/* It has sent all of it by now, most of the time. */
	requests_ready(a, r);
}

static struct request *find(struct agent *a, const char *ident, bool connected)
{
	for (unsigned i = 0; i < a->requests_top; i++) {
		struct request *r = &a->requests[i];

		if (r->used && r->state == (connected ? REQ_CONNECTED : REQ_PENDING) &&
		    !strcmp(r->ident, ident))
			return r;
	}
	return NULL;
}

void requests_connect(struct agent *a, const char *ident, struct qrx_params where)
{
	struct request *r = find(a, ident, false);
	uint8_t answer[QRX_PARAMS_LEN];

	if (!r) {
		control_terminated(a, a->generation, where);
		return;
	}
	qrx_put_params(answer, where);
	r->where = where;
	r->state = REQ_CONNECTED;
	/* A fresh socket takes 8 bytes; if not, its end will be noticed soon. */
	if (send(r->fd, answer, sizeof(answer), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		shutdown(r->fd, SHUT_RDWR);
}

/* If somebody has come to the program's channel, it does not care for this end of file. */
static void expect_nobody(struct request *r)
{
	shutdown(r->fd, SHUT_WR);
}

void requests_refused(struct agent *a, const uint8_t ident[QRX_IDENT_LEN])
{
	char text[QRX_IDENT_LEN + 1] = "";
	struct request *r;

	memcpy(text, ident, QRX_IDENT_LEN);
	r = find(a, text, false);
	if (r) {
		drop(r);
		return;
	}
	/* Late: what should have come to the program's channel has failed. */
	r = find(a, text, true);
	if (r)
		expect_nobody(r);
}

void requests_daemon_lost(struct agent *a)
{
	for (unsigned i = 0; i < a->requests_top; i++) {
		struct request *r = &a->requests[i];

		if (r->used && r->state == REQ_PENDING)
			drop(r);
		else if (r->used && r->state == REQ_CONNECTED && r->where.domain == 0)
			expect_nobody(r);
	}
}
