/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An agent's control connection: the real qrexec/agent/control.c over a vchan that
 * yields the input in pieces. dom0 is trusted, but a slip there must not corrupt a qube.
 */
#include <stdlib.h>
#include <string.h>

#include "qrexec/agent/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct vchan {
	const uint8_t *data;
	size_t left, step;
	bool waiting;
};

static struct vchan channel;

int vchan_server_new(unsigned domain, unsigned port, size_t read_min, size_t write_min,
		     struct vchan **ret)
{
	*ret = &channel;
	return 0;
}

void vchan_abort(struct vchan *v)
{
	v->waiting = true;
	v->left = 0;
}

int vchan_wait(struct vchan *v)
{
	return 0;
}

enum vchan_state vchan_state(const struct vchan *v)
{
	return v->waiting ? VCHAN_WAITING : v->left ? VCHAN_CONNECTED : VCHAN_DISCONNECTED;
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
	return (ssize_t)n;
}

void agent_log(const char *fmt, ...)
{
}

void requests_connect(struct agent *a, const char *ident, struct qrx_params where)
{
	if (!*ident)
		abort();
}

void requests_refused(struct agent *a, const uint8_t ident[QRX_IDENT_LEN])
{
}

void requests_daemon_lost(struct agent *a)
{
}

void calls_cancel(struct agent *a)
{
}

void calls_execute(struct agent *a, uint32_t type, struct qrx_params where, const char *command,
		   bool may_wait)
{
	struct qrx_command c;

	if (!*command || strlen(command) > QRX_TO_AGENT_MAX)
		abort();
	qrx_command_parse(command, true, &c, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct agent a;

	if (size < 1)
		return 0;
	memset(&a, 0, sizeof(a));
	a.woke_meminfo = true;
	channel = (struct vchan){.waiting = true};
	if (control_listen(&a))
		abort();
	channel = (struct vchan){.data = data + 1, .left = size - 1, .step = data[0] + 1u};
	control_step(&a, true);
	bytebuf_clear(&a.in);
	bytebuf_clear(&a.out);
	return 0;
}
