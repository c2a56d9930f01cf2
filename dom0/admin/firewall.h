/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firewall rules as text (admin-api.md, section 7): checked, put into their standard form,
 * and taken apart for display. Pure.
 */
#ifndef QUBES_ADMIN_FIREWALL_H
#define QUBES_ADMIN_FIREWALL_H

#include <glib.h>
#include <time.h>

/* Every field is owned; NULL when the rule does not say. */
struct fw_rule {
	char *action;	      /* "accept", "drop" */
	char *proto;	      /* "tcp", "udp", "icmp" */
	char *host;	      /* address/prefix or host name */
	const char *host_key; /* "dst4", "dst6", "dsthost"; NULL when any host matches */
	char *ports;	      /* "443" or "1000-2000" */
	unsigned port_lo, port_hi;
	char *icmptype; /* 0 to 255 */
	char *special;	/* "dns" */
	char *expire;	/* seconds since 1970 */
	char *comment;
};

void fw_rule_free(struct fw_rule *r);
typedef struct fw_rule FwRule;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FwRule, fw_rule_free)

/*
 * Builds a rule from keys and values (NULL-terminated, pairs after each other), checking
 * each. NULL with err set: which part is wrong and what is allowed.
 */
struct fw_rule *fw_rule_new(const char *const *pairs, GError **err);

/* Decodes "action=accept proto=tcp … comment=the rest". */
struct fw_rule *fw_rule_parse(const char *text, GError **err);

/* The standard form, the one that is sent and compared. g_free(). */
char *fw_rule_text(const struct fw_rule *r);

/* Time left, "+3600s"; NULL when the rule does not expire. g_free(). */
char *fw_rule_expires_in(const struct fw_rule *r, time_t now);

/* All rules of an answer of admin.vm.firewall.Get (struct fw_rule). NULL with err set. */
GPtrArray *fw_rules_parse(const char *text, GError **err);

/* The payload of admin.vm.firewall.Set. g_free(). */
char *fw_rules_text(const GPtrArray *rules);

#endif
