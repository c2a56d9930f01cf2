// SPDX-License-Identifier: GPL-2.0-or-later
/* firewall.xml, version 2. Pure. */
#include "dom0/qubesd/core/firewall.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

#define FILE_MAX (1u << 20)

/* Rules hold nothing that XML would need escaped: see firewall_rule(). */
static void add_property(GString *s, const char *key, const char *value)
{
	bool dst = g_str_has_prefix(key, "dst4") || g_str_has_prefix(key, "dst6");

	g_string_append_printf(s, "        <property name=\"%s\">%s</property>\n",
			       dst ? "dsthost" : key, value);
}

static void add_rule(GString *s, const char *rule)
{
	const char *comment = strstr(rule, "comment=");
	g_autofree char *rest =
		g_strstrip(comment ? g_strndup(rule, (gsize)(comment - rule)) : g_strdup(rule));
	g_auto(GStrv) word = g_strsplit(rest, " ", -1);

	g_string_append(s, "    <rule>\n      <properties>\n");
	for (char **w = word; *w; w++) {
		char *eq = strchr(*w, '=');

		*eq = '\0';
		add_property(s, *w, eq + 1);
	}
	if (comment)
		add_property(s, "comment", comment + strlen("comment="));
	g_string_append(s, "      </properties>\n    </rule>\n");
}

char *firewall_to_xml(const GPtrArray *rules)
{
	GString *s = g_string_new("<firewall version=\"2\">\n  <rules>\n");

	for (guint i = 0; i < rules->len; i++)
		add_rule(s, g_ptr_array_index(rules, i));
	g_string_append(s, "  </rules>\n</firewall>\n");
	return g_string_free(s, FALSE);
}

static xmlNode *named(xmlNode *n, const char *tag)
{
	for (; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, tag))
			return n;
	return NULL;
}

/* <rule> as the text of the API: the comment goes last. */
static char *rule_text(xmlNode *rule)
{
	xmlNode *props = named(rule->children, "properties");
	g_autofree char *comment = NULL;
	GString *s = g_string_new(NULL);

	for (xmlNode *p = named(props ? props->children : NULL, "property"); p;
	     p = named(p->next, "property")) {
		xmlChar *key = xmlGetNoNsProp(p, (const xmlChar *)"name");
		xmlChar *value = xmlNodeGetContent(p);

		if (key && value && !strcmp((char *)key, "comment")) {
			g_free(comment);
			comment = g_strdup((char *)value);
		} else if (key && value) {
			g_string_append_printf(s, "%s%s=%s", s->len ? " " : "", key, value);
		}
		xmlFree(key);
		xmlFree(value);
	}
	if (comment)
		g_string_append_printf(s, " comment=%s", comment);
	return g_string_free(s, FALSE);
}

/* --- the third release's format --- */

static char *attr(xmlNode *n, const char *name)
{
	xmlChar *raw = xmlGetNoNsProp(n, (const xmlChar *)name);
	char *copy = raw && *raw ? g_strdup((char *)raw) : NULL;

	xmlFree(raw);
	return copy;
}

static bool add_text(GPtrArray *rules, const char *text, GError **error)
{
	char *rule = firewall_rule(text, error);

	if (rule)
		g_ptr_array_add(rules, rule);
	return rule != NULL;
}

static const char *old_action(xmlNode *root, const char *name, bool allow)
{
	g_autofree char *own = attr(root, name);

	return (own ? !strcmp(own, "allow") : allow) ? "accept" : "drop";
}

/* <rule address= netmask= proto= port= toport= expire=/>, exceptions to the policy. */
static char *old_rule_text(xmlNode *n, const char *action)
{
	g_autofree char *address = attr(n, "address"), *mask = attr(n, "netmask");
	g_autofree char *proto = attr(n, "proto"), *port = attr(n, "port");
	g_autofree char *to = attr(n, "toport"), *expire = attr(n, "expire");
	GString *s = g_string_new("action=");

	g_string_append(s, action);
	if (expire)
		g_string_append_printf(s, " expire=%s", expire);
	if (address) {
		bool name = strspn(address, "0123456789.:") != strlen(address);

		g_string_append_printf(s, " dsthost=%s", address);
		if (!name)
			g_string_append_printf(s, "/%s", mask ? mask : "32");
	}
	if (proto ? strcmp(proto, "any") != 0 : port != NULL)
		g_string_append_printf(s, " proto=%s", proto ? proto : "tcp");
	if (port)
		g_string_append_printf(s, " dstports=%s-%s", port, to ? to : port);
	return g_string_free(s, FALSE);
}

static bool old_rules(GPtrArray *rules, xmlNode *root, bool allow, GError **error)
{
	g_autofree char *dns =
		g_strdup_printf("action=%s specialtarget=dns", old_action(root, "dns", allow));
	g_autofree char *icmp =
		g_strdup_printf("action=%s proto=icmp", old_action(root, "icmp", allow));

	if (!add_text(rules, dns, error) || !add_text(rules, icmp, error))
		return false;
	for (xmlNode *n = named(root->children, "rule"); n; n = named(n->next, "rule")) {
		g_autofree char *text = old_rule_text(n, allow ? "drop" : "accept");

		if (!add_text(rules, text, error))
			return false;
	}
	return !allow || add_text(rules, FIREWALL_DEFAULT, error);
}

GPtrArray *firewall_from_xml(const char *untrusted_xml, size_t len, GError **error)
{
	g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(xmlDoc) doc = NULL;
	g_autofree char *policy = NULL;
	xmlNode *root, *group;

	if (len && len <= FILE_MAX)
		doc = xmlReadMemory(untrusted_xml, (int)len, "firewall.xml", NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	root = doc ? xmlDocGetRootElement(doc) : NULL;
	group = root && !doc->intSubset && !strcmp((const char *)root->name, "firewall")
			? named(root->children, "rules")
			: NULL;
	policy = root && !group ? attr(root, "policy") : NULL;
	if (policy && !doc->intSubset && !strcmp((const char *)root->name, "firewall"))
		return old_rules(rules, root, !strcmp(policy, "allow"), error)
			       ? g_steal_pointer(&rules)
			       : NULL;
	if (!group) {
		fail(error, E_QUBES, "firewall.xml is damaged: set the rules anew");
		return NULL;
	}
	for (xmlNode *n = named(group->children, "rule"); n; n = named(n->next, "rule")) {
		g_autofree char *text = rule_text(n);
		char *rule = firewall_rule(text, error);

		if (!rule)
			return NULL;
		g_ptr_array_add(rules, rule);
	}
	return g_steal_pointer(&rules);
}
