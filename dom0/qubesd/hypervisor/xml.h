/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain XML for libvirt, built as a tree: no value is ever pasted into text. Pure but
 * for reading whether a disk is a file. specs/admin-api.md section 10.
 */
#ifndef QUBESD_HYPERVISOR_XML_H
#define QUBESD_HYPERVISOR_XML_H

#include "dom0/qubesd/hypervisor/hypervisor.h"

#include <libxml/tree.h>

/* Our part of a domain's metadata: <q:domain xmlns:q="..." xid="N"/> */
#define HV_METADATA_URI "urn:qubes-c:domain"
#define HV_METADATA_PREFIX "q"

/* A folder of dom0 that a container sees. */
typedef struct {
	const char *source, *target;
	gboolean readonly;
} HvBind;

typedef struct {
	const HvDomainSpec *spec;
	int xid;
	guint32 uid_base;      /* 65536 uids from here are the container's */
	const char *root;      /* folder with its mounted root file system */
	const char *partition; /* cgroup, or NULL for libvirt's */
	const char *init;      /* path in the container */
	const HvBind *binds;   /* mounted over a fresh /run where they say so */
	size_t n_binds;
} HvContainer;

/* All return text to be freed with g_free. */
char *hv_xml_container(const HvContainer *c);
/* type: "xen" or "test" */
char *hv_xml_machine(const HvDomainSpec *spec, const char *type);
/*
 * The kind of virtualisation that a Xen with these capabilities (libvirt's XML) can give to a
 * qube that wants mode: where the processor has no hardware for it, pvh becomes pv.
 */
const char *hv_xml_virt_mode(const char *mode, const char *capabilities);

/*
 * Lays the administrator's own XML over a domain's (docs/xen.md): attributes and texts
 * replace, elements that are there are merged with, what libvirt allows several times
 * (devices, features of the CPU, timers) is added. NULL with an error, text with g_free.
 * Pure.
 */
char *hv_xml_override(const char *domain_xml, const char *override_xml, GError **error);

/* A device to attach or detach. */
char *hv_xml_block(const HvBlock *b, gboolean xen);
char *hv_xml_pci(const char *sbdf);
/* The same as part of a domain. FALSE: no address. */
xmlNodePtr hv_xml_add_block(xmlNodePtr devices, const HvBlock *b, gboolean xen);
gboolean hv_xml_add_pci(xmlNodePtr devices, const char *sbdf);

/* The number in our metadata element, -1 when there is none in range. */
int hv_xml_xid(const char *metadata);
/* Path of the first console's tty in a domain's XML; NULL. g_free. */
char *hv_xml_console(const char *domain_xml);

/* For the builders: a child with text (maybe NULL) and name/value pairs up to NULL. */
xmlNodePtr hv_el(xmlNodePtr parent, const char *name, const char *text, ...) G_GNUC_NULL_TERMINATED;
void hv_kib(xmlNodePtr parent, const char *name, guint64 kib);
/* An empty document with its root element <domain type=...> and what all have in common. */
xmlNodePtr hv_domain(const HvDomainSpec *spec, const char *type, guint64 memory_kib);
char *hv_take_text(xmlNodePtr domain);

#endif
