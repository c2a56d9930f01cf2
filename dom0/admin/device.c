/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices (device.h). The peer is qubesd; device-line.c has checked. Pure. */
#include "dom0/admin/device.h"

#include <string.h>

#include "dom0/admin/device-line.h"

#define INTERFACE_LEN 7

void device_free(struct device *d)
{
	if (!d)
		return;
	g_free(d->backend);
	g_free(d->port);
	g_free(d->devclass);
	g_free(d->id);
	g_array_unref(d->props);
	g_array_unref(d->opts);
	g_free(d);
}

struct device *device_unknown(const char *backend, const char *port, const char *devclass,
			      const char *id)
{
	struct device *d = g_new0(struct device, 1);

	d->backend = g_strdup(backend);
	d->port = g_strdup(port);
	d->devclass = g_strdup(devclass);
	d->id = g_strdup(id ? id : DEVICE_UNKNOWN_ID);
	d->props = pairs_new();
	d->opts = pairs_new();
	return d;
}

struct device *device_copy(const struct device *d)
{
	struct device *n = g_new0(struct device, 1);

	*n = *d;
	n->backend = g_strdup(d->backend);
	n->port = g_strdup(d->port);
	n->devclass = g_strdup(d->devclass);
	n->id = g_strdup(d->id);
	n->props = pairs_copy(d->props);
	n->opts = pairs_copy(d->opts);
	return n;
}

static bool check_device(struct device *d, GError **err)
{
	const char *id = pairs_get(d->props, "device_id");

	if (!pairs_agree(d->props, "backend_domain", d->backend, err) ||
	    !pairs_agree(d->props, "port_id", d->port, err) ||
	    !pairs_agree(d->props, "devclass", d->devclass, err))
		return false;
	if (strcmp(d->id, "*") != 0 && id && strcmp(id, d->id) != 0)
		return line_malformed(err, "unexpected identity", id);
	if (id) {
		g_free(d->id);
		d->id = g_strdup(id);
	}
	pairs_drop(d->props, "backend_domain");
	pairs_drop(d->props, "port_id");
	pairs_drop(d->props, "devclass");
	pairs_drop(d->props, "device_id");
	return true;
}

struct device *device_parse(const char *line, const char *backend, const char *devclass,
			    GError **ret_err)
{
	size_t head = strcspn(line, " ");
	g_autofree char *first = g_strndup(line, head);
	g_autofree char *port = NULL;
	g_autofree char *id = NULL;
	struct device *d;

	line_split_identity(first, ':', &port, &id);
	d = device_unknown(backend, port, devclass, id ? id : "*");
	d->known = pairs_parse(line + head, d->props, d->opts, ret_err) && check_device(d, ret_err);
	if (!d->known) {
		g_array_set_size(d->props, 0);
		g_array_set_size(d->opts, 0);
	}
	return d;
}

const char *device_prop(const struct device *d, const char *key)
{
	const char *v = pairs_get(d->props, key);

	return v && *v && strcmp(v, "unknown") != 0 ? v : NULL;
}

const char *device_opt(const struct device *d, const char *key)
{
	return pairs_get(d->opts, key);
}

char *device_interfaces(const struct device *d)
{
	const char *v = pairs_get(d->props, "interfaces");

	return g_strdup(v && *v && strlen(v) % INTERFACE_LEN == 0 ? v : UNKNOWN_INTERFACE);
}

/* What kind of thing it is: a category, else the name of an interface, else its bus. */
static char *device_kind(const struct device *d)
{
	g_autofree char *codes = device_interfaces(d);
	g_autofree char *upper = g_ascii_strup(d->devclass, -1);
	char *bus = g_strconcat(upper, " device", NULL);

	for (const char *c = codes; *c; c += INTERFACE_LEN) {
		g_autofree char *code = g_strndup(c, INTERFACE_LEN);
		const char *category = interface_category(code);

		if (strcmp(category, "Other") != 0) {
			g_free(bus);
			return g_strdup(category);
		}
	}
	for (const char *c = codes; *c; c += INTERFACE_LEN) {
		g_autofree char *code = g_strndup(c, INTERFACE_LEN);
		g_autofree char *name = interface_name(code);

		if (strcmp(name, bus) != 0) {
			g_free(bus);
			return g_strdelimit(g_steal_pointer(&name), "_", ' ');
		}
	}
	return bus;
}

char *device_description(const struct device *d)
{
	static const char *const product_keys[] = {"product", "name", "serial"};
	const char *product = NULL, *vendor = device_prop(d, "vendor");
	const char *parent = pairs_get(d->props, "parent_port_id");
	g_autofree char *none = g_strdup_printf("unknown %s device", d->devclass);
	g_autofree char *kind = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(product_keys) && !product; i++)
		product = device_prop(d, product_keys[i]);
	if (!product && parent)
		return g_strdup_printf("sub-device of %s:%s", d->backend, parent);
	if (!vendor)
		vendor = device_prop(d, "manufacturer");
	kind = device_kind(d);
	return g_strdup_printf("%s: %s %s", kind, vendor ? vendor : "unknown vendor",
			       product ? product : none);
}

static bool pattern_matches(const char *pattern, const char *code)
{
	for (int i = 0; i < INTERFACE_LEN; i++)
		if (pattern[i] != '*' && pattern[i] != code[i])
			return false;
	return true;
}

bool device_denied(const struct device *d, const char *deny_list)
{
	g_autofree char *codes = device_interfaces(d);

	if (strlen(deny_list) % INTERFACE_LEN)
		return false;
	for (; *deny_list; deny_list += INTERFACE_LEN)
		for (const char *c = codes; *c; c += INTERFACE_LEN)
			if (pattern_matches(deny_list, c))
				return true;
	return false;
}

char *device_qarg(const char *backend, const char *port, const char *id)
{
	g_autofree char *plain = g_strdup_printf("%s+%s+%s", backend, port, id);
	g_autofree char *arg = line_replace(plain, UNKNOWN_INTERFACE, "_______");

	return g_strdelimit(g_strdelimit(g_steal_pointer(&arg), ":", '+'), "*", '_');
}
