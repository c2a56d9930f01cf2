// SPDX-License-Identifier: GPL-2.0-or-later
/* The XML of devices that are lent to a qube. specs/admin-api.md section 10. */
#include "dom0/qubesd/hypervisor/xml.h"

xmlNodePtr hv_xml_add_block(xmlNodePtr devices, const HvBlock *b, gboolean xen)
{
	xmlNodePtr disk = hv_el(devices, "disk", NULL, "type", "block", "device",
				b->cdrom ? "cdrom" : "disk", NULL);

	if (xen)
		hv_el(disk, "driver", NULL, "name", "phy", NULL);
	hv_el(disk, "source", NULL, "dev", b->node, NULL);
	hv_el(disk, "target", NULL, "dev", b->target, "bus", "xen", NULL);
	if (!b->rw)
		hv_el(disk, "readonly", NULL, NULL);
	if (xen && b->backend)
		hv_el(disk, "backenddomain", NULL, "name", b->backend, NULL);
	return disk;
}

/* SEGMENT:BUS:SLOT.FUNCTION, hexadecimal. */
gboolean hv_xml_add_pci(xmlNodePtr devices, const char *sbdf)
{
	g_auto(GStrv) part = g_strsplit_set(sbdf, ":.", -1);
	static const char *const names[] = {"domain", "bus", "slot", "function"};
	xmlNodePtr dev, address;

	if (g_strv_length(part) != G_N_ELEMENTS(names))
		return FALSE;
	dev = hv_el(devices, "hostdev", NULL, "mode", "subsystem", "type", "pci", "managed", "yes",
		    NULL);
	address = hv_el(hv_el(dev, "source", NULL, NULL), "address", NULL, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *value = g_strconcat("0x", part[i], NULL);

		xmlNewProp(address, (const xmlChar *)names[i], (const xmlChar *)value);
	}
	return TRUE;
}

/* The text of the only child of a document made for it. */
static char *take_child(xmlNodePtr root)
{
	xmlBufferPtr buf = xmlBufferCreate();
	char *text;

	xmlNodeDump(buf, root->doc, root->children, 0, 0);
	text = g_strdup((const char *)xmlBufferContent(buf));
	xmlBufferFree(buf);
	xmlFreeDoc(root->doc);
	return text;
}

static xmlNodePtr scratch(void)
{
	xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNodePtr root = xmlNewDocNode(doc, NULL, (const xmlChar *)"devices", NULL);

	xmlDocSetRootElement(doc, root);
	return root;
}

char *hv_xml_block(const HvBlock *b, gboolean xen)
{
	xmlNodePtr root = scratch();

	hv_xml_add_block(root, b, xen);
	return take_child(root);
}

char *hv_xml_pci(const char *sbdf)
{
	xmlNodePtr root = scratch();

	hv_xml_add_pci(root, sbdf);
	return take_child(root);
}
