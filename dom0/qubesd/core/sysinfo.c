// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to internal.GetSystemInfo, cached. */
#include "dom0/qubesd/core/sysinfo.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"

void sysinfo_invalidate(App *app)
{
	g_clear_pointer(&app->system_info, g_free);
}

/* A JSON string, or null. */
static void add_string(GString *s, const char *key, const char *value)
{
	g_string_append_printf(s, "\"%s\": ", key);
	if (!value) {
		g_string_append(s, "null");
		return;
	}
	g_string_append_c(s, '"');
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			g_string_append_c(s, '\\');
		if (c < 0x20)
			g_string_append_printf(s, "\\u%04x", c);
		else
			g_string_append_c(s, (char)c);
	}
	g_string_append_c(s, '"');
}

static void add_vm(GString *s, const char *key, const Domain *d, PropId id)
{
	Domain *vm = prop_vm(&d->h, id);

	add_string(s, key, vm ? vm->name : NULL);
	g_string_append(s, ", ");
}

static void add_tags(GString *s, const Domain *d)
{
	/* Tags need no escaping: see name_check_tag(). */
	g_string_append(s, "\"tags\": [");
	for (guint i = 0; i < d->tags->len; i++)
		g_string_append_printf(s, "%s\"%s\"", i ? ", " : "",
				       (char *)g_ptr_array_index(d->tags, i));
	g_string_append(s, "], ");
}

static void add_domain(GString *s, const Domain *d)
{
	const Value *label = &d->h.values[P_label];
	const Label *l = label->kind == V_LABEL ? label->label : NULL;
	g_autofree char *icon = g_strconcat("appvm-", l ? l->name : "black", NULL);
	g_autofree char *rpc = prop_str(&d->h, P_transport_rpc);

	g_string_append_printf(s, "\"%s\": {", d->name);
	add_string(s, "internal", feature_get(d, "internal"));
	g_string_append(s, ", ");
	add_tags(s, d);
	g_string_append_printf(s, "\"type\": \"%s\", \"template_for_dispvms\": %s, ",
			       class_name(d->h.cls),
			       prop_bool(&d->h, P_template_for_dispvms) ? "true" : "false");
	add_vm(s, "default_dispvm", d, P_default_dispvm);
	add_string(s, "icon", icon);
	g_string_append_printf(s, ", \"label\": \"%s\", ", l ? l->color : "0x000000");
	add_vm(s, "guivm", d, P_guivm);
	add_vm(s, "relayvm", d, P_relayvm);
	add_string(s, "transport_rpc", rpc && *rpc ? rpc : NULL);
	g_string_append_printf(s, ", \"power_state\": \"%s\", \"uuid\": \"%s\"}", domain_state(d),
			       d->uuid);
}

const char *sysinfo_get(App *app)
{
	GString *s;

	if (app->system_info)
		return app->system_info;
	s = g_string_sized_new(64 + 320 * (gsize)app->domains->len);
	g_string_append(s, "{\"domains\": {");
	for (guint i = 0; i < app->domains->len; i++) {
		if (i)
			g_string_append(s, ", ");
		add_domain(s, g_ptr_array_index(app->domains, i));
	}
	g_string_append(s, "}}");
	app->system_info = g_string_free(s, FALSE);
	app->system_info_serial++;
	return app->system_info;
}
