// SPDX-License-Identifier: GPL-2.0-or-later
/* The XML of a container. docs/containers.md says what each part is for. */
#include "dom0/qubesd/hypervisor/xml.h"

#include <unistd.h>

#define FUSE_DEVICE "/dev/fuse"
#define IDS_PER_CONTAINER "65536"
#define RUN_KIB "262144"

static void add_metadata(xmlNodePtr domain, int xid)
{
	xmlNodePtr meta = hv_el(domain, "metadata", NULL, NULL);
	xmlNodePtr own = xmlNewChild(meta, NULL, (const xmlChar *)"domain", NULL);
	g_autofree char *number = g_strdup_printf("%d", xid);

	xmlSetNs(own, xmlNewNs(own, (const xmlChar *)HV_METADATA_URI,
			       (const xmlChar *)HV_METADATA_PREFIX));
	xmlNewProp(own, (const xmlChar *)"xid", (const xmlChar *)number);
}

/* Systemd looks for its kernel command line in the arguments of a container's init. */
static void add_init(xmlNodePtr domain, const HvContainer *c)
{
	xmlNodePtr os = hv_el(domain, "os", NULL, NULL);
	g_auto(GStrv) words =
		g_strsplit_set(c->spec->kernelopts ? c->spec->kernelopts : "", " \t\n", -1);

	hv_el(os, "type", "exe", NULL);
	hv_el(os, "init", c->init, NULL);
	for (char **w = words; *w; w++) {
		/* A leading dash would be an option of systemd itself. */
		if (**w && **w != '-')
			hv_el(os, "initarg", *w, NULL);
	}
	hv_el(os, "initenv", c->spec->name, "name", "QUBES_NAME", NULL);
}

static void add_idmap(xmlNodePtr domain, guint32 base)
{
	xmlNodePtr idmap = hv_el(domain, "idmap", NULL, NULL);
	g_autofree char *first = g_strdup_printf("%u", base);

	hv_el(idmap, "uid", NULL, "start", "0", "target", first, "count", IDS_PER_CONTAINER, NULL);
	hv_el(idmap, "gid", NULL, "start", "0", "target", first, "count", IDS_PER_CONTAINER, NULL);
}

static void add_bind(xmlNodePtr devices, const HvBind *b)
{
	xmlNodePtr fs = hv_el(devices, "filesystem", NULL, "type", "mount", NULL);

	hv_el(fs, "source", NULL, "dir", b->source, NULL);
	hv_el(fs, "target", NULL, "dir", b->target, NULL);
	if (b->readonly)
		hv_el(fs, "readonly", NULL, NULL);
}

/* File systems that the kernel does not mount for containers are read by programs. */
static void add_fuse(xmlNodePtr devices)
{
	xmlNodePtr dev;

	if (access(FUSE_DEVICE, F_OK))
		return;
	dev = hv_el(devices, "hostdev", NULL, "mode", "capabilities", "type", "misc", NULL);
	hv_el(hv_el(dev, "source", NULL, NULL), "char", FUSE_DEVICE, NULL);
}

static void add_devices(xmlNodePtr domain, const HvContainer *c)
{
	xmlNodePtr devices = hv_el(domain, "devices", NULL, NULL);
	xmlNodePtr run;

	add_bind(devices, &(HvBind){.source = c->root, .target = "/"});
	/* Before what is mounted below it; systemd leaves a mounted /run alone. */
	run = hv_el(devices, "filesystem", NULL, "type", "ram", NULL);
	hv_el(run, "source", NULL, "usage", RUN_KIB, "units", "KiB", NULL);
	hv_el(run, "target", NULL, "dir", "/run", NULL);
	for (size_t i = 0; i < c->n_binds; i++)
		add_bind(devices, &c->binds[i]);
	add_fuse(devices);
	hv_el(devices, "console", NULL, "type", "pty", NULL);
}

char *hv_xml_container(const HvContainer *c)
{
	const HvDomainSpec *spec = c->spec;
	xmlNodePtr domain = hv_domain(spec, "lxc", MAX(spec->memory_kib, spec->max_memory_kib));
	xmlNodePtr node;

	add_metadata(domain, c->xid);
	if (c->partition) {
		node = hv_el(domain, "resource", NULL, NULL);
		hv_el(node, "partition", c->partition, NULL);
	}
	add_init(domain, c);
	add_idmap(domain, c->uid_base);
	node = hv_el(domain, "features", NULL, NULL);
	hv_el(node, "privnet", NULL, NULL);
	/* Means nothing in a user namespace, but units that would need it are not tried. */
	node = hv_el(node, "capabilities", NULL, "policy", "default", NULL);
	hv_el(node, "sys_rawio", NULL, "state", "off", NULL);
	hv_el(domain, "clock", NULL, "offset", "utc", NULL);
	add_devices(domain, c);
	return hv_take_text(domain);
}
