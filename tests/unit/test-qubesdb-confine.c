/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confinement of the QubesDB daemon: what is not listed kills. */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/qubesdb/daemon/confine.h"
#include "tests/unit/test-confine.h"

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

static void test_kills(void)
{
	static void (*const forbidden[])(void) = {do_exec,   do_fork,	do_ptrace,
						  do_mount,  do_kill,	do_chmod,
						  do_rename, do_setuid, do_socketpair};

	g_assert_cmpint(try_confined(confine_qubesdb, do_its_work), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++)
		g_assert_cmpint(try_confined(confine_qubesdb, forbidden[i]), ==, SIGSYS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesdb/confine", test_kills);
	return g_test_run();
}
