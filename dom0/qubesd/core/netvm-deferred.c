// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of netvm while a qube is paused, or while its netvm is down: it waits in the
 * feature deferred-netvm-original, which names the netvm from before ("": none), and happens
 * when the qube runs again.
 */
#include "dom0/qubesd/core/netvm.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/flow.h"
#include "dom0/qubesd/core/network.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/service.h"
#include "dom0/qubesd/core/store.h"

#define UPLINK_TIMEOUT_MS 10000

bool netvm_defer(Domain *d, const Domain *from, GError **error)
{
	return feature_get(d, FEATURE_DEFERRED_NETVM) ||
	       feature_set(d, FEATURE_DEFERRED_NETVM, from ? from->name : "", error);
}

void netvm_forget_deferred(Domain *d)
{
	if (feature_get(d, FEATURE_DEFERRED_NETVM) &&
	    feature_remove(d, FEATURE_DEFERRED_NETVM, NULL))
		store_save(d->h.app, NULL, NULL);
}

/* Its user should not meet it without the network. */
static void wait_uplink(Flow *f, gpointer p)
{
	Domain *d = p;
	g_autoptr(GError) why = NULL;

	if (!service_run(f, d, "qubes.WaitForNetworkUplink", NULL, UPLINK_TIMEOUT_MS, &why))
		g_warning("qube %s: its new netvm: %s", d->name, why->message);
}

static void waited(gpointer p)
{
	domain_unref(p);
}

static bool usable(const Domain *d)
{
	const Run *run = d->run;

	return run && run->phase == RUN_UP && run->state == HV_RUNNING &&
	       (!run->qrexec || run->qrexec_up);
}

void netvm_apply_deferred(Domain *d)
{
	const char *from = feature_get(d, FEATURE_DEFERRED_NETVM);
	Domain *netvm = prop_vm(&d->h, P_netvm);
	g_autoptr(GError) why = NULL;
	Value newv, oldv;

	/* A preloaded one is connected when it is used; one with a halted netvm when that starts.
	 */
	if (!from || preload_is(d) || !usable(d) || (netvm && !domain_is_running(netvm)))
		return;
	newv = netvm ? value_vm(netvm) : value_none();
	oldv = app_domain(d->h.app, from) ? value_vm(app_domain(d->h.app, from)) : value_none();
	if (!netvm_tell(d, "property-pre-set:netvm", true, &newv, &oldv, &why) ||
	    (netvm && !netvm_tell(d, "property-set:netvm", false, &newv, &oldv, &why)))
		g_warning("qube %s: its netvm cannot be changed now: %s", d->name, why->message);
	else
		netvm_forget_deferred(d);
	value_clear(&newv);
	value_clear(&oldv);
	if (!why)
		flow_start(d->h.app, wait_uplink, domain_ref(d), waited);
}

void netvm_clients_apply(Domain *netvm)
{
	g_autoptr(GPtrArray) clients = NULL;

	if (!prop_bool(&netvm->h, P_provides_network))
		return;
	clients = network_clients(netvm);
	for (guint i = 0; i < clients->len; i++)
		netvm_apply_deferred(g_ptr_array_index(clients, i));
}

void netvm_clients_defer(Domain *netvm)
{
	g_autoptr(GPtrArray) clients = network_clients(netvm);

	for (guint i = 0; i < clients->len; i++) {
		Domain *d = g_ptr_array_index(clients, i);

		/* One that runs loses its interface at once. */
		if (domain_is_qube(d) && domain_is_running(d) && domain_is_paused(d) &&
		    netvm_defer(d, netvm, NULL))
			store_save(d->h.app, NULL, NULL);
	}
}
