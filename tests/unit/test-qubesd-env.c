// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/test-qubesd-env.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/store-load.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>

Domain *env_qube(App *app, VmClass cls, const char *name, Domain *template)
{
	g_autofree char *uuid = g_uuid_string_random();
	Domain *d = store_new_domain(app, cls, name, uuid, app_free_qid(app));

	prop_put(&d->h, P_label, value_label(app_label(app, "red")));
	if (template)
		prop_put(&d->h, P_template, value_vm(template));
	g_assert_true(volumes_create(d, NULL, NULL));
	return d;
}

App *env_app(void)
{
	Options opt = {.root = (char *)"/nonexistent",
		       .uri = (char *)"test:///default",
		       .bindir = (char *)"/nonexistent"};
	App *app = app_new(&opt, NULL);
	Domain *tpl, *net, *dvm;

	app->loading = true;
	store_make_initial(app);
	app->loading = false;
	tpl = env_qube(app, CLS_TEMPLATE, "tpl", NULL);
	net = env_qube(app, CLS_APP, "net", tpl);
	dvm = env_qube(app, CLS_APP, "dvm", tpl);
	env_qube(app, CLS_APP, "work", tpl);
	prop_put(&net->h, P_provides_network, value_bool(true));
	prop_put(&net->h, P_netvm, value_none());
	prop_put(&dvm->h, P_template_for_dispvms, value_bool(true));
	prop_put(&app->h, P_default_netvm, value_vm(net));
	prop_put(&app->h, P_default_template, value_vm(tpl));
	prop_put(&app->h, P_default_dispvm, value_vm(dvm));
	return app;
}

bool env_set(Domain *d, const char *prop, const char *text, const char **ret_type)
{
	g_autoptr(GError) error = NULL;
	const PropDef *def = prop_find(&d->h, prop, &error);
	Value v = value_unset();
	bool ok = def && prop_parse(&d->h, def, text, false, &v, &error) &&
		  prop_set(&d->h, def, &v, &error);

	if (!ok && ret_type)
		*ret_type = qubes_error_type(error);
	return ok;
}

char *env_get(Domain *d, const char *prop)
{
	g_auto(Value) v = value_unset();
	PropId id = prop_id(prop);

	g_assert_cmpint(id, <, P_N);
	return prop_get(&d->h, id, &v) ? value_text(&v, "") : g_strdup("(none)");
}

void env_expect(Domain *d, const char *prop, const char *want)
{
	g_autofree char *got = env_get(d, prop);

	g_assert_cmpstr(got, ==, want);
}

void env_refused(Domain *d, const char *prop, const char *text, const char *type)
{
	g_autofree char *before = env_get(d, prop);
	const char *got = "accepted";

	g_assert_false(env_set(d, prop, text, &got));
	g_assert_cmpstr(got, ==, type);
	env_expect(d, prop, before);
}

static void record(const Event *ev, gpointer data)
{
	GString *s = g_string_new(ev->subject ? ev->subject->name : "");

	g_string_append_printf(s, " %s", ev->name);
	for (const char *const *a = ev->args; *a; a += 2)
		g_string_append_printf(s, " %s=%s", a[0], a[1]);
	g_ptr_array_add(data, g_string_free(s, FALSE));
}

GPtrArray *env_record(App *app)
{
	GPtrArray *events = g_ptr_array_new_with_free_func(g_free);

	event_subscribe(app, NULL, record, events);
	return events;
}

char *env_recorded(GPtrArray *events)
{
	char *text;

	g_ptr_array_add(events, NULL);
	text = g_strjoinv("\n", (char **)events->pdata);
	g_ptr_array_set_size(events, 0);
	return text;
}
