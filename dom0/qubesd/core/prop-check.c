// SPDX-License-Identifier: GPL-2.0-or-later
/* What values a property may have, beyond its type. Values come from clients or the store. */
#include "dom0/qubesd/core/assignment.h"
#include "dom0/qubesd/core/prop-private.h"

#include "dom0/qubesd/core/ifcode.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/network.h"

#include <string.h>

#define KERNELOPTS_MAX 512

static bool refuse(const PropDef *def, const char *why, GError **error)
{
	return fail(error, E_PROPERTY_VALUE, "%s %s", prop_name(def->id), why);
}

CHECK_FN(c_qid)
{
	if (v->i < 0 || v->i > QID_MAX)
		return fail(error, E_VALUE, "qid must be between 0 and %d", QID_MAX);
	return true;
}

CHECK_FN(c_positive)
{
	return v->i > 0 || refuse(def, "must be positive", error);
}

CHECK_FN(c_not_negative)
{
	return v->i >= 0 || refuse(def, "must be positive or zero", error);
}

CHECK_FN(c_user)
{
	return name_all_in(v->s, "_-+,.") ||
	       refuse(def, "is not valid: use letters, digits and _-+,.", error);
}

CHECK_FN(c_denied)
{
	g_autoptr(GPtrArray) codes = ifcodes_parse(v->s, error);
	char *joined;

	if (!codes || !ifcodes_check(codes, error))
		return false;
	joined = ifcodes_join(codes, "");
	value_clear(v);
	*v = value_take(joined);
	return true;
}

CHECK_FN(c_virt_mode)
{
	char *mode = g_ascii_strdown(v->s, -1);

	value_clear(v);
	*v = value_take(mode);
	if (!strcmp(mode, "pvh") && assignment_any(h->vm, DEV_PCI, MODE_MANUAL))
		return refuse(def, "cannot be pvh: PCI devices are assigned", error);
	return !strcmp(mode, "pvh") || !strcmp(mode, "pv") || !strcmp(mode, "hvm") ||
	       refuse(def, "is not valid: one of pvh, pv, hvm", error);
}

CHECK_FN(c_keyboard)
{
	g_auto(GStrv) part = g_strsplit(v->s, "+", -1);

	if (g_strv_length(part) != 3)
		return refuse(def, "is not valid: expected layout+variant+options, as in us++",
			      error);
	if (!*part[0] || part[0][strspn(part[0], "abcdefghijklmnopqrstuvwxyz"
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return refuse(def, "has an invalid layout: letters only", error);
	if (!name_all_in(part[1], "-_"))
		return refuse(def, "has an invalid variant", error);
	return name_all_in(part[2], "-_:,") || refuse(def, "has invalid options", error);
}

CHECK_FN(c_kernel)
{
	return (!strchr(v->s, '/') && v->s[0] != '.') ||
	       refuse(def, "is a version, not a path: it cannot contain '/'", error);
}

CHECK_FN(c_kernelopts)
{
	return strlen(v->s) <= KERNELOPTS_MAX ||
	       refuse(def, "is too long: at most 512 characters", error);
}

CHECK_FN(c_mac)
{
	char *mac = g_ascii_strdown(v->s, -1);

	value_clear(v);
	*v = value_take(mac);
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? mac[i] != ':' : !g_ascii_isxdigit(mac[i]))
			return refuse(def, "is not valid: expected xx:xx:xx:xx:xx:xx", error);
	return !mac[17] || refuse(def, "is not valid: expected xx:xx:xx:xx:xx:xx", error);
}

CHECK_FN(c_netvm)
{
	if (v->kind != V_VM || h->app->loading)
		return true;
	if (v->vm->h.cls == CLS_ADMIN || !prop_bool(&v->vm->h, P_provides_network))
		return fail(error, E_VALUE,
			    "The %s qube does not provide network: set its provides_network first",
			    v->vm->name);
	if (v->vm == h->vm || network_is_behind(v->vm, h->vm))
		return fail(error, E_VALUE,
			    "%s gets its own network through %s: loops in network "
			    "are unsupported",
			    v->vm->name, h->vm->name);
	return true;
}

CHECK_FN(c_default_netvm)
{
	if (v->kind != V_VM || h->app->loading)
		return true;
	for (guint i = 0; i < h->app->domains->len; i++) {
		Domain *d = g_ptr_array_index(h->app->domains, i);

		if (!prop_def(&d->h, P_netvm) || d->h.cls == CLS_TEMPLATE ||
		    !prop_is_default(&d->h, P_netvm))
			continue;
		if (v->vm == d || network_is_behind(v->vm, d))
			return fail(error, E_PROPERTY_VALUE,
				    "Network loop on '%s': set its netvm to something else first",
				    d->name);
	}
	return true;
}

CHECK_FN(c_provides_network)
{
	g_autoptr(GPtrArray) clients = NULL;

	if (v->b || h->app->loading)
		return true;
	clients = network_clients(h->vm);
	if (clients->len)
		return fail(error, E_VALUE,
			    "The qube is still used by %u other qubes, first of "
			    "them %s: change their netvm first",
			    clients->len, ((Domain *)g_ptr_array_index(clients, 0))->name);
	return true;
}

CHECK_FN(c_disposable_template)
{
	if (v->kind != V_VM || h->app->loading || prop_bool(&v->vm->h, P_template_for_dispvms))
		return true;
	return fail(error, E_PROPERTY_VALUE,
		    "Cannot set %s of %s to '%s': it has template_for_dispvms set to False",
		    prop_name(def->id), holder_name(h), v->vm->name);
}

CHECK_FN(c_disp_template)
{
	if (h->app->loading || prop_bool(&v->vm->h, P_template_for_dispvms))
		return true;
	return fail(error, E_PROPERTY_VALUE,
		    "template for disposable must have "
		    "template_for_dispvms=True, and '%s' has not",
		    v->vm->name);
}
