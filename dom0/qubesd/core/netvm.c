// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What netvms learn of the qubes behind them. Their QubesDB is ours to write, theirs to
 * read; all of it goes through the thread that writes to QubesDBs, in order.
 */
#include "dom0/qubesd/core/netvm.h"

#include "dom0/qubesd/core/network.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"
#include "dom0/qubesd/net/netkeys.h"

#include <string.h>

/* Its QubesDB daemon is there, also while it starts. */
static bool has_qdb(const Domain *netvm)
{
	return domain_is_qube(netvm) && netvm->run && netvm->run->created &&
	       netvm->run->phase != RUN_STOPPING && helpers_wanted(netvm->h.app);
}

static GPtrArray *as_pairs(const GPtrArray *keys)
{
	GPtrArray *pairs = g_ptr_array_new_with_free_func(doc_pair_free);

	for (guint i = 0; i < keys->len; i++) {
		const NetKey *k = g_ptr_array_index(keys, i);

		g_ptr_array_add(pairs, doc_pair_new(k->path, k->value));
	}
	return pairs;
}

/* --- addresses --- */

static char *addresses(Domain *netvm, PropId id)
{
	g_autoptr(GPtrArray) clients = network_clients(netvm);
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < clients->len; i++) {
		Domain *d = g_ptr_array_index(clients, i);
		g_autofree char *ip = prop_str(&d->h, id);

		if (ip && *ip)
			g_string_append_printf(s, "%s%s", s->len ? " " : "", ip);
	}
	return g_string_free(s, FALSE);
}

void netvm_publish_connected(Domain *netvm)
{
	g_autoptr(GPtrArray) keys = NULL;
	g_autofree char *ip4 = NULL, *ip6 = NULL;

	if (!has_qdb(netvm))
		return;
	keys = net_keys_new();
	ip4 = addresses(netvm, P_visible_ip);
	ip6 = addresses(netvm, P_visible_ip6);
	net_keys_add(keys, "/connected-ips", ip4);
	net_keys_add(keys, "/connected-ips6", ip6);
	qdb_queue(netvm, as_pairs(keys));
}

/* --- one qube behind it --- */

/* What the thread needs to make the keys of the rules: they are in a file. */
typedef struct {
	char *path, *name, *ip[2]; /* owned; ip: of families 4 and 6, NULL: none */
} Rules;

static void rules_free(gpointer p)
{
	Rules *r = p;

	g_free(r->path);
	g_free(r->name);
	g_free(r->ip[0]);
	g_free(r->ip[1]);
	g_free(r);
}

/* Off the main thread. Rules that cannot be read let nothing pass. */
static GPtrArray *make_rules(gpointer p)
{
	Rules *r = p;
	g_autoptr(GError) why = NULL;
	g_autoptr(GPtrArray) rules = firewall_load(r->path, &why), keys = net_keys_new();
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;

	if (!rules) {
		g_warning("qube %s: %s; until then nothing of it passes", r->name, why->message);
		rules = g_ptr_array_new();
	}
	for (int i = 0; i < 2; i++)
		if (r->ip[i])
			net_firewall_keys(keys, r->ip[i], i ? 6 : 4, rules, now);
	return as_pairs(keys);
}

static char *address(Domain *d, PropId id)
{
	char *ip = prop_str(&d->h, id);

	if (ip && *ip)
		return ip;
	g_free(ip);
	return NULL;
}

void netvm_publish_firewall(Domain *d)
{
	Domain *netvm = prop_vm(&d->h, P_netvm);
	Rules *r;

	if (!netvm || !has_qdb(netvm))
		return;
	r = g_new0(Rules, 1);
	r->path = firewall_path(d);
	r->name = g_strdup(d->name);
	r->ip[0] = address(d, P_ip);
	r->ip[1] = address(d, P_ip6);
	qdb_queue_made(netvm, make_rules, r, rules_free);
}

void netvm_publish_client(Domain *d)
{
	Domain *netvm = prop_vm(&d->h, P_netvm);
	g_autofree char *ip = netvm ? address(d, P_ip) : NULL;

	if (!netvm || !has_qdb(netvm))
		return;
	if (ip) {
		g_autoptr(GPtrArray) keys = net_keys_new();
		g_autofree char *visible = address(d, P_visible_ip);
		g_autofree char *gateway = address(d, P_visible_gateway);

		net_mapped_keys(keys, ip, visible, gateway);
		qdb_queue(netvm, as_pairs(keys));
	}
	netvm_publish_firewall(d);
}

void netvm_publish_all(Domain *netvm)
{
	g_autoptr(GPtrArray) clients = NULL;

	if (!prop_bool(&netvm->h, P_provides_network))
		return;
	netvm_publish_connected(netvm);
	clients = network_clients(netvm);
	for (guint i = 0; i < clients->len; i++) {
		Domain *d = g_ptr_array_index(clients, i);

		if (domain_is_qube(d) && domain_is_running(d))
			netvm_publish_client(d);
	}
}
