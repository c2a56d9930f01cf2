/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vchan API (vchan.h): chooses the backend and adds the blocking calls. */
#include "qrexec/vchan/vchan.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/vchan/backend.h"
#include "qrexec/vchan/place.h"

#define PORT_MAX 0x7fffffffu
#define DOMID_FILE "/run/vchan/domid"

bool vchan_is_socket(void)
{
	const char *how = getenv("QUBES_VCHAN");

	if (how && strcmp(how, "xen") == 0)
		return false;
	if (how && strcmp(how, "socket") == 0)
		return true;
	return getenv("VCHAN_SOCKET_DIR") || vchan_layout() != VCHAN_FLAT;
}

static int parse_domid(char *text, unsigned *ret)
{
	unsigned long v;

	text[strcspn(text, "\n")] = '\0';
	if (io_parse_uint(text, 0, VCHAN_DOMID_MAX, &v))
		return -EINVAL;
	*ret = (unsigned)v;
	return 0;
}

unsigned vchan_own_domid(void)
{
	const char *env = getenv("VCHAN_DOMAIN");
	_cleanup_free_ char *text = NULL;
	unsigned domid;
	size_t len;
	int r;

	if (env) {
		text = strdup(env);
		return text && parse_domid(text, &domid) == 0 ? domid : 0;
	}
	if (!vchan_is_socket()) {
		r = vchan_xen_domid();
		return r < 0 ? 0 : (unsigned)r;
	}
	if (io_read_file(DOMID_FILE, 16, &text, &len) == 0 && parse_domid(text, &domid) == 0)
		return domid;
	return 0;
}

int vchan_server_new(unsigned domain, unsigned port, size_t read_min, size_t write_min,
		     struct vchan **ret)
{
	if (domain > VCHAN_DOMID_MAX || port > PORT_MAX)
		return -EINVAL;
	return (vchan_is_socket() ? vchan_socket_server : vchan_xen_server)(domain, port, read_min,
									    write_min, ret);
}

int vchan_client_new(unsigned domain, unsigned port, struct vchan **ret)
{
	if (domain > VCHAN_DOMID_MAX || port > PORT_MAX)
		return -EINVAL;
	return (vchan_is_socket() ? vchan_socket_client : vchan_xen_client)(domain, port, ret);
}

void vchan_free(struct vchan *v)
{
	if (v)
		v->ops->free(v, true);
}

void vchan_abort(struct vchan *v)
{
	if (v)
		v->ops->free(v, false);
}

void vchan_set_window(struct vchan *v, size_t bytes)
{
	if (v->ops->set_window)
		v->ops->set_window(v, bytes);
}

int vchan_fd(const struct vchan *v)
{
	return v->ops->fd(v);
}

short vchan_events(const struct vchan *v)
{
	return v->ops->events(v);
}

int vchan_wait(struct vchan *v)
{
	return v->ops->wait(v);
}

enum vchan_state vchan_state(const struct vchan *v)
{
	return v->ops->state(v);
}

size_t vchan_data_ready(struct vchan *v)
{
	return v->ops->data_ready(v);
}

size_t vchan_buffer_space(struct vchan *v)
{
	return v->ops->buffer_space(v);
}

ssize_t vchan_read(struct vchan *v, void *buf, size_t n)
{
	return v->ops->read(v, buf, n);
}

ssize_t vchan_write(struct vchan *v, const void *buf, size_t n)
{
	return v->ops->write(v, buf, n);
}

/* Sleeps until something happens on the channel, and takes it. -ETIMEDOUT or 0; a
 * disconnection is left for the caller's next call to find. */
static int sleep_on(struct vchan *v, int timeout_ms)
{
	struct pollfd p = {.fd = vchan_fd(v), .events = vchan_events(v)};
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ETIMEDOUT;
	vchan_wait(v);
	return 0;
}

int vchan_connect_wait(struct vchan *v, int timeout_ms)
{
	int64_t end = io_now_ms() + timeout_ms;

	while (vchan_state(v) == VCHAN_WAITING) {
		int64_t left = timeout_ms < 0 ? -1 : end - io_now_ms();
		struct pollfd p = {.fd = vchan_fd(v), .events = vchan_events(v)};
		int r;

		if (timeout_ms >= 0 && left < 0)
			return -ETIMEDOUT;
		r = poll(&p, 1, (int)left);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		r = r < 0 ? 0 : vchan_wait(v);
		if (r)
			return r;
	}
	/* A client that came, spoke and went was connected all the same. */
	return vchan_state(v) == VCHAN_CONNECTED || vchan_data_ready(v) ? 0 : -EPIPE;
}

int vchan_read_all(struct vchan *v, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t r = vchan_read(v, p, n);
		int e = 0;

		if (r < 0)
			return (int)r;
		p += r;
		n -= (size_t)r;
		if (r == 0)
			e = sleep_on(v, -1);
		if (e)
			return e;
	}
	return 0;
}

int vchan_write_all(struct vchan *v, const void *buf, size_t n)
{
	const char *p = buf;

	while (n || v->ops->unsent(v)) {
		ssize_t r = n ? vchan_write(v, p, n) : 0;
		int e = 0;

		if (r < 0)
			return (int)r;
		p += r;
		n -= (size_t)r;
		if (r == 0)
			e = sleep_on(v, -1);
		if (e)
			return e;
	}
	return vchan_state(v) == VCHAN_DISCONNECTED ? -EPIPE : 0;
}
