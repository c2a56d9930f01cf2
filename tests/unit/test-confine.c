/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying what a confined process may not do (test-confine.h). */
#include "tests/unit/test-confine.h"

#include <glib.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int try_confined(int (*enter)(void), void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		g_setenv("VCHAN_SOCKET_DIR", "/nonexistent", TRUE);
		if (enter())
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

void do_exec(void)
{
	char *argv[] = {"/bin/true", NULL};

	execve(argv[0], argv, environ);
}

void do_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

void do_ptrace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

void do_mount(void)
{
	mount("none", "/", NULL, MS_REMOUNT, NULL);
}

void do_kill(void)
{
	kill(getppid(), 0);
}
