// SPDX-License-Identifier: GPL-2.0-or-later
/* Names, codes, firewall rules, properties with their inheritance, events and their order. */
#include "tests/unit/test-qubesd-env.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/firewall.h"
#include "dom0/qubesd/core/ifcode.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/network.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/sysinfo.h"
#include "dom0/qubesd/core/undo.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>

/* --- pure checks --- */

static void test_names(void)
{
	static const char *const good[] = {"a", "work", "sys-net_2.x", "none2",
					   "a234567890123456789012345678901"};
	static const char *const bad[] = {
		"",	"1a",	   "-a",       "_a",	 ".a",
		"none", "default", "Domain-0", "sys-dm", "a b",
		"a/b",	"a+b",	   "\xc3\xa9", "a%s",	 "a2345678901234567890123456789012"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(name_check_qube(good[i], NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(name_check_qube(bad[i], NULL));
	g_assert_true(name_check_label("my.label_1-x", true, NULL));
	g_assert_false(name_check_label("12", true, NULL));
	g_assert_true(name_check_label("12", false, NULL));
	g_assert_true(name_check_color(" 0xAB00ef\n", NULL));
	g_assert_false(name_check_color("0xAB00e", NULL));
	g_assert_false(name_check_color("00AB00ef", NULL));
	g_assert_true(name_check_tag("a-B_1", NULL));
	g_assert_false(name_check_tag("a.b", NULL));
	g_assert_true(name_is_uuid("3c4a1d9e-0000-4000-8000-0123456789ab"));
	g_assert_false(name_is_uuid("3C4A1D9E-0000-4000-8000-0123456789AB"));
	g_assert_false(name_is_uuid("3c4a1d9e"));
}

static void test_numbers(void)
{
	static const char *const bad[] = {"",	"-",   "01",  "1 ",
					  "+1", "0x1", "1e3", "12345678901234567890"};
	gint64 n;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(name_parse_number(bad[i], "n", true, &n, NULL));
	g_assert_false(name_parse_number("-1", "n", false, &n, NULL));
	g_assert_true(name_parse_number("-1", "n", true, &n, NULL));
	g_assert_cmpint(n, ==, -1);
	g_assert_true(name_parse_number("9223372036854775807", "n", false, &n, NULL));
	g_assert_cmpint(n, ==, G_MAXINT64);
	g_assert_false(name_parse_number("9999999999999999999", "n", false, &n, NULL));
}

static void test_ifcodes(void)
{
	g_autoptr(GPtrArray) codes = ifcodes_parse("u03****b******", NULL);
	g_autofree char *joined = ifcodes_join(codes, "\n");

	g_assert_cmpstr(joined, ==, "b******\nu03****");
	g_assert_false(ifcodes_have_duplicate(codes));
	g_assert_null(ifcodes_parse("u03***", NULL));
	g_assert_true(ifcodes_check(codes, NULL));
}

static void test_bad_ifcodes(void)
{
	static const char *const bad[] = {"x03****", "u03**G*", "?******"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GPtrArray) codes = ifcodes_parse(bad[i], NULL);

		g_assert_nonnull(codes);
		g_assert_false(ifcodes_check(codes, NULL));
	}
}

static void rule_is(const char *in, const char *want)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *got = firewall_rule(in, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(got, ==, want);
}

static void test_firewall_rules(void)
{
	static const char *const bad[] = {
		"",
		"foo=bar",
		"action=maybe",
		"proto=tcp",
		"action=accept dstports=80",
		"action=accept proto=tcp dstports=80-79",
		"action=accept proto=tcp dstports=65536",
		"action=accept icmptype=3",
		"action=accept proto=icmp icmptype=256",
		"action=accept dst4=1.2.3.4/33",
		"action=accept dsthost=UPPER",
		"action=drop action=drop",
		"action=accept dst4=1.2.3.4 dsthost=x",
		"action=accept  proto=tcp",
		"action=accept comment=a<b",
		"action=accept expire=soon",
		"action=accept dsthost=a/b",
	};

	rule_is("action=accept", "action=accept");
	rule_is("proto=tcp action=drop dstports=80 dst4=1.2.3.4",
		"action=drop dst4=1.2.3.4/32 proto=tcp dstports=80-80");
	rule_is("action=accept dsthost=2001:db8::1/64", "action=accept dst6=2001:db8::1/64");
	rule_is("action=accept dsthost=qubes-os.org comment=hey you, [x]",
		"action=accept dsthost=qubes-os.org comment=hey you, [x]");
	rule_is("action=accept proto=icmp icmptype=8 expire=4102444800",
		"action=accept expire=4102444800 proto=icmp icmptype=8");
	rule_is("action=accept specialtarget=dns", "action=accept specialtarget=dns");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(firewall_rule(bad[i], &error));
		g_assert_cmpstr(qubes_error_type(error), ==, "QubesValueError");
	}
	g_assert_true(firewall_expired("action=drop expire=5", 6));
	g_assert_false(firewall_expired("action=drop expire=5", 4));
}

static void test_firewall_xml(void)
{
	g_autoptr(GPtrArray) rules = g_ptr_array_new(), back = NULL;
	g_autofree char *xml = NULL;

	g_ptr_array_add(rules, (gpointer) "action=drop dst4=1.2.3.4/32 proto=tcp dstports=80-90");
	g_ptr_array_add(rules, (gpointer) "action=accept dst6=::1/128 comment=a b c");
	xml = firewall_to_xml(rules);
	back = firewall_from_xml(xml, strlen(xml), NULL);
	g_assert_nonnull(back);
	g_assert_cmpuint(back->len, ==, 2);
	for (guint i = 0; i < 2; i++)
		g_assert_cmpstr(g_ptr_array_index(back, i), ==, g_ptr_array_index(rules, i));
	g_assert_null(firewall_from_xml("<firewall", 9, NULL));
	g_assert_null(firewall_from_xml("<qubes/>", 8, NULL));
}

/* --- properties --- */

static void test_catalog(void)
{
	static const size_t want[CLS_N] = {
		[CLS_ADMIN] = 12,      [CLS_APP] = 48,	    [CLS_DISP] = 50,  [CLS_REMOTE] = 10,
		[CLS_STANDALONE] = 47, [CLS_TEMPLATE] = 47, [CLS_GLOBAL] = 20};
	App *app = env_app();

	for (int i = 0; i < CLS_N; i++)
		g_assert_cmpuint(app->catalog->n[i], ==, want[i]);
	/* Every property has a text for qvm-prefs --help-properties where it can be set. */
	for (int c = 0; c < CLS_N; c++)
		for (size_t i = 0; i < app->catalog->n[c]; i++) {
			const PropDef *def = app->catalog->defs[c][app->catalog->order[c][i]];

			g_assert_true(def->help || def->flags & PF_READONLY);
		}
	app_free(app);
}

static void test_inheritance(void)
{
	App *app = env_app();
	Domain *tpl = app_domain(app, "tpl"), *work = app_domain(app, "work");
	Domain *disp = env_qube(app, CLS_DISP, "disp1", app_domain(app, "dvm"));

	prop_put(&disp->h, P_dispid, value_int(1));
	env_expect(work, "memory", "400");
	g_assert_true(env_set(tpl, "memory", "800", NULL));
	env_expect(work, "memory", "800");
	env_expect(disp, "memory", "800");
	g_assert_true(env_set(work, "memory", "900", NULL));
	env_expect(work, "memory", "900");
	g_assert_true(prop_reset(&work->h, prop_def(&work->h, P_memory), NULL));
	env_expect(work, "memory", "800");
	env_expect(work, "qrexec_timeout", "60");
	prop_put(&app->h, P_default_qrexec_timeout, value_int(7));
	env_expect(disp, "qrexec_timeout", "7");
	env_expect(disp, "default_dispvm", "dvm");
	env_expect(work, "kernel", "(none)");
	env_expect(work, "netvm", "net");
	env_expect(tpl, "netvm", "");
	env_expect(work, "icon", "appvm-red");
	env_expect(app_domain(app, "dvm"), "icon", "templatevm-red");
	env_expect(disp, "icon", "dispvm-red");
	env_expect(app->dom0, "icon", "adminvm-black");
	app_free(app);
}

static void test_addresses(void)
{
	App *app = env_app();
	Domain *work = app_domain(app, "work"), *net = app_domain(app, "net");
	Domain *disp = env_qube(app, CLS_DISP, "disp1", app_domain(app, "dvm"));

	env_expect(work, "ip", "10.137.0.4");
	env_expect(work, "visible_gateway", "10.137.0.2");
	env_expect(work, "dns", "10.139.1.1 10.139.1.2");
	env_expect(net, "gateway", "10.137.0.2");
	env_expect(net, "visible_gateway", "");
	prop_put(&disp->h, P_dispid, value_int(254));
	env_expect(disp, "ip", "10.138.0.254");
	prop_put(&disp->h, P_dispid, value_int(255));
	env_expect(disp, "ip", "10.138.1.1");
	prop_put(&disp->h, P_dispid, value_int(9999));
	env_expect(disp, "ip", "10.138.39.93");
	env_expect(work, "ip6", "");
	feature_put(net, "ipv6", "1");
	env_expect(work, "ip6", "fd09:24ef:4179::a89:4");
	g_assert_true(env_set(work, "netvm", "", NULL));
	env_expect(work, "ip", "");
	env_expect(work, "dns", "");
	app_free(app);
}

static void test_refusals(void)
{
	App *app = env_app();
	Domain *work = app_domain(app, "work"), *net = app_domain(app, "net");

	env_refused(work, "memory", "0", "QubesPropertyValueError");
	env_refused(work, "memory", "x", "QubesValueError");
	env_refused(work, "memory", "99999999999999999999", "QubesValueError");
	env_refused(work, "debug", "maybe", "QubesValueError");
	env_refused(work, "label", "nosuch", "QubesLabelNotFoundError");
	env_refused(work, "netvm", "nosuch", "QubesPropertyValueError");
	env_refused(work, "netvm", "tpl", "QubesValueError");
	env_refused(work, "netvm", "1x", "QubesValueError");
	env_refused(work, "template", "dvm", "QubesPropertyValueError");
	env_refused(work, "template", "", "QubesPropertyValueError");
	env_refused(work, "name", "other", "QubesPropertyAccessError");
	env_refused(work, "xid", "1", "QubesPropertyValueError");
	env_refused(work, "kernel", "../x", "QubesPropertyValueError");
	env_refused(work, "kernel", "6.1", "QubesPropertyValueError"); /* not installed */
	env_refused(work, "virt_mode", "kvm", "QubesPropertyValueError");
	env_refused(work, "mac", "00:16", "QubesPropertyValueError");
	env_refused(work, "ip", "10.1.2", "QubesValueError");
	env_refused(work, "default_user", "a:b", "QubesPropertyValueError");
	env_refused(work, "default_user", "\x01", "QubesValueError");
	env_refused(work, "keyboard_layout", "us", "QubesPropertyValueError");
	env_refused(work, "default_dispvm", "net", "QubesPropertyValueError");
	env_refused(work, "devices_denied", "b*****", "QubesValueError");
	env_refused(net, "provides_network", "False", "QubesValueError");
	app_free(app);
}

static void test_network_loops(void)
{
	App *app = env_app();
	Domain *net = app_domain(app, "net"), *fw, *work = app_domain(app, "work");

	fw = env_qube(app, CLS_APP, "fw", app_domain(app, "tpl"));
	g_assert_true(env_set(fw, "provides_network", "True", NULL));
	g_assert_true(env_set(work, "netvm", "fw", NULL));
	env_refused(net, "netvm", "fw", "QubesValueError");
	env_refused(net, "netvm", "net", "QubesValueError");
	/* One of a store written elsewhere. */
	prop_put(&net->h, P_netvm, value_vm(fw));
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*loop*");
	network_break_loops(app);
	g_test_assert_expected_messages();
	g_assert_true(!prop_vm(&net->h, P_netvm) || !prop_vm(&fw->h, P_netvm));
	env_expect(work, "netvm", "fw");
	app_free(app);
}

/* --- events --- */

static void expect_events(GPtrArray *events, const char *want)
{
	g_autofree char *got = env_recorded(events);

	g_assert_cmpstr(got, ==, want);
}

static void test_event_order(void)
{
	App *app = env_app();
	GPtrArray *events = env_record(app);
	Domain *work = app_domain(app, "work"), *tpl = app_domain(app, "tpl");

	g_assert_true(env_set(work, "label", "blue", NULL));
	expect_events(events, "work property-pre-set:label name=label newvalue=blue oldvalue=red\n"
			      "work property-reset:icon name=icon\n"
			      "work property-set:label name=label newvalue=blue oldvalue=red");
	g_assert_true(env_set(tpl, "vcpus", "3", NULL));
	expect_events(events, "tpl property-pre-set:vcpus name=vcpus newvalue=3 oldvalue=2\n"
			      "dvm property-reset:vcpus name=vcpus\n"
			      "net property-reset:vcpus name=vcpus\n"
			      "work property-reset:vcpus name=vcpus\n"
			      "tpl property-set:vcpus name=vcpus newvalue=3 oldvalue=2");
	g_assert_true(env_set(work, "netvm", "", NULL));
	g_ptr_array_set_size(events, 0);
	g_assert_true(prop_reset(&work->h, prop_def(&work->h, P_netvm), NULL));
	expect_events(events, "work property-pre-reset:netvm name=netvm oldvalue=None\n"
			      "work property-pre-set:netvm name=netvm newvalue=net oldvalue=None\n"
			      "work property-pre-del:netvm name=netvm oldvalue=None\n"
			      "work property-set:netvm name=netvm newvalue=net oldvalue=None\n"
			      "work property-reset:netvm name=netvm oldvalue=None\n"
			      "work property-del:netvm name=netvm oldvalue=None");
	g_ptr_array_unref(events);
	app_free(app);
}

static void test_event_veto(void)
{
	App *app = env_app();
	GPtrArray *events = env_record(app);
	Domain *work = app_domain(app, "work");
	g_autoptr(GError) error = NULL;

	g_assert_false(feature_set(work, "service.a/b", "1", &error));
	g_assert_cmpstr(qubes_error_type(error), ==, "QubesValueError");
	g_assert_null(feature_get(work, "service.a/b"));
	expect_events(events,
		      "work domain-feature-pre-set:service.a/b feature=service.a/b value=1");
	g_ptr_array_unref(events);
	app_free(app);
}

static void test_features(void)
{
	App *app = env_app();
	Domain *work = app_domain(app, "work"), *tpl = app_domain(app, "tpl");

	feature_put(tpl, "a", "t");
	feature_put(app->dom0, "b", "d");
	feature_put(app_domain(app, "net"), "c", "n");
	feature_put(work, "e", "");
	feature_put(tpl, "e", "x");
	g_assert_cmpstr(feature_with_template(work, "a"), ==, "t");
	g_assert_null(feature_get(work, "a"));
	g_assert_cmpstr(feature_with_adminvm(work, "b"), ==, "d");
	g_assert_cmpstr(feature_with_netvm(work, "c"), ==, "n");
	g_assert_cmpstr(feature_with_template_and_adminvm(work, "b"), ==, "d");
	g_assert_cmpstr(feature_with_template(work, "e"), ==, ""); /* present wins */
	g_assert_true(feature_set(work, "service.meminfo-writer", "", NULL));
	g_assert_null(feature_get(work, "service.meminfo-writer"));
	env_expect(work, "maxmem", "0");
	g_assert_false(prop_is_default(&work->h, P_maxmem));
	app_free(app);
}

static void test_clockvm(void)
{
	App *app = env_app();
	Domain *net = app_domain(app, "net");
	const PropDef *def = prop_def(&app->h, P_clockvm);
	Value v = value_vm(net), none = value_none();

	g_assert_true(prop_set(&app->h, def, &v, NULL));
	g_assert_cmpstr(feature_get(net, "service.clocksync"), ==, "1");
	g_assert_true(prop_set(&app->h, def, &none, NULL));
	g_assert_null(feature_get(net, "service.clocksync"));
	app_free(app);
}

/* --- what follows from the state --- */

static const char *key(const GPtrArray *keys, const char *path)
{
	for (guint i = 0; i < keys->len; i++) {
		const DocPair *p = g_ptr_array_index(keys, i);

		if (!strcmp(p->name, path))
			return p->value;
	}
	return NULL;
}

static void test_qubesdb_keys(void)
{
	App *app = env_app();
	Domain *work = app_domain(app, "work"), *net = app_domain(app, "net");
	g_autoptr(GPtrArray) keys = NULL, of_net = NULL;

	feature_put(work, "service.cups", "1");
	feature_put(work, "service.crond", "");
	feature_put(work, "vm-config.x", "y");
	keys = qdb_keys(work);
	g_assert_cmpstr(key(keys, "/name"), ==, "work");
	g_assert_cmpstr(key(keys, "/type"), ==, "AppVM");
	g_assert_cmpstr(key(keys, "/default-user"), ==, "user");
	g_assert_cmpstr(key(keys, "/qubes-vm-updateable"), ==, "False");
	g_assert_cmpstr(key(keys, "/qubes-vm-persistence"), ==, "rw-only");
	g_assert_cmpstr(key(keys, "/qubes-base-template"), ==, "tpl");
	g_assert_cmpuint(strlen(key(keys, "/qubes-random-seed")), ==, 88);
	g_assert_cmpstr(key(keys, "/qubes-ip"), ==, "10.137.0.4");
	g_assert_cmpstr(key(keys, "/qubes-gateway"), ==, "10.137.0.2");
	g_assert_cmpstr(key(keys, "/qubes-primary-dns"), ==, "10.139.1.1");
	g_assert_cmpstr(key(keys, "/qubes-secondary-dns"), ==, "10.139.1.2");
	g_assert_cmpstr(key(keys, "/qubes-service/cups"), ==, "1");
	g_assert_cmpstr(key(keys, "/qubes-service/crond"), ==, "0");
	g_assert_cmpstr(key(keys, "/qubes-service/meminfo-writer"), ==, "0");
	g_assert_cmpstr(key(keys, "/vm-config/x"), ==, "y");
	g_assert_cmpstr(key(keys, "/qubes-gui-enabled"), ==, "True");
	g_assert_cmpstr(key(keys, "/qubes-gui-domain-xid"), ==, "0");
	g_assert_cmpstr(key(keys, "/qubes-block-devices"), ==, "");
	g_assert_null(key(keys, "/qubes-netvm-network"));
	of_net = qdb_keys(net);
	g_assert_null(key(of_net, "/qubes-ip"));
	g_assert_cmpstr(key(of_net, "/qubes-netvm-network"), ==, "10.137.0.2");
	g_assert_cmpstr(key(of_net, "/qubes-netvm-primary-dns"), ==, "10.139.1.1");
	g_assert_cmpstr(key(of_net, "/qubes-vm-type"), ==, "NetVM");
	app_free(app);
}

/* Where a qube takes memory as it uses it, it may grow as on Xen. */
static void test_container_memory(void)
{
	App *app = env_app();
	Domain *work = app_domain(app, "work"), *tpl = app_domain(app, "tpl");
	g_autoptr(GPtrArray) keys = NULL;

	env_expect(work, "maxmem", "0");
	app->hv = hypervisor_new("lxc:///system?socket=/nonexistent/sock", "", 0, 0);
	app->host_mib = 16384;
	env_expect(work, "maxmem", "4000");
	app->host_mib = 4096;
	env_expect(work, "maxmem", "2048");
	prop_put(&tpl->h, P_maxmem, value_int(1000));
	env_expect(work, "maxmem", "1000");
	prop_put(&work->h, P_maxmem, value_int(0));
	env_expect(work, "maxmem", "0");
	env_expect(tpl, "maxmem", "1000");
	keys = qdb_keys(tpl);
	g_assert_cmpstr(key(keys, "/qubes-service/meminfo-writer"), ==, "0");
	hypervisor_free(app->hv);
	app->hv = NULL;
	app_free(app);
}

static void test_volumes(void)
{
	App *app = env_app();
	Domain *tpl = app_domain(app, "tpl"), *work = app_domain(app, "work"), *other;
	Domain *disp = env_qube(app, CLS_DISP, "disp1", app_domain(app, "dvm")), *owner;

	g_assert_true(volume_source(work, VOL_ROOT, &owner) == tpl->volumes[VOL_ROOT]);
	g_assert_true(volume_source(disp, VOL_ROOT, NULL) == tpl->volumes[VOL_ROOT]);
	g_assert_true(volume_source(disp, VOL_PRIVATE, &owner));
	g_assert_cmpstr(owner->name, ==, "dvm");
	g_assert_null(volume_source(work, VOL_PRIVATE, NULL));
	g_assert_cmpuint(volume_size(disp, VOL_VOLATILE), ==, ROOT_SIZE + PRIVATE_SIZE);
	tpl->volumes[VOL_ROOT]->size = 1 << 20;
	g_assert_cmpuint(volume_size(disp, VOL_ROOT), ==, 1 << 20);
	other = env_qube(app, CLS_TEMPLATE, "other", NULL);
	other->volumes[VOL_ROOT]->vid = g_strdup("vm-templates/other/root");
	g_assert_true(env_set(work, "template", "other", NULL));
	g_assert_cmpstr(work->volumes[VOL_ROOT]->source_vid, ==, "vm-templates/other/root");
	app_free(app);
}

static void test_system_info(void)
{
	App *app = env_app();
	const char *json = sysinfo_get(app);

	g_assert_nonnull(strstr(json,
				"\"work\": {\"internal\": null, \"tags\": [], \"type\": \"AppVM\", "
				"\"template_for_dispvms\": false, \"default_dispvm\": \"dvm\", "
				"\"icon\": \"appvm-red\", \"label\": \"0xcc0000\", \"guivm\": "
				"\"dom0\", \"relayvm\": null, \"transport_rpc\": null, "
				"\"power_state\": \"Halted\", \"uuid\": \""));
	g_assert_true(sysinfo_get(app) == json); /* cached */
	tag_add(app_domain(app, "work"), "x", NULL);
	g_assert_nonnull(strstr(sysinfo_get(app), "\"tags\": [\"x\"]"));
	app_free(app);
}

static void test_dispids(void)
{
	App *app = env_app();
	int id;

	for (int i = 0; i < DISPID_MAX; i++)
		app_retire_dispid(app, i);
	id = app_free_dispid(app); /* all rest: then any is better than none */
	g_assert_cmpint(id, >=, 0);
	g_assert_cmpint(app_free_qid(app), ==, 5);
	app_free(app);
}

static Assignment *assignment(const char *cls, const char *port, const char *id, DeviceMode mode)
{
	DevArg arg = {.backend = (char *)"dom0", .port = (char *)port, .id = (char *)id};
	Assignment *a = assignment_new(cls, &arg);

	a->mode = mode;
	return a;
}

/* Changes come with events, and can be taken back when they cannot be saved. */
static void test_assignments(void)
{
	App *app = env_app();
	Domain *work = app_domain(app, "work");
	GPtrArray *events = env_record(app), *steps;
	DevArg arg = {.backend = (char *)"dom0", .port = (char *)"sda", .id = (char *)"*"};
	g_autofree char *got = NULL;
	g_autoptr(GError) error = NULL;

	undo_list_free(undo_take(app));
	g_assert_true(assignment_add(work, assignment("block", "sda", "*", MODE_AUTO), NULL));
	g_assert_false(assignment_add(work, assignment("block", "sda", "*", MODE_ASK), &error));
	g_assert_cmpint(error->code, ==, E_DEVICE_ALREADY_ASSIGNED);
	g_assert_true(assignment_set_mode(work, "block", &arg, MODE_REQUIRED, NULL));
	g_assert_true(assignment_set_mode(work, "block", &arg, MODE_REQUIRED, NULL));
	got = env_recorded(events);
	g_assert_cmpstr(got, ==,
			"work device-pre-assign:block device=dom0:sda:* options={}\n"
			"work device-assign:block device=dom0:sda:* options={}\n"
			"work device-pre-assign:block device=dom0:sda:* options={}\n"
			"work device-assignment-changed:block device=dom0:sda:*");
	undo_list_free(undo_take(app));
	g_assert_true(assignment_remove(work, "block", &arg, NULL));
	g_assert_cmpuint(work->devices->len, ==, 0);
	steps = undo_take(app);
	undo_run(app, steps);
	undo_list_free(steps);
	g_assert_cmpuint(work->devices->len, ==, 1);
	g_assert_cmpint(assignment_find(work, "block", &arg)->mode, ==, MODE_REQUIRED);
	env_expect(work, "virt_mode", "pvh");
	g_assert_true(assignment_add(work, assignment("pci", "00_1f.0", "*", MODE_REQUIRED), NULL));
	env_expect(work, "virt_mode", "hvm");
	env_refused(work, "virt_mode", "pvh", "QubesPropertyValueError");
	undo_list_free(undo_take(app));
	g_clear_pointer(&app->undo, undo_list_free);
	g_ptr_array_unref(events);
	app_free(app);
}

static void test_assignment_order(void)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(assignment_free);
	static const char *const want[] = {"dom0:p:i", "dom0:p:*", "dom0:*:i", "dom0:*:*"};

	for (int i = 0; i < 4; i++)
		g_ptr_array_add(
			list, assignment("block", i & 1 ? "p" : "*", i & 2 ? "i" : "*", MODE_AUTO));
	g_ptr_array_sort(list, assignment_order);
	for (guint i = 0; i < list->len; i++) {
		g_autofree char *text = assignment_text(g_ptr_array_index(list, i));

		g_assert_cmpstr(text, ==, want[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesd/names/text", test_names);
	g_test_add_func("/qubesd/names/numbers", test_numbers);
	g_test_add_func("/qubesd/ifcodes", test_ifcodes);
	g_test_add_func("/qubesd/bad-ifcodes", test_bad_ifcodes);
	g_test_add_func("/qubesd/firewall/rules", test_firewall_rules);
	g_test_add_func("/qubesd/firewall/file", test_firewall_xml);
	g_test_add_func("/qubesd/property/catalog", test_catalog);
	g_test_add_func("/qubesd/property/inheritance", test_inheritance);
	g_test_add_func("/qubesd/property/addresses", test_addresses);
	g_test_add_func("/qubesd/property/refusals", test_refusals);
	g_test_add_func("/qubesd/property/network-loops", test_network_loops);
	g_test_add_func("/qubesd/event/order", test_event_order);
	g_test_add_func("/qubesd/event/veto", test_event_veto);
	g_test_add_func("/qubesd/features", test_features);
	g_test_add_func("/qubesd/clockvm", test_clockvm);
	g_test_add_func("/qubesd/qubesdb-keys", test_qubesdb_keys);
	g_test_add_func("/qubesd/container-memory", test_container_memory);
	g_test_add_func("/qubesd/volumes", test_volumes);
	g_test_add_func("/qubesd/system-info", test_system_info);
	g_test_add_func("/qubesd/assignments", test_assignments);
	g_test_add_func("/qubesd/assignment-order", test_assignment_order);
	g_test_add_func("/qubesd/dispids", test_dispids);
	return g_test_run();
}
