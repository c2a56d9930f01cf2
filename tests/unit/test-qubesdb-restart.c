/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients of a QubesDB daemon that is just restarted: commands wait for one that was killed, and
 * for no other. The wait is short: what a busy machine makes too late is tried again.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "test-qubesdb-env.h"

#define TRIES 50
#define PAUSE_US 50000
#define LIST "qubesdb-list -d work /"

/* A process does it: one environment is for one thread at a time. */
static pid_t start_later(const struct fixture *f)
{
	pid_t pid = fork();

	if (pid == 0) {
		g_usleep(PAUSE_US);
		qe_start_dom0(f);
		_exit(0);
	}
	return pid;
}

static void started(pid_t successor)
{
	int status;

	g_assert_cmpint(waitpid(successor, &status, 0), ==, successor);
	g_assert_cmpint(status, ==, 0);
}

/* The daemon is killed, and comes back while the command runs. Its exit status. */
static int run_between(const struct fixture *f, const char *command)
{
	pid_t successor;
	int r;

	qe_kill_dom0(f, SIGKILL);
	successor = start_later(f);
	r = qe_run(f, command, NULL);
	started(successor);
	return r;
}

static void test_killed(struct fixture *f, const void *data)
{
	int r = -1;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	for (int i = 0; i < TRIES && r; i++)
		r = run_between(f, LIST);
	g_assert_cmpint(r, ==, 0);
}

/* A handle that is open already; without patience it fails at once. */
static void test_open_handle(struct fixture *f, const void *data)
{
	qdb_handle_t hasty, patient;
	pid_t successor;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	hasty = qe_open_dom0(f);
	patient = qdb_open_patient("work", WAIT_MS);
	g_assert_nonnull(patient);
	qdb_set_timeout(patient, WAIT_MS);
	g_assert_cmpint(qdb_watch(patient, "/new"), ==, 1);
	qe_kill_dom0(f, SIGKILL);
	g_assert_cmpint(qdb_write(hasty, "/new", "1", 1), ==, 0);
	g_assert_cmpint(errno, ==, EPIPE);
	successor = start_later(f);
	g_assert_cmpint(qdb_write(patient, "/new", "1", 1), ==, 1);
	started(successor);
	g_assert_cmpint(qdb_write(hasty, "/new", "2", 1), ==, 1);
	free(qdb_read_watch_timeout(patient, WAIT_MS)); /* its watch is set again */
	g_assert_cmpint(errno, !=, ETIMEDOUT);
	qdb_close(hasty);
	qdb_close(patient);
}

/* Who waits for a value goes on with the next daemon. */
static void test_waiting(struct fixture *f, const void *data)
{
	char *prog;
	int status = -1;

	NEED_PROGRAMS(f);
	prog = g_strdup_printf("%s/qubesdb-read", f->bin);
	qe_start_dom0(f);
	for (int i = 0; i < TRIES && status; i++) {
		qdb_handle_t h = qe_open_dom0(f);
		pid_t pid;

		g_assert_cmpint(qdb_rm(h, "/later"), ==, 1);
		qdb_close(h);
		pid = fork();

		if (pid == 0) {
			execl(prog, prog, "-w", "-d", "work", "/later", (char *)NULL);
			_exit(127);
		}
		g_usleep(2 * PAUSE_US);
		qe_kill_dom0(f, SIGKILL);
		qe_start_dom0(f);
		h = qe_open_dom0(f);
		qe_write_value(h, "/later", "");
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		qdb_close(h);
	}
	g_assert_cmpint(status, ==, 0);
	g_free(prog);
}

static void test_others(struct fixture *f, const void *data)
{
	int64_t start;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	qe_kill_dom0(f, SIGTERM);
	g_assert_null(qdb_open_patient("work", WAIT_MS)); /* stopped: at once */
	g_assert_cmpint(errno, ==, EPIPE);
	qe_start_dom0(f);
	qe_kill_dom0(f, SIGKILL);
	start = io_now_ms();
	g_assert_null(qdb_open("work"));
	g_assert_null(qdb_open_patient("work", 50)); /* never comes back */
	g_assert_cmpint(errno, ==, EPIPE);
	g_assert_cmpint(io_now_ms() - start, <, WAIT_MS / 2);
	g_assert_cmpint(qe_run(f, LIST, NULL), ==, 1);
}

#define ADD(name, func)                                                                            \
	g_test_add("/qubesdb-restart/" name, struct fixture, NULL, qe_setup, func, qe_teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons that went into the background are ours */
	ADD("killed", test_killed);
	ADD("open-handle", test_open_handle);
	ADD("waiting", test_waiting);
	ADD("others", test_others);
	return g_test_run();
}
