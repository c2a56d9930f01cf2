/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a dom0 process may do while it carries a call's data (confine.h). The filter is
 * made here and not by libseccomp: a call takes 2 ms, and building the same filter
 * with the library was a fifth of that.
 */
#include "qrexec/call/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/vchan/vchan.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "add this architecture's AUDIT_ARCH_ number"
#endif

/*
 * Reads, writes and closes what is open already, reopens its own stdio, waits for its
 * child. No exec, no fork, no new connection.
 */
static const uint16_t common_calls[] = {
	/* the channel */
	SYS_read,
	SYS_write,
	SYS_writev,
	SYS_recvfrom,
	SYS_sendto,
	SYS_ppoll,
	SYS_close,
	SYS_shutdown,
	/* stdio.c */
	SYS_openat,
	SYS_newfstatat,
	SYS_fcntl,
	SYS_fstat,
	/* the child, and the end */
	SYS_wait4,
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_getpid,
	SYS_gettid,
	SYS_tgkill,
	SYS_futex,
	/* memory and time */
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
#ifdef SYS_poll
	SYS_poll,
#endif
};

/* libxenvchan moves its pages and events by ioctl; its library is loaded already. */
static const uint16_t xen_calls[] = {SYS_ioctl, SYS_lseek, SYS_mlock, SYS_munlock};

#define MAX_CALLS (ARRAY_LEN(common_calls) + ARRAY_LEN(xen_calls))

struct program {
	struct sock_filter code[MAX_CALLS + 8];
	unsigned short n;
};

static void emit(struct program *p, uint16_t op, uint8_t jt, uint8_t jf, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter){op, jt, jf, k};
}

/* Each test jumps over the rest of them to the ALLOW at the end. */
static void emit_calls(struct program *p, const uint16_t *calls, size_t n, size_t after)
{
	for (size_t i = 0; i < n; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(n - i + after), 0, calls[i]);
}

static void make_filter(struct program *p, bool xen)
{
	size_t more = xen ? ARRAY_LEN(xen_calls) : 0;

	p->n = 0;
	emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	emit(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	emit_calls(p, common_calls, ARRAY_LEN(common_calls), more);
	emit_calls(p, xen_calls, more, 0);
	emit(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	emit(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	for (int cap = 0; geteuid() == 0 && cap <= 63; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	return syscall(SYS_capset, &h, none) < 0 ? -errno : 0;
}

int qrx_confine_data(void)
{
	struct sock_fprog prog;
	struct program p;
	int r = drop_capabilities();

	if (r)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
#if defined(__SANITIZE_ADDRESS__)
	if (getenv("QUBES_NO_SECCOMP"))
		return 0;
#endif
	make_filter(&p, !vchan_is_socket());
	prog = (struct sock_fprog){.len = p.n, .filter = p.code};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}
