/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's connection to its qrexec-daemon in dom0, which is trusted. When the
 * daemon goes away (killed, restarted) the agent listens again; calls that run go on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/base/io.h"

#define MEMINFO_PID "/var/run/meminfo-writer.pid"

int control_listen(struct agent *a)
{
	uint8_t hello[QRX_HEADER_LEN + QRX_HELLO_LEN];
	int r;

	bytebuf_clear(&a->in);
	bytebuf_clear(&a->out);
	bytebuf_init(&a->in, QRX_HEADER_LEN + QRX_TO_AGENT_MAX);
	bytebuf_init(&a->out, OUT_MAX);
	a->state = CTL_WAITING;
	a->generation++;
	r = vchan_server_new(0, QRX_CONTROL_PORT, QRX_CONTROL_RING, QRX_CONTROL_RING, &a->ctl);
	if (r)
		return r;
	qrx_put_hello(hello, QRX_VERSION);
	return bytebuf_add(&a->out, hello, sizeof(hello));
}

bool control_has_room(const struct agent *a)
{
	return a->state == CTL_READY && a->out.len < OUT_HIGH;
}

int control_send(struct agent *a, uint32_t type, const void *body, size_t len)
{
	uint8_t head[QRX_HEADER_LEN];
	int r;

	if (a->out.len + sizeof(head) + len > OUT_MAX)
		return -ENOBUFS;
	qrx_put_header(head, type, (uint32_t)len);
	r = bytebuf_add(&a->out, head, sizeof(head));
	return r ? r : bytebuf_add(&a->out, body, len);
}

void control_terminated(struct agent *a, unsigned generation, struct qrx_params where)
{
	uint8_t body[QRX_PARAMS_LEN];

	/* A new daemon may have given the port to somebody else. */
	if (generation != a->generation || a->state != CTL_READY)
		return;
	qrx_put_params(body, where);
	control_send(a, QRX_CONNECTION_TERMINATED, body, sizeof(body));
}

/* Tells the service manager that we are up; sd_notify(3) without the library. */
static void notify_ready(struct agent *a)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (a->notified || !n || n >= sizeof(sa.sun_path))
		return;
	a->notified = true;
	memcpy(sa.sun_path, path, n);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';
	unsetenv("NOTIFY_SOCKET");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&sa,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		agent_log("cannot notify the service manager: %s", strerror(errno));
	close(fd);
}

/* The memory reporter starts with the first request: the qube is in use now. */
static void wake_meminfo(struct agent *a)
{
	unsigned long pid;
	char *text;
	size_t n;

	if (a->woke_meminfo || io_read_file(MEMINFO_PID, 32, &text, &n))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (io_parse_uint(text, 2, 0x7fffffff, &pid) == 0 && kill((pid_t)pid, SIGUSR1) == 0)
		a->woke_meminfo = true;
	free(text);
}

static int handle_hello(struct agent *a)
{
	uint32_t version;
	int r = qrx_get_hello(bytebuf_peek(&a->in), &version);

	if (!r)
		r = qrx_negotiate(QRX_VERSION, QRX_VERSION_MIN, version);
	if (r < 0) {
		agent_log("dom0's daemon did not say a HELLO we understand");
		return r;
	}
	a->version = r;
	a->state = CTL_READY;
	notify_ready(a);
	return 0;
}

static int handle_message(struct agent *a, struct qrx_header h, const uint8_t *body)
{
	struct qrx_params where;
	const char *command;
	size_t n;

	if (h.type == QRX_SERVICE_REFUSED) {
		requests_refused(a, body);
		return 0;
	}
	if (qrx_get_exec(h.type, body, h.len, &where, &command, &n))
		return -EBADMSG;
	wake_meminfo(a);
	if (h.type == QRX_SERVICE_CONNECT)
		requests_connect(a, command, where);
	else
		calls_execute(a, h.type, where, command, true);
	return 0;
}

/* Handles one whole message. 1: done, 0: not there yet, or -errno. */
static int next_message(struct agent *a)
{
	struct qrx_header h;
	int r;

	if (a->in.len < QRX_HEADER_LEN)
		return 0;
	h = qrx_get_header(bytebuf_peek(&a->in));
	if (a->state == CTL_HELLO) {
		if (a->in.len < QRX_HEADER_LEN + QRX_HELLO_LEN)
			return 0;
		r = handle_hello(a);
		bytebuf_drop(&a->in, QRX_HEADER_LEN + QRX_HELLO_LEN);
		return r ? r : 1;
	}
	r = qrx_check_from_daemon(h);
	if (r)
		return r;
	if (a->in.len < QRX_HEADER_LEN + h.len)
		return 0;
	r = handle_message(a, h, bytebuf_peek(&a->in) + QRX_HEADER_LEN);
	bytebuf_drop(&a->in, QRX_HEADER_LEN + h.len);
	return r ? r : 1;
}

static int pull(struct agent *a)
{
	for (;;) {
		size_t n = vchan_data_ready(a->ctl);
		ssize_t got;
		void *p;
		int r;

		if (!n)
			return vchan_state(a->ctl) == VCHAN_DISCONNECTED ? -EPIPE : 0;
		if (n > a->in.max - a->in.len)
			n = a->in.max - a->in.len;
		p = bytebuf_reserve(&a->in, n);
		got = p ? vchan_read(a->ctl, p, n) : -ENOMEM;
		if (got < 0)
			return (int)got;
		bytebuf_added(&a->in, (size_t)got);
		while ((r = next_message(a)) == 1)
			;
		if (r)
			return r;
	}
}

static int push(struct agent *a)
{
	while (a->out.len) {
		ssize_t n = vchan_write(a->ctl, bytebuf_peek(&a->out), a->out.len);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		bytebuf_drop(&a->out, (size_t)n);
	}
	return 0;
}

/* The daemon went away. A new one knows nothing of what it was asked. */
static void relisten(struct agent *a, int why)
{
	int r;

	if (a->state != CTL_WAITING)
		agent_log("the connection to dom0 was lost (%s): waiting for a new one",
			  strerror(-why));
	vchan_abort(a->ctl);
	a->ctl = NULL;
	requests_daemon_lost(a);
	calls_cancel(a);
	r = control_listen(a);
	if (r) {
		agent_log("cannot listen for dom0: %s", strerror(-r));
		exit(1);
	}
}

void control_step(struct agent *a, bool ready)
{
	int r = ready ? vchan_wait(a->ctl) : 0;

	if (a->state == CTL_WAITING) {
		if (r || vchan_state(a->ctl) == VCHAN_DISCONNECTED) {
			relisten(a, r);
			return;
		}
		if (vchan_state(a->ctl) == VCHAN_WAITING)
			return;
		a->state = CTL_HELLO;
	}
	r = push(a);
	if (!r)
		r = pull(a);
	if (!r)
		r = push(a);
	if (r)
		relisten(a, r);
}
