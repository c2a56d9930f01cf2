/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of dom0/admin/device.h: lines of devices and assignments. */
#include <string.h>

#include "dom0/admin/device.h"

static struct device *parse(const char *line)
{
	return device_parse(line, "sys-usb", "usb", NULL);
}

static void test_device(void)
{
	g_autoptr(Device) d = parse("2-1:1d6b:2:x:u030101 device_id='1d6b:2:x:u030101' "
				    "port_id='2-1' devclass='usb' backend_domain='sys-usb' "
				    "vendor='it\\'s me' product='a key=\\'board\\'' "
				    "interfaces='u030101' _opt='v'");
	g_autofree char *description = device_description(d);

	g_assert_true(d->known);
	g_assert_cmpstr(d->port, ==, "2-1");
	g_assert_cmpstr(d->id, ==, "1d6b:2:x:u030101");
	g_assert_cmpstr(device_prop(d, "vendor"), ==, "it's me");
	g_assert_cmpstr(device_prop(d, "product"), ==, "a key='board'");
	g_assert_cmpstr(device_opt(d, "opt"), ==, "v");
	g_assert_cmpstr(description, ==, "Keyboard: it's me a key='board'");
}

static void test_device_bare(void)
{
	g_autoptr(Device) d = parse("2-1");
	g_autofree char *description = device_description(d);

	g_assert_true(d->known);
	g_assert_cmpstr(d->id, ==, "*");
	g_assert_cmpstr(description, ==, "?******: unknown vendor unknown usb device");
}

/* Each of these contradicts itself or is malformed: unknown, with nothing of it kept. */
static void test_device_bad(void)
{
	static const char *const lines[] = {
		"2-1 port_id='2-2'",
		"2-1 backend_domain='work'",
		"2-1 devclass='pci'",
		"2-1:a:b device_id='c:d'",
		"2-1 vendor='no end",
		"2-1 vendor",
		"2-1 vendor='a' stray",
		"2-1 vendor='tab\there'",
		"2-1 vendor='\303\244 umlaut'",
		"2-1 ='x'",
	};

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GError) err = NULL;
		g_autoptr(Device) d = device_parse(lines[i], "sys-usb", "usb", &err);

		g_test_message("%s", lines[i]);
		g_assert_false(d->known);
		g_assert_nonnull(err);
		g_assert_cmpuint(d->props->len, ==, 0);
		g_assert_cmpstr(d->backend, ==, "sys-usb");
	}
}

static void test_sub_device(void)
{
	g_autoptr(Device) d = device_parse("sda1 parent_port_id='sda' parent_devclass='block'",
					   "sys-usb", "block", NULL);
	g_autofree char *description = device_description(d);

	g_assert_cmpstr(description, ==, "sub-device of sys-usb:sda");
}

static void test_denied(void)
{
	g_autoptr(Device) d = parse("2-1 interfaces='u030101u0e0100'");

	g_assert_true(device_denied(d, "u03****"));
	g_assert_true(device_denied(d, "b******u0e0100"));
	g_assert_false(device_denied(d, "u03**02"));
	g_assert_false(device_denied(d, ""));
	g_assert_false(device_denied(d, "u03"));
}

static void test_assignment(void)
{
	g_autoptr(Assignment) a =
		assignment_parse("sys-usb+2-1+1d6b+2++u030101 devclass='usb' mode='ask-to-attach' "
				 "frontend_domain='work' _read-only='yes' _x='1'",
				 "usb", NULL);
	g_autofree char *payload = assignment_payload(a);
	g_autofree char *arg = device_qarg(a->backend, a->port, a->id);

	g_assert_cmpstr(a->id, ==, "1d6b:2::u030101");
	g_assert_cmpstr(a->mode, ==, "ask-to-attach");
	g_assert_cmpstr(payload, ==,
			"device_id='1d6b:2::u030101' port_id='2-1' devclass='usb' "
			"backend_domain='sys-usb' mode='ask-to-attach' frontend_domain='work' "
			"_read-only='yes' _x='1'");
	g_assert_cmpstr(arg, ==, "sys-usb+2-1+1d6b+2++u030101");
	g_assert_null(assignment_parse("no-port devclass='usb'", "usb", NULL));
	g_assert_null(assignment_parse("a+b devclass='pci'", "usb", NULL));
}

static void test_any(void)
{
	g_autoptr(Assignment) a = assignment_parse("sys-usb+_+_", "usb", NULL);
	g_autoptr(Device) d = parse("2-1:x");
	g_autofree char *arg = device_qarg("sys-usb", "*", "*");
	g_autofree char *unknown = device_qarg("sys-usb", "2-1", DEVICE_UNKNOWN_ID);

	g_assert_cmpstr(a->port, ==, "*");
	g_assert_cmpstr(a->id, ==, "*");
	g_assert_true(assignment_matches(a, d));
	g_assert_cmpstr(arg, ==, "sys-usb+_+_");
	g_assert_cmpstr(unknown, ==, "sys-usb+2-1+0000+0000++_______");
}

static void test_options(void)
{
	g_autoptr(Device) d = parse("2-1:x");
	g_autoptr(Assignment) a = assignment_new(d, "manual", "work");
	g_autofree char *taken = NULL;
	g_autofree char *payload = NULL;

	assignment_set_option(a, "k", "1");
	assignment_set_option(a, "ro", "yes");
	assignment_set_option(a, "k", "it's");
	taken = assignment_take_option(a, "ro");
	payload = assignment_payload(a);
	g_assert_cmpstr(taken, ==, "yes");
	g_assert_null(assignment_take_option(a, "ro"));
	g_assert_true(g_str_has_suffix(payload, "frontend_domain='work' _k='it\\'s'"));
}

static void test_category(void)
{
	static const char *const cases[][2] = {
		{"p020000", "Network"},
		{"p028000", "Network"},
		{"p0c0330", "PCI_USB"},
		{"p0c0400", "PCI_Serial_Bus"},
		{"u080650", "USB_Storage"},
		{"u0e0100", "Camera"},
		{"b******", "Block_Storage"},
		{"m******", "Microphone"},
		{"ue00101", "Bluetooth"},
		{"?******", "Other"},
		{"", "Other"},
		{"p03", "Other"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(interface_category(cases[i][0]), ==, cases[i][1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/line", test_device);
	g_test_add_func("/device/bare", test_device_bare);
	g_test_add_func("/device/bad", test_device_bad);
	g_test_add_func("/device/sub-device", test_sub_device);
	g_test_add_func("/device/denied", test_denied);
	g_test_add_func("/device/assignment", test_assignment);
	g_test_add_func("/device/any", test_any);
	g_test_add_func("/device/options", test_options);
	g_test_add_func("/device/category", test_category);
	return g_test_run();
}
