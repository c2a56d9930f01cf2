// SPDX-License-Identifier: GPL-2.0-or-later
/* Which disposables are preloaded, and how many should be. */
#include "dom0/qubesd/core/preload.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/property.h"

#include <stdlib.h>
#include <string.h>

#define FEATURE_LIST "preload-dispvm"
#define FEATURE_MAX "preload-dispvm-max"

bool preload_is_template(const Domain *t)
{
	return (t->h.cls == CLS_APP || t->h.cls == CLS_STANDALONE) &&
	       prop_bool(&t->h, P_template_for_dispvms);
}

bool preload_is_global(const Domain *t)
{
	App *app = t->h.app;

	return prop_vm(&app->h, P_default_dispvm) == t && feature_get(app->dom0, FEATURE_MAX);
}

int preload_max(const Domain *t)
{
	const char *v = feature_get(preload_is_global(t) ? t->h.app->dom0 : t, FEATURE_MAX);

	return v ? (int)CLAMP(strtol(v, NULL, 10), 0, DISPID_MAX) : 0;
}

char **preload_list(const Domain *t)
{
	const char *v = feature_get(t, FEATURE_LIST);

	return v && *v ? g_strsplit(v, " ", -1) : g_new0(char *, 1);
}

bool preload_vacancy(const Domain *t)
{
	g_auto(GStrv) list = preload_list(t);

	return (int)g_strv_length(list) < preload_max(t);
}

bool preload_is(const Domain *disp)
{
	Domain *t = disp->h.cls == CLS_DISP ? prop_vm(&disp->h, P_template) : NULL;
	g_auto(GStrv) list = t ? preload_list(t) : NULL;

	if (!t)
		return false;
	return disp->preload_requested || g_strv_contains((const char *const *)list, disp->name);
}

bool preload_supported(const Domain *t, GError **error)
{
	static const char *const services[] = {"qubes.WaitForRunningSystem",
					       "qubes.WaitForSession"};
	g_autoptr(GString) missing = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(services); i++) {
		g_autofree char *f = g_strconcat("supported-rpc.", services[i], NULL);

		if (!feature_true(feature_with_template(t, f)))
			g_string_append_printf(missing, "%s%s", missing->len ? ", " : "",
					       services[i]);
	}
	return !missing->len ||
	       fail(error, E_VALUE,
		    "Qube does not support the RPC(s) '%s': update its template and start it once",
		    missing->str);
}

bool preload_matters(PropId id)
{
	static const PropId ids[] = {P_autostart,
				     P_backup_timestamp,
				     P_default_dispvm,
				     P_dispid,
				     P_gateway,
				     P_gateway6,
				     P_icon,
				     P_include_in_backups,
				     P_installed_by_rpm,
				     P_ip,
				     P_ip6,
				     P_klass,
				     P_name,
				     P_qid,
				     P_start_time,
				     P_stubdom_uuid,
				     P_stubdom_xid,
				     P_template,
				     P_updateable,
				     P_template_for_dispvms,
				     P_uuid,
				     P_visible_ip,
				     P_visible_gateway,
				     P_visible_ip6,
				     P_visible_gateway6,
				     P_xid};

	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
		if (ids[i] == id)
			return false;
	return true;
}

char *preload_print(const Domain *disp)
{
	GString *s = g_string_new(NULL);

	for (int i = 0; i < P_N; i++) {
		PropId id = (PropId)i;
		g_auto(Value) v = value_unset();
		g_autofree char *text = NULL;

		if (id == P_is_preload || !preload_matters(id) || !prop_get(&disp->h, id, &v))
			continue;
		text = value_text(&v, "");
		g_string_append_printf(s, "%d=%s\n", i, text);
	}
	return g_string_free(s, FALSE);
}

static bool differs_from(const Domain *disp, const Domain *t)
{
	for (int i = 0; i < P_N; i++) {
		PropId id = (PropId)i;
		g_auto(Value) a = value_unset(), b = value_unset();

		if (!preload_matters(id) || !prop_def(&disp->h, id) || !prop_def(&t->h, id))
			continue;
		prop_get(&disp->h, id, &a);
		prop_get(&t->h, id, &b);
		if (!value_equal(&a, &b))
			return true;
	}
	return false;
}

bool preload_properties_differ(const Domain *disp)
{
	const Domain *t = prop_vm(&disp->h, P_template);
	g_autofree char *now = disp->preload_print ? preload_print(disp) : NULL;

	return (t && differs_from(disp, t)) || g_strcmp0(now, disp->preload_print);
}

bool preload_mark(Domain *disp, GError **error)
{
	Domain *t = prop_vm(&disp->h, P_template);
	const char *old = feature_get(t, FEATURE_LIST);
	g_autofree char *list =
		old && *old ? g_strconcat(old, " ", disp->name, NULL) : g_strdup(disp->name);

	return feature_set(disp, "preload-dispvm-in-progress", "1", error) &&
	       feature_set(t, FEATURE_LIST, list, error) &&
	       feature_set(disp, "internal", "1", error);
}

static void set_list(Domain *t, char **list)
{
	g_autofree char *text = g_strjoinv(" ", list);

	feature_set(t, FEATURE_LIST, text, NULL);
}

void preload_forget(Domain *disp, const char *why)
{
	Domain *t = disp->h.cls == CLS_DISP ? prop_vm(&disp->h, P_template) : NULL;
	g_auto(GStrv) list = t ? preload_list(t) : NULL;
	size_t n = 0;
	bool found = false;

	for (char **p = list; p && *p; p++) {
		if (!strcmp(*p, disp->name)) {
			found = true;
			g_free(*p);
		} else {
			list[n++] = *p;
		}
	}
	if (!found)
		return;
	list[n] = NULL;
	g_message("qube %s: disposable %s leaves the preloaded ones: %s", t->name, disp->name, why);
	set_list(t, list);
}

void preload_trim(Domain *t, int max, const char *why)
{
	g_auto(GStrv) list = preload_list(t);
	g_auto(GStrv) excess = NULL;

	if ((int)g_strv_length(list) <= max)
		return;
	excess = g_strdupv(list + max);
	for (char **p = list + max; *p; p++) {
		g_free(*p);
		*p = NULL;
	}
	g_message("qube %s: fewer preloaded disposables: %s", t->name, why);
	set_list(t, list);
	for (char **p = excess; *p; p++) {
		Domain *disp = app_domain(t->h.app, *p);

		if (disp)
			preload_discard(disp, 0);
	}
}
