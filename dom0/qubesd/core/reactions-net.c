// SPDX-License-Identifier: GPL-2.0-or-later
/* Reactions of the network: who is connected to whom. */
#include "dom0/qubesd/core/reactions.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/network.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/run.h"

static bool same(const Value *a, const Value *b)
{
	return a && b && value_equal(a, b);
}

bool netvm_tell(Domain *d, const char *what, bool pre, const Value *newv, const Value *oldv,
		GError **error)
{
	g_autofree char *new_text = value_text(newv, "None");
	g_autofree char *old_text = oldv ? value_text(oldv, "None") : NULL;
	Event ev = {
		.name = what,
		.subject = d,
		.pre = pre,
		.prop = P_netvm,
		.newv = newv,
		.oldv = oldv,
		.args = {"name", "netvm", "newvalue", new_text, old_text ? "oldvalue" : NULL,
			 old_text},
	};

	return event_emit(d->h.app, &ev, error);
}

/* A reset is a change to the default: that must be allowed, too. */
REACTION(r_netvm_pre_reset)
{
	g_auto(Value) newv = value_unset();
	const PropDef *def = prop_def(&ev->subject->h, P_netvm);

	if (!prop_get_default(&ev->subject->h, P_netvm, &newv))
		return true;
	if (def->check && !def->check(&ev->subject->h, def, &newv, error))
		return false;
	if (same(&newv, ev->oldv))
		return true;
	return netvm_tell(ev->subject, "property-pre-set:netvm", true, &newv, ev->oldv, error);
}

REACTION(r_netvm_reset)
{
	g_auto(Value) newv = value_unset();

	if (!prop_get(&ev->subject->h, P_netvm, &newv) || same(&newv, ev->oldv))
		return true;
	return netvm_tell(ev->subject, "property-set:netvm", false, &newv, ev->oldv, error);
}

REACTION(r_netvm_pre_set)
{
	Domain *netvm = ev->newv->kind == V_VM ? ev->newv->vm : NULL;

	if (netvm && domain_is_running(ev->subject) && !domain_is_running(netvm))
		return fail(error, E_VM_NOT_STARTED,
			    "Cannot dynamically attach to stopped qube %s: start it first",
			    netvm->name);
	return !domain_is_paused(ev->subject) ||
	       netvm_defer(ev->subject, ev->oldv && ev->oldv->kind == V_VM ? ev->oldv->vm : NULL,
			   error);
}

REACTION(r_netvm_set)
{
	Domain *netvm = ev->newv->kind == V_VM ? ev->newv->vm : NULL;
	Domain *old = ev->oldv && ev->oldv->kind == V_VM ? ev->oldv->vm : NULL;

	if (old && old != netvm)
		netvm_publish_connected(old);
	if (netvm)
		netvm_publish_connected(netvm);
	if (!domain_is_running(ev->subject))
		return true;
	qdb_rewrite(ev->subject);
	if (!netvm)
		return true;
	event_fire(app, ev->subject, "domain-qdb-create", NULL);
	netvm_publish_client(ev->subject);
	event_fire(app, netvm, "net-domain-connect", "vm", ev->subject->name, NULL);
	return true;
}

/* --- what netvms are told --- */

REACTION(r_netvm_qdb)
{
	netvm_publish_all(ev->subject);
	return true;
}

/* Before the network interface is made: its scripts in the netvm look there. */
REACTION(r_net_pre_spawn)
{
	Domain *netvm = prop_vm(&ev->subject->h, P_netvm);

	if (netvm) {
		netvm_publish_connected(netvm);
		netvm_publish_client(ev->subject);
	}
	return true;
}

REACTION(r_net_start)
{
	netvm_publish_firewall(ev->subject);
	return true;
}

REACTION(r_net_shutdown)
{
	netvm_forget_deferred(ev->subject);
	netvm_clients_defer(ev->subject);
	return true;
}

REACTION(r_firewall_changed)
{
	if (domain_is_running(ev->subject))
		netvm_publish_firewall(ev->subject);
	return true;
}

/* args: "vm", its name. */
REACTION(r_net_connect)
{
	Domain *d = app_domain(app, ev->args[1]);

	if (d)
		netvm_publish_firewall(d);
	return true;
}

REACTION(r_default_netvm_pre_set)
{
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (!prop_def(&d->h, P_netvm) || !prop_is_default(&d->h, P_netvm))
			continue;
		if (!netvm_tell(d, "property-pre-set:netvm", true, ev->newv, ev->oldv, error))
			return false;
	}
	return true;
}

REACTION(r_default_netvm_set)
{
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (prop_def(&d->h, P_netvm) && prop_is_default(&d->h, P_netvm))
			prop_fire_reset(d, P_netvm, ev->oldv);
	}
	return true;
}

static void reset_of_clients(Domain *d, PropId id)
{
	g_autoptr(GPtrArray) clients = network_clients(d);

	for (guint i = 0; i < clients->len; i++)
		prop_fire_reset(g_ptr_array_index(clients, i), id, NULL);
}

/* Also from nothing set to nothing set. */
static bool unchanged(const Event *ev)
{
	return same(ev->newv, ev->oldv) || (!ev->newv && ev->oldv && ev->oldv->kind == V_NONE);
}

REACTION(r_ip)
{
	if (unchanged(ev))
		return true;
	if (prop_bool(&ev->subject->h, P_provides_network))
		prop_fire_reset(ev->subject, P_gateway, NULL);
	prop_fire_reset(ev->subject, P_visible_ip, NULL);
	reset_of_clients(ev->subject, P_visible_gateway);
	return true;
}

REACTION(r_ip6)
{
	if (unchanged(ev))
		return true;
	if (prop_bool(&ev->subject->h, P_provides_network))
		prop_fire_reset(ev->subject, P_gateway6, NULL);
	prop_fire_reset(ev->subject, P_visible_ip6, NULL);
	reset_of_clients(ev->subject, P_visible_gateway6);
	return true;
}

REACTION(r_provides_network)
{
	if (same(ev->newv, ev->oldv))
		return true;
	prop_fire_reset(ev->subject, P_gateway, NULL);
	prop_fire_reset(ev->subject, P_gateway6, NULL);
	return true;
}

REACTION(r_servicevm)
{
	Domain *d = ev->subject;
	bool ok;

	if (prop_bool(&d->h, P_provides_network))
		ok = feature_set(d, "servicevm", "1", error);
	else if (feature_get(d, "servicevm"))
		ok = feature_remove(d, "servicevm", error);
	else
		return true;
	prop_fire_reset(d, P_icon, NULL);
	return ok;
}

REACTION(r_netvm_pre_shutdown)
{
	g_autoptr(GPtrArray) clients = NULL;
	g_autoptr(GString) names = g_string_new(NULL);

	if (ev->force || !prop_bool(&ev->subject->h, P_provides_network))
		return true;
	clients = network_clients(ev->subject);
	for (guint i = 0; i < clients->len; i++) {
		Domain *d = g_ptr_array_index(clients, i);

		if (domain_is_running(d) && !preload_is(d))
			g_string_append_printf(names, "%s%s", names->len ? ", " : "", d->name);
	}
	return !names->len ||
	       fail(error, E_VM_IN_USE, "There are other VMs connected to this VM: %s", names->str);
}
