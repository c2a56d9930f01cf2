// SPDX-License-Identifier: GPL-2.0-or-later
/* Refusals that do not come from policy. */
#include "dom0/qubesd/api/permission.h"

#include "dom0/qubesd/api/filter.h"

#include <string.h>

bool call_is_dom0(const Call *c)
{
	return c->src->h.cls == CLS_ADMIN;
}

bool may_see(const Call *c, const Domain *d)
{
	return call_is_dom0(c) ||
	       filter_allows(c->filter, c->method->name, c->arg, c->src->name, d->name);
}

bool may_hear(const Call *c, const char *event, const Domain *d)
{
	g_autofree char *arg = NULL;

	if (call_is_dom0(c))
		return true;
	arg = g_strdelimit(g_strdup(event), ":", '_');
	return filter_allows(c->filter, c->method->name, arg, c->src->name,
			     d ? d->name : "@adminvm");
}

/* --- hooks of methods --- */

/* Tags that say who made a qube are dom0's. */
static bool tag_of_creator(const Call *c, GError **error)
{
	if (call_is_dom0(c) || !g_str_has_prefix(c->arg, "created-by-"))
		return true;
	return fail(error, E_PERMISSION, "Only dom0 changes tags that say who created a qube");
}

/* Features in which qubesd keeps its own state are nobody's. */
static bool feature_of_ours(const Call *c, GError **error)
{
	static const char *const own[] = {"deferred-netvm-original", "preload-dispvm",
					  "preload-dispvm-completed", "preload-dispvm-in-progress"};

	for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
		if (!strcmp(c->arg, own[i]))
			return fail(error, E_PERMISSION, "Feature %s is kept by qubesd itself",
				    c->arg);
	return true;
}

static const struct {
	const char *method;
	bool (*hook)(const Call *c, GError **error);
} hooks[] = {
	{"admin.vm.tag.Set", tag_of_creator},
	{"admin.vm.tag.Remove", tag_of_creator},
	{"admin.vm.feature.Set", feature_of_ours},
	{"admin.vm.feature.Remove", feature_of_ours},
};

bool permission_check(const Call *c, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++)
		if (!strcmp(hooks[i].method, c->method->name) && !hooks[i].hook(c, error))
			return false;
	return true;
}
