/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firewall rules as text (firewall.h). Input: the user's words or qubesd's list. Pure. */
#include "dom0/admin/firewall.h"

#include <arpa/inet.h>
#include <string.h>

#include "dom0/admin/error.h"

void fw_rule_free(struct fw_rule *r)
{
	if (!r)
		return;
	g_free(r->action);
	g_free(r->proto);
	g_free(r->host);
	g_free(r->ports);
	g_free(r->icmptype);
	g_free(r->special);
	g_free(r->expire);
	g_free(r->comment);
	g_free(r);
}

static bool bad(GError **err, const char *format, const char *value)
{
	g_autofree char *msg = NULL;
	g_auto(GStrv) parts = g_strsplit(format, "%", 2);

	msg = g_strjoinv(value, parts);
	g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_VALUE, msg);
	return false;
}

static bool one_of(const char *value, const char *const *words)
{
	return g_strv_contains(words, value);
}

/* A decimal number of digits only. */
static bool number(const char *s, unsigned max, unsigned *ret)
{
	guint64 n;

	if (!g_ascii_string_to_unsigned(s, 10, 0, max, &n, NULL))
		return false;
	*ret = (unsigned)n;
	return true;
}

static bool set_address(struct fw_rule *r, const char *host, const char *prefix)
{
	unsigned char buf[sizeof(struct in6_addr)];
	bool six = inet_pton(AF_INET6, host, buf) == 1;
	unsigned max = six ? 128 : 32, len = max;

	if (!six && inet_pton(AF_INET, host, buf) != 1)
		return false;
	if (prefix && !number(prefix, max, &len))
		return false;
	/* A rule for 0.0.0.0/0 or ::/0 is a rule for every host: the key is left out. */
	r->host_key = !len ? NULL : six ? "dst6" : "dst4";
	r->host = g_strdup_printf("%s/%u", host, len);
	return true;
}

static bool set_host(struct fw_rule *r, const char *value, GError **err)
{
	const char *slash = strchr(value, '/');
	g_autofree char *host = slash ? g_strndup(value, (gsize)(slash - value)) : NULL;

	g_clear_pointer(&r->host, g_free);
	if (set_address(r, slash ? host : value, slash ? slash + 1 : NULL))
		return true;
	if (slash)
		return bad(err, "'%' is not an IPv4 or IPv6 network", value);
	if (!*value || value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-._")])
		return bad(err, "'%' is neither an address nor a host name (lower case)", value);
	r->host = g_strdup(value);
	r->host_key = "dsthost";
	return true;
}

static bool set_ports(struct fw_rule *r, const char *value, GError **err)
{
	const char *dash = strchr(value, '-');
	g_autofree char *lo = g_strndup(value, dash ? (gsize)(dash - value) : strlen(value));

	if (g_strcmp0(r->proto, "tcp") != 0 && g_strcmp0(r->proto, "udp") != 0)
		return bad(err, "dstports=% needs proto=tcp or proto=udp", value);
	if (!number(lo, 65536, &r->port_lo) || !number(dash ? dash + 1 : lo, 65536, &r->port_hi) ||
	    r->port_lo > r->port_hi)
		return bad(err, "'%' is neither a port nor a range of ports", value);
	g_free(r->ports);
	r->ports = r->port_lo == r->port_hi ? g_strdup_printf("%u", r->port_lo)
					    : g_strdup_printf("%u-%u", r->port_lo, r->port_hi);
	return true;
}

static bool set_icmp(struct fw_rule *r, const char *value, GError **err)
{
	unsigned n;

	if (g_strcmp0(r->proto, "icmp") != 0)
		return bad(err, "icmptype=% needs proto=icmp", value);
	if (!number(value, 255, &n))
		return bad(err, "'%' is not an ICMP type (0 to 255)", value);
	g_free(r->icmptype);
	r->icmptype = g_strdup(value);
	return true;
}

static bool set_choice(char **field, const char *value, const char *const *allowed,
		       const char *complaint, GError **err)
{
	if (!one_of(value, allowed))
		return bad(err, complaint, value);
	g_free(*field);
	*field = g_strdup(value);
	return true;
}

static bool set_field(struct fw_rule *r, const char *key, const char *value, GError **err)
{
	static const char *const actions[] = {"accept", "drop", NULL};
	static const char *const protos[] = {"tcp", "udp", "icmp", NULL};
	static const char *const specials[] = {"dns", NULL};
	unsigned n;

	if (!strcmp(key, "action"))
		return set_choice(&r->action, value, actions,
				  "action '%' is neither accept nor drop", err);
	if (!strcmp(key, "proto"))
		return set_choice(&r->proto, value, protos, "proto '%' is none of tcp, udp, icmp",
				  err);
	if (!strcmp(key, "dsthost") || !strcmp(key, "dst4") || !strcmp(key, "dst6"))
		return set_host(r, value, err);
	if (!strcmp(key, "specialtarget"))
		return set_choice(&r->special, value, specials, "specialtarget '%' is not dns",
				  err);
	if (!strcmp(key, "dstports"))
		return set_ports(r, value, err);
	if (!strcmp(key, "icmptype"))
		return set_icmp(r, value, err);
	if (!strcmp(key, "expire") && !number(value, G_MAXUINT32, &n))
		return bad(err, "expire '%' is not a time in seconds since 1970", value);
	if (!strcmp(key, "expire") || !strcmp(key, "comment")) {
		char **field = *key == 'e' ? &r->expire : &r->comment;

		g_free(*field);
		*field = g_strdup(value);
		return true;
	}
	return bad(err, "'%' is not an element of a rule", key);
}

struct fw_rule *fw_rule_new(const char *const *pairs, GError **err)
{
	g_autoptr(FwRule) r = g_new0(struct fw_rule, 1);

	/* What depends on the protocol comes after it. */
	for (int pass = 0; pass < 2; pass++)
		for (const char *const *p = pairs; *p; p += 2) {
			bool late = !strcmp(*p, "dstports") || !strcmp(*p, "icmptype");

			if (late == (pass == 1) && !set_field(r, p[0], p[1], err))
				return NULL;
		}
	if (!r->action) {
		bad(err, "the rule has no action (accept or drop)%", "");
		return NULL;
	}
	return g_steal_pointer(&r);
}

struct fw_rule *fw_rule_parse(const char *text, GError **err)
{
	g_autoptr(GPtrArray) pairs = g_ptr_array_new();
	const char *comment = strstr(text, "comment=");
	g_autofree char *head = g_strndup(text, comment ? (gsize)(comment - text) : strlen(text));
	g_auto(GStrv) words = g_strsplit(head, " ", -1);

	for (char **w = words; *w; w++) {
		char *eq = strchr(*w, '=');

		if (!**w)
			continue;
		if (!eq) {
			bad(err, "'%' is not an element of a rule", *w);
			return NULL;
		}
		*eq = 0;
		g_ptr_array_add(pairs, *w);
		g_ptr_array_add(pairs, eq + 1);
	}
	if (comment && comment[8]) {
		g_ptr_array_add(pairs, (gpointer) "comment");
		g_ptr_array_add(pairs, (gpointer)(comment + 8));
	}
	g_ptr_array_add(pairs, NULL);
	return fw_rule_new((const char *const *)pairs->pdata, err);
}

static void put(GString *s, const char *key, const char *value)
{
	if (value)
		g_string_append_printf(s, "%s%s=%s", s->len ? " " : "", key, value);
}

char *fw_rule_text(const struct fw_rule *r)
{
	g_autoptr(GString) s = g_string_new(NULL);

	put(s, "action", r->action);
	put(s, "proto", r->proto);
	if (r->host_key)
		put(s, r->host_key, r->host);
	if (r->ports)
		g_string_append_printf(s, " dstports=%u-%u", r->port_lo, r->port_hi);
	put(s, "icmptype", r->icmptype);
	put(s, "specialtarget", r->special);
	put(s, "expire", r->expire);
	put(s, "comment", r->comment);
	return g_string_free(g_steal_pointer(&s), FALSE);
}

char *fw_rule_expires_in(const struct fw_rule *r, time_t now)
{
	if (!r->expire)
		return NULL;
	return g_strdup_printf("%+" G_GINT64_FORMAT "s",
			       g_ascii_strtoll(r->expire, NULL, 10) - (gint64)now);
}

GPtrArray *fw_rules_parse(const char *text, GError **err)
{
	g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func((GDestroyNotify)fw_rule_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		struct fw_rule *r;

		if (!**line)
			continue;
		r = fw_rule_parse(*line, err);
		if (!r)
			return NULL;
		g_ptr_array_add(rules, r);
	}
	return g_steal_pointer(&rules);
}

char *fw_rules_text(const GPtrArray *rules)
{
	g_autoptr(GString) s = g_string_new(NULL);

	for (guint i = 0; i < rules->len; i++) {
		g_autofree char *text = fw_rule_text(g_ptr_array_index(rules, i));

		g_string_append_printf(s, "%s\n", text);
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}
