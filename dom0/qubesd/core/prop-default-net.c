// SPDX-License-Identifier: GPL-2.0-or-later
/* Default values of the network's properties. */
#include "dom0/qubesd/core/prop-private.h"

#include "dom0/qubesd/core/attributes.h"

#define DNS "10.139.1.1 10.139.1.2"
#define NETMASK "255.255.255.255"
#define IPV6_PREFIX "fd09:24ef:4179::"

static bool give(Value *ret, Value v)
{
	*ret = v;
	return true;
}

static bool networked(const Holder *h)
{
	return prop_bool(h, P_provides_network) || prop_vm(h, P_netvm);
}

/* The number that an address is made of, and which of the two prefixes. */
static unsigned address_id(const Holder *h, bool *ret_disp)
{
	*ret_disp = h->cls == CLS_DISP;
	return (unsigned)(*ret_disp ? prop_int(h, P_dispid) : h->vm->qid);
}

DEFAULT_FN(d_ip)
{
	bool disp;
	unsigned id = address_id(h, &disp), hi = id >> 8, lo = id & 0xff;

	if (!networked(h))
		return give(ret, value_none());
	/* Above that, .0 and .255 are left out: some guests take them for special. */
	if (id >= 255) {
		hi = (id - 1) / 254;
		lo = (id - 1) % 254 + 1;
	}
	return give(ret, value_take(g_strdup_printf("10.%d.%u.%u", disp ? 138 : 137, hi, lo)));
}

static bool ipv6_on(const Holder *h)
{
	return feature_true(feature_with_netvm(h->vm, "ipv6"));
}

DEFAULT_FN(d_ip6)
{
	bool disp;
	unsigned id = address_id(h, &disp);

	if (!networked(h) || !ipv6_on(h))
		return give(ret, value_none());
	return give(ret,
		    value_take(g_strdup_printf(IPV6_PREFIX "%s:%x", disp ? "a8a" : "a89", id)));
}

DEFAULT_FN(d_dns)
{
	return give(ret, networked(h) ? value_str(DNS) : value_none());
}

DEFAULT_FN(d_visible_ip)
{
	const char *fake = feature_with_template(h->vm, "net.fake-ip");

	return feature_true(fake) ? give(ret, value_str(fake)) : prop_get(h, P_ip, ret);
}

DEFAULT_FN(d_visible_ip6)
{
	return prop_get(h, P_ip6, ret);
}

DEFAULT_FN(d_gateway)
{
	if (!prop_bool(h, P_provides_network))
		return give(ret, value_none());
	return prop_get(h, P_visible_ip, ret);
}

DEFAULT_FN(d_gateway6)
{
	if (!prop_bool(h, P_provides_network) || !ipv6_on(h))
		return give(ret, value_none());
	return prop_get(h, P_visible_ip6, ret);
}

DEFAULT_FN(d_visible_netmask)
{
	const char *fake = feature_with_template(h->vm, "net.fake-netmask");
	Domain *netvm = prop_vm(h, P_netvm);

	if (feature_true(fake))
		return give(ret, value_str(fake));
	return give(ret, netvm && networked(&netvm->h) ? value_str(NETMASK) : value_none());
}

DEFAULT_FN(d_visible_gateway)
{
	const char *fake = feature_with_template(h->vm, "net.fake-gateway");
	Domain *netvm = prop_vm(h, P_netvm);

	if (feature_true(fake))
		return give(ret, value_str(fake));
	return netvm ? prop_get(&netvm->h, P_gateway, ret) : give(ret, value_none());
}

DEFAULT_FN(d_visible_gateway6)
{
	Domain *netvm = prop_vm(h, P_netvm);

	if (!netvm || !ipv6_on(h))
		return give(ret, value_none());
	return prop_get(&netvm->h, P_gateway6, ret);
}
