/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes and installs seccomp filters (filter.h). No peer. The kernel runs a new filter over
 * every system call number there is, to remember the answers: so the filter looks a
 * number up by halves instead of comparing it with each on the list.
 */
#include "qrexec/base/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "add this architecture's AUDIT_ARCH_ number"
#endif

/* Numbers first..last are allowed. */
struct range {
	uint16_t first, last;
};

struct program {
	struct sock_filter *code;
	unsigned short n;
};

static void emit(struct program *p, uint16_t op, uint8_t jt, uint8_t jf, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter){op, jt, jf, k};
}

static void emit_ret(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, 0, 0, action);
}

/* Decides among n ranges; the number is not below the first one's start. */
static void emit_ranges(struct program *p, const struct range *r, size_t n)
{
	size_t left = n / 2, jump;

	if (n == 1) {
		emit(p, BPF_JMP | BPF_JGT | BPF_K, 1, 0, r->last);
		emit_ret(p, SECCOMP_RET_ALLOW);
		emit_ret(p, SECCOMP_RET_KILL_PROCESS);
		return;
	}
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, r[left].first);
	jump = p->n;
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_ranges(p, r, left);
	p->code[jump].k = (uint32_t)(p->n - jump - 1);
	emit_ranges(p, r + left, n - left);
}

static int compare(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The ranges that the sorted numbers make; how many. */
static size_t merge(const uint16_t *sorted, size_t n, struct range *ret)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		if (made && sorted[i] <= ret[made - 1].last + 1)
			ret[made - 1].last = sorted[i];
		else
			ret[made++] = (struct range){sorted[i], sorted[i]};
	}
	return made;
}

int filter_build(const uint16_t *calls, size_t n, struct sock_filter *ret_code)
{
	struct program p = {.code = ret_code};
	struct range ranges[FILTER_CALLS_MAX];
	uint16_t sorted[FILTER_CALLS_MAX];
	size_t made;

	if (!n || n > FILTER_CALLS_MAX)
		return -EINVAL;
	memcpy(sorted, calls, n * sizeof(*calls));
	qsort(sorted, n, sizeof(*sorted), compare);
	made = merge(sorted, n, ranges);
	emit(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	emit_ret(&p, SECCOMP_RET_KILL_PROCESS);
	/* Numbers of the x32 kind are above all ranges. */
	emit(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	emit(&p, BPF_JMP | BPF_JGE | BPF_K, 1, 0, ranges[0].first);
	emit_ret(&p, SECCOMP_RET_KILL_PROCESS);
	emit_ranges(&p, ranges, made);
	return p.n;
}

static int install(struct sock_filter *code, int n)
{
	struct sock_fprog prog = {.filter = code, .len = (unsigned short)n};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}

int filter_enter(const uint16_t *calls, size_t n)
{
	_cleanup_free_ struct sock_filter *code = calloc(FILTER_CODE_FOR(n), sizeof(*code));
	int r = code ? filter_build(calls, n, code) : -ENOMEM;

	return r < 0 ? r : install(code, r);
}

int filter_unix_sockets(void)
{
	struct sock_filter code[6];
	struct program p = {.code = code};

	/* Of other architectures' calls the list takes care. */
	emit(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, SYS_socket);
	emit(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AF_UNIX);
	emit_ret(&p, SECCOMP_RET_ALLOW);
	emit_ret(&p, SECCOMP_RET_KILL_PROCESS);
	return install(code, p.n);
}
