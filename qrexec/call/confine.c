/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dom0 process may do while it carries a call's data (confine.h). */
#include "qrexec/call/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/filter.h"
#include "qrexec/vchan/vchan.h"

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
/* What musl uses where glibc takes a newer one. */
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_open
	SYS_open,
#endif
#ifdef SYS_stat
	SYS_stat,
	SYS_lstat,
#endif
};

/* libxenvchan moves its pages and events by ioctl; its library is loaded already. */
static const uint16_t xen_calls[] = {SYS_ioctl, SYS_lseek, SYS_mlock, SYS_munlock};

/* 0 or -errno. */
static int install_filter(bool xen)
{
	uint16_t calls[ARRAY_LEN(common_calls) + ARRAY_LEN(xen_calls)];
	size_t n = ARRAY_LEN(common_calls);

	memcpy(calls, common_calls, sizeof(common_calls));
	if (xen) {
		memcpy(calls + n, xen_calls, sizeof(xen_calls));
		n += ARRAY_LEN(xen_calls);
	}
	return filter_enter(calls, n);
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
	int r = drop_capabilities();

	if (r)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
#if defined(__SANITIZE_ADDRESS__)
	if (getenv("QUBES_NO_SECCOMP"))
		return 0;
#endif
	return install_filter(!vchan_is_socket());
}
