/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan over Xen's libxenvchan (vchan.h; specs/qrexec.md section 9). The peer is a
 * hostile domain; libxenvchan checks the shared ring's indices. Rendezvous is in
 * xenstore: data/vchan/<client>/<port> in the server's own subtree. A client waits for
 * it with a xenstore watch.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/vchan/backend.h"
#include "qrexec/vchan/xen-api.h"

#define XS_PATH_MAX 96
#define WATCH_TOKEN "vchan"

struct vchan_xen {
	struct vchan base;
	struct xen_api api; /* owned */
	unsigned domain;
	struct libxenvchan *ctrl; /* owned, NULL while a client waits for its server */
	struct xs_handle *xs;	  /* owned, only while a client waits */
	char path[XS_PATH_MAX];
};

static struct vchan_xen *xen_of(const struct vchan *v)
{
	return (struct vchan_xen *)v;
}

static int read_domid(const struct xen_api *api, struct xs_handle *xs)
{
	_cleanup_free_ char *text = NULL;
	unsigned long v;
	unsigned len;

	text = api->xs_read(xs, 0, "domid", &len);
	if (!text)
		return -errno;
	return io_parse_uint(text, 0, VCHAN_DOMID_MAX, &v) ? -EPROTO : (int)v;
}

int vchan_xen_domid(void)
{
	struct xen_api api;
	struct xs_handle *xs;
	int r = xen_api_load(&api, NULL);

	if (r)
		return r;
	xs = api.xs_open(0);
	r = xs ? read_domid(&api, xs) : -errno;
	api.xs_close(xs);
	xen_api_unload(&api);
	return r;
}

int vchan_hand_over(char **argv)
{
	return 0;
}

int vchan_xen_probe(const char **ret_missing)
{
	struct xen_api api;
	int r = xen_api_load(&api, ret_missing);

	if (!r)
		xen_api_unload(&api);
	return r;
}

static void stop_waiting(struct vchan_xen *x)
{
	if (x->xs)
		x->api.xs_close(x->xs);
	x->xs = NULL;
}

/* Connects if the server has published its ring. */
static void try_connect(struct vchan_xen *x)
{
	char key[XS_PATH_MAX + 16];
	_cleanup_free_ char *port = NULL;
	unsigned len;

	snprintf(key, sizeof(key), "%s/event-channel", x->path);
	port = x->api.xs_read(x->xs, 0, key, &len);
	if (!port || !len)
		return;
	x->ctrl = x->api.libxenvchan_client_init(NULL, (int)x->domain, x->path);
	if (!x->ctrl)
		return;
	x->ctrl->blocking = 0;
	stop_waiting(x);
}

static int wait_client(struct vchan_xen *x)
{
	bool hit = false;
	char **event;

	while ((event = x->api.xs_check_watch(x->xs))) {
		free(event);
		hit = true;
	}
	if (hit)
		try_connect(x);
	return 0;
}

static int xen_wait(struct vchan *v)
{
	struct vchan_xen *x = xen_of(v);
	struct pollfd p;

	if (!x->ctrl)
		return x->xs ? wait_client(x) : -EPIPE;
	p = (struct pollfd){.fd = x->api.libxenvchan_fd_for_select(x->ctrl), .events = POLLIN};
	if (poll(&p, 1, 0) == 1 && x->api.libxenvchan_wait(x->ctrl) < 0)
		return -EPIPE;
	return x->api.libxenvchan_is_open(x->ctrl) ? 0 : -EPIPE;
}

static enum vchan_state xen_state(const struct vchan *v)
{
	const struct vchan_xen *x = xen_of(v);

	if (!x->ctrl)
		return x->xs ? VCHAN_WAITING : VCHAN_DISCONNECTED;
	switch (x->api.libxenvchan_is_open(x->ctrl)) {
	case 0:
		return VCHAN_DISCONNECTED;
	case 2:
		return VCHAN_WAITING;
	default:
		return VCHAN_CONNECTED;
	}
}

static int xen_fd(const struct vchan *v)
{
	const struct vchan_xen *x = xen_of(v);

	if (x->ctrl)
		return x->api.libxenvchan_fd_for_select(x->ctrl);
	return x->xs ? x->api.xs_fileno(x->xs) : -1;
}

static short xen_events(const struct vchan *v)
{
	return POLLIN;
}

static size_t xen_data_ready(struct vchan *v)
{
	struct vchan_xen *x = xen_of(v);
	int n = x->ctrl ? x->api.libxenvchan_data_ready(x->ctrl) : 0;

	return n > 0 ? (size_t)n : 0;
}

static size_t xen_buffer_space(struct vchan *v)
{
	struct vchan_xen *x = xen_of(v);
	int n = x->ctrl ? x->api.libxenvchan_buffer_space(x->ctrl) : 0;

	return n > 0 ? (size_t)n : 0;
}

static ssize_t xen_read(struct vchan *v, void *buf, size_t n)
{
	struct vchan_xen *x = xen_of(v);
	int r;

	if (!x->ctrl)
		return x->xs ? 0 : -EPIPE;
	if (!n)
		return 0;
	r = x->api.libxenvchan_read(x->ctrl, buf, n);
	return r < 0 ? -EPIPE : r;
}

static ssize_t xen_write(struct vchan *v, const void *buf, size_t n)
{
	struct vchan_xen *x = xen_of(v);
	int r;

	if (!x->ctrl)
		return x->xs ? 0 : -EPIPE;
	if (!n)
		return 0;
	r = x->api.libxenvchan_write(x->ctrl, buf, n);
	return r < 0 ? -EPIPE : r;
}

/* What is written is in the shared ring. */
static size_t xen_unsent(const struct vchan *v)
{
	return 0;
}

static void xen_free(struct vchan *v, bool flush)
{
	struct vchan_xen *x = xen_of(v);

	if (x->ctrl)
		x->api.libxenvchan_close(x->ctrl);
	stop_waiting(x);
	xen_api_unload(&x->api);
	free(x);
}

static const struct vchan_ops xen_ops = {
	.free = xen_free,
	.fd = xen_fd,
	.events = xen_events,
	.wait = xen_wait,
	.state = xen_state,
	.data_ready = xen_data_ready,
	.buffer_space = xen_buffer_space,
	.read = xen_read,
	.write = xen_write,
	.unsent = xen_unsent,
};

static int xen_new(unsigned domain, struct vchan_xen **ret)
{
	struct vchan_xen *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return -ENOMEM;
	r = xen_api_load(&x->api, NULL);
	if (r) {
		free(x);
		return r;
	}
	x->base.ops = &xen_ops;
	x->domain = domain;
	*ret = x;
	return 0;
}

int vchan_xen_server(unsigned domain, unsigned port, size_t read_min, size_t write_min,
		     struct vchan **ret)
{
	struct vchan_xen *x;
	int r = xen_new(domain, &x);

	if (r)
		return r;
	snprintf(x->path, sizeof(x->path), "data/vchan/%u/%u", domain, port);
	x->ctrl = x->api.libxenvchan_server_init(NULL, (int)domain, x->path, read_min, write_min);
	if (!x->ctrl) {
		r = errno ? -errno : -EIO;
		xen_free(&x->base, false);
		return r;
	}
	x->ctrl->blocking = 0;
	*ret = &x->base;
	return 0;
}

static int start_client(struct vchan_xen *x, unsigned port)
{
	int own;

	x->xs = x->api.xs_open(0);
	if (!x->xs)
		return -errno;
	own = read_domid(&x->api, x->xs);
	if (own < 0)
		return own;
	snprintf(x->path, sizeof(x->path), "/local/domain/%u/data/vchan/%d/%u", x->domain, own,
		 port);
	if (!x->api.xs_watch(x->xs, x->path, WATCH_TOKEN))
		return -errno;
	/* A watch fires once when it is set: the first attempt is made then. */
	return 0;
}

int vchan_xen_client(unsigned domain, unsigned port, struct vchan **ret)
{
	struct vchan_xen *x;
	int r = xen_new(domain, &x);

	if (r)
		return r;
	r = start_client(x, port);
	if (r) {
		xen_free(&x->base, false);
		return r;
	}
	*ret = &x->base;
	return 0;
}
