/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen as vchan's tests see it (xen.h). One channel at a time. */
#include "tests/unit/fake/xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "qrexec/vchan/xen-api.h"
#include "qrexec/vchan/xen-call.h"

unsigned fake_own_domid;
int fake_own_port, fake_peer_port;
bool fake_can_ask;
int fake_asked;

/* --- the ring --- */

struct half {
	char byte[FAKE_RING];
	size_t prod, cons;
};

/* What both ends see. The server's end owns it, and outlives the client's in these tests. */
static struct {
	struct half to_client, to_server;
	int server_live, client_live;
	int server_event, client_event;
	bool published;
} shared;

static struct half *in_of(const struct libxenvchan *c)
{
	return c->is_server ? &shared.to_server : &shared.to_client;
}

static struct half *out_of(const struct libxenvchan *c)
{
	return c->is_server ? &shared.to_client : &shared.to_server;
}

static void notify_peer(const struct libxenvchan *c)
{
	int fd = c->is_server ? shared.client_event : shared.server_event;

	if (fd >= 0)
		eventfd_write(fd, 1);
}

static struct libxenvchan *server_init(struct xentoollog_logger *l, int domain, const char *path,
				       size_t read_min, size_t write_min)
{
	struct libxenvchan *c = calloc(1, sizeof(*c));

	memset(&shared, 0, sizeof(shared));
	shared.server_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	shared.client_event = -1;
	shared.server_live = 1;
	shared.client_live = 2;
	shared.published = true;
	c->is_server = 1;
	c->event_port = 7;
	return c;
}

static struct libxenvchan *client_init(struct xentoollog_logger *l, int domain, const char *path)
{
	struct libxenvchan *c = calloc(1, sizeof(*c));

	shared.client_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	shared.client_live = 1;
	c->event_port = 8;
	notify_peer(c);
	return c;
}

static void close_end(struct libxenvchan *c)
{
	int *fd = c->is_server ? &shared.server_event : &shared.client_event;

	if (c->is_server)
		shared.server_live = shared.published = 0;
	else
		shared.client_live = 0;
	notify_peer(c);
	close(*fd);
	*fd = -1;
	free(c);
}

static int is_open(struct libxenvchan *c)
{
	return c->is_server ? shared.client_live : shared.server_live;
}

static int data_ready(struct libxenvchan *c)
{
	return (int)(in_of(c)->prod - in_of(c)->cons);
}

static int buffer_space(struct libxenvchan *c)
{
	return FAKE_RING - (int)(out_of(c)->prod - out_of(c)->cons);
}

static int read_ring(struct libxenvchan *c, void *buf, size_t n)
{
	struct half *h = in_of(c);
	size_t have = h->prod - h->cons;

	if (!have)
		return is_open(c) ? 0 : -1;
	n = n < have ? n : have;
	for (size_t i = 0; i < n; i++)
		((char *)buf)[i] = h->byte[h->cons++ % FAKE_RING];
	notify_peer(c);
	return (int)n;
}

static int write_ring(struct libxenvchan *c, const void *buf, size_t n)
{
	struct half *h = out_of(c);
	size_t room = FAKE_RING - (h->prod - h->cons);

	if (!is_open(c))
		return -1;
	n = n < room ? n : room;
	for (size_t i = 0; i < n; i++)
		h->byte[h->prod++ % FAKE_RING] = ((const char *)buf)[i];
	if (n)
		notify_peer(c);
	return (int)n;
}

static int event_fd(struct libxenvchan *c)
{
	return c->is_server ? shared.server_event : shared.client_event;
}

static int take_event(struct libxenvchan *c)
{
	eventfd_t v;

	return eventfd_read(event_fd(c), &v);
}

/* --- xenstore --- */

struct xs_handle {
	int event; /* as many as there are watches that fired */
};

static struct xs_handle *store_open(unsigned long flags)
{
	struct xs_handle *h = calloc(1, sizeof(*h));

	h->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return h;
}

static void store_close(struct xs_handle *h)
{
	close(h->event);
	free(h);
}

static void *store_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned *len)
{
	const char *value = NULL;
	char own[16];

	if (!strcmp(path, "domid")) {
		own[0] = (char)('0' + fake_own_domid);
		own[1] = '\0';
		value = own;
	} else if (shared.published) {
		value = "7";
	}
	if (!value) {
		errno = ENOENT;
		return NULL;
	}
	*len = (unsigned)strlen(value);
	return strdup(value);
}

static bool store_watch(struct xs_handle *h, const char *path, const char *token)
{
	return eventfd_write(h->event, 1) == 0;
}

static int store_fileno(struct xs_handle *h)
{
	return h->event;
}

static char **store_check(struct xs_handle *h)
{
	eventfd_t v;

	if (eventfd_read(h->event, &v) == 0)
		return calloc(2, sizeof(char *));
	errno = EAGAIN;
	return NULL;
}

int xen_api_load(struct xen_api *ret, const char **ret_missing)
{
	*ret = (struct xen_api){
		.libxenvchan_server_init = server_init,
		.libxenvchan_client_init = client_init,
		.libxenvchan_close = close_end,
		.libxenvchan_read = read_ring,
		.libxenvchan_write = write_ring,
		.libxenvchan_wait = take_event,
		.libxenvchan_fd_for_select = event_fd,
		.libxenvchan_is_open = is_open,
		.libxenvchan_data_ready = data_ready,
		.libxenvchan_buffer_space = buffer_space,
		.xs_open = store_open,
		.xs_close = store_close,
		.xs_read = store_read,
		.xs_watch = store_watch,
		.xs_fileno = store_fileno,
		.xs_check_watch = store_check,
	};
	return 0;
}

void xen_api_unload(struct xen_api *api)
{
}

/* --- the hypervisor --- */

struct xen_call {
	int unused;
};

struct xen_call *xen_call_open(void)
{
	return fake_can_ask ? calloc(1, sizeof(struct xen_call)) : NULL;
}

void xen_call_close(struct xen_call *c)
{
	free(c);
}

int xen_call_port(struct xen_call *c, unsigned domain, uint32_t port)
{
	fake_asked++;
	return domain == XEN_CALL_SELF ? fake_own_port : fake_peer_port;
}
