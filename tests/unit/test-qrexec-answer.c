/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy daemon and qubesd answer: anything odd is never an allow. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "qrexec/daemon/ports.h"
#include "qrexec/proto/answer.h"

static int answer(const char *text, size_t n, struct qrx_answer *a)
{
	/* Leaks the copy: the fields point into it, and the test is short. */
	static char copy[QRX_ANSWER_MAX + 2];

	memcpy(copy, text, n);
	return qrx_answer_parse(copy, n, a);
}

#define ALLOW "result=allow\nuser=u\ntarget=t\nautostart=True\nrequested_target=@default\n"

static void test_allow(void)
{
	struct qrx_answer a;

	g_assert_cmpint(answer(ALLOW, strlen(ALLOW), &a), ==, 0);
	g_assert_true(a.allow);
	g_assert_true(a.autostart);
	g_assert_cmpstr(a.user, ==, "u");
	g_assert_cmpstr(a.target, ==, "t");
	g_assert_cmpstr(a.requested_target, ==, "@default");
	g_assert_null(a.target_uuid);
	g_assert_null(a.service);
	g_assert_null(a.policy_source);
	g_assert_cmpint(
		answer(ALLOW "target_uuid=uuid:1\nservice=x\npolicy_source=s\nother=1",
		       strlen(ALLOW "target_uuid=uuid:1\nservice=x\npolicy_source=s\nother=1"), &a),
		==, 0);
	g_assert_cmpstr(a.target_uuid, ==, "uuid:1");
	g_assert_cmpstr(a.service, ==, "x");
	g_assert_cmpstr(a.policy_source, ==, "s");
}

static void test_not_allow(void)
{
	static const char *const bad[] = {
		"",
		"\n",
		"result=allow\n",
		"result=maybe\n",
		"allow\n",
		"result=allow\nuser=u\ntarget=t\nautostart=True\n",
		"result=allow\nuser=u\ntarget=t\nautostart=yes\nrequested_target=x\n",
		"result=allow\nuser=u\ntarget=t\nautostart=\nrequested_target=x\n",
		ALLOW "result=allow\n",
		ALLOW "user=x\n",
		ALLOW "\n",
		ALLOW "junk\n",
		"result=deny\nuser=u\n",
		"result=deny\ntarget=u\n",
		"result=deny\nresult=deny\n",
	};
	struct qrx_answer a;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(answer(bad[i], strlen(bad[i]), &a), ==, -EBADMSG);
	g_assert_cmpint(answer("result=deny\n\0", 13, &a), ==, -EBADMSG);
	g_assert_cmpint(answer("result=deny\n", 12, &a), ==, 0);
	g_assert_false(a.allow);
	g_assert_cmpint(answer("result=deny", 11, &a), ==, 0);
	g_assert_false(a.allow);
}

static void test_question(void)
{
	char b[128];

	g_assert_cmpint(
		qrx_question_write("work", NULL, "vault", "s+a", b, sizeof(b)), ==,
		(long)strlen("source=work\nintended_target=vault\nservice_and_arg=s+a\n\n"));
	g_assert_cmpstr(b, ==, "source=work\nintended_target=vault\nservice_and_arg=s+a\n\n");
	g_assert_cmpint(qrx_question_write("work", "", "v", "s", b, sizeof(b)), >, 0);
	g_assert_nonnull(strstr(b, "\nrequested_source=\n"));
	g_assert_cmpint(qrx_question_write("work", NULL, "v\nx=y", "s", b, sizeof(b)), ==, -EINVAL);
	g_assert_cmpint(qrx_question_write("work", NULL, "v", "s", b, 20), ==, -ENAMETOOLONG);
}

static int admin(const char *text, size_t n, const char **type, const char **msg)
{
	static char copy[256];

	memcpy(copy, text, n);
	return qrx_admin_parse(copy, n, type, msg);
}

static void test_admin(void)
{
	const char *type, *msg;
	char b[64];

	g_assert_cmpint(qrx_admin_write("admin.vm.Start", "", "work", b, sizeof(b)), ==, 31);
	g_assert_cmpmem(b, 31, "admin.vm.Start+ dom0 name work\0", 31);
	g_assert_cmpint(qrx_admin_write("a", "", "a b", b, sizeof(b)), ==, -EINVAL);
	g_assert_cmpint(qrx_admin_write("a", "", "b", b, 5), ==, -ENAMETOOLONG);
	g_assert_cmpint(admin("0\0disp12", 8, &type, &msg), ==, 0);
	g_assert_cmpstr(msg, ==, "disp12");
	g_assert_cmpint(admin("0\0", 2, &type, &msg), ==, 0);
	g_assert_cmpstr(msg, ==, "");
	g_assert_cmpint(admin("0\0a\0b", 5, &type, &msg), ==, -EBADMSG);
	g_assert_cmpint(admin("2\0QubesX\0\0no room\0", 18, &type, &msg), ==, -EREMOTEIO);
	g_assert_cmpstr(type, ==, "QubesX");
	g_assert_cmpstr(msg, ==, "no room");
	g_assert_cmpint(admin("2\0Q", 3, &type, &msg), ==, -EREMOTEIO);
	g_assert_cmpstr(msg, ==, "");
	g_assert_cmpint(admin("", 0, &type, &msg), ==, -EBADMSG);
	g_assert_cmpint(admin("3\0x", 3, &type, &msg), ==, -EBADMSG);
	g_assert_cmpint(admin("01", 2, &type, &msg), ==, -EBADMSG);
}

static void test_ports(void)
{
	struct ports p;

	ports_init(&p, 42, 0);
	g_assert_cmpuint(ports_allocate(&p, 0, 1000), ==, 513);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 514);
	g_assert_cmpuint(ports_allocate(&p, 44, 1000), ==, 516);
	g_assert_cmpuint(ports_allocate(&p, 41, 1000), ==, 515);
	g_assert_cmpuint(ports_allocate(&p, 0, 1000), ==, 517);
	g_assert_false(ports_release(&p, 514, 44, 900));
	g_assert_false(ports_release(&p, 512, 0, 900));
	g_assert_false(ports_release(&p, 769, 0, 900));
	g_assert_false(ports_release(&p, 0, 0, 900));
	g_assert_true(ports_release(&p, 514, 43, 900));
	g_assert_false(ports_release(&p, 514, 43, 900));
	g_assert_cmpuint(ports_allocate(&p, 44, 1000), ==, 514);
}

/* The ports of a daemon that follows a killed one; dom0's and every second one stay what they are.
 */
static void test_ports_start(void)
{
	struct ports p;

	ports_init(&p, 42, 255 + 256 * 7);
	g_assert_cmpuint(ports_allocate(&p, 0, 1000), ==, 767);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 768);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 514);
	g_assert_cmpuint(ports_allocate(&p, 41, 1000), ==, 513);
	g_assert_cmpuint(ports_allocate(&p, 0, 1000), ==, 515);
	for (unsigned port = 516; port < 767; port += 2)
		g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, port);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 0);
}

static void test_ports_rest(void)
{
	struct ports p;

	ports_init(&p, 42, 0);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 514);
	g_assert_true(ports_release(&p, 514, 43, 1000));
	g_assert_cmpuint(ports_allocate(&p, 43, 1000 + PORTS_REST_MS - 1), ==, 516);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000 + PORTS_REST_MS), ==, 514);
	for (int i = 2; i < 128; i++)
		g_assert_cmpuint(ports_allocate(&p, 43, 2000), ==, 514 + 2 * i);
	/* Better one that has not rested than none; the one that rests longest first. */
	g_assert_true(ports_release(&p, 600, 43, 3001));
	g_assert_true(ports_release(&p, 602, 43, 3000));
	g_assert_cmpuint(ports_allocate(&p, 43, 3002), ==, 602);
	g_assert_cmpuint(ports_allocate(&p, 43, 3002), ==, 600);
	g_assert_cmpuint(ports_allocate(&p, 43, 3002), ==, 0);
}

static void test_ports_full(void)
{
	struct ports p;

	ports_init(&p, 42, 0);
	for (int i = 0; i < 128; i++)
		g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 514 + 2 * i);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 0);
	g_assert_cmpuint(ports_allocate(&p, 41, 1000), ==, 513);
	/* Stale ones are the last resort, the oldest number first. */
	ports_all_stale(&p);
	g_assert_cmpuint(ports_allocate(&p, 0, 1000), ==, 515);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 514);
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 516);
	g_assert_true(ports_release(&p, 518, 43, 900));
	g_assert_cmpuint(ports_allocate(&p, 43, 1000), ==, 518);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qrexec/answer/allow", test_allow);
	g_test_add_func("/qrexec/answer/anything-else", test_not_allow);
	g_test_add_func("/qrexec/answer/question", test_question);
	g_test_add_func("/qrexec/answer/admin", test_admin);
	g_test_add_func("/qrexec/ports/parity", test_ports);
	g_test_add_func("/qrexec/ports/start", test_ports_start);
	g_test_add_func("/qrexec/ports/rest", test_ports_rest);
	g_test_add_func("/qrexec/ports/full", test_ports_full);
	return g_test_run();
}
