// SPDX-License-Identifier: GPL-2.0-or-later
/* Tags, features, the list of denied devices. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/ifcode.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"

#include <string.h>

/* --- tags --- */

SYNC(m_tag_list)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < c->dest->tags->len; i++)
		g_string_append_printf(s, "%s\n", (char *)g_ptr_array_index(c->dest->tags, i));
	return g_string_free(s, FALSE);
}

SYNC(m_tag_get)
{
	if (!name_check_tag(c->arg, error))
		return NULL;
	return body(tag_has(c->dest, c->arg) ? "1" : "0");
}

SYNC(m_tag_set)
{
	if (!name_check_tag(c->arg, error))
		return NULL;
	if (g_str_has_prefix(c->arg, "created-by-") &&
	    !app_domain(c->app, c->arg + strlen("created-by-"))) {
		fail(error, E_VM_NOT_FOUND, "No such domain: '%s'", c->arg + strlen("created-by-"));
		return NULL;
	}
	return tag_add(c->dest, c->arg, error) ? body("") : NULL;
}

SYNC(m_tag_remove)
{
	if (!name_check_tag(c->arg, error))
		return NULL;
	return tag_remove(c->dest, c->arg, error) ? body("") : NULL;
}

/* --- features --- */

SYNC(m_feature_list)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < c->dest->features->len; i++)
		g_string_append_printf(s, "%s\n",
				       ((Feature *)g_ptr_array_index(c->dest->features, i))->name);
	return g_string_free(s, FALSE);
}

static char *found(const Call *c, const char *value, GError **error)
{
	if (value)
		return body(value);
	fail(error, E_FEATURE_NOT_FOUND, "Feature not set for domain %s: %s", c->dest->name,
	     c->arg);
	return NULL;
}

SYNC(m_feature_get)
{
	return found(c, feature_get(c->dest, c->arg), error);
}

SYNC(m_feature_check)
{
	static const char *(*const along[])(const Domain *, const char *) = {
		feature_with_template, feature_with_netvm, feature_with_adminvm,
		feature_with_template_and_adminvm};

	return found(c, along[c->method->variant](c->dest, c->arg), error);
}

SYNC(m_feature_set)
{
	if (!name_check_feature(c->arg, c->payload, error))
		return NULL;
	return feature_set(c->dest, c->arg, c->payload, error) ? body("") : NULL;
}

SYNC(m_feature_remove)
{
	return feature_remove(c->dest, c->arg, error) ? body("") : NULL;
}

/* --- denied devices --- */

static GPtrArray *denied(const Call *c, GError **error)
{
	g_autofree char *now = prop_str(&c->dest->h, P_devices_denied);

	if (!prop_def(&c->dest->h, P_devices_denied)) {
		fail(error, E_NO_SUCH_PROPERTY, "%s has no devices", c->dest->name);
		return NULL;
	}
	return ifcodes_parse(now ? now : "", error);
}

SYNC(m_denied_list)
{
	g_autoptr(GPtrArray) codes = denied(c, error);

	return codes ? ifcodes_join(codes, "\n") : NULL;
}

/* again: also when nothing changes, with the events. */
static char *set_denied(Call *c, GPtrArray *codes, bool again, GError **error)
{
	g_autofree char *text = ifcodes_join(codes, ""),
			*now = prop_str(&c->dest->h, P_devices_denied);
	Value v = value_str(text);

	if (!again && !g_strcmp0(text, now)) {
		value_clear(&v);
		return body("");
	}
	return prop_set(&c->dest->h, prop_def(&c->dest->h, P_devices_denied), &v, error) ? body("")
											 : NULL;
}

static GPtrArray *payload_codes(const Call *c, GError **error)
{
	g_autoptr(GPtrArray) codes = ifcodes_parse(c->payload, error);

	if (codes && ifcodes_have_duplicate(codes)) {
		fail(error, E_PROTOCOL, "Duplicated device interfaces in payload.");
		return NULL;
	}
	return g_steal_pointer(&codes);
}

SYNC(m_denied_add)
{
	g_autoptr(GPtrArray) codes = denied(c, error), more = NULL;

	more = codes ? payload_codes(c, error) : NULL;
	if (!more)
		return NULL;
	for (guint i = 0; i < more->len; i++)
		g_ptr_array_add(codes, g_strdup(g_ptr_array_index(more, i)));
	return set_denied(c, codes, true, error);
}

SYNC(m_denied_remove)
{
	g_autoptr(GPtrArray) codes = denied(c, error), drop = NULL;
	g_autoptr(GPtrArray) left = g_ptr_array_new();
	bool all = !strcmp(c->payload, "all");

	if (!codes)
		return NULL;
	drop = all ? g_ptr_array_new() : payload_codes(c, error);
	if (!drop)
		return NULL;
	for (guint i = 0; i < codes->len && !all; i++)
		if (!ifcodes_contain(drop, g_ptr_array_index(codes, i)))
			g_ptr_array_add(left, g_ptr_array_index(codes, i));
	return set_denied(c, left, false, error);
}
