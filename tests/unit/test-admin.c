/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of the pure parts of dom0/admin: replies, events, properties, lists, rules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/admin/error.h"
#include "dom0/admin/firewall.h"
#include "dom0/admin/reply.h"
#include "dom0/admin/service.h"
#include "dom0/admin/vm.h"

#define BYTES(s) (s), sizeof(s) - 1

static void test_reply_ok(void)
{
	struct admin_reply r;

	g_assert_cmpint(admin_reply_decode(BYTES("0\0data"), &r), ==, 0);
	g_assert_cmpint(r.kind, ==, ADMIN_REPLY_OK);
	g_assert_cmpmem(r.data, r.len, "data", 4);
	g_assert_cmpint(admin_reply_decode(BYTES("0\0"), &r), ==, 0);
	g_assert_cmpuint(r.len, ==, 0);
}

static void test_reply_exception(void)
{
	struct admin_reply r;

	g_assert_cmpint(admin_reply_decode(BYTES("2\0QubesVMNotFoundError\0\0No such domain: "
						 "%s\0work\0"),
					   &r),
			==, 0);
	g_assert_cmpint(r.kind, ==, ADMIN_REPLY_EXCEPTION);
	g_assert_cmpstr(r.type, ==, "QubesVMNotFoundError");
	g_assert_cmpstr(r.format, ==, "No such domain: %s");
	g_assert_cmpuint(r.n_args, ==, 1);
	g_assert_cmpstr(r.args[0], ==, "work");
	/* An argument without its NUL does not count. */
	g_assert_cmpint(admin_reply_decode(BYTES("2\0T\0\0m\0arg"), &r), ==, 0);
	g_assert_cmpuint(r.n_args, ==, 0);
}

static void test_reply_bad(void)
{
	struct admin_reply r;

	g_assert_cmpint(admin_reply_decode("", 0, &r), ==, -ENODATA);
	g_assert_cmpint(admin_reply_decode(BYTES("0"), &r), ==, -EPROTO);
	g_assert_cmpint(admin_reply_decode(BYTES("3\0x"), &r), ==, -EPROTO);
	g_assert_cmpint(admin_reply_decode(BYTES("0x"), &r), ==, -EPROTO);
	g_assert_cmpint(admin_reply_decode(BYTES("2\0Type\0\0no end"), &r), ==, -EPROTO);
	g_assert_cmpint(admin_reply_decode(BYTES("2\0Type"), &r), ==, -EPROTO);
}

static void test_reply_many_args(void)
{
	g_autoptr(GString) s = g_string_new(NULL);
	struct admin_reply r;

	g_string_append_len(s, BYTES("2\0T\0\0m\0"));
	for (int i = 0; i < 100; i++)
		g_string_append_len(s, BYTES("a\0"));
	g_assert_cmpint(admin_reply_decode(s->str, s->len, &r), ==, 0);
	g_assert_cmpuint(r.n_args, ==, ADMIN_ARGS_MAX);
}

static void check_message(const char *wanted, const char *format, const char *a, const char *b)
{
	const char *args[] = {a, b};
	char *got = admin_format_message(format, args, (a != NULL) + (a && b));

	g_assert_cmpstr(got, ==, wanted);
	free(got);
}

static void test_message(void)
{
	check_message("plain", "plain", NULL, NULL);
	check_message("a and b", "%s and %s", "a", "b");
	check_message("7 of b", "%d of %r", "7", "b");
	check_message("100%", "100%%", NULL, NULL);
	/* What has no argument, and what printf would act on, stays text. */
	check_message("%s", "%s", NULL, NULL);
	check_message("%n %1$s %*d %x %", "%n %1$s %*d %x %", "a", "b");
	check_message("%s inside", "%s inside", "%s", NULL);
	check_message("", "", "a", NULL);
}

static void test_event(void)
{
	static const char wire[] = "1\0work\0domain-start\0start_guid\0True\0\0001\0\0x\0\0";
	struct admin_event e;
	ssize_t n = admin_event_decode(wire, sizeof(wire) - 1, &e);

	g_assert_cmpint(n, ==, 2 + 5 + 13 + 11 + 5 + 1);
	g_assert_cmpstr(e.subject, ==, "work");
	g_assert_cmpstr(e.name, ==, "domain-start");
	g_assert_cmpstr(admin_event_value(&e, "start_guid"), ==, "True");
	g_assert_null(admin_event_value(&e, "other"));
	/* Every shorter piece is incomplete, not an error. */
	for (ssize_t i = 0; i < n; i++)
		g_assert_cmpint(admin_event_decode(wire, (size_t)i, &e), ==, 0);
	g_assert_cmpint(admin_event_decode(wire + n, sizeof(wire) - 1 - (size_t)n, &e), ==, 6);
	g_assert_cmpstr(e.subject, ==, "");
	g_assert_cmpuint(e.n_pairs, ==, 0);
}

static void test_event_bad(void)
{
	g_autofree char *big = g_malloc(ADMIN_EVENT_MAX + 10);
	g_autoptr(GString) many = g_string_new(NULL);
	struct admin_event e;

	g_assert_cmpint(admin_event_decode(BYTES("2\0QubesException"), &e), ==, -EPROTO);
	g_assert_cmpint(admin_event_decode(BYTES("1x"), &e), ==, -EPROTO);
	memset(big, 'x', ADMIN_EVENT_MAX + 10);
	memcpy(big, "1\0", 2);
	g_assert_cmpint(admin_event_decode(big, ADMIN_EVENT_MAX + 10, &e), ==, -EPROTO);
	g_string_append_len(many, BYTES("1\0s\0e\0"));
	for (int i = 0; i <= ADMIN_PAIRS_MAX; i++)
		g_string_append_len(many, BYTES("k\0v\0"));
	g_string_append_len(many, BYTES("\0"));
	g_assert_cmpint(admin_event_decode(many->str, many->len, &e), ==, -EPROTO);
}

static void test_errors(void)
{
	g_autoptr(GError) e = g_error_new_literal(
		ADMIN_ERROR, admin_error_from_name("QubesVMNotPausedError"), "m");
	g_autoptr(GError) key = g_error_new_literal(
		ADMIN_ERROR, admin_error_from_name("QubesTagNotFoundError"), "m");

	g_assert_true(admin_error_is(e, ADMIN_ERROR_VM_NOT_PAUSED));
	g_assert_true(admin_error_is(e, ADMIN_ERROR_VM_NOT_STARTED));
	g_assert_true(admin_error_is(e, ADMIN_ERROR_VM));
	g_assert_true(admin_error_is(e, ADMIN_ERROR_OTHER));
	g_assert_false(admin_error_is(e, ADMIN_ERROR_VM_NOT_RUNNING));
	g_assert_true(admin_error_is(key, ADMIN_ERROR_KEY));
	g_assert_false(admin_error_is(NULL, ADMIN_ERROR_OTHER));
	g_assert_cmpint(admin_error_from_name("QubesDaemonNoResponseError"), ==,
			ADMIN_ERROR_ACCESS);
	g_assert_cmpint(admin_error_from_name("SomethingNew"), ==, ADMIN_ERROR_OTHER);
	for (int i = 0; i < ADMIN_ERROR_N; i++)
		g_assert_cmpint(admin_error_from_name(admin_error_name(i)), ==, i);
}

static void test_property(void)
{
	g_autoptr(AdminProp) p = admin_prop_parse("memory", "default=True type=int 400", NULL);
	g_autoptr(AdminProp) none = admin_prop_parse("netvm", "default=False type=vm ", NULL);
	g_autoptr(AdminProp) unset = admin_prop_parse("x", "default=True type=int ", NULL);
	g_autoptr(AdminProp) text = admin_prop_parse("k", "default=no type=str a b ", NULL);
	g_autoptr(GError) err = NULL;

	g_assert_true(p->is_default);
	g_assert_cmpstr(admin_prop_show(p), ==, "400");
	g_assert_null(admin_prop_show(none));
	g_assert_true(admin_prop_available(none));
	g_assert_false(admin_prop_available(unset));
	g_assert_cmpstr(admin_prop_show(text), ==, "a b ");
	g_assert_null(admin_prop_parse("y", "default=True type=color red", &err));
	g_assert_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION);
	g_assert_null(admin_prop_parse("y", "type=str", NULL));
	g_assert_null(admin_prop_parse("y", "", NULL));
}

static void test_properties(void)
{
	g_autoptr(GPtrArray) props = admin_props_parse("a default=True type=str one\\ntwo\\\\n\n"
						       "b default=False type=bool True\n",
						       NULL);
	struct admin_prop *p;

	g_assert_cmpuint(props->len, ==, 2);
	p = g_ptr_array_index(props, 0);
	g_assert_cmpstr(p->value, ==, "one\ntwo\\n");
	p = g_ptr_array_index(props, 1);
	g_assert_true(admin_prop_true(p));
	g_assert_null(admin_props_parse("nonsense\n", NULL));
}

static void test_vms(void)
{
	g_autoptr(AdminVms) vms = admin_vms_parse("work class=AppVM state=Running uuid=1-2\n"
						  "dom0 state=Running class=AdminVM future=yes\n"
						  "work class=Other\n\nbare\n");
	struct admin_vm *vm;

	g_assert_cmpuint(vms->list->len, ==, 3);
	vm = g_ptr_array_index(vms->list, 0);
	g_assert_cmpstr(vm->name, ==, "bare");
	g_assert_cmpstr(vm->state, ==, "NA");
	vm = admin_vms_find(vms, "work");
	g_assert_cmpstr(vm->klass, ==, "AppVM");
	g_assert_cmpstr(vm->uuid, ==, "1-2");
	g_assert_cmpstr(admin_vms_suggest(vms, "wrok"), ==, "work");
	g_assert_cmpstr(admin_vms_suggest(vms, "work2"), ==, "work");
	g_assert_null(admin_vms_suggest(vms, "personal"));
	g_assert_null(admin_vms_suggest(vms, "x"));
}

static void test_state(void)
{
	g_autofree char *state =
		admin_state_field("mem=1 power_state=Paused cputime=0\n", "power_state");

	g_assert_cmpstr(state, ==, "Paused");
	g_assert_null(admin_state_field("mem=1", "me"));
	g_assert_true(admin_state_running("Transient"));
	g_assert_false(admin_state_running("Halted"));
	g_assert_false(admin_state_running("NA"));
}

static void check_rule(const char *in, const char *wanted)
{
	g_autoptr(GError) err = NULL;
	g_autoptr(FwRule) r = fw_rule_parse(in, &err);
	g_autofree char *text = r ? fw_rule_text(r) : NULL;

	g_assert_cmpstr(text, ==, wanted);
	g_assert_true((r == NULL) == (err != NULL));
}

static void test_firewall(void)
{
	check_rule("action=accept", "action=accept");
	check_rule("proto=tcp dstports=80 action=drop", "action=drop proto=tcp dstports=80-80");
	check_rule("dstports=1-2 proto=udp action=drop", "action=drop proto=udp dstports=1-2");
	check_rule("action=accept dst4=10.0.0.0/8", "action=accept dst4=10.0.0.0/8");
	check_rule("action=accept dsthost=10.1.2.3", "action=accept dst4=10.1.2.3/32");
	check_rule("action=accept dsthost=fd00::1", "action=accept dst6=fd00::1/128");
	check_rule("action=accept dsthost=0.0.0.0/0", "action=accept");
	check_rule("action=accept dsthost=a.example", "action=accept dsthost=a.example");
	check_rule("action=accept specialtarget=dns comment=a b=c action=drop",
		   "action=accept specialtarget=dns comment=a b=c action=drop");
	check_rule("action=drop proto=icmp icmptype=8 expire=99",
		   "action=drop proto=icmp icmptype=8 expire=99");
}

static void test_firewall_bad(void)
{
	check_rule("", NULL);
	check_rule("proto=tcp", NULL);
	check_rule("action=maybe", NULL);
	check_rule("action=accept proto=sctp", NULL);
	check_rule("action=accept dstports=80", NULL);
	check_rule("action=accept proto=icmp dstports=80", NULL);
	check_rule("action=accept proto=tcp dstports=90-80", NULL);
	check_rule("action=accept proto=tcp dstports=70000", NULL);
	check_rule("action=accept proto=tcp icmptype=1", NULL);
	check_rule("action=accept proto=icmp icmptype=256", NULL);
	check_rule("action=accept dst4=10.0.0.0/33", NULL);
	check_rule("action=accept dst6=::/129", NULL);
	check_rule("action=accept dsthost=UPPER", NULL);
	check_rule("action=accept dsthost=x/8", NULL);
	check_rule("action=accept expire=soon", NULL);
	check_rule("action=accept color=red", NULL);
	check_rule("action=accept nonsense", NULL);
}

static void test_expires(void)
{
	g_autoptr(FwRule) r = fw_rule_parse("action=accept expire=1000", NULL);
	g_autofree char *later = fw_rule_expires_in(r, 400);
	g_autofree char *past = fw_rule_expires_in(r, 1001);

	g_assert_cmpstr(later, ==, "+600s");
	g_assert_cmpstr(past, ==, "-1s");
}

static void test_encode(void)
{
	static const char *const argv[] = {"ls", "-l", "a b", "ä", "", NULL};
	g_autofree char *arg = service_encode_args(argv);
	g_autofree char *plain = service_shell_quote("a-b/c.d");
	g_autofree char *quoted = service_shell_quote("it's");
	g_autofree char *empty = service_shell_quote("");

	g_assert_cmpstr(arg, ==, "ls+--l+a-20b+-C3-A4+");
	g_assert_cmpstr(plain, ==, "a-b/c.d");
	g_assert_cmpstr(quoted, ==, "'it'\"'\"'s'");
	g_assert_cmpstr(empty, ==, "''");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin/reply/ok", test_reply_ok);
	g_test_add_func("/admin/reply/exception", test_reply_exception);
	g_test_add_func("/admin/reply/bad", test_reply_bad);
	g_test_add_func("/admin/reply/many-args", test_reply_many_args);
	g_test_add_func("/admin/reply/message", test_message);
	g_test_add_func("/admin/event/ok", test_event);
	g_test_add_func("/admin/event/bad", test_event_bad);
	g_test_add_func("/admin/errors", test_errors);
	g_test_add_func("/admin/property/one", test_property);
	g_test_add_func("/admin/property/all", test_properties);
	g_test_add_func("/admin/vms", test_vms);
	g_test_add_func("/admin/state", test_state);
	g_test_add_func("/admin/firewall/ok", test_firewall);
	g_test_add_func("/admin/firewall/bad", test_firewall_bad);
	g_test_add_func("/admin/firewall/expires", test_expires);
	g_test_add_func("/admin/service/encode", test_encode);
	return g_test_run();
}
