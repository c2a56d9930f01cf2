/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data phase without I/O: cutting the stream, and when a call is over. */
#include <glib.h>
#include <string.h>

#include "qrexec/proto/dataphase.h"

static void add(GByteArray *b, uint32_t type, const void *data, size_t n)
{
	uint8_t h[QRX_HEADER_LEN];

	qrx_put_header(h, type, (uint32_t)n);
	g_byte_array_append(b, h, sizeof(h));
	g_byte_array_append(b, data, (guint)n);
}

/* Feeds b in steps of n bytes and writes what happened as text. */
static char *events(enum dp_role role, size_t max, const GByteArray *b, size_t step)
{
	struct dp_in in = {.role = role, .max_chunk = max};
	GString *s = g_string_new(NULL);
	g_autofree uint8_t *copy = g_memdup2(b->data, b->len ? b->len : 1);
	enum dp_event_kind last = DP_MORE;
	size_t at = 0;

	while (at < b->len) {
		size_t n = MIN(step, b->len - at);
		struct dp_event e;

		n = dp_feed(&in, copy + at, n, &e);
		g_assert_cmpuint(n, >, 0);
		at += n;
		/* Pieces of one message are shown as one. */
		if (e.kind == DP_DATA || e.kind == DP_ERRDATA) {
			if (last != e.kind)
				g_string_append(s, e.kind == DP_DATA ? "D:" : "E:");
			g_string_append_len(s, (char *)e.data, (gssize)e.len);
		} else if (e.kind == DP_EOF || e.kind == DP_ERREOF) {
			g_string_append(s, e.kind == DP_EOF ? "|eof|" : "|erreof|");
		} else if (e.kind == DP_EXIT) {
			g_string_append_printf(s, "|exit %d|", e.code);
		} else if (e.kind == DP_ODD) {
			g_string_append_printf(s, "|odd %x|", e.type);
		} else if (e.kind == DP_BAD) {
			g_string_append_printf(s, "|bad %x|", e.type);
			break;
		}
		if (e.kind != DP_MORE)
			last = e.kind;
	}
	return g_string_free(s, FALSE);
}

static void same(enum dp_role role, size_t max, GByteArray *b, const char *want)
{
	for (size_t step = 1; step <= b->len; step++) {
		g_autofree char *got = events(role, max, b, step);

		g_assert_cmpstr(got, ==, want);
	}
	g_byte_array_unref(b);
}

static void test_client(void)
{
	GByteArray *b = g_byte_array_new();

	add(b, QRX_DATA_STDOUT, "hello", 5);
	add(b, QRX_DATA_STDERR, "oops", 4);
	add(b, QRX_DATA_STDERR, "", 0);
	add(b, QRX_DATA_STDIN, "odd", 3);
	add(b, QRX_DATA_STDOUT, "", 0);
	add(b, QRX_DATA_EXIT_CODE, "\7\0\0\0", 4);
	same(DP_CLIENT, 100, b, "D:helloE:oops|erreof|D:odd|eof||exit 7|");
}

static void test_service(void)
{
	GByteArray *b = g_byte_array_new();

	add(b, QRX_DATA_STDIN, "in", 2);
	add(b, QRX_DATA_STDERR, "xyz", 3);
	add(b, QRX_DATA_EXIT_CODE, "\1\0\0\0", 4);
	add(b, QRX_DATA_STDERR, "", 0);
	add(b, QRX_DATA_STDIN, "", 0);
	same(DP_SERVICE, 100, b, "D:in|odd 192||odd 193||odd 192||eof|");
}

static void test_exit_codes(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *want;
	} t[] = {
		{"\0\0\0\0", 4, "|exit 0|"},	 {"\xff\xff\xff\xff", 4, "|exit 255|"},
		{"\0\1\0\0", 4, "|exit 255|"},	 {"\1\1\0\0", 4, "|exit 1|"},
		{"\0\0\0", 3, "|exit 255|"},	 {"", 0, "|exit 255|"},
		{"\3\0\0\0rest", 8, "|exit 3|"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		GByteArray *b = g_byte_array_new();

		add(b, QRX_DATA_EXIT_CODE, t[i].bytes, t[i].n);
		same(DP_CLIENT, 100, b, t[i].want);
	}
}

static void test_bad(void)
{
	GByteArray *b = g_byte_array_new();

	add(b, QRX_DATA_STDOUT, "12345678", 8);
	add(b, QRX_DATA_STDOUT, "123456789", 9);
	same(DP_CLIENT, 8, b, "D:12345678|bad 191|");
	b = g_byte_array_new();
	add(b, QRX_HELLO, "\4\0\0\0", 4);
	same(DP_CLIENT, 8, b, "|bad 300|");
	b = g_byte_array_new();
	add(b, QRX_DATA_STDERR, "123456789", 9);
	same(DP_SERVICE, 8, b, "|bad 192|");
}

static void test_replace(void)
{
	uint8_t s[] = "a\t\n\r\b\a\x1b[\x00~\x7f\x80\xff";
	static const char want[] = "a\t\n\r\b\a_[_~___";

	dp_replace_chars(s, sizeof(s) - 1);
	g_assert_cmpmem(s, sizeof(s) - 1, want, sizeof(want) - 1);
}

#define EXITED(n) ((n) << 8)

static void test_service_order(void)
{
	struct dp_state s = {.role = DP_SERVICE,
			     .in_open = true,
			     .out_open = true,
			     .err_open = true,
			     .has_child = true};

	g_assert_cmpint(dp_next(&s, false), ==, DP_GO_ON);
	dp_child_exited(&s, EXITED(3));
	g_assert_false(s.in_open);
	g_assert_true(s.out_open); /* a grandchild may still write */
	g_assert_cmpint(dp_next(&s, false), ==, DP_GO_ON);
	dp_out_closed(&s);
	dp_err_closed(&s);
	g_assert_cmpint(dp_next(&s, false), ==, DP_GO_ON); /* ends of file not sent yet */
	s.eof_due = s.erreof_due = false;
	g_assert_cmpint(dp_next(&s, false), ==, DP_SEND_EXIT);
	g_assert_cmpint(dp_result(&s), ==, 3);
	dp_child_exited(&s, 9); /* killed */
	g_assert_cmpint(dp_result(&s), ==, 137);
}

static void test_service_socket(void)
{
	struct dp_state s = {
		.role = DP_SERVICE, .in_open = true, .out_open = true, .exit_on_client_eof = true};

	dp_in_closed(&s);
	g_assert_true(s.eof_due);
	s.eof_due = false;
	g_assert_cmpint(dp_next(&s, false), ==, DP_SEND_EXIT);
	g_assert_cmpint(dp_result(&s), ==, 0);
	s = (struct dp_state){
		.role = DP_SERVICE, .in_open = true, .out_open = true, .exit_on_service_eof = true};
	dp_out_closed(&s);
	g_assert_false(s.in_open);
	s = (struct dp_state){.role = DP_SERVICE, .in_open = true, .out_open = true};
	dp_out_closed(&s);
	s.eof_due = false;
	g_assert_cmpint(dp_next(&s, false), ==, DP_GO_ON); /* half-open */
	s.peer_gone = true;
	g_assert_cmpint(dp_next(&s, true), ==, DP_GO_ON);
	g_assert_cmpint(dp_next(&s, false), ==, DP_FINISH);
}

static void test_client_end(void)
{
	struct dp_state s = {.role = DP_CLIENT, .in_open = true, .out_open = true};

	g_assert_cmpint(dp_result(&s), ==, -1);
	dp_peer_exited(&s, 0);
	g_assert_true(s.eof_due);
	g_assert_cmpint(dp_next(&s, false), ==, DP_GO_ON);
	s.eof_due = false;
	g_assert_cmpint(dp_next(&s, true), ==, DP_GO_ON);
	g_assert_cmpint(dp_next(&s, false), ==, DP_FINISH);
	g_assert_cmpint(dp_result(&s), ==, 0);
	/* With a local program: both have to end, the remote code goes first. */
	s.has_child = true;
	g_assert_cmpint(dp_next(&s, false), ==, DP_GO_ON);
	dp_child_exited(&s, EXITED(4));
	g_assert_cmpint(dp_next(&s, false), ==, DP_FINISH);
	g_assert_cmpint(dp_result(&s), ==, 4);
	s.peer_code = 2;
	g_assert_cmpint(dp_result(&s), ==, 2);
	/* The channel broke. */
	s = (struct dp_state){
		.role = DP_CLIENT, .in_open = true, .out_open = true, .peer_gone = true};
	g_assert_cmpint(dp_next(&s, true), ==, DP_GO_ON);
	g_assert_cmpint(dp_next(&s, false), ==, DP_FINISH);
	g_assert_cmpint(dp_result(&s), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qrexec/data/client", test_client);
	g_test_add_func("/qrexec/data/service", test_service);
	g_test_add_func("/qrexec/data/exit-codes", test_exit_codes);
	g_test_add_func("/qrexec/data/bad", test_bad);
	g_test_add_func("/qrexec/data/replace", test_replace);
	g_test_add_func("/qrexec/data/service-order", test_service_order);
	g_test_add_func("/qrexec/data/service-socket", test_service_socket);
	g_test_add_func("/qrexec/data/client-end", test_client_end);
	return g_test_run();
}
