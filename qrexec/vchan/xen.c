/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan over Xen's libxenvchan (vchan.h; specs/qrexec.md section 9). The peer is a
 * hostile domain; libxenvchan checks the shared ring's indices. Rendezvous is in
 * xenstore: data/vchan/<client>/<port> in the server's own subtree. A client waits for
 * it with a xenstore watch. That the peer's domain is gone is found out by xen-peer.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/vchan/backend.h"
#include "qrexec/vchan/xen-api.h"
#include "qrexec/vchan/xen-peer.h"

#define XS_PATH_MAX 96
#define WATCH_TOKEN "vchan"

struct vchan_xen {
	struct vchan base;
	struct xen_api api; /* owned */
	unsigned domain;
	struct libxenvchan *ctrl; /* owned, NULL while a client waits for its server */
	struct xs_handle *xs;	  /* owned, only while a client waits */
	struct xen_peer peer;	  /* owned */
	bool gone;		  /* its domain is */
	int epoll_fd;		  /* owned: of the event channel or xs, and the peer's */
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

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Makes fd's readability the channel's. 0 or -errno. */
static int poll_too(struct vchan_xen *x, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(x->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static void stop_waiting(struct vchan_xen *x)
{
	if (!x->xs)
		return;
	/* By hand: a child that was forked meanwhile may still have it open. */
	epoll_ctl(x->epoll_fd, EPOLL_CTL_DEL, x->api.xs_fileno(x->xs), NULL);
	x->api.xs_close(x->xs);
	x->xs = NULL;
}

/* Takes a channel that libxenvchan has made. 0 or -errno. */
static int take_ctrl(struct vchan_xen *x, struct libxenvchan *ctrl)
{
	int fd = x->api.libxenvchan_fd_for_select(ctrl), r;

	ctrl->blocking = 0;
	x->ctrl = ctrl;
	/* So that taking an event needs no question before it whether there is one. */
	r = io_set_nonblock(fd, true);
	return r ? r : poll_too(x, fd);
}

/* Connects if the server has published its ring. 0 or -errno. */
static int try_connect(struct vchan_xen *x)
{
	char key[XS_PATH_MAX + 16];
	_cleanup_free_ char *port = NULL;
	struct libxenvchan *ctrl;
	unsigned len;

	snprintf(key, sizeof(key), "%s/event-channel", x->path);
	port = x->api.xs_read(x->xs, 0, key, &len);
	if (!port || !len)
		return 0;
	ctrl = x->api.libxenvchan_client_init(NULL, (int)x->domain, x->path);
	if (!ctrl)
		return 0;
	stop_waiting(x);
	return take_ctrl(x, ctrl);
}

static int wait_client(struct vchan_xen *x)
{
	bool hit = false;
	char **event;

	if (!readable(x->api.xs_fileno(x->xs)))
		return 0;
	while ((event = x->api.xs_check_watch(x->xs))) {
		free(event);
		hit = true;
	}
	return hit ? try_connect(x) : 0;
}

/*
 * A server's client has been there: what it found us by is of no use any more, and is removed
 * now, because libxenvchan would do it at the end, when a confined process can reach xenstore
 * no more.
 */
static void unpublish(struct vchan_xen *x)
{
	struct libxenvchan *c = x->ctrl;
	struct xs_handle *xs;

	if (!c->is_server || !c->xs_path)
		return;
	if (x->api.libxenvchan_is_open(c) == 2 && !x->api.libxenvchan_data_ready(c))
		return;
	xs = x->api.xs_open(0);
	if (!xs)
		return;
	x->api.xs_rm(xs, 0, c->xs_path);
	x->api.xs_close(xs);
	free(c->xs_path);
	c->xs_path = NULL;
}

/* The port that both ends use, once they do. */
static uint32_t shared_port(const struct vchan_xen *x)
{
	return x->ctrl && x->api.libxenvchan_is_open(x->ctrl) == 1 ? x->ctrl->event_port
								   : XEN_PEER_NO_PORT;
}

static void lose(struct vchan_xen *x)
{
	x->gone = true;
	stop_waiting(x);
	/* Nothing more is to be known, and the descriptor is to be quiet. */
	xen_peer_close(&x->peer);
}

static enum vchan_state xen_state(const struct vchan *v)
{
	const struct vchan_xen *x = xen_of(v);

	if (x->gone)
		return VCHAN_DISCONNECTED;
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

/* Takes what was announced. 1: something, and so the peer is there; 0: nothing; or -EPIPE. */
static int take_event(struct vchan_xen *x)
{
	int r = x->api.libxenvchan_wait(x->ctrl);

	if (r < 0 && errno != EAGAIN && errno != EINTR)
		return -EPIPE;
	unpublish(x);
	return r == 0;
}

static int xen_wait(struct vchan *v)
{
	struct vchan_xen *x = xen_of(v);
	int r = x->ctrl ? take_event(x) : x->xs ? wait_client(x) : 0;

	if (r < 0)
		return -EPIPE;
	if (!r && readable(x->peer.fd) && xen_peer_gone(&x->peer, shared_port(x))) {
		bool waited = xen_state(v) == VCHAN_WAITING;

		lose(x);
		return waited ? -ENODEV : -EPIPE;
	}
	return xen_state(v) == VCHAN_DISCONNECTED ? -EPIPE : 0;
}

static int xen_fd(const struct vchan *v)
{
	return xen_of(v)->epoll_fd;
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
	unpublish(x);
	/* What a domain sent before it ended is still in the ring. */
	r = x->api.libxenvchan_read(x->ctrl, buf, n);
	/* Who got all that it asked for may wait now; libxenvchan has the peer's next bytes
	 * announced only when it was asked in vain. */
	if (r == (int)n)
		x->api.libxenvchan_data_ready(x->ctrl);
	return r < 0 || (r == 0 && x->gone) ? -EPIPE : r;
}

static ssize_t xen_write(struct vchan *v, const void *buf, size_t n)
{
	struct vchan_xen *x = xen_of(v);
	int r;

	if (x->gone || (!x->ctrl && !x->xs))
		return -EPIPE;
	if (!n || !x->ctrl)
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
	xen_peer_close(&x->peer);
	if (x->epoll_fd >= 0)
		close(x->epoll_fd);
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
	xen_peer_open(&x->peer, domain);
	x->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r = x->epoll_fd < 0 ? -errno : x->peer.fd >= 0 ? poll_too(x, x->peer.fd) : 0;
	if (r) {
		xen_free(&x->base, false);
		return r;
	}
	*ret = x;
	return 0;
}

int vchan_xen_server(unsigned domain, unsigned port, size_t read_min, size_t write_min,
		     struct vchan **ret)
{
	struct libxenvchan *ctrl;
	struct vchan_xen *x;
	int r = xen_new(domain, &x);

	if (r)
		return r;
	snprintf(x->path, sizeof(x->path), "data/vchan/%u/%u", domain, port);
	ctrl = x->api.libxenvchan_server_init(NULL, (int)domain, x->path, read_min, write_min);
	r = ctrl ? take_ctrl(x, ctrl) : errno ? -errno : -EIO;
	if (r) {
		xen_free(&x->base, false);
		return r;
	}
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
	return poll_too(x, x->api.xs_fileno(x->xs));
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
