// SPDX-License-Identifier: GPL-2.0-or-later
/* Reactions to what makes preloaded disposables too many, too few or out of date. */
#include "dom0/qubesd/core/reactions.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>

/* --- the features --- */

static bool check_digits(const Event *ev, GError **error)
{
	const char *v = ev->value;

	return (!v[strspn(v, "0123456789")] && strlen(v) <= 9) ||
	       fail(error, E_VALUE, "Invalid %s value: not a number", ev->key);
}

/* A disposable template's, or dom0's for the default one. */
REACTION(r_preload_max_pre_set)
{
	Domain *d = ev->subject;

	if (d->h.cls == CLS_ADMIN) {
		Domain *t = prop_vm(&app->h, P_default_dispvm);
		Event again = *ev;

		if (!t || !g_strcmp0(ev->value, ev->oldvalue))
			return true;
		again.subject = t;
		again.args[4] = "oldvalue";
		again.args[5] = ev->oldvalue ? ev->oldvalue : "None";
		return event_emit(app, &again, error);
	}
	if (!feature_true(feature_with_template(d, "qrexec")))
		return fail(error, E_VALUE, "Qube does not support qrexec");
	return preload_supported(d, error) && check_digits(ev, error);
}

REACTION(r_preload_number_pre_set)
{
	char *end;

	if (!strcmp(ev->key, "preload-dispvm-threshold"))
		return check_digits(ev, error);
	if (!g_strcmp0(ev->value, ev->oldvalue) || !*ev->value)
		return true;
	g_ascii_strtod(ev->value, &end);
	return (!*end && !strpbrk(ev->value, "xXnN")) ||
	       fail(error, E_VALUE, "Invalid %s value: not a number", ev->key);
}

static void start_because(Domain *t, const char *what, const char *value)
{
	g_autofree char *reason = g_strdup_printf("%s was set to '%s'", what, value);

	preload_start(t, reason, 0);
}

REACTION(r_preload_max_set)
{
	Domain *d = ev->subject;
	Domain *t = d->h.cls == CLS_ADMIN ? prop_vm(&app->h, P_default_dispvm) : d;

	if (!g_strcmp0(ev->value, ev->oldvalue) || !t)
		return true;
	if (d->h.cls == CLS_ADMIN)
		start_because(t, "global feature", ev->value);
	else if (preload_is_template(t) && !preload_is_global(t))
		start_because(t, "local feature", ev->value);
	return true;
}

REACTION(r_preload_max_delete)
{
	Domain *d = ev->subject;
	Domain *t = d->h.cls == CLS_ADMIN ? prop_vm(&app->h, P_default_dispvm) : d;

	if (t && d->h.cls == CLS_ADMIN)
		preload_start(t, "global feature was deleted", 0);
	else if (t && !preload_is_global(t))
		preload_trim(t, 0, "preload-dispvm-max was removed");
	return true;
}

/* Whoever came onto the list or left it. */
REACTION(r_preload_list_set)
{
	g_auto(GStrv) now = g_strsplit(ev->value, " ", -1);
	g_auto(GStrv) before = g_strsplit(ev->oldvalue ? ev->oldvalue : "", " ", -1);
	char **list[] = {before, now}, **other[] = {now, before};

	for (int i = 0; i < 2; i++) {
		for (char **name = list[i]; *name; name++) {
			Domain *d = app_domain(app, *name);

			if (d && !g_strv_contains((const char *const *)other[i], *name))
				prop_fire_reset(d, P_is_preload, NULL);
		}
	}
	return true;
}

/* --- the template --- */

REACTION(r_preload_outdated)
{
	if (preload_is_template(ev->subject) && preload_matters(ev->prop))
		preload_refresh(ev->subject, PRELOAD_PROPERTY_DELAY);
	return true;
}

/* New content of a volume that disposables are made of, directly or not. */
REACTION(r_preload_shutdown)
{
	Domain *d = ev->subject;

	if (preload_is_template(d))
		preload_refresh(d, PRELOAD_REFRESH_DELAY);
	for (guint i = 0; d->h.cls == CLS_TEMPLATE && i < app->domains->len; i++) {
		Domain *t = g_ptr_array_index(app->domains, i);

		if (preload_is_template(t) && prop_vm(&t->h, P_template) == d)
			preload_refresh(t, PRELOAD_REFRESH_DELAY);
	}
	return true;
}

static bool is_one_of(PropId id, const PropId *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* A preloaded disposable goes with its template. */
static bool in_use_by(const Domain *d, const Domain *t)
{
	static const PropId roles[] = {P_default_dispvm, P_management_dispvm, P_template};

	for (int id = 0; d != t && id < P_N; id++)
		if (is_one_of((PropId)id, roles, G_N_ELEMENTS(roles)) &&
		    d->h.values[id].kind == V_VM && d->h.values[id].vm == t &&
		    !(preload_is(d) && prop_vm(&d->h, P_template) == t))
			return true;
	return false;
}

/* It stops being one: nothing may need it as one. */
REACTION(r_dvm_pre_set)
{
	Domain *t = ev->subject;
	bool on = ev->newv && value_truth(ev->newv), was = ev->oldv && value_truth(ev->oldv);

	if (on || !was)
		return true;
	if (prop_vm(&app->h, P_default_dispvm) == t || prop_vm(&app->h, P_management_dispvm) == t)
		return fail(error, E_VM_IN_USE,
			    "Cannot change template_for_dispvms of %s to False: the system uses it "
			    "as default_dispvm or management_dispvm, change that first",
			    t->name);
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (in_use_by(d, t))
			return fail(error, E_VM_IN_USE,
				    "Cannot change template_for_dispvms of %s to False: %s uses it "
				    "as template, default_dispvm or management_dispvm, change that "
				    "first",
				    t->name, d->name);
	}
	preload_trim(t, 0, "template_for_dispvms is switched off");
	return true;
}

REACTION(r_dvm_set)
{
	if (value_truth(ev->newv) && !(ev->oldv && value_truth(ev->oldv)) &&
	    preload_vacancy(ev->subject))
		preload_start(ev->subject, "template_for_dispvms was set to True", 0);
	return true;
}

REACTION(r_dvm_template_pre_set)
{
	Domain *t = ev->subject;

	if (!preload_is_template(t) || (ev->oldv && value_equal(ev->newv, ev->oldv)))
		return true;
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (d->h.cls == CLS_DISP && prop_vm(&d->h, P_template) == t &&
		    domain_is_running(d) && !preload_is(d))
			return fail(error, E_VM_IN_USE,
				    "Cannot change template of %s: its disposable %s is running, "
				    "shut it down first",
				    t->name, d->name);
	}
	preload_trim(t, 0, "its template changes");
	return true;
}

REACTION(r_dvm_template_set)
{
	Domain *t = ev->subject;

	if (!(ev->oldv && value_equal(ev->newv, ev->oldv)) && preload_is_template(t) &&
	    preload_vacancy(t))
		preload_start(t, "template has changed", 0);
	return true;
}

/* --- the system --- */

/* Is dom0's setting something else than t's own? */
static bool distinct(Domain *t)
{
	const char *global = feature_get(t->h.app->dom0, "preload-dispvm-max");
	const char *own = feature_get(t, "preload-dispvm-max");

	return global &&
	       g_ascii_strtoll(global, NULL, 10) != (own ? g_ascii_strtoll(own, NULL, 10) : 0);
}

REACTION(r_preload_default_dispvm)
{
	Domain *old = ev->oldv && ev->oldv->kind == V_VM ? ev->oldv->vm : NULL;
	Domain *now = prop_vm(&app->h, P_default_dispvm);

	if (old == now)
		return true;
	if (old && distinct(old))
		preload_start(old, "it was the default_dispvm", 0);
	if (now && distinct(now))
		preload_start(now, "it became the default_dispvm", 0);
	return true;
}
