// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The administrator's changes to the XML of domains (xml.h). Pure; the text comes from
 * /etc/qubes and is trusted, but may be wrong.
 */
#include "dom0/qubesd/hypervisor/private.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

#define XC(s) ((const xmlChar *)(s))

static xmlDocPtr parse(const char *text)
{
	return xmlReadMemory(text, (int)strlen(text), "override.xml", NULL,
			     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				     XML_PARSE_NOBLANKS);
}

static bool is_named(xmlNodePtr node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

/* May parent have several children of this name? */
static bool repeats(xmlNodePtr parent, xmlNodePtr child)
{
	static const char *const lists[][2] = {
		{"devices", NULL}, {"cpu", "feature"}, {"clock", "timer"}, {"os", "boot"}};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		if (is_named(parent, lists[i][0]) && (!lists[i][1] || is_named(child, lists[i][1])))
			return true;
	}
	return false;
}

static xmlNodePtr find(xmlNodePtr parent, const xmlChar *name)
{
	for (xmlNodePtr c = parent->children; c; c = c->next) {
		if (is_named(c, (const char *)name))
			return c;
	}
	return NULL;
}

static bool has_elements(xmlNodePtr node)
{
	return xmlFirstElementChild(node) != NULL;
}

static void merge(xmlNodePtr into, xmlNodePtr from)
{
	for (xmlAttrPtr a = from->properties; a; a = a->next) {
		xmlChar *value = xmlGetProp(from, a->name);

		xmlSetProp(into, a->name, value);
		xmlFree(value);
	}
	if (!has_elements(from) && from->children && !has_elements(into)) {
		xmlChar *text = xmlNodeGetContent(from), *safe;

		safe = xmlEncodeSpecialChars(into->doc, text);
		xmlNodeSetContent(into, safe);
		xmlFree(safe);
		xmlFree(text);
	}
	for (xmlNodePtr c = from->children; c; c = c->next) {
		xmlNodePtr same;

		if (c->type != XML_ELEMENT_NODE)
			continue;
		same = repeats(into, c) ? NULL : find(into, c->name);
		if (same)
			merge(same, c);
		else
			xmlAddChild(into, xmlDocCopyNode(c, into->doc, 1));
	}
}

char *hv_xml_override(const char *domain_xml, const char *override_xml, GError **error)
{
	xmlDocPtr over = parse(override_xml), doc;
	xmlNodePtr root = over ? xmlDocGetRootElement(over) : NULL;
	const xmlError *why;

	if (!root || !is_named(root, "domain")) {
		why = over ? NULL : xmlGetLastError();
		hv_error(error, HYPERVISOR_ERROR_FAILED, "%s (line %d)",
			 why ? g_strchomp(why->message) : "its root is not <domain>",
			 why ? why->line : 1);
		xmlFreeDoc(over);
		return NULL;
	}
	doc = parse(domain_xml);
	merge(xmlDocGetRootElement(doc), root);
	xmlFreeDoc(over);
	return hv_take_text(xmlDocGetRootElement(doc));
}
