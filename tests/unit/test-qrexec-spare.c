/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes made in advance (qrexec/call/spare.c). */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/call/spare.h"

#define MESSAGE_MAX 70000

/* Descriptors above the standard three. */
static int strays(void)
{
	int n = 0;

	for (int fd = 3; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* 40 + the number of its descriptors when the message is what was sent. */
static int job(void *data, void *message, size_t n)
{
	const char *text = message;
	bool same = n == 60005 && !memcmp(text, "head:", 5);

	for (size_t i = 5; same && i < n; i++)
		same = text[i] == 'x';
	return same && data == (void *)job ? 40 + strays() : 1;
}

static pid_t use(struct spare *s)
{
	static char body[60000];
	struct iovec parts[] = {{(char *)"head:", 5}, {body, sizeof(body)}};

	memset(body, 'x', sizeof(body));
	return spare_use(s, parts, G_N_ELEMENTS(parts));
}

static int status_of(pid_t pid)
{
	int status = -1;

	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return status;
}

static void does_its_job(void)
{
	int stray = open("/dev/null", O_RDONLY), status;
	struct spare s = {0};
	pid_t pid, made;

	g_assert_cmpint(use(&s), ==, 0);
	g_assert_cmpint(spare_timeout_ms(&s), ==, -1);
	spare_start(&s, job, (void *)job, MESSAGE_MAX);
	made = s.pid;
	g_assert_cmpint(made, >, 0);
	spare_start(&s, job, (void *)job, MESSAGE_MAX);
	g_assert_cmpint(s.pid, ==, made);
	g_assert_cmpint(spare_timeout_ms(&s), >=, 0);
	pid = use(&s);
	g_assert_cmpint(pid, ==, made);
	/* It is not the spare any more. */
	g_assert_false(spare_reaped(&s, pid));
	g_assert_cmpint(use(&s), ==, 0);
	status = status_of(pid);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 40);
	close(stray);
}

static void goes_when_not_needed(void)
{
	struct spare s = {0};
	int64_t start = io_now_ms();
	pid_t pid;

	spare_start(&s, job, NULL, MESSAGE_MAX);
	pid = s.pid;
	while (!spare_expire(&s)) {
		g_assert_cmpint(io_now_ms() - start, <, 150000);
		g_usleep(10000);
	}
	g_assert_cmpint(spare_timeout_ms(&s), ==, -1);
	g_assert_false(spare_expire(&s));
	g_assert_cmpint(status_of(pid), ==, 0);
}

static void may_die(void)
{
	struct spare s = {0};
	siginfo_t info;
	pid_t pid;

	/* Its maker has noticed, or has not yet. */
	for (int noticed = 0; noticed < 2; noticed++) {
		spare_start(&s, job, NULL, MESSAGE_MAX);
		pid = s.pid;
		kill(pid, SIGKILL);
		g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), ==, 0);
		if (noticed)
			g_assert_true(spare_reaped(&s, pid));
		g_assert_cmpint(use(&s), ==, 0);
		g_assert_cmpint(s.pid, ==, 0);
		g_assert_true(WIFSIGNALED(status_of(pid)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qrexec/spare/job", does_its_job);
	g_test_add_func("/qrexec/spare/expire", goes_when_not_needed);
	g_test_add_func("/qrexec/spare/death", may_die);
	return g_test_run();
}
