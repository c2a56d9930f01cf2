/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon's control connection fed by a hostile agent: the real qrexec/daemon/agent.c
 * over a vchan that yields the input in pieces. The first byte is the negotiated version.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/daemon/daemon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct vchan {
	const uint8_t *data;
	size_t left, step;
	size_t written;
	bool ends; /* closed behind the last byte */
};

static struct vchan channel;
static bool listening;

int vchan_client_new(unsigned domain, unsigned port, struct vchan **ret)
{
	*ret = &channel;
	return 0;
}

void vchan_abort(struct vchan *v)
{
}

int vchan_wait(struct vchan *v)
{
	return 0;
}

int vchan_fd(const struct vchan *v)
{
	return -1;
}

short vchan_events(const struct vchan *v)
{
	return 0;
}

enum vchan_state vchan_state(const struct vchan *v)
{
	return v->left || !v->ends ? VCHAN_CONNECTED : VCHAN_DISCONNECTED;
}

size_t vchan_data_ready(struct vchan *v)
{
	return v->left < v->step ? v->left : v->step;
}

ssize_t vchan_read(struct vchan *v, void *buf, size_t n)
{
	if (n > v->left)
		abort();
	memcpy(buf, v->data, n);
	v->data += n;
	v->left -= n;
	return (ssize_t)n;
}

ssize_t vchan_write(struct vchan *v, const void *buf, size_t n)
{
	v->written += n;
	return (ssize_t)n;
}

void daemon_log(const char *fmt, ...)
{
}

/* What reaches the rest of the daemon must be clean. */
static void check_text(const char *s, size_t max, const char *extra)
{
	size_t n = strnlen(s, max);

	if (n == max)
		abort();
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.",
			    s[i]) &&
		    !strchr(extra, s[i]))
			abort();
}

void pending_start(struct daemon *d, const struct qrx_trigger *t,
		   const uint8_t ident[QRX_IDENT_LEN])
{
	check_text(t->source, sizeof(t->source), "@:");
	check_text(t->target, sizeof(t->target), "@:");
	check_text(t->service, sizeof(t->service), "+");
	if (!t->service[0] || t->service[0] == '+' || !qrx_ident_ok(ident))
		abort();
}

void pending_refuse(struct daemon *d, const uint8_t ident[QRX_IDENT_LEN])
{
	agent_send(d, QRX_SERVICE_REFUSED, NULL, 0, ident, QRX_IDENT_LEN);
}

void pending_over(struct daemon *d, struct qrx_params where)
{
	if (!qrx_is_data_port(where.port))
		abort();
}

void pending_forget(struct daemon *d)
{
}

void clients_port_released(struct daemon *d, unsigned port)
{
	if (!qrx_is_data_port(port))
		abort();
}

void clients_close_all(struct daemon *d)
{
}

int sockets_create(struct daemon *d)
{
	listening = true;
	return 0;
}

void sockets_remove(struct daemon *d)
{
	listening = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct daemon d;
	uint8_t hello[QRX_HEADER_LEN + QRX_HELLO_LEN];

	if (size < 2)
		return 0;
	memset(&d, 0, sizeof(d));
	d.cfg.domid = 42;
	d.cfg.name = "fuzzed";
	d.cfg.socket_dir = "/nonexistent";
	d.ready_fd = -1;
	ports_init(&d.ports, 42, 0);
	ports_allocate(&d.ports, 0, 0);
	/* A HELLO, so that most inputs get past it; version 0 sends the input alone. */
	qrx_put_hello(hello, data[0] & 7);
	channel = (struct vchan){.data = hello, .left = sizeof(hello), .step = 5};
	if (agent_connect(&d))
		abort();
	if (data[0] & 7)
		agent_step(&d, true);
	channel = (struct vchan){
		.data = data + 2, .left = size - 2, .step = data[1] + 1u, .ends = true};
	if (agent_step(&d, true) == 0 && d.out.len > OUT_MAX)
		abort();
	bytebuf_clear(&d.in);
	bytebuf_clear(&d.out);
	free(d.trigger);
	return 0;
}
