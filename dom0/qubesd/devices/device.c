// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices as plain data, and their text. Pure; the data was cleaned before. */
#include "dom0/qubesd/devices/device.h"

#include <string.h>

#define CODE_LEN 7

static const char *const names[DEV_N] = {"pci", "block", "mic", "usb"};
static const char *const titles[DEV_N] = {"Pci", "Block", "Mic", "Usb"};

const char *dev_class_name(DevClass cls)
{
	return names[cls];
}

const char *dev_class_title(DevClass cls)
{
	return titles[cls];
}

bool dev_class_from_name(const char *name, DevClass *ret)
{
	for (int i = 0; i < DEV_N; i++) {
		if (!strcmp(names[i], name)) {
			*ret = (DevClass)i;
			return true;
		}
	}
	return false;
}

Device *device_new(DevClass cls, const char *backend, const char *port)
{
	Device *d = g_new0(Device, 1);

	d->refs = 1;
	d->cls = cls;
	d->backend = g_strdup(backend);
	d->port = g_strdup(port);
	d->id = g_strdup(DEV_UNKNOWN_ID);
	d->interfaces = g_strdup(DEV_UNKNOWN_INTERFACE);
	return d;
}

Device *device_ref(Device *d)
{
	g_atomic_int_inc(&d->refs);
	return d;
}

void device_unref(Device *d)
{
	if (!d || !g_atomic_int_dec_and_test(&d->refs))
		return;
	g_free(d->backend);
	g_free(d->port);
	g_free(d->id);
	g_free(d->vendor);
	g_free(d->product);
	g_free(d->manufacturer);
	g_free(d->name);
	g_free(d->serial);
	g_free(d->interfaces);
	g_free(d->parent);
	g_free(d->sbdf);
	g_free(d->connected);
	g_free(d);
}

GPtrArray *device_list_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
}

Device *device_list_find(const GPtrArray *list, const char *port)
{
	for (guint i = 0; list && i < list->len; i++) {
		Device *d = g_ptr_array_index(list, i);

		if (!strcmp(d->port, port))
			return d;
	}
	return NULL;
}

bool device_equal(const Device *a, const Device *b)
{
	return a->cls == b->cls && !strcmp(a->port, b->port) && !strcmp(a->id, b->id) &&
	       !g_strcmp0(a->name, b->name) && !g_strcmp0(a->serial, b->serial) &&
	       !g_strcmp0(a->parent, b->parent) && !g_strcmp0(a->connected, b->connected) &&
	       a->read_only == b->read_only && a->size == b->size;
}

void dev_add_pair(GString *s, const char *prefix, const char *key, const char *value)
{
	g_string_append_printf(s, "%s%s%s='", s->len ? " " : "", prefix, key);
	for (const char *p = value; *p; p++) {
		if (*p == '\'')
			g_string_append_c(s, '\\');
		g_string_append_c(s, *p);
	}
	g_string_append_c(s, '\'');
}

static void add_known(GString *s, const char *key, const char *value)
{
	if (value && strcmp(value, "unknown") != 0)
		dev_add_pair(s, "", key, value);
}

char *device_line(const Device *d, const char *attached_to)
{
	GString *s = g_string_new(NULL);

	dev_add_pair(s, "", "device_id", d->id);
	dev_add_pair(s, "", "port_id", d->port);
	dev_add_pair(s, "", "devclass", names[d->cls]);
	dev_add_pair(s, "", "backend_domain", d->backend);
	add_known(s, "vendor", d->vendor);
	add_known(s, "product", d->product);
	add_known(s, "manufacturer", d->manufacturer);
	add_known(s, "name", d->name);
	add_known(s, "serial", d->serial);
	add_known(s, "attachment", attached_to);
	dev_add_pair(s, "", "interfaces", d->interfaces);
	if (d->parent) {
		dev_add_pair(s, "", "parent_port_id", d->parent);
		dev_add_pair(s, "", "parent_devclass", names[d->parent_class]);
	}
	if (d->sbdf)
		dev_add_pair(s, "_", "sbdf", d->sbdf);
	return g_string_free(s, FALSE);
}

char *device_text(const Device *d)
{
	return g_strdup_printf("%s:%s:%s", d->backend, d->port, d->id);
}

char *device_description(const Device *d)
{
	const char *what = d->product ? d->product : d->name ? d->name : d->serial;
	const char *who = d->vendor ? d->vendor : d->manufacturer;

	return g_strdup_printf("%s: %s %s", titles[d->cls], who ? who : "unknown vendor",
			       what ? what : "unknown device");
}

static bool matches(const char *pattern, const char *code)
{
	for (int i = 0; i < CODE_LEN; i++)
		if (pattern[i] != '*' && pattern[i] != code[i])
			return false;
	return true;
}

char *device_denied(const Device *d, const char *deny)
{
	size_t n = strlen(d->interfaces) / CODE_LEN, m = strlen(deny) / CODE_LEN;

	for (size_t k = 0; k < m; k++)
		for (size_t i = 0; i < n; i++)
			if (matches(deny + k * CODE_LEN, d->interfaces + i * CODE_LEN))
				return g_strndup(d->interfaces + i * CODE_LEN, CODE_LEN);
	return NULL;
}
