/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seccomp filters of qrexec/base/filter.c: run here, over every number there could be. */
#include <errno.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "qrexec/base/filter.h"

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filter/shapes", lists_of_all_shapes);
	g_test_add_func("/filter/random", lists_at_random);
	g_test_add_func("/filter/limits", limits);
	g_test_add_func("/filter/names", names);
	return g_test_run();
}
