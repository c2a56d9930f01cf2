// SPDX-License-Identifier: GPL-2.0-or-later
/* Helpers for domain XML, and reading back what we need of libvirt's. No peer. */
#include "dom0/qubesd/hypervisor/xml.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>

#define XC(s) ((const xmlChar *)(s))
#define XID_MAX 0x7fef

xmlNodePtr hv_el(xmlNodePtr parent, const char *name, const char *text, ...)
{
	xmlNodePtr node = text ? xmlNewTextChild(parent, NULL, XC(name), XC(text))
			       : xmlNewChild(parent, NULL, XC(name), NULL);
	va_list args;
	const char *key;

	va_start(args, text);
	while ((key = va_arg(args, const char *)))
		xmlNewProp(node, XC(key), XC(va_arg(args, const char *)));
	va_end(args);
	return node;
}

void hv_kib(xmlNodePtr parent, const char *name, guint64 kib)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, kib);

	hv_el(parent, name, text, "unit", "KiB", NULL);
}

xmlNodePtr hv_domain(const HvDomainSpec *spec, const char *type, guint64 memory_kib)
{
	xmlDocPtr doc = xmlNewDoc(XC("1.0"));
	xmlNodePtr domain = xmlNewDocNode(doc, NULL, XC("domain"), NULL);
	g_autofree char *vcpus = g_strdup_printf("%u", MAX(spec->vcpus, 1));

	xmlDocSetRootElement(doc, domain);
	xmlNewProp(domain, XC("type"), XC(type));
	hv_el(domain, "name", spec->name, NULL);
	hv_el(domain, "uuid", spec->uuid, NULL);
	hv_kib(domain, "memory", memory_kib);
	hv_kib(domain, "currentMemory", MIN(spec->memory_kib, memory_kib));
	hv_el(domain, "vcpu", vcpus, "placement", "static", NULL);
	hv_el(domain, "on_poweroff", "destroy", NULL);
	hv_el(domain, "on_reboot", "destroy", NULL);
	hv_el(domain, "on_crash", "destroy", NULL);
	return domain;
}

char *hv_take_text(xmlNodePtr domain)
{
	xmlDocPtr doc = domain->doc;
	xmlChar *text = NULL;
	char *out;
	int n;

	xmlDocDumpFormatMemoryEnc(doc, &text, &n, "UTF-8", 1);
	out = g_strndup((char *)text, (gsize)n);
	xmlFree(text);
	xmlFreeDoc(doc);
	return out;
}

static xmlDocPtr parse(const char *xml)
{
	return xml ? xmlReadMemory(xml, (int)strlen(xml), "domain.xml", NULL,
				   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
		   : NULL;
}

int hv_xml_xid(const char *metadata)
{
	xmlDocPtr doc = parse(metadata);
	xmlNodePtr node = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlChar *text = node ? xmlGetNoNsProp(node, XC("xid")) : NULL;
	guint64 xid = 0;
	gboolean ok = text && g_ascii_string_to_unsigned((char *)text, 10, 1, XID_MAX, &xid, NULL);

	xmlFree(text);
	xmlFreeDoc(doc);
	return ok ? (int)xid : -1;
}

char *hv_xml_console(const char *domain_xml)
{
	xmlDocPtr doc = parse(domain_xml);
	xmlXPathContextPtr ctx = doc ? xmlXPathNewContext(doc) : NULL;
	xmlXPathObjectPtr found =
		ctx ? xmlXPathEval(XC("string(/domain/devices/console[1]/source/@path)"), ctx)
		    : NULL;
	char *path = found && found->stringval && *found->stringval
			     ? g_strdup((char *)found->stringval)
			     : NULL;

	xmlXPathFreeObject(found);
	xmlXPathFreeContext(ctx);
	xmlFreeDoc(doc);
	return path;
}
