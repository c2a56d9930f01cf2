// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices. So far: no device is offered; assignments of the store are listed. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/store-doc.h"

#include <string.h>

SYNC(m_device_none)
{
	return body("");
}

/* key='value', quotes in the value escaped. */
static void add_value(GString *s, const char *prefix, const char *key, const char *value)
{
	g_auto(GStrv) part = g_strsplit(value, "'", -1);
	g_autofree char *escaped = g_strjoinv("\\'", part);

	g_string_append_printf(s, " %s%s='%s'", prefix, key, escaped);
}

static const char *attr(const DocDevice *d, const char *name, const char *otherwise)
{
	const char *v = g_hash_table_lookup(d->attrs, name);

	return v ? v : otherwise;
}

static const char *mode_of(const DocDevice *d)
{
	const char *old = g_hash_table_lookup(d->attrs, "required");

	if (old)
		return !g_ascii_strcasecmp(old, "no") ? "auto-attach" : "required";
	return attr(d, "mode", "required");
}

static void add_assignment(GString *s, const Call *c, const DocDevice *d)
{
	const char *backend = attr(d, "backend-domain", "*"), *port = attr(d, "id", "*");
	const char *identity = attr(d, "identity", "*");

	g_string_append_printf(s, "%s+%s:%s device_id='%s' port_id='%s' devclass='%s'", backend,
			       port, identity, identity, port, d->devclass);
	add_value(s, "", "backend_domain", backend);
	add_value(s, "", "mode", mode_of(d));
	add_value(s, "", "frontend_domain", c->dest->name);
	for (guint i = 0; i < d->options->len; i++) {
		const DocPair *o = g_ptr_array_index(d->options, i);

		add_value(s, "_", o->name, o->value);
	}
	g_string_append_c(s, '\n');
}

SYNC(m_device_assigned)
{
	g_auto(GStrv) part =
		g_strsplit(c->method->name, ".", -1); /* admin.vm.device.CLASS.Assigned */
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < c->dest->devices->len; i++) {
		const DocDevice *d = g_ptr_array_index(c->dest->devices, i);
		g_autofree char *where = g_strdup_printf("%s+%s", attr(d, "backend-domain", "*"),
							 attr(d, "id", "*"));

		if (!strcmp(d->devclass, part[3]) && (!*c->arg || !strcmp(c->arg, where)))
			add_assignment(s, c, d);
	}
	return g_string_free(s, FALSE);
}
