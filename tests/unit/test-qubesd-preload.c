// SPDX-License-Identifier: GPL-2.0-or-later
/* Preloaded disposables as the state knows them: how many, which, and what makes them outdated. */
#include "tests/unit/test-qubesd-env.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"

#include <string.h>

static void ready(App *app, Domain *dvm)
{
	Domain *tpl = app_domain(app, "tpl");

	feature_put(tpl, "qrexec", "1");
	feature_put(tpl, "supported-rpc.qubes.WaitForRunningSystem", "1");
	feature_put(tpl, "supported-rpc.qubes.WaitForSession", "1");
	g_assert_true(env_set(dvm, "template_for_dispvms", "True", NULL));
}

static void test_numbers(void)
{
	App *app = env_app();
	Domain *dvm = app_domain(app, "dvm");

	ready(app, dvm);
	prop_put(&app->h, P_default_dispvm, value_none());
	g_assert_true(preload_is_template(dvm));
	g_assert_false(preload_is_template(app_domain(app, "work")));
	g_assert_false(preload_is_template(app->dom0));
	g_assert_cmpint(preload_max(dvm), ==, 0);
	feature_put(dvm, "preload-dispvm-max", "2");
	g_assert_cmpint(preload_max(dvm), ==, 2);
	g_assert_true(preload_vacancy(dvm));
	/* dom0's number is that of the default template, also when it is 0 or nothing. */
	feature_put(app->dom0, "preload-dispvm-max", "5");
	g_assert_cmpint(preload_max(dvm), ==, 2);
	prop_put(&app->h, P_default_dispvm, value_vm(dvm));
	g_assert_true(preload_is_global(dvm));
	g_assert_cmpint(preload_max(dvm), ==, 5);
	feature_put(app->dom0, "preload-dispvm-max", "0");
	g_assert_cmpint(preload_max(dvm), ==, 0);
	g_assert_false(preload_vacancy(dvm));
	feature_put(app->dom0, "preload-dispvm-max", "");
	g_assert_cmpint(preload_max(dvm), ==, 0);
	feature_put(app->dom0, "preload-dispvm-max", "99999999999999999999");
	g_assert_cmpint(preload_max(dvm), ==, DISPID_MAX);
	prop_put(&app->h, P_default_dispvm, value_none());
	app_free(app);
}

static void test_list(void)
{
	App *app = env_app();
	Domain *dvm = app_domain(app, "dvm"), *a, *b;
	g_autoptr(GPtrArray) events = NULL;
	g_autofree char *text = NULL;

	ready(app, dvm);
	a = env_qube(app, CLS_DISP, "disp1", dvm);
	b = env_qube(app, CLS_DISP, "disp2", dvm);
	g_assert_false(preload_is(a));
	g_assert_true(preload_mark(a, NULL));
	g_assert_true(preload_mark(b, NULL));
	g_assert_cmpstr(feature_get(dvm, "preload-dispvm"), ==, "disp1 disp2");
	g_assert_cmpstr(feature_get(a, "internal"), ==, "1");
	env_expect(a, "is_preload", "True");
	events = env_record(app);
	preload_forget(a, "of the test");
	preload_forget(a, "of the test");
	text = env_recorded(events);
	g_assert_cmpstr(
		text, ==,
		"dvm domain-feature-pre-set:preload-dispvm feature=preload-dispvm value=disp2 "
		"oldvalue=disp1 disp2\n"
		"disp1 property-reset:is_preload name=is_preload\n"
		"dvm domain-feature-set:preload-dispvm feature=preload-dispvm value=disp2 "
		"oldvalue=disp1 disp2");
	env_expect(a, "is_preload", "False");
	/* Asked for, and not handed over yet. */
	a->preload_requested = true;
	env_expect(a, "is_preload", "True");
	env_expect(b, "is_preload", "True");
	app_free(app);
}

static void test_outdated(void)
{
	App *app = env_app();
	Domain *dvm = app_domain(app, "dvm"), *d;

	ready(app, dvm);
	d = env_qube(app, CLS_DISP, "disp1", dvm);
	d->preload_print = preload_print(d);
	g_assert_false(preload_properties_differ(d));
	/* What differs by nature. */
	g_assert_true(env_set(dvm, "autostart", "False", NULL));
	prop_put(&d->h, P_dispid, value_int(77));
	g_assert_false(preload_properties_differ(d));
	/* What is the disposable's own; what it has from its template. */
	prop_put(&d->h, P_debug, value_bool(true));
	g_assert_true(preload_properties_differ(d));
	prop_put(&d->h, P_debug, value_unset());
	g_assert_false(preload_properties_differ(d));
	g_assert_true(env_set(dvm, "vcpus", "3", NULL));
	env_expect(d, "vcpus", "3");
	g_assert_true(preload_properties_differ(d));
	app_free(app);
}

/* It stays a disposable template while it is needed as one; its preloaded ones need nothing. */
static void test_template_in_use(void)
{
	App *app = env_app();
	Domain *dvm = app_domain(app, "dvm"), *work = app_domain(app, "work"), *d;

	ready(app, dvm);
	prop_put(&app->h, P_default_dispvm, value_vm(dvm));
	env_refused(dvm, "template_for_dispvms", "False", "QubesVMInUseError");
	prop_put(&app->h, P_default_dispvm, value_none());
	prop_put(&work->h, P_default_dispvm, value_vm(dvm));
	env_refused(dvm, "template_for_dispvms", "False", "QubesVMInUseError");
	prop_put(&work->h, P_default_dispvm, value_unset());
	d = env_qube(app, CLS_DISP, "disp1", dvm);
	env_refused(dvm, "template_for_dispvms", "False", "QubesVMInUseError");
	g_assert_true(preload_mark(d, NULL));
	g_assert_true(env_set(dvm, "template_for_dispvms", "False", NULL));
	g_assert_cmpstr(feature_get(dvm, "preload-dispvm"), ==, "");
	app_free(app);
}

static void test_features(void)
{
	App *app = env_app();
	Domain *dvm = app_domain(app, "dvm");
	g_autoptr(GError) error = NULL;

	prop_put(&app->h, P_default_dispvm, value_vm(dvm));
	g_assert_false(feature_set(dvm, "preload-dispvm-max", "1", &error));
	g_assert_error(error, QUBES_ERROR, E_VALUE);
	g_clear_error(&error);
	/* dom0's is checked as that of the default template. */
	g_assert_false(feature_set(app->dom0, "preload-dispvm-max", "1", NULL));
	ready(app, dvm);
	g_assert_true(feature_set(app->dom0, "preload-dispvm-max", "1", NULL));
	g_assert_false(feature_set(dvm, "preload-dispvm-max", "-1", NULL));
	g_assert_false(feature_set(dvm, "preload-dispvm-max", "1.5", NULL));
	g_assert_true(feature_set(dvm, "preload-dispvm-max", "", NULL));
	g_assert_true(feature_set(dvm, "preload-dispvm-delay", "-2.5", NULL));
	g_assert_false(feature_set(dvm, "preload-dispvm-delay", "nan", NULL));
	g_assert_false(feature_set(dvm, "preload-dispvm-delay", "0x10", NULL));
	g_assert_false(feature_set(dvm, "preload-dispvm-delay", "1s", NULL));
	g_assert_false(feature_set(app->dom0, "preload-dispvm-threshold", "1.5", NULL));
	prop_put(&app->h, P_default_dispvm, value_none());
	app_free(app);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesd/preload/numbers", test_numbers);
	g_test_add_func("/qubesd/preload/list", test_list);
	g_test_add_func("/qubesd/preload/outdated", test_outdated);
	g_test_add_func("/qubesd/preload/template-in-use", test_template_in_use);
	g_test_add_func("/qubesd/preload/features", test_features);
	return g_test_run();
}
