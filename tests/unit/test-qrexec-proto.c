/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fixed-size messages and the requests for services: every byte has its place. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "qrexec/proto/trigger.h"
#include "qrexec/proto/wire.h"

static void test_header(void)
{
	uint8_t b[QRX_HEADER_LEN];
	const uint8_t want[] = {0x13, 0x02, 0, 0, 0x78, 0x56, 0x34, 0x12};
	struct qrx_header h;

	qrx_put_header(b, QRX_TRIGGER_SERVICE4, 0x12345678);
	g_assert_cmpmem(b, sizeof(b), want, sizeof(want));
	h = qrx_get_header(b);
	g_assert_cmphex(h.type, ==, QRX_TRIGGER_SERVICE4);
	g_assert_cmphex(h.len, ==, 0x12345678);
}

static void test_hello(void)
{
	uint8_t b[QRX_HEADER_LEN + QRX_HELLO_LEN];
	uint32_t v = 0;

	qrx_put_hello(b, 4);
	g_assert_cmpint(qrx_get_hello(b, &v), ==, 0);
	g_assert_cmpuint(v, ==, 4);
	b[4] = 5;
	g_assert_cmpint(qrx_get_hello(b, &v), ==, -EBADMSG);
	g_assert_cmpint(qrx_negotiate(4, 2, 9), ==, 4);
	g_assert_cmpint(qrx_negotiate(4, 2, 3), ==, 3);
	g_assert_cmpint(qrx_negotiate(4, 2, 1), ==, -EPROTO);
	g_assert_cmpuint(qrx_chunk_max(2), ==, 4096);
	g_assert_cmpuint(qrx_chunk_max(3), ==, 65536);
}

static int exec(uint32_t type, const char *bytes, size_t n, const char **cmd, size_t *len)
{
	struct qrx_params p;

	return qrx_get_exec(type, bytes, n, &p, cmd, len);
}

#define BODY(s) ("\1\0\0\0\2\0\0\0" s), (sizeof("\1\0\0\0\2\0\0\0" s) - 1)

static void test_exec(void)
{
	struct qrx_params p;
	const char *cmd;
	size_t len;

	g_assert_cmpint(qrx_get_exec(QRX_EXEC_CMDLINE, BODY("user:ls\0"), &p, &cmd, &len), ==, 0);
	g_assert_cmpuint(p.domain, ==, 1);
	g_assert_cmpuint(p.port, ==, 2);
	g_assert_cmpstr(cmd, ==, "user:ls");
	g_assert_cmpuint(len, ==, 7);
	/* No NUL, nothing, a NUL within, too short. */
	g_assert_cmpint(exec(QRX_EXEC_CMDLINE, BODY("x"), &cmd, &len), ==, -EBADMSG);
	g_assert_cmpint(exec(QRX_EXEC_CMDLINE, BODY("\0"), &cmd, &len), ==, -EBADMSG);
	g_assert_cmpint(exec(QRX_JUST_EXEC, BODY("a\0b\0"), &cmd, &len), ==, -EBADMSG);
	g_assert_cmpint(exec(QRX_JUST_EXEC, BODY("a\0\0"), &cmd, &len), ==, -EBADMSG);
	g_assert_cmpint(exec(QRX_EXEC_CMDLINE, "1234567", 7, &cmd, &len), ==, -EBADMSG);
	/* An ident may be padded, with NULs only. */
	g_assert_cmpint(exec(QRX_SERVICE_CONNECT, BODY("SOCKET1\0\0\0"), &cmd, &len), ==, 0);
	g_assert_cmpuint(len, ==, 7);
	g_assert_cmpint(exec(QRX_SERVICE_CONNECT, BODY("S\0x\0"), &cmd, &len), ==, -EBADMSG);
}

static void test_from_agent(void)
{
	const struct {
		uint32_t type, len;
		int version;
		bool ok;
	} t[] = {
		{QRX_TRIGGER_SERVICE, 128, 2, true},
		{QRX_TRIGGER_SERVICE, 128, 3, false},
		{QRX_TRIGGER_SERVICE, 127, 2, false},
		{QRX_TRIGGER_SERVICE3, 97, 3, true},
		{QRX_TRIGGER_SERVICE3, 96, 3, false},
		{QRX_TRIGGER_SERVICE3, 97, 2, false},
		{QRX_TRIGGER_SERVICE3, 65096, 4, true},
		{QRX_TRIGGER_SERVICE3, 65097, 4, false},
		{QRX_TRIGGER_SERVICE4, 161, 4, true},
		{QRX_TRIGGER_SERVICE4, 161, 3, false},
		{QRX_TRIGGER_SERVICE4, 160, 4, false},
		{QRX_TRIGGER_SERVICE4, 65160, 4, true},
		{QRX_TRIGGER_SERVICE4, 65161, 4, false},
		{QRX_TRIGGER_SERVICE4, ~0u, 4, false},
		{QRX_CONNECTION_TERMINATED, 8, 2, true},
		{QRX_CONNECTION_TERMINATED, 9, 4, false},
		{QRX_EXEC_CMDLINE, 20, 4, false},
		{QRX_HELLO, 4, 4, false},
		{0, 0, 4, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		struct qrx_header h = {t[i].type, t[i].len};

		g_assert_cmpint(qrx_check_from_agent(h, t[i].version), ==, t[i].ok ? 0 : -EBADMSG);
	}
}

static void test_from_daemon(void)
{
	g_assert_cmpint(qrx_check_from_daemon((struct qrx_header){QRX_EXEC_CMDLINE, 9}), ==, 0);
	g_assert_cmpint(qrx_check_from_daemon((struct qrx_header){QRX_EXEC_CMDLINE, 8}), ==,
			-EBADMSG);
	g_assert_cmpint(qrx_check_from_daemon((struct qrx_header){QRX_JUST_EXEC, ~0u}), ==,
			-EBADMSG);
	g_assert_cmpint(qrx_check_from_daemon((struct qrx_header){QRX_SERVICE_REFUSED, 32}), ==, 0);
	g_assert_cmpint(qrx_check_from_daemon((struct qrx_header){QRX_SERVICE_REFUSED, 31}), ==,
			-EBADMSG);
	g_assert_cmpint(qrx_check_from_daemon((struct qrx_header){QRX_DATA_STDIN, 1}), ==,
			-EBADMSG);
}

/* A TRIGGER_SERVICE4 body; service has n bytes, its NUL included. */
static GByteArray *body4(const char *source, const char *target, const void *ident, size_t ident_n,
			 const void *service, size_t n)
{
	GByteArray *b = g_byte_array_new();

	g_byte_array_set_size(b, QRX_TRIGGER4_FIXED);
	memset(b->data, 0, b->len);
	memcpy(b->data, source, strlen(source));
	memcpy(b->data + 64, target, strlen(target));
	memcpy(b->data + 128, ident, ident_n);
	g_byte_array_append(b, service, (guint)n);
	return b;
}

static int decode4(GByteArray *b, struct qrx_trigger *t, uint8_t ident[QRX_IDENT_LEN])
{
	int r = qrx_trigger_decode(QRX_TRIGGER_SERVICE4, b->data, b->len, t, ident);

	g_byte_array_unref(b);
	return r;
}

static void test_trigger4(void)
{
	g_autofree struct qrx_trigger *t = g_new(struct qrx_trigger, 1);
	uint8_t ident[QRX_IDENT_LEN];

	g_assert_cmpint(
		decode4(body4("rem", "@disp:v\xff/", "SOCKET 1", 8, "a b+\xc3\n", 7), t, ident), ==,
		0);
	g_assert_true(t->has_source);
	g_assert_cmpstr(t->source, ==, "rem");
	g_assert_cmpstr(t->target, ==, "@disp:v__");
	g_assert_cmpstr(t->service, ==, "a_b+__");
	g_assert_cmpstr((char *)ident, ==, "SOCKET 1");
}

static void test_trigger4_refused(void)
{
	g_autofree struct qrx_trigger *t = g_new(struct qrx_trigger, 1);
	static const char *const bad[] = {"\0", "+\0", "+a\0", "a\0a\0", "a", "a\0\0"};
	static const size_t bad_n[] = {1, 2, 3, 4, 1, 3};
	uint8_t ident[QRX_IDENT_LEN], full[QRX_IDENT_LEN];

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_cmpint(decode4(body4("", "t", "id", 2, bad[i], bad_n[i]), t, ident), ==,
				-EINVAL);
		g_assert_cmpmem(ident, 3, "id\0", 3);
	}
	g_assert_cmpint(decode4(body4("", "t", "\1", 1, "a", 2), t, ident), ==, -EINVAL);
	g_assert_cmpint(decode4(body4("", "t", "a\0b", 3, "a", 2), t, ident), ==, -EINVAL);
	g_assert_cmpmem(ident, 4, "a\0b\0", 4);
	memset(full, 'x', sizeof(full));
	g_assert_cmpint(decode4(body4("", "t", full, sizeof(full), "a", 2), t, ident), ==, -EINVAL);
	/* An empty ident is fine; a body without a service is not a request at all. */
	g_assert_cmpint(decode4(body4("", "t", "", 0, "a", 2), t, ident), ==, 0);
	g_assert_cmpint(decode4(body4("", "t", "x", 1, "", 0), t, ident), ==, -EBADMSG);
}

static void test_trigger2(void)
{
	g_autofree struct qrx_trigger *t = g_new(struct qrx_trigger, 1);
	uint8_t ident[QRX_IDENT_LEN], b[QRX_TRIGGER2_LEN + 1] = {0};

	memset(b, 'S', 64);
	memset(b + 64, 'T', 32);
	memcpy(b + 96, "id", 2);
	g_assert_cmpint(qrx_trigger_decode(QRX_TRIGGER_SERVICE, b, 128, t, ident), ==, 0);
	g_assert_false(t->has_source);
	g_assert_cmpuint(strlen(t->service), ==, 63);
	g_assert_cmpuint(strlen(t->target), ==, 31);
	g_assert_cmpint(qrx_trigger_decode(QRX_TRIGGER_SERVICE, b, 129, t, ident), ==, -EBADMSG);
	g_assert_cmpint(qrx_trigger_decode(QRX_TRIGGER_SERVICE, b, 127, t, ident), ==, -EBADMSG);
	b[0] = '+';
	g_assert_cmpint(qrx_trigger_decode(QRX_TRIGGER_SERVICE, b, 128, t, ident), ==, -EINVAL);
	b[0] = '\0';
	g_assert_cmpint(qrx_trigger_decode(QRX_TRIGGER_SERVICE, b, 128, t, ident), ==, -EINVAL);
}

static void test_trigger3(void)
{
	g_autofree struct qrx_trigger *t = g_new(struct qrx_trigger, 1);
	uint8_t ident[QRX_IDENT_LEN], b[QRX_TRIGGER3_FIXED + 4] = "vault";

	memcpy(b + 64, "id", 2);
	memcpy(b + 96, "s+x", 4);
	g_assert_cmpint(qrx_trigger_decode(QRX_TRIGGER_SERVICE3, b, sizeof(b), t, ident), ==, 0);
	g_assert_false(t->has_source);
	g_assert_cmpstr(t->target, ==, "vault");
	g_assert_cmpstr(t->service, ==, "s+x");
}

static void test_trigger_round(void)
{
	g_autofree struct qrx_trigger *t = g_new(struct qrx_trigger, 1);
	size_t cap = QRX_HEADER_LEN + QRX_TRIGGER4_FIXED + QRX_SERVICE_MAX;
	g_autofree uint8_t *b = g_malloc(cap);
	g_autofree char *long_name = g_strnfill(64, 'a');
	g_autofree char *service = g_strnfill(QRX_SERVICE_MAX - 1, 's');
	g_autofree char *too_long = g_strnfill(QRX_SERVICE_MAX, 's');
	uint8_t ident[QRX_IDENT_LEN];
	long n = qrx_trigger_encode("src", "@default", "SOCKET", service, b, cap);
	struct qrx_header h = qrx_get_header(b);

	g_assert_cmpint(n, ==, (long)cap);
	g_assert_cmpint(qrx_check_from_agent(h, 4), ==, 0);
	g_assert_cmpint(qrx_trigger_decode(h.type, b + 8, h.len, t, ident), ==, 0);
	g_assert_cmpstr(t->source, ==, "src");
	g_assert_cmpstr(t->target, ==, "@default");
	g_assert_cmpstr(t->service, ==, service);
	g_assert_cmpint(qrx_trigger_encode("", long_name, "S", "s", b, cap), ==, -ENAMETOOLONG);
	g_assert_cmpint(qrx_trigger_encode("", "t", "S", too_long, b, cap), ==, -ENAMETOOLONG);
	g_assert_cmpint(qrx_trigger_encode("", "t", "S", "s", b, 20), ==, -ENAMETOOLONG);
}

/* To a daemon of an older version, which understands the same of it. */
static void test_trigger_older(void)
{
	g_autofree struct qrx_trigger *t = g_new(struct qrx_trigger, 1);
	uint8_t b[512], old[QRX_TRIGGER2_LEN], ident[QRX_IDENT_LEN];
	const uint8_t *body;
	size_t len;

	for (int version = 2; version <= 4; version++) {
		long n = qrx_trigger_encode("", "vault", "SOCKET7", "svc+arg", b, sizeof(b));
		int type = qrx_trigger_for_version(version, b + 8, (size_t)n - 8, old, &body, &len);
		struct qrx_header h = {(uint32_t)type, (uint32_t)len};

		g_assert_cmpint(type, >, 0);
		g_assert_cmpint(qrx_check_from_agent(h, version), ==, 0);
		g_assert_cmpint(qrx_trigger_decode(h.type, body, len, t, ident), ==, 0);
		g_assert_cmpstr(t->target, ==, "vault");
		g_assert_cmpstr(t->service, ==, "svc+arg");
		g_assert_cmpstr((char *)ident, ==, "SOCKET7");
		n = qrx_trigger_encode("remote", "vault", "S", "svc", b, sizeof(b));
		type = qrx_trigger_for_version(version, b + 8, (size_t)n - 8, old, &body, &len);
		g_assert_cmpint(type, ==, version < 4 ? -EOPNOTSUPP : QRX_TRIGGER_SERVICE4);
	}
	g_autofree char *service = g_strnfill(64, 's');
	long n = qrx_trigger_encode("", "vault", "S", service, b, sizeof(b));
	g_assert_cmpint(qrx_trigger_for_version(2, b + 8, (size_t)n - 8, old, &body, &len), ==,
			-EOPNOTSUPP);
	n = qrx_trigger_encode("", service + 32, "S", "s", b, sizeof(b));
	g_assert_cmpint(qrx_trigger_for_version(2, b + 8, (size_t)n - 8, old, &body, &len), ==,
			-EOPNOTSUPP);
	g_assert_cmpint(qrx_trigger_for_version(3, b + 8, 100, old, &body, &len), ==, -EBADMSG);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qrexec/wire/header", test_header);
	g_test_add_func("/qrexec/wire/hello", test_hello);
	g_test_add_func("/qrexec/wire/exec", test_exec);
	g_test_add_func("/qrexec/wire/from-agent", test_from_agent);
	g_test_add_func("/qrexec/wire/from-daemon", test_from_daemon);
	g_test_add_func("/qrexec/trigger/4", test_trigger4);
	g_test_add_func("/qrexec/trigger/4-refused", test_trigger4_refused);
	g_test_add_func("/qrexec/trigger/2", test_trigger2);
	g_test_add_func("/qrexec/trigger/3", test_trigger3);
	g_test_add_func("/qrexec/trigger/round-trip", test_trigger_round);
	g_test_add_func("/qrexec/trigger/older", test_trigger_older);
	return g_test_run();
}
