/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firewall rules: their text as in the API, and firewall.xml. Pure.
 * specs/admin-api.md section 7.
 */
#ifndef QUBESD_CORE_FIREWALL_H
#define QUBESD_CORE_FIREWALL_H

#include "dom0/qubesd/core/error.h"

/* What a qube has that nobody gave rules. */
#define FIREWALL_DEFAULT "action=accept"

/*
 * Checks one rule as a client writes it and returns it in the order and spelling that
 * replies have; g_free. NULL with E_VALUE.
 */
char *firewall_rule(const char *untrusted_rule, GError **error);
/* Is the (checked) rule out of date at now, in seconds since 1970? */
bool firewall_expired(const char *rule, gint64 now);

/* When it ends, in seconds since 1970; 0: never. */
gint64 firewall_expire(const char *rule);

/* Checked rules (char*) as firewall.xml; g_free. */
char *firewall_to_xml(const GPtrArray *rules);
/* And back: array of checked rules (g_ptr_array_unref). NULL with E_QUBES when damaged. */
GPtrArray *firewall_from_xml(const char *untrusted_xml, size_t len, GError **error);

#endif
