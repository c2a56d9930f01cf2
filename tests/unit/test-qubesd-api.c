// SPDX-License-Identifier: GPL-2.0-or-later
/* The Admin API's bytes: requests taken apart, replies put together. */
#include "dom0/qubesd/api/reply.h"
#include "dom0/qubesd/api/request.h"

#include <glib.h>
#include <string.h>

/* Decodes a copy of bytes of its exact length, so that sanitizers see every overrun. */
static bool decode(const char *bytes, size_t len, Request *ret, char **ret_buf)
{
	*ret_buf = g_malloc(len + 1);
	memcpy(*ret_buf, bytes, len);
	return request_decode(*ret_buf, len, ret);
}

#define LIT(s) (s), sizeof(s) - 1

static void test_request(void)
{
	g_autofree char *buf = NULL;
	Request r;

	g_assert_true(decode(LIT("admin.vm.tag.Set+a+b dom0 name work\0pay\0load"), &r, &buf));
	g_assert_cmpstr(r.method, ==, "admin.vm.tag.Set");
	g_assert_cmpstr(r.arg, ==, "a+b");
	g_assert_cmpstr(r.src, ==, "dom0");
	g_assert_cmpstr(r.dest, ==, "work");
	g_assert_cmpmem(r.payload, r.payload_len, "pay\0load", 8);
	g_assert_cmpint(r.payload[r.payload_len], ==, '\0');
}

static void test_request_forms(void)
{
	g_autofree char *a = NULL, *b = NULL, *c = NULL;
	Request r;

	g_assert_true(decode(LIT("m+ s name d\0"), &r, &a));
	g_assert_cmpstr(r.arg, ==, "");
	g_assert_cmpuint(r.payload_len, ==, 0);
	g_assert_true(decode(LIT("m s keyword adminvm\0"), &r, &b));
	g_assert_cmpstr(r.arg, ==, "");
	g_assert_cmpstr(r.dest, ==, "dom0");
	/* At most three spaces cut: the rest is the destination's. */
	g_assert_true(decode(LIT("m s name d e\0x"), &r, &c));
	g_assert_cmpstr(r.dest, ==, "d e");
}

static void test_request_broken(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} broken[] = {
		{LIT("")},
		{LIT("\0")},
		{LIT("admin.vm.List+ dom0 name dom0")}, /* no NUL */
		{LIT("admin.vm.List\0")},
		{LIT("admin.vm.List dom0\0")},
		{LIT("admin.vm.List dom0 name\0")},
		{LIT("admin.vm.List dom0 keyword dom0\0")},
		{LIT("admin.vm.List dom0 NAME dom0\0")},
		{LIT("admin.vm.List dom0  dom0\0")},
		{LIT("\0admin.vm.List dom0 name dom0\0")},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autofree char *buf = NULL;
		Request r;

		g_assert_false(decode(broken[i].bytes, broken[i].len, &r, &buf));
	}
}

static void test_request_limit(void)
{
	static const char head[] = "m s name d";
	g_autofree char *buf = g_malloc0(REQUEST_MAX + 2);
	Request r;

	memcpy(buf, head, sizeof(head));
	g_assert_true(request_decode(buf, REQUEST_MAX, &r));
	g_assert_cmpuint(r.payload_len, ==, REQUEST_MAX - sizeof(head));
	memcpy(buf, head, sizeof(head));
	g_assert_false(request_decode(buf, REQUEST_MAX + 1, &r));
}

static void check(GByteArray *got, const char *want, size_t len)
{
	g_assert_cmpmem(got->data, got->len, want, len);
	g_byte_array_unref(got);
}

static void test_reply(void)
{
	static const char *const args[] = {"name", "netvm", "newvalue", "", NULL};

	check(reply_ok(NULL), LIT("0\0"));
	check(reply_ok("body\n"), LIT("0\0body\n"));
	check(reply_exception("QubesValueError", "bad"), LIT("2\0QubesValueError\0\0bad\0"));
	check(reply_event("work", "property-set:netvm", args),
	      LIT("1\0work\0property-set:netvm\0name\0netvm\0newvalue\0\0\0"));
	check(reply_event("", "connection-established", NULL),
	      LIT("1\0\0connection-established\0\0"));
}

/* Clients take the message for a format. */
static void test_reply_percent(void)
{
	check(reply_exception("E", "100% of %s"), LIT("2\0E\0\000100%% of %%s\0"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesd/request/parts", test_request);
	g_test_add_func("/qubesd/request/forms", test_request_forms);
	g_test_add_func("/qubesd/request/broken", test_request_broken);
	g_test_add_func("/qubesd/request/limit", test_request_limit);
	g_test_add_func("/qubesd/reply/kinds", test_reply);
	g_test_add_func("/qubesd/reply/percent", test_reply_percent);
	return g_test_run();
}
