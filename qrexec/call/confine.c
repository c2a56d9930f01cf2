/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dom0 process may do while it carries a call's data (confine.h). */
#include "qrexec/call/confine.h"

#include "qrexec/vchan/sandbox-list.h"
#include "qrexec/vchan/vchan.h"

/* Reads, writes and closes what is open already, reopens its own stdio, waits for its
 * child. No exec, no fork, no new connection. */
static const char *const socket_calls[] = {
	VCHAN_DATA_SYSCALLS,
	/* stdio.c */
	"write", "writev", "fcntl", "fstat", "newfstatat", "shutdown", "openat",
	/* the child, and the end */
	"wait4", "waitid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "exit", "exit_group",
	"restart_syscall", "getpid", "gettid", "tgkill", "futex", "madvise", "clock_nanosleep",
	"mprotect", NULL};

/* libxenvchan moves its pages and events by ioctl; its library is loaded already. */
static const char *const xen_calls[] = {VCHAN_DATA_SYSCALLS,
					"write",
					"writev",
					"fcntl",
					"fstat",
					"newfstatat",
					"shutdown",
					"openat",
					"wait4",
					"waitid",
					"rt_sigaction",
					"rt_sigprocmask",
					"rt_sigreturn",
					"exit",
					"exit_group",
					"restart_syscall",
					"getpid",
					"gettid",
					"tgkill",
					"futex",
					"madvise",
					"clock_nanosleep",
					"mprotect",
					"ioctl",
					"lseek",
					"munlock",
					"mlock",
					NULL};

const struct sandbox qrx_data_sandbox = {
	.name = "qrexec data",
	.syscalls = socket_calls,
};

int qrx_confine_data(void)
{
	struct sandbox s = qrx_data_sandbox;

	if (!vchan_is_socket())
		s.syscalls = xen_calls;
	return sandbox_enter(&s);
}
