// SPDX-License-Identifier: GPL-2.0-or-later
/* Who gets the network from whom. */
#include "dom0/qubesd/core/network.h"

#include "dom0/qubesd/core/property.h"

GPtrArray *network_clients(Domain *d)
{
	GPtrArray *clients = g_ptr_array_new();

	for (guint i = 0; i < d->h.app->domains->len; i++) {
		Domain *other = g_ptr_array_index(d->h.app->domains, i);

		if (prop_vm(&other->h, P_netvm) == d)
			g_ptr_array_add(clients, other);
	}
	return clients;
}

bool network_is_behind(Domain *d, Domain *netvm)
{
	guint hops = 0;

	for (d = prop_vm(&d->h, P_netvm); d; d = prop_vm(&d->h, P_netvm)) {
		if (d == netvm || hops++ > netvm->h.app->domains->len)
			return true;
	}
	return false;
}

/* Is d itself part of a loop? (It may also just lead into one.) */
static bool in_loop(Domain *d)
{
	guint hops = 0;

	for (Domain *n = prop_vm(&d->h, P_netvm); n; n = prop_vm(&n->h, P_netvm)) {
		if (n == d)
			return true;
		if (hops++ > d->h.app->domains->len)
			return false;
	}
	return false;
}

void network_break_loops(App *app)
{
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (!in_loop(d))
			continue;
		g_warning("qube %s: netvm forms a loop, it is now disconnected: set its netvm anew",
			  d->name);
		prop_put(&d->h, P_netvm, value_none());
	}
}
