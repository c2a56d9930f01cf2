// SPDX-License-Identifier: GPL-2.0-or-later
/* Block devices: options, and the name that one gets in the qube. Options come from clients. */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"

#include <string.h>

static bool is_used(const Domain *d, const char *frontend)
{
	for (guint i = 0; i < d->attached->len; i++) {
		const Attachment *a = g_ptr_array_index(d->attached, i);

		if (!g_strcmp0(dev_pair_get(a->options, "frontend-dev"), frontend))
			return true;
	}
	return false;
}

/* The qube's own volumes are xvda to xvdc, and xvdd where the kernel is dom0's. */
static bool is_own(Domain *d, const char *frontend)
{
	g_autofree char *kernel = prop_str(&d->h, P_kernel);

	return g_str_has_prefix(frontend, "xvd") && strlen(frontend) == 4 &&
	       ((frontend[3] >= 'a' && frontend[3] <= 'c') ||
		(frontend[3] == 'd' && kernel && *kernel));
}

/* A CD goes where a machine with emulated disks can boot from it. */
static char *free_frontend(Domain *d, bool cdrom)
{
	char name[] = "xvdi";

	if (cdrom && !is_own(d, "xvdd") && !is_used(d, "xvdd"))
		return g_strdup("xvdd");
	for (char c = 'i'; c <= 'z'; c++) {
		name[3] = c;
		if (!is_used(d, name))
			return g_strdup(name);
	}
	for (char a = 'a'; a <= 'z'; a++) {
		for (char b = 'a'; b <= 'z'; b++) {
			char longer[] = {'x', 'v', 'd', a, b, '\0'};

			if (!is_used(d, longer))
				return g_strdup(longer);
		}
	}
	return NULL;
}

static bool check_frontend(const char *value, GError **error)
{
	size_t n = strlen(value);

	if ((g_str_has_prefix(value, "xvd") || g_str_has_prefix(value, "sd")) &&
	    n <= FRONTEND_MAX && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789") == n &&
	    n > (value[0] == 'x' ? 3u : 2u))
		return true;
	return fail(error, E_VALUE, "Invalid frontend-dev option value: %s", value);
}

static bool check_one(DevPair *o, GError **error)
{
	bool yes;

	if (!strcmp(o->key, "frontend-dev"))
		return check_frontend(o->value, error);
	if (!strcmp(o->key, "read-only")) {
		if (!name_parse_bool(o->value, &yes))
			return fail(error, E_VALUE, "Invalid literal for boolean property: '%s'",
				    o->value);
		g_free(o->value);
		o->value = g_strdup(yes ? "yes" : "no");
		return true;
	}
	if (!strcmp(o->key, "devtype"))
		return !strcmp(o->value, "disk") || !strcmp(o->value, "cdrom") ||
		       fail(error, E_VALUE, "devtype option can only have 'disk' or 'cdrom' value");
	return fail(error, E_VALUE, "Unsupported option %s", o->key);
}

static bool check_writing(const Device *dev, GPtrArray *options, GError **error)
{
	if (!dev_pair_get(options, "read-only"))
		dev_pair_set(options, "read-only", dev->read_only ? "yes" : "no");
	if (dev->read_only && !strcmp(dev_pair_get(options, "read-only"), "no"))
		return fail(error, E_VALUE, "This device can be attached only read-only");
	return true;
}

bool block_options(Domain *d, const Device *dev, GPtrArray *options, GError **error)
{
	const char *frontend;
	g_autofree char *chosen = NULL;

	for (guint i = 0; i < options->len; i++)
		if (!check_one(g_ptr_array_index(options, i), error))
			return false;
	if (!check_writing(dev, options, error))
		return false;
	frontend = dev_pair_get(options, "frontend-dev");
	if (!frontend) {
		chosen = free_frontend(d, !g_strcmp0(dev_pair_get(options, "devtype"), "cdrom"));
		if (!chosen)
			return fail(error, E_QUBES, "%s has too many block devices", d->name);
		dev_pair_set(options, "frontend-dev", chosen);
		return true;
	}
	return (!is_own(d, frontend) && !is_used(d, frontend)) ||
	       fail(error, E_VALUE, "%s is taken in %s: choose another frontend-dev", frontend,
		    d->name);
}
