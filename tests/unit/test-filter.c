/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seccomp filters of qrexec/base/filter.c: run here, over every number there could be. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/filter.h"
#include "qrexec/base/sandbox.h"

/* What the program answers; it may only use what filter.c uses. */
static uint32_t run(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		struct sock_filter f = code[pc];
		bool hit;

		switch (f.code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = f.k == offsetof(struct seccomp_data, arch) ? data->arch
								       : (uint32_t)data->nr;
			continue;
		case BPF_JMP | BPF_JA:
			pc += f.k;
			continue;
		case BPF_RET | BPF_K:
			return f.k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			hit = a == f.k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			hit = a >= f.k;
			break;
		default:
			g_assert_cmpint(f.code, ==, BPF_JMP | BPF_JGT | BPF_K);
			hit = a > f.k;
		}
		pc += hit ? f.jt : f.jf;
	}
	g_assert_not_reached();
}

static uint32_t own_arch(const struct sock_filter *code)
{
	return code[1].k;
}

static void check(const uint16_t *calls, size_t n)
{
	struct sock_filter code[FILTER_CODE_FOR(FILTER_CALLS_MAX)];
	static const int far[] = {0x40000000, 0x40000001, 0x7fffffff, -1, 65535, 65536};
	int len = filter_build(calls, n, code);
	bool allowed[1024] = {false};
	struct seccomp_data d = {.nr = 0};

	g_assert_cmpint(len, >, 0);
	g_assert_cmpint(len, <=, FILTER_CODE_FOR(FILTER_CALLS_MAX));
	for (size_t i = 0; i < n; i++)
		allowed[calls[i]] = true;
	d.arch = own_arch(code);
	for (d.nr = 0; d.nr < 1024; d.nr++)
		g_assert_cmphex(run(code, (size_t)len, &d), ==,
				allowed[d.nr] ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < G_N_ELEMENTS(far); i++) {
		d.nr = far[i];
		g_assert_cmphex(run(code, (size_t)len, &d), ==, SECCOMP_RET_KILL_PROCESS);
	}
	d.arch = AUDIT_ARCH_I386;
	for (d.nr = 0; d.nr < 1024; d.nr++)
		g_assert_cmphex(run(code, (size_t)len, &d), ==, SECCOMP_RET_KILL_PROCESS);
}

static void lists_of_all_shapes(void)
{
	static const uint16_t one[] = {60}, zero[] = {0}, pair[] = {7, 6}, twice[] = {3, 3, 9, 3};
	uint16_t all[FILTER_CALLS_MAX], odd[FILTER_CALLS_MAX];

	check(one, 1);
	check(zero, 1);
	check(pair, 2);
	check(twice, 4);
	for (uint16_t i = 0; i < FILTER_CALLS_MAX; i++) {
		all[i] = i;
		odd[i] = (uint16_t)(2 * i + 1);
	}
	check(all, FILTER_CALLS_MAX);
	check(odd, FILTER_CALLS_MAX);
}

static void lists_at_random(void)
{
	uint16_t calls[FILTER_CALLS_MAX];

	for (int round = 0; round < 200; round++) {
		size_t n = (size_t)g_test_rand_int_range(1, 150);

		for (size_t i = 0; i < n; i++)
			calls[i] = (uint16_t)g_test_rand_int_range(0, 470);
		check(calls, n);
	}
}

static void limits(void)
{
	struct sock_filter code[FILTER_CODE_FOR(FILTER_CALLS_MAX)];
	uint16_t calls[FILTER_CALLS_MAX + 1] = {0};

	g_assert_cmpint(filter_build(calls, 0, code), ==, -EINVAL);
	g_assert_cmpint(filter_build(calls, FILTER_CALLS_MAX + 1, code), ==, -EINVAL);
	g_assert_cmpint(filter_enter(calls, 0), ==, -EINVAL);
}

static void names(void)
{
	g_assert_cmpint(filter_number("read"), ==, SYS_read);
	g_assert_cmpint(filter_number("exit_group"), ==, SYS_exit_group);
	g_assert_cmpint(filter_number("newfstatat"), ==, SYS_newfstatat);
	g_assert_cmpint(filter_number("no_such_call"), ==, -ENOENT);
	g_assert_cmpint(filter_number(""), ==, -ENOENT);
}

/* How a child ends that makes a socket of that family: 0, or the signal. */
static int end_with(int family)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (filter_unix_sockets())
			_exit(2);
		_exit(socket(family, SOCK_STREAM, 0) < 0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) ? -1 : 0;
}

static void sockets(void)
{
	g_assert_cmpint(end_with(AF_UNIX), ==, 0);
	g_assert_cmpint(end_with(AF_INET), ==, SIGSYS);
	g_assert_cmpint(end_with(AF_NETLINK), ==, SIGSYS);
	g_assert_cmpint(end_with(0x10000 | AF_UNIX), ==, SIGSYS);
}

/* Memory stays open to all, nothing else. */
static void files(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int r = sandbox_deny_files(), fd = memfd_create("x", 0);
		char path[40];

		if (r)
			_exit(r == -ENOSYS || r == -EOPNOTSUPP ? 77 : 1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (open(path, O_RDONLY) < 0 || open("/etc/passwd", O_RDONLY) >= 0 ||
		    open("/tmp", O_RDONLY) >= 0 || mkdir("/tmp/never", 0700) == 0)
			_exit(2);
		execl("/bin/false", "false", (char *)NULL);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		g_test_skip("no Landlock in this kernel");
	else
		g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filter/shapes", lists_of_all_shapes);
	g_test_add_func("/filter/random", lists_at_random);
	g_test_add_func("/filter/limits", limits);
	g_test_add_func("/filter/names", names);
	g_test_add_func("/filter/sockets", sockets);
	g_test_add_func("/filter/files", files);
	return g_test_run();
}
