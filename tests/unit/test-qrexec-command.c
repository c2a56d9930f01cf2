/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, TCP links, encoded argument vectors, service configuration. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "qrexec/proto/command.h"
#include "qrexec/proto/rpcconf.h"

static void test_service(void)
{
	struct qrx_command c;

	g_assert_cmpint(qrx_command_parse("user:QUBESRPC a.B+x+y work name dom0", true, &c, NULL),
			==, 0);
	g_assert_cmpstr(c.user, ==, "user");
	g_assert_true(c.is_service);
	g_assert_false(c.nogui);
	g_assert_cmpstr(c.text, ==, "a.B+x+y work name dom0");
	g_assert_cmpstr(c.name, ==, "a.B");
	g_assert_cmpmem(c.text, c.full_len, "a.B+x+y", 7);
	g_assert_true(c.has_arg);
	g_assert_cmpmem(c.arg, c.arg_len, "x+y", 3);
	g_assert_cmpmem(c.source, c.source_len, "work", 4);
	g_assert_cmpmem(c.target_type, c.target_type_len, "name", 4);
	g_assert_cmpmem(c.target, c.target_len, "dom0", 4);
	g_assert_true(qrx_command_words_ok(&c));
}

static void test_service_bare(void)
{
	struct qrx_command c;

	g_assert_cmpint(qrx_command_parse("nogui:QUBESRPC a work", false, &c, NULL), ==, 0);
	g_assert_true(c.nogui);
	g_assert_false(c.has_arg);
	g_assert_cmpuint(c.arg_len, ==, 0);
	g_assert_true(qrx_command_words_ok(&c));
	g_assert_cmpint(qrx_command_parse("QUBESRPC a+ work", false, &c, NULL), ==, 0);
	g_assert_true(c.has_arg);
	g_assert_cmpuint(c.arg_len, ==, 0);
	g_assert_cmpint(qrx_command_parse("QUBESRPC a work name", false, &c, NULL), ==, 0);
	g_assert_false(qrx_command_words_ok(&c));
	g_assert_cmpint(qrx_command_parse("QUBESRPC a work name b c", false, &c, NULL), ==, 0);
	g_assert_false(qrx_command_words_ok(&c));
}

static void test_shell(void)
{
	struct qrx_command c;

	g_assert_cmpint(qrx_command_parse("root:nogui:echo a: b", true, &c, NULL), ==, 0);
	g_assert_cmpstr(c.user, ==, "root");
	g_assert_true(c.nogui);
	g_assert_false(c.is_service);
	g_assert_cmpstr(c.text, ==, "echo a: b");
	g_assert_cmpint(qrx_command_parse("echo", true, &c, NULL), ==, -EINVAL);
	g_assert_cmpint(qrx_command_parse(":ls", true, &c, NULL), ==, 0);
	g_assert_cmpstr(c.user, ==, "");
}

static void test_bad_service(void)
{
	static const char *const bad[] = {
		"QUBESRPC",	 "QUBESRPCx a b", "QUBESRPC a",	   "QUBESRPC  a b",
		"QUBESRPC a  b", "QUBESRPC a ",	  "QUBESRPC +x b",
	};
	g_autofree char *name = g_strnfill(256, 'n');
	g_autofree char *text = g_strdup_printf("QUBESRPC %s w", name);
	struct qrx_command c;
	const char *why;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		why = NULL;
		g_assert_cmpint(qrx_command_parse(bad[i], false, &c, &why), ==, -EINVAL);
		g_assert_nonnull(why);
	}
	g_assert_cmpint(qrx_command_parse(text, false, &c, NULL), ==, -EINVAL);
	text[9 + 255] = '+';
	g_assert_cmpint(qrx_command_parse(text, false, &c, NULL), ==, 0);
}

static void test_dom0(void)
{
	g_assert_true(qrx_is_dom0("dom0"));
	g_assert_true(qrx_is_dom0("@adminvm"));
	g_assert_true(qrx_is_dom0("uuid:00000000-0000-0000-0000-000000000000"));
	g_assert_false(qrx_is_dom0("dom01"));
	g_assert_false(qrx_is_dom0(""));
}

static void test_tcp(void)
{
	static const struct {
		const char *link, *arg, *host, *port; /* host NULL: refused */
	} t[] = {
		{"/dev/tcp/127.0.0.1/80", NULL, "127.0.0.1", "80"},
		{"/dev/tcp/127.0.0.1/80", "", "127.0.0.1", "80"},
		{"/dev/tcp/127.0.0.1/80", "x", NULL, NULL},
		{"/dev/tcp/::1", "65535", "::1", "65535"},
		{"/dev/tcp/::1", NULL, NULL, NULL},
		{"/dev/tcp/127.0.0.1", "127.0.0.1+80", NULL, NULL},
		{"/dev/tcp", "127.0.0.1+1", "127.0.0.1", "1"},
		{"/dev/tcp", "++1+443", "::1", "443"},
		{"/dev/tcp", "a_b+443", NULL, NULL},
		{"/dev/tcp", "127.0.0.1", NULL, NULL},
		{"/dev/tcp", "+80", NULL, NULL},
		{"/dev/tcp", NULL, NULL, NULL},
		{"/dev/tcp/", "1", NULL, NULL},
		{"/dev/tcp/h", "0", NULL, NULL},
		{"/dev/tcp/h", "080", NULL, NULL},
		{"/dev/tcp/h", "65536", NULL, NULL},
		{"/dev/tcp/h", "999999", NULL, NULL},
		{"/dev/tcp/h", "8 0", NULL, NULL},
	};
	char host[QRX_HOST_MAX + 1], port[6];
	const char *why;

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		int r = qrx_tcp_address(t[i].link, t[i].arg, host, port, &why);

		g_assert_cmpint(r, ==, t[i].host ? 0 : -EINVAL);
		if (t[i].host) {
			g_assert_cmpstr(host, ==, t[i].host);
			g_assert_cmpstr(port, ==, t[i].port);
		}
	}
	g_assert_true(qrx_is_tcp_link("/dev/tcp"));
	g_assert_true(qrx_is_tcp_link("/dev/tcp/"));
	g_assert_false(qrx_is_tcp_link("/dev/tcpx"));
	g_assert_false(qrx_is_tcp_link("x/dev/tcp"));
}

static void test_vmexec(void)
{
	char buf[64], *w[4];

	g_assert_cmpint(qrx_vmexec_decode("ls+--l+a-20b-2Fc+", buf, sizeof(buf), w, 4), ==, 4);
	g_assert_cmpstr(w[0], ==, "ls");
	g_assert_cmpstr(w[1], ==, "-l");
	g_assert_cmpstr(w[2], ==, "a b/c");
	g_assert_cmpstr(w[3], ==, "");
	g_assert_cmpint(qrx_vmexec_decode("a+b+c+d+e", buf, sizeof(buf), w, 4), ==, -E2BIG);
	g_assert_cmpint(qrx_vmexec_decode("a-2", buf, sizeof(buf), w, 4), ==, -EINVAL);
	g_assert_cmpint(qrx_vmexec_decode("a-2f", buf, sizeof(buf), w, 4), ==, -EINVAL);
	g_assert_cmpint(qrx_vmexec_decode("a-00", buf, sizeof(buf), w, 4), ==, -EINVAL);
	g_assert_cmpint(qrx_vmexec_decode("a b", buf, sizeof(buf), w, 4), ==, -EINVAL);
	g_assert_cmpint(qrx_vmexec_decode("a/b", buf, sizeof(buf), w, 4), ==, -EINVAL);
	g_assert_cmpint(qrx_vmexec_decode("abcd", buf, 4, w, 4), ==, -E2BIG);
	g_assert_cmpint(qrx_vmexec_decode("abcd", buf, 5, w, 4), ==, 1);
}

static int parse(const char *text, struct qrx_rpcconf *c, unsigned *line)
{
	const char *why;

	return qrx_rpcconf_parse(text, strlen(text), c, line, &why);
}

static void test_conf(void)
{
	struct qrx_rpcconf c;
	unsigned line;

	g_assert_cmpint(parse("", &c, &line), ==, 0);
	g_assert_false(c.wait_for_session);
	g_assert_false(c.has_user);
	g_assert_cmpint(
		parse("\n# x\r\nforce-user = 'user' # who\r\nwait-for-session=1", &c, &line), ==,
		0);
	g_assert_true(c.wait_for_session);
	g_assert_cmpstr(c.user, ==, "user");
	g_assert_cmpint(parse("skip-service-descriptor\t=\ttrue\nexit-on-client-eof=true\n"
			      "exit-on-service-eof=false\nwait-for-session = 0  \n",
			      &c, &line),
			==, 0);
	g_assert_true(c.skip_descriptor);
	g_assert_true(c.exit_on_client_eof);
	g_assert_false(c.exit_on_service_eof);
	g_assert_cmpint(parse("a = 1\nother.key-x_1 = 'v'\nb = 18446744073709551000\n", &c, &line),
			==, 0);
	g_assert_cmpuint(c.unknown_line, ==, 1);
	g_assert_cmpint(parse("force-user = ''\n", &c, &line), ==, 0);
	g_assert_true(c.has_user);
}

static void test_conf_bad(void)
{
	static const char *const bad[] = {
		"wait-for-session = 00",
		"wait-for-session = 01",
		"wait-for-session = 2",
		"wait-for-session =",
		"wait-for-session = \"a\"",
		"wait-for-session",
		"wait-for-session = '1'",
		"wait-for-session = true false",
		"wait-for-session = True",
		" wait-for-session = 1",
		"1 = 1",
		"[a]",
		"exit-on-client-eof = 1",
		"force-user = user",
		"force-user = 'a",
		"force-user = '''a'''",
		"force-user = 1",
		"a = 99999999999999999999",
		"a = -1",
		"a = 0x1",
	};
	struct qrx_rpcconf c;
	const char *why;
	unsigned line;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text = g_strdup_printf("# first\n%s\n", bad[i]);

		g_test_message("%s", bad[i]);
		g_assert_cmpint(parse(text, &c, &line), ==, -EINVAL);
		g_assert_cmpuint(line, ==, 2);
	}
	g_assert_cmpint(parse("wait-for-session=1\nwait-for-session=1\n", &c, &line), ==, -EINVAL);
	g_assert_cmpint(parse("force-user='u'\nexit-on-client-eof=true\n", &c, &line), ==, -EINVAL);
	g_assert_cmpint(parse("force-user='u'\nexit-on-client-eof=false\n", &c, &line), ==, 0);
	g_assert_cmpint(qrx_rpcconf_parse("a=1\0\n", 5, &c, &line, &why), ==, -EINVAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qrexec/command/service", test_service);
	g_test_add_func("/qrexec/command/service-bare", test_service_bare);
	g_test_add_func("/qrexec/command/shell", test_shell);
	g_test_add_func("/qrexec/command/bad", test_bad_service);
	g_test_add_func("/qrexec/command/dom0", test_dom0);
	g_test_add_func("/qrexec/command/tcp", test_tcp);
	g_test_add_func("/qrexec/command/vmexec", test_vmexec);
	g_test_add_func("/qrexec/rpcconf/good", test_conf);
	g_test_add_func("/qrexec/rpcconf/bad", test_conf_bad);
	return g_test_run();
}
