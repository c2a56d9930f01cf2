// SPDX-License-Identifier: GPL-2.0-or-later
/* PCI devices of dom0. The kernel is trusted. */
#include "dom0/qubesd/devices/sysfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16

typedef struct {
	unsigned segment, bus, dev, fn;
} Address;

static bool parse_address(const char *text, Address *ret)
{
	int n = 0;

	*ret = (Address){0};
	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &ret->segment, &ret->bus, &ret->dev, &ret->fn, &n) ==
		    4 &&
	    !text[n])
		return true;
	ret->segment = 0;
	return sscanf(text, "%2x%*[:_]%2x.%1x%n", &ret->bus, &ret->dev, &ret->fn, &n) == 3 &&
	       !text[n];
}

static char *address_text(const Address *a)
{
	return g_strdup_printf("%04x:%02x:%02x.%x", a->segment, a->bus, a->dev, a->fn);
}

static char *read_text(const char *sysfs, const char *sbdf, const char *name)
{
	g_autofree char *path = g_build_filename(sysfs, "bus/pci/devices", sbdf, name, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

/* Of a bridge: the number of the bus behind it; -1 for what is no bridge. */
static int bus_behind(const char *sysfs, const char *sbdf)
{
	g_autofree char *text = read_text(sysfs, sbdf, "secondary_bus_number");

	return text && *text ? (int)g_ascii_strtoll(text, NULL, 10) : -1;
}

/* The addresses on the way from the root to the device: the folders of its path. */
static GPtrArray *chain(const char *sysfs, const char *sbdf)
{
	g_autofree char *link = g_build_filename(sysfs, "bus/pci/devices", sbdf, NULL);
	g_autofree char *to = g_file_read_link(link, NULL);
	g_auto(GStrv) part = g_strsplit(to ? to : "", "/", -1);
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	Address a;

	for (char **p = part; *p; p++)
		if (parse_address(*p, &a))
			g_ptr_array_add(list, g_strdup(*p));
	if (!list->len && parse_address(sbdf, &a))
		g_ptr_array_add(list, g_strdup(sbdf)); /* a root bus without links */
	return list;
}

char *sysfs_pci_path(const char *sysfs, const char *sbdf)
{
	g_autofree char *full = NULL, *dir = NULL;
	g_autoptr(GPtrArray) way = NULL;
	GString *s;
	Address a;
	int offset = 0;

	if (!parse_address(sbdf, &a))
		return NULL;
	full = address_text(&a);
	dir = g_build_filename(sysfs, "bus/pci/devices", full, NULL);
	if (!g_file_test(dir, G_FILE_TEST_EXISTS))
		return NULL;
	way = chain(sysfs, full);
	s = g_string_new(NULL);
	if (a.segment)
		g_string_append_printf(s, "%04x_", a.segment);
	for (guint i = 0; i < way->len; i++) {
		const char *at = g_ptr_array_index(way, i);

		parse_address(at, &a);
		/* Below the first bridge, buses are counted from that bridge: numbers that
		 * do not change when something is plugged in elsewhere. */
		g_string_append_printf(s, "%s%02x_%02x.%x", i ? "-" : "",
				       i && offset > 0 ? a.bus - (unsigned)offset : a.bus, a.dev,
				       a.fn);
		offset = bus_behind(sysfs, at);
	}
	return g_string_free(s, FALSE);
}

char *sysfs_pci_sbdf(const char *sysfs, const char *path)
{
	g_auto(GStrv) part = g_strsplit(path, "-", DEPTH_MAX);
	g_autofree char *now = NULL;
	unsigned segment = 0;
	int offset = 0;

	for (char **p = part; *p; p++) {
		const char *text = *p;
		Address a = {0};
		unsigned seg;
		int n = 0;

		if (offset < 0)
			return NULL; /* the last one was no bridge */
		if (p == part && sscanf(text, "%4x_%n", &seg, &n) == 1 && n == 5 &&
		    strchr(text + n, '_')) {
			segment = seg;
			text += n;
		}
		if (!parse_address(text, &a))
			return NULL;
		a.segment = segment;
		a.bus += (unsigned)offset;
		g_free(now);
		now = address_text(&a);
		offset = bus_behind(sysfs, now);
	}
	return g_steal_pointer(&now);
}

static const char *digits(const char *text)
{
	return text && g_str_has_prefix(text, "0x") ? text + 2 : "";
}

static Device *load(const char *sysfs, const char *sbdf, const HwIds *ids)
{
	g_autofree char *path = sysfs_pci_path(sysfs, sbdf);
	g_autofree char *vendor = read_text(sysfs, sbdf, "vendor");
	g_autofree char *product = read_text(sysfs, sbdf, "device");
	g_autofree char *class = read_text(sysfs, sbdf, "class");
	Device *d;

	if (!path || strlen(digits(class)) != 6)
		return NULL;
	d = device_new(DEV_PCI, "dom0", path);
	d->sbdf = g_strdup(sbdf);
	if (ids)
		hwids_names(ids, digits(vendor), digits(product), &d->vendor, &d->product);
	g_free(d->interfaces);
	d->interfaces = g_strdup_printf("p%s", digits(class));
	g_free(d->id);
	d->id = g_strdup_printf("%s:%s::%s", vendor ? vendor : "0000", product ? product : "0000",
				d->interfaces);
	return d;
}

void sysfs_pci(const char *sysfs, const HwIds *ids, GPtrArray *pci)
{
	g_autofree char *path = g_build_filename(sysfs, "bus/pci/devices", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	Address a;

	while (dir && (name = g_dir_read_name(dir))) {
		Device *d = parse_address(name, &a) ? load(sysfs, name, ids) : NULL;

		if (d)
			g_ptr_array_add(pci, d);
	}
}
