/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confinement of what reads a qube's bytes in dom0: what is not listed kills. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/call/confine.h"
#include "qrexec/daemon/daemon.h"
#include "tests/unit/test-confine.h"

static void do_connect(void)
{
	close(socket(AF_UNIX, SOCK_STREAM, 0));
}

static void do_nothing(void)
{
	char b[16];
	int p[2] = {-1, -1};

	if (write(STDERR_FILENO, "", 0) < 0 || read(p[0], b, sizeof(b)) >= 0)
		_exit(2);
	free(malloc(4u << 20));
}

/* The sanitizers need calls that are not on the lists. */
static bool skipped(void)
{
#if defined(__SANITIZE_ADDRESS__)
	g_test_skip("built with sanitizers");
	return true;
#else
	return false;
#endif
}

static void test_daemon(void)
{
	if (skipped())
		return;
	g_assert_cmpint(try_confined(confine_daemon, do_nothing), ==, 0);
	g_assert_cmpint(try_confined(confine_daemon, do_connect), ==, 0);
	g_assert_cmpint(try_confined(confine_daemon, do_exec), ==, SIGSYS);
	g_assert_cmpint(try_confined(confine_daemon, do_fork), ==, SIGSYS);
	g_assert_cmpint(try_confined(confine_daemon, do_ptrace), ==, SIGSYS);
	g_assert_cmpint(try_confined(confine_daemon, do_mount), ==, SIGSYS);
	g_assert_cmpint(try_confined(confine_daemon, do_kill), ==, SIGSYS);
}

static void test_data(void)
{
	if (skipped())
		return;
	g_assert_cmpint(try_confined(qrx_confine_data, do_nothing), ==, 0);
	g_assert_cmpint(try_confined(qrx_confine_data, do_exec), ==, SIGSYS);
	g_assert_cmpint(try_confined(qrx_confine_data, do_fork), ==, SIGSYS);
	g_assert_cmpint(try_confined(qrx_confine_data, do_connect), ==, SIGSYS);
	g_assert_cmpint(try_confined(qrx_confine_data, do_mount), ==, SIGSYS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qrexec/confine/daemon", test_daemon);
	g_test_add_func("/qrexec/confine/data", test_data);
	return g_test_run();
}
