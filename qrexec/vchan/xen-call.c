/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question of xen-call.h. The peer is the hypervisor, trusted. */
#include "qrexec/vchan/xen-call.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>

#include <xen/event_channel.h>
#include <xencall.h>

struct xen_call {
	void *lib;		   /* owned (dlopen) */
	xencall_handle *handle;	   /* owned */
	struct evtchn_status *ask; /* owned: memory that the hypervisor can reach */
	__typeof__(xencall_open) *open;
	__typeof__(xencall_close) *close;
	__typeof__(xencall2) *call;
	__typeof__(xencall_alloc_buffer) *alloc;
	__typeof__(xencall_free_buffer) *free;
};

static bool resolve(struct xen_call *c, const char *name, void *slot)
{
	void *p = dlsym(c->lib, name);

	memcpy(slot, &p, sizeof(p));
	return p;
}

static bool open_all(struct xen_call *c)
{
	c->lib = dlopen("libxencall.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!c->lib || !resolve(c, "xencall_open", &c->open) ||
	    !resolve(c, "xencall_close", &c->close) || !resolve(c, "xencall2", &c->call) ||
	    !resolve(c, "xencall_alloc_buffer", &c->alloc) ||
	    !resolve(c, "xencall_free_buffer", &c->free))
		return false;
	c->handle = c->open(NULL, 0);
	c->ask = c->handle ? c->alloc(c->handle, sizeof(*c->ask)) : NULL;
	return c->ask;
}

struct xen_call *xen_call_open(void)
{
	struct xen_call *c = calloc(1, sizeof(*c));

	if (c && open_all(c))
		return c;
	xen_call_close(c);
	return NULL;
}

void xen_call_close(struct xen_call *c)
{
	if (!c)
		return;
	if (c->ask)
		c->free(c->handle, c->ask);
	if (c->handle)
		c->close(c->handle);
	if (c->lib)
		dlclose(c->lib);
	free(c);
}

int xen_call_port(struct xen_call *c, unsigned domain, uint32_t port)
{
	*c->ask = (struct evtchn_status){.dom = (domid_t)domain, .port = port};
	if (c->call(c->handle, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
		    (uint64_t)(uintptr_t)c->ask) < 0)
		return -errno;
	return (int)c->ask->status;
}
