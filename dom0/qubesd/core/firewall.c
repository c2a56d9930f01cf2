// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of a firewall rule. It comes from a client of the API: untrusted until checked. */
#include "dom0/qubesd/core/firewall.h"

#include "dom0/qubesd/core/names.h"

#include <arpa/inet.h>
#include <string.h>

#define RULE_MAX 1024

/* Canonical values, in the order in which they are written. */
typedef enum { ACTION, EXPIRE, DST, PROTO, SPECIAL, PORTS, ICMP, COMMENT, PARTS } Part;

typedef struct {
	char *part[PARTS]; /* owned "key=value", NULL: not given */
} Rule;

static void rule_clear(Rule *r)
{
	for (int i = 0; i < PARTS; i++)
		g_free(r->part[i]);
}

static bool bad(GError **error, const char *what)
{
	return fail(error, E_VALUE, "Firewall rule is not valid: %s", what);
}

static bool one_of(const char *value, const char *const *allowed)
{
	return g_strv_contains(allowed, value);
}

static bool number(const char *s, unsigned max, unsigned *ret)
{
	if (!*s || strlen(s) > 5 || s[strspn(s, "0123456789")])
		return false;
	*ret = (unsigned)g_ascii_strtoull(s, NULL, 10);
	return *ret <= max;
}

/* An address with or without prefix length, or a host name. */
static char *parse_dst(const char *value, GError **error)
{
	g_auto(GStrv) half = g_strsplit(value, "/", 2);
	unsigned char raw[16];
	bool is6, is4;
	unsigned len;

	if (!*value || !half[0]) {
		bad(error, "the destination is empty");
		return NULL;
	}
	is6 = inet_pton(AF_INET6, half[0], raw) == 1;
	is4 = !is6 && inet_pton(AF_INET, half[0], raw) == 1;
	if (!is4 && !is6) {
		if (!half[1] && name_all_in(value, "-._") &&
		    !strpbrk(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
			return g_strconcat("dsthost=", value, NULL);
		bad(error, "the destination is neither an address nor a host name in lower case");
		return NULL;
	}
	len = is6 ? 128 : 32;
	if (half[1] && !number(half[1], len, &len)) {
		bad(error, "the length of the prefix is out of range");
		return NULL;
	}
	return g_strdup_printf("%s=%s/%u", is6 ? "dst6" : "dst4", half[0], len);
}

static char *parse_ports(const char *value, GError **error)
{
	g_auto(GStrv) half = g_strsplit(value, "-", 3);
	unsigned lo, hi;

	if (!half[0] || (half[1] && half[2]) || !number(half[0], 65535, &lo) ||
	    !number(half[1] ? half[1] : half[0], 65535, &hi) || lo > hi) {
		bad(error, "dstports must be PORT or FROM-TO, 0 to 65535");
		return NULL;
	}
	return g_strdup_printf("dstports=%u-%u", lo, hi);
}

static char *parse_expire(const char *value, GError **error)
{
	if (!*value || strlen(value) > 12 || value[strspn(value, "0123456789")]) {
		bad(error, "expire must be a number of seconds since 1970");
		return NULL;
	}
	return g_strconcat("expire=", value, NULL);
}

static char *parse_word(const char *key, const char *value, const char *const *allowed,
			GError **error)
{
	if (one_of(value, allowed))
		return g_strdup_printf("%s=%s", key, value);
	fail(error, E_VALUE, "Firewall rule is not valid: %s cannot be '%.32s'", key, value);
	return NULL;
}

static char *parse_icmp(const char *value, GError **error)
{
	unsigned type;

	if (number(value, 255, &type))
		return g_strdup_printf("icmptype=%u", type);
	bad(error, "icmptype must be 0 to 255");
	return NULL;
}

static bool set(Rule *r, Part p, char *text, GError **error)
{
	if (!text)
		return false;
	if (r->part[p]) {
		g_free(text);
		return bad(error, "an option is there twice");
	}
	r->part[p] = text;
	return true;
}

static bool parse_option(Rule *r, const char *key, const char *value, GError **error)
{
	static const char *const actions[] = {"accept", "drop", NULL};
	static const char *const protos[] = {"tcp", "udp", "icmp", NULL};
	static const char *const specials[] = {"dns", NULL};

	if (!strcmp(key, "action"))
		return set(r, ACTION, parse_word(key, value, actions, error), error);
	if (!strcmp(key, "proto"))
		return set(r, PROTO, parse_word(key, value, protos, error), error);
	if (!strcmp(key, "specialtarget"))
		return set(r, SPECIAL, parse_word(key, value, specials, error), error);
	if (!strcmp(key, "dsthost") || !strcmp(key, "dst4") || !strcmp(key, "dst6") ||
	    !strcmp(key, "dstname"))
		return set(r, DST, parse_dst(value, error), error);
	if (!strcmp(key, "dstports"))
		return set(r, PORTS, parse_ports(value, error), error);
	if (!strcmp(key, "icmptype"))
		return set(r, ICMP, parse_icmp(value, error), error);
	if (!strcmp(key, "expire"))
		return set(r, EXPIRE, parse_expire(value, error), error);
	return fail(error, E_VALUE, "Firewall rule is not valid: unknown option '%.32s'", key);
}

/* What only makes sense together. */
static bool check_whole(const Rule *r, GError **error)
{
	const char *proto = r->part[PROTO] ? r->part[PROTO] + strlen("proto=") : "";

	if (!r->part[ACTION])
		return bad(error, "it has no action");
	if (r->part[PORTS] && strcmp(proto, "tcp") && strcmp(proto, "udp"))
		return bad(error, "dstports needs proto=tcp or proto=udp");
	if (r->part[ICMP] && strcmp(proto, "icmp"))
		return bad(error, "icmptype needs proto=icmp");
	return true;
}

static bool parse_comment(Rule *r, const char *text, GError **error)
{
	if (!name_all_in(text, ":;,./-_[] "))
		return bad(error, "strange characters in the comment");
	return set(r, COMMENT, g_strconcat("comment=", text, NULL), error);
}

static bool parse_rule(Rule *r, const char *text, GError **error)
{
	const char *comment = strstr(text, "comment=");
	g_autofree char *rest =
		g_strstrip(comment ? g_strndup(text, (gsize)(comment - text)) : g_strdup(text));
	g_auto(GStrv) word = g_strsplit(rest, " ", -1);

	if (strlen(text) > RULE_MAX)
		return bad(error, "it is too long");
	if (comment && comment[strlen("comment=")] &&
	    !parse_comment(r, comment + strlen("comment="), error))
		return false;
	for (char **w = word; *w; w++) {
		char *eq = strchr(*w, '=');

		if (!eq)
			return bad(error, "options are key=value, separated by one space");
		*eq = '\0';
		if (!parse_option(r, *w, eq + 1, error))
			return false;
	}
	return check_whole(r, error);
}

char *firewall_rule(const char *untrusted_rule, GError **error)
{
	GString *s = NULL;
	Rule r = {0};

	if (parse_rule(&r, untrusted_rule, error)) {
		s = g_string_new(NULL);
		for (int i = 0; i < PARTS; i++)
			if (r.part[i])
				g_string_append_printf(s, "%s%s", s->len ? " " : "", r.part[i]);
	}
	rule_clear(&r);
	return s ? g_string_free(s, FALSE) : NULL;
}

gint64 firewall_expire(const char *rule)
{
	const char *at = strstr(rule, " expire="), *comment = strstr(rule, "comment=");

	return at && (!comment || at < comment) ? g_ascii_strtoll(at + strlen(" expire="), NULL, 10)
						: 0;
}

/* A rule that ended in 1970 has ended, too. */
bool firewall_expired(const char *rule, gint64 now)
{
	const char *at = strstr(rule, " expire="), *comment = strstr(rule, "comment=");

	return at && (!comment || at < comment) && firewall_expire(rule) < now;
}
