/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill -9 of either QubesDB daemon at any moment, while both sides write: clients get an answer or
 * an error in time, and once things are quiet both sides have the same.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-qubesdb-env.h"

#define ROUNDS 16
#define KEYS 8
#define LONG_VALUE 3000 /* several of them do not fit into a ring */

/* Kills the process a little later. */
static pid_t start_killer(pid_t victim, unsigned after_us)
{
	pid_t pid = fork();

	if (pid == 0) {
		g_usleep(after_us);
		kill(victim, SIGKILL);
		_exit(0);
	}
	return pid;
}

static void write_key(qdb_handle_t h, char side, unsigned i)
{
	char path[16], value[LONG_VALUE];

	g_snprintf(path, sizeof(path), "/%c/%u", side, i % KEYS);
	memset(value, 'a' + (int)(i % 26), sizeof(value));
	if (!qdb_write(h, path, value, i % 3 ? 10 : LONG_VALUE) && errno == ETIMEDOUT)
		g_error("writing %s got no answer", path);
	if (i % 5 == 0 && !qdb_rm(h, path) && errno == ETIMEDOUT)
		g_error("removing %s got no answer", path);
}

/* Both sides write until the killer has done its work. Errors are expected. */
static void write_until(qdb_handle_t d, qdb_handle_t v, pid_t killer)
{
	for (unsigned i = 0; waitpid(killer, NULL, WNOHANG) == 0; i++) {
		write_key(d, 'd', i);
		write_key(v, 'v', i + 7);
	}
}

/* What qubesd does when dom0's daemon was restarted, and programs of the qube do anyway. */
static void write_all(qdb_handle_t d, qdb_handle_t v, unsigned round)
{
	char path[16], value[16];

	g_snprintf(value, sizeof(value), "round %u", round);
	for (unsigned i = 0; i < KEYS; i++) {
		g_snprintf(path, sizeof(path), "/d/%u", i);
		qe_write_value(d, path, value);
		g_snprintf(path, sizeof(path), "/v/%u", i);
		qe_write_value(v, path, value);
	}
}

static char *everything(qdb_handle_t h)
{
	unsigned n = 0, *len = NULL;
	char **list = qdb_multiread(h, "/", &len, &n);
	char *text = list ? g_strjoinv("\n", list) : g_strdup(g_strerror(errno));

	qdb_free_list(list);
	free(len);
	return text;
}

static void expect_same(qdb_handle_t d, qdb_handle_t v)
{
	char *a = NULL, *b = NULL;

	for (int i = 0; i < WAIT_MS / 5; i++) {
		g_free(a);
		g_free(b);
		a = everything(d);
		b = everything(v);
		if (strcmp(a, b) == 0 && strlen(a) > KEYS * 10)
			break;
		g_usleep(5000);
	}
	g_assert_cmpstr(a, ==, b);
	g_assert_cmpint(strlen(a), >, KEYS * 10);
	g_free(a);
	g_free(b);
}

static void test_any_moment(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	d = qe_open_dom0(f);
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool dom0 = round % 2;
		unsigned after = (unsigned)g_test_rand_int_range(0, 20000);

		g_test_message("round %u: %s after %u us", round, dom0 ? "dom0" : "vm", after);
		write_until(d, v, start_killer(dom0 ? qe_dom0_pid(f) : f->vm, after));
		if (dom0) {
			qe_kill_dom0(f, SIGKILL);
			qe_start_dom0(f);
		} else {
			g_assert_true(WIFSIGNALED(qe_kill_vm(f, SIGKILL)));
			qe_spawn_vm(f);
			qdb_close(v);
			v = qe_open_vm(f);
		}
		qe_in_dom0(f);
		write_all(d, v, round);
		expect_same(d, v);
	}
	qdb_close(d);
	qdb_close(v);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons that went into the background are ours */
	g_test_add("/qubesdb-kill/any-moment", struct fixture, NULL, qe_setup, test_any_moment,
		   qe_teardown);
	return g_test_run();
}
