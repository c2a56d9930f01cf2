// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoders of devices and the keys of netvms: what is taken, cleaned, refused. */
#include "dom0/qubesd/devices/qdb-devices.h"
#include "dom0/qubesd/devices/sysfs.h"
#include "dom0/qubesd/devices/wire.h"
#include "dom0/qubesd/net/netkeys.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void arg(const char *text, const char *backend, const char *port, const char *id)
{
	DevArg a;

	g_assert_true(dev_arg_parse(text, &a));
	g_assert_cmpstr(a.backend, ==, backend);
	g_assert_cmpstr(a.port, ==, port);
	g_assert_cmpstr(a.id, ==, id);
	dev_arg_clear(&a);
}

static void test_arg(void)
{
	static const char *const bad[] = {"", "dom0", "+", "dom0+", "+sda", "dom0+:x"};
	DevArg a;

	arg("dom0+sda", "dom0", "sda", "*");
	arg("dom0+sda+", "dom0", "sda", "*");
	arg("dom0+sda+_", "dom0", "sda", "*");
	arg("_+_+_", "*", "*", "*");
	arg("vm1+dev1+dead+beef+babe+u012345", "vm1", "dev1", "dead:beef:babe:u012345");
	arg("vm1+dev1+0000+0000++_______", "vm1", "dev1", "0000:0000::?******");
	arg("dom0+sr0++0", "dom0", "sr0", ":0");
	arg("vm1+dev1:*", "vm1", "dev1", "*");
	arg("vm1+dev1:dead:beef::u012345", "vm1", "dev1", "dead:beef::u012345");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(dev_arg_parse(bad[i], &a));
}

static char *parsed(const char *text)
{
	DevPairs p;
	const char *why;
	char *all;

	if (!dev_pairs_parse(text, &p, &why))
		return g_strdup(why);
	{
		g_autofree char *props = dev_pairs_repr(p.props),
				*options = dev_pairs_repr(p.options);

		all = g_strconcat(props, options, NULL);
	}
	dev_pairs_clear(&p);
	return all;
}

static void pairs(const char *text, const char *want)
{
	g_autofree char *got = parsed(text);

	g_assert_cmpstr(got, ==, want);
}

static void test_pairs(void)
{
	g_autoptr(GString) many = g_string_new(NULL);

	pairs("", "{}{}");
	pairs("  \n", "{}{}");
	pairs("a='1'", "{'a': '1'}{}");
	pairs("a='1' _b='2' c='' ", "{'a': '1', 'c': ''}{'b': '2'}");
	pairs("a='it\\'s' b='x'", "{'a': 'it's', 'b': 'x'}{}");
	pairs("a='x y  z' b='= c'", "{'a': 'x y  z', 'b': '= c'}{}");
	pairs("a='1' a='2'", "{'a': '2'}{}");
	pairs("word", "{'word': ''}{}");
	pairs("a b='1'", "Invalid chars in property name");
	pairs("a='\t'", "Invalid chars in property value");
	pairs("a='\x7f'", "Invalid chars in property value");
	pairs("a=''b='x'", "Invalid chars in property name");
	for (int i = 0; i <= DEV_PAIRS_MAX; i++)
		g_string_append_printf(many, "k%d='x' ", i);
	pairs(many->str, "too many properties");
}

static void test_line(void)
{
	g_autoptr(Device) d = device_new(DEV_USB, "sys-usb", "2-1.4");
	g_autofree char *line = NULL, *text = NULL, *denied = NULL;

	d->name = g_strdup("it's");
	d->vendor = g_strdup("unknown");
	line = device_line(d, "work");
	g_assert_cmpstr(line, ==,
			"device_id='0000:0000::?******' port_id='2-1.4' devclass='usb' "
			"backend_domain='sys-usb' name='it\\'s' attachment='work' "
			"interfaces='?******'");
	text = device_text(d);
	g_assert_cmpstr(text, ==, "sys-usb:2-1.4:0000:0000::?******");
	g_assert_null(device_denied(d, "u03****p******"));
	g_free(d->interfaces);
	d->interfaces = g_strdup("u080650u030102");
	denied = device_denied(d, "p******u03**02");
	g_assert_cmpstr(denied, ==, "u030102");
}

typedef struct {
	GPtrArray *block, *usb;
} Found;

static Found decode(const char *const *entries)
{
	Found f = {device_list_new(), device_list_new()};

	qdb_devices_decode("q", entries, NULL, f.block, f.usb);
	return f;
}

static void found_clear(Found *f)
{
	g_ptr_array_unref(f->block);
	g_ptr_array_unref(f->usb);
}

#define B QDB_BLOCK_DEVICES
#define U QDB_USB_DEVICES

static void test_block(void)
{
	const char *const entries[] = {B "sda/desc",
				       "STICK_32G (MY DATA)",
				       B "sda/size",
				       "32000000000",
				       B "sda/mode",
				       "w",
				       B "sda1/parent",
				       "sda",
				       B "sda1/mode",
				       "r",
				       B "sda1/size",
				       "-1",
				       B "sdb/parent",
				       "2-1:1.0",
				       B "sdb/desc",
				       "a\x01 (\xc3\xa4'b)",
				       U "2-1/desc",
				       "1d6b:0002 A\\x20B C D",
				       U "2-1/interfaces",
				       ":080650:03ZZ",
				       B "Bad/desc",
				       "x",
				       B "thirteenchars/desc",
				       "x",
				       B "/desc",
				       "x",
				       B "only-a-name",
				       "x",
				       "/other/sdz/desc",
				       "x",
				       NULL,
				       NULL};
	Found f = decode(entries);
	const Device *sda = device_list_find(f.block, "sda"),
		     *sda1 = device_list_find(f.block, "sda1"),
		     *sdb = device_list_find(f.block, "sdb");

	g_assert_cmpuint(f.block->len, ==, 3);
	g_assert_cmpstr(sda->id, ==, ":None");
	g_assert_cmpstr(sda->serial, ==, "STICK 32G");
	g_assert_cmpstr(sda->name, ==, "MY DATA");
	g_assert_cmpstr(sda->manufacturer, ==, "hosted by q");
	g_assert_cmpuint(sda->size, ==, G_GUINT64_CONSTANT(32000000000));
	g_assert_false(sda->read_only);
	g_assert_cmpstr(sda1->id, ==, ":None:1");
	g_assert_cmpstr(sda1->manufacturer, ==, "sub-device of q:sda");
	g_assert_true(sda1->read_only);
	g_assert_cmpuint(sda1->size, ==, 0);
	g_assert_cmpstr(sdb->id, ==, "1d6b:0002:D:u080650u03__**:1.0");
	g_assert_cmpint(sdb->parent_class, ==, DEV_USB);
	g_assert_cmpstr(sdb->serial, ==, "a");
	g_assert_cmpstr(sdb->name, ==, "b");
	found_clear(&f);
}

/* A part of itself, and chains without end. */
static void test_parents(void)
{
	const char *const entries[] = {B "a/parent", "b",  B "b/parent", "a",  B "c/parent", "c",
				       B "d/parent", "zz", B "e/parent", ":1", B "f/parent", "",
				       NULL,	     NULL};
	Found f = decode(entries);

	g_assert_cmpuint(f.block->len, ==, 6);
	g_assert_cmpstr(device_list_find(f.block, "d")->id, ==, DEV_UNKNOWN_ID ":None");
	g_assert_cmpstr(device_list_find(f.block, "e")->id, ==, ":None");
	g_assert_nonnull(strstr(device_list_find(f.block, "c")->id, DEV_UNKNOWN_ID));
	found_clear(&f);
}

static void test_usb(void)
{
	const char *const entries[] = {U "2-1_4/desc",
				       "046d:c52b Logitech USB\\x20Receiver 12'34",
				       U "2-1_4/connected-to",
				       "work",
				       U "1-1/desc",
				       "not what it should be",
				       U "1-2/connected-to",
				       "../x",
				       U "x-1/desc",
				       "x",
				       U "1-/desc",
				       "x",
				       U "1-1_/desc",
				       "x",
				       NULL,
				       NULL};
	Found f = decode(entries);
	const Device *d = device_list_find(f.usb, "2-1.4");

	g_assert_cmpuint(f.usb->len, ==, 3);
	g_assert_cmpstr(d->id, ==, "046d:c52b:12'34:?******");
	g_assert_cmpstr(d->name, ==, "USB Receiver");
	g_assert_cmpstr(d->connected, ==, "work");
	d = device_list_find(f.usb, "1-1");
	g_assert_cmpstr(d->id, ==, "0000:0000::?******");
	g_assert_cmpstr(d->name, ==, "not_what_it_should_be");
	g_assert_null(device_list_find(f.usb, "1-2")->connected);
	found_clear(&f);
}

static void test_limit(void)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	Found f;

	for (int i = 0; i < 2 * DEV_PER_QUBE_MAX; i++) {
		g_ptr_array_add(entries, g_strdup_printf(B "d%d/desc", i));
		g_ptr_array_add(entries, g_strdup("x"));
	}
	g_ptr_array_add(entries, NULL);
	g_ptr_array_add(entries, NULL);
	f = decode((const char *const *)entries->pdata);
	g_assert_cmpuint(f.block->len, ==, DEV_PER_QUBE_MAX);
	found_clear(&f);
}

static void names(HwIds *ids, const char *vid, const char *pid, const char *vendor,
		  const char *product)
{
	g_autofree char *v = NULL, *p = NULL;

	hwids_names(ids, vid, pid, &v, &p);
	g_assert_cmpstr(v, ==, vendor);
	g_assert_cmpstr(p, ==, product);
}

static void test_hwids(void)
{
	g_autofree char *dir = g_dir_make_tmp("hwids-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "usb.ids", NULL);
	HwIds *ids;

	g_assert_true(
		g_file_set_contents(path,
				    "# c\n0001  First\n\t000a  Thing\n\t\t01  If\n0002  Sec\xc3"
				    "ond\n\t000a  Other\nC 00  Class\n\t01  Sub\n",
				    -1, NULL));
	ids = hwids_new_for(path);
	names(ids, "0001", "000a", "First", "Thing");
	names(ids, "0001", "000A", "First", "Thing");
	names(ids, "0002", "000a", "Sec_ond", "Other");
	names(ids, "0002", "000b", "Sec_ond", NULL);
	names(ids, "0003", "000a", NULL, NULL);
	names(ids, "00", "01", NULL, NULL);
	hwids_free(ids);
	ids = hwids_new_for("/nonexistent");
	names(ids, "0001", "000a", NULL, NULL);
	hwids_free(ids);
	g_unlink(path);
	g_rmdir(dir);
}

static void keys(const GPtrArray *list, const char *want)
{
	g_autoptr(GString) s = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const NetKey *k = g_ptr_array_index(list, i);

		g_string_append_printf(s, "%s=%s\n", k->path, k->value ? k->value : "(gone)");
	}
	g_assert_cmpstr(s->str, ==, want);
}

static void test_netkeys(void)
{
	g_autoptr(GPtrArray) list = net_keys_new(), rules = g_ptr_array_new();

	g_ptr_array_add(rules, (char *)"action=accept expire=100 dst4=1.2.3.4/32 comment=a expire");
	g_ptr_array_add(rules, (char *)"action=accept dst6=::1/128");
	g_ptr_array_add(rules, (char *)"action=drop expire=99");
	g_ptr_array_add(rules, (char *)"action=accept comment=dst6=");
	net_firewall_keys(list, "10.137.0.7", 4, rules, 100);
	net_mapped_keys(list, "10.137.0.7", "192.168.1.1", NULL);
	keys(list, "/qubes-firewall/10.137.0.7/=(gone)\n"
		   "/qubes-firewall/10.137.0.7/policy=drop\n"
		   "/qubes-firewall/10.137.0.7/0000=action=accept dst4=1.2.3.4/32\n"
		   "/qubes-firewall/10.137.0.7/0003=action=accept\n"
		   "/qubes-firewall/10.137.0.7=\n"
		   "/mapped-ip/10.137.0.7/visible-ip=192.168.1.1\n"
		   "/mapped-ip/10.137.0.7/visible-gateway=(gone)\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/devices/arg", test_arg);
	g_test_add_func("/devices/pairs", test_pairs);
	g_test_add_func("/devices/line", test_line);
	g_test_add_func("/devices/block", test_block);
	g_test_add_func("/devices/parents", test_parents);
	g_test_add_func("/devices/usb", test_usb);
	g_test_add_func("/devices/limit", test_limit);
	g_test_add_func("/devices/hwids", test_hwids);
	g_test_add_func("/net/keys", test_netkeys);
	return g_test_run();
}
