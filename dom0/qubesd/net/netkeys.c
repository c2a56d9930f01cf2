// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of a netvm. Pure: what goes in was checked when it was set. */
#include "dom0/qubesd/net/netkeys.h"

#include <stdbool.h>
#include <string.h>

void net_key_free(gpointer p)
{
	NetKey *k = p;

	g_free(k->path);
	g_free(k->value);
	g_free(k);
}

GPtrArray *net_keys_new(void)
{
	return g_ptr_array_new_with_free_func(net_key_free);
}

void net_keys_add(GPtrArray *keys, const char *path, const char *value)
{
	NetKey *k = g_new0(NetKey, 1);

	k->path = g_strdup(path);
	k->value = g_strdup(value);
	g_ptr_array_add(keys, k);
}

/* The words of a rule but for those that are dom0's affair; NULL when it does not count. */
static char *for_netvm(const char *rule, int family, gint64 now)
{
	const char *comment = strstr(rule, "comment=");
	g_autofree char *text = comment ? g_strndup(rule, (gsize)(comment - rule)) : g_strdup(rule);
	g_auto(GStrv) word = g_strsplit(g_strstrip(text), " ", -1);
	const char *other = family == 4 ? "dst6=" : "dst4=";
	GString *s = g_string_new(NULL);

	for (char **w = word; *w; w++) {
		bool expired = g_str_has_prefix(*w, "expire=") &&
			       g_ascii_strtoll(*w + strlen("expire="), NULL, 10) < now;

		if (expired || g_str_has_prefix(*w, other)) {
			g_string_free(s, TRUE);
			return NULL;
		}
		if (!g_str_has_prefix(*w, "expire="))
			g_string_append_printf(s, "%s%s", s->len ? " " : "", *w);
	}
	return g_string_free(s, FALSE);
}

void net_firewall_keys(GPtrArray *keys, const char *ip, int family, const GPtrArray *rules,
		       gint64 now)
{
	g_autofree char *base = g_strdup_printf("/qubes-firewall/%s", ip);
	g_autofree char *below = g_strconcat(base, "/", NULL);
	g_autofree char *policy = g_strconcat(below, "policy", NULL);

	net_keys_add(keys, below, NULL);
	net_keys_add(keys, policy, "drop");
	for (guint i = 0; i < rules->len && i <= 9999; i++) {
		g_autofree char *rule = for_netvm(g_ptr_array_index(rules, i), family, now);
		g_autofree char *path = g_strdup_printf("%s%04u", below, i);

		if (rule)
			net_keys_add(keys, path, rule);
	}
	net_keys_add(keys, base, "");
}

void net_mapped_keys(GPtrArray *keys, const char *ip, const char *visible_ip,
		     const char *visible_gateway)
{
	g_autofree char *address = g_strdup_printf("/mapped-ip/%s/visible-ip", ip);
	g_autofree char *gateway = g_strdup_printf("/mapped-ip/%s/visible-gateway", ip);

	net_keys_add(keys, address, visible_ip);
	net_keys_add(keys, gateway, visible_gateway);
}
