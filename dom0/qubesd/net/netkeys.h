/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a netvm finds in its QubesDB about the qubes behind it: firewall rules, addresses.
 * specs/qubesdb.md sections 2 and 5, specs/admin-api.md section 7. Pure.
 */
#ifndef QUBESD_NET_NETKEYS_H
#define QUBESD_NET_NETKEYS_H

#include <glib.h>

typedef struct {
	char *path, *value; /* owned; value NULL: remove (path may end in "/": all below) */
} NetKey;

void net_key_free(gpointer key);
/* An array that owns its keys. */
GPtrArray *net_keys_new(void);
void net_keys_add(GPtrArray *keys, const char *path, const char *value);

/*
 * Appends the rules (checked text as in the API: char*) of the qube with address ip, to be
 * written in this order: the old ones go, the new ones come, and last the key that lets the
 * netvm load them. family: 4 or 6, whose rules count; now: seconds since 1970.
 */
void net_firewall_keys(GPtrArray *keys, const char *ip, int family, const GPtrArray *rules,
		       gint64 now);
/* Appends what the qube with address ip believes its address and gateway to be; NULL: none. */
void net_mapped_keys(GPtrArray *keys, const char *ip, const char *visible_ip,
		     const char *visible_gateway);

#endif
