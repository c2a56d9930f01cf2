/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confinement of the QubesDB daemon: what is not listed kills. */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/qubesdb/daemon/confine.h"

static void do_exec(void)
{
	char *argv[] = {"/bin/true", NULL};

	execve(argv[0], argv, environ);
}

static void do_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void do_ptrace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_mount(void)
{
	mount("none", "/", NULL, MS_REMOUNT, NULL);
}

static void do_kill(void)
{
	kill(getppid(), 0);
}

static void do_chmod(void)
{
	if (chmod("/nonexistent", 0777))
		return;
}

static void do_rename(void)
{
	if (rename("/nonexistent", "/nonexistent.2"))
		return;
}

static void do_setuid(void)
{
	if (setuid(0))
		return;
}

static void do_socketpair(void)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p))
		return;
}

/* Some of what it does all the time. */
static void do_its_work(void)
{
	close(socket(AF_UNIX, SOCK_STREAM, 0));
	free(malloc(4u << 20));
	if (write(STDERR_FILENO, "", 0) < 0)
		_exit(2);
}

/* The signal that ended a confined process which tried fn, 0: none. */
static int try_confined(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		g_setenv("VCHAN_SOCKET_DIR", "/nonexistent", TRUE);
		if (confine_qubesdb())
			_exit(3);
		fn();
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	return 0;
}

static void test_kills(void)
{
	static void (*const forbidden[])(void) = {do_exec,   do_fork,	do_ptrace,
						  do_mount,  do_kill,	do_chmod,
						  do_rename, do_setuid, do_socketpair};

	g_assert_cmpint(try_confined(do_its_work), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++)
		g_assert_cmpint(try_confined(forbidden[i]), ==, SIGSYS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesdb/confine", test_kills);
	return g_test_run();
}
