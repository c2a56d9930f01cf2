/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileges of qrexec-daemon once it reads what a qube sends: it was started as
 * the desktop user (--user), has forked the spawner, and has opened its log. From here
 * on: its local sockets, the qube's channel, the broker. No exec, no fork.
 */
#include "qrexec/base/sandbox.h"
#include "qrexec/daemon/daemon.h"
#include "qrexec/vchan/sandbox-list.h"

#define DAEMON_SYSCALLS                                                                            \
	VCHAN_CONNECT_SYSCALLS, /* log, clients, spawner */                                        \
		"write", "writev", "sendmsg", "recvmsg", "fcntl", "shutdown", "lstat", "stat",     \
		"rt_sigreturn", "rt_sigaction", "rt_sigprocmask", "restart_syscall", "getpid",     \
		"gettid", "tgkill", "futex", "madvise", "mprotect", "clock_nanosleep", "exit",     \
		"exit_group", /* sockets.c */ "unlink", "symlink", "symlinkat", "rename",          \
		"renameat", "renameat2", "readlink", "readlinkat", "chown", "fchownat", "getuid",  \
		"geteuid", "getgid", "getegid"

static const char *const socket_calls[] = {DAEMON_SYSCALLS, NULL};

/* libxenvchan and libxenstore: devices, and a thread that reads xenstore's events. */
static const char *const xen_calls[] = {
	DAEMON_SYSCALLS, "ioctl", "mlock", "munlock", "clone", "clone3",    "set_robust_list",
	"rseq",		 "pipe",  "pipe2", "lseek",   "dup",   "prlimit64", "sched_getaffinity",
	"pread64",	 NULL};

int confine_daemon(void)
{
	struct sandbox s = {
		.name = "qrexec-daemon",
		.syscalls = vchan_is_socket() ? socket_calls : xen_calls,
		.max_memory = 256u * 1024 * 1024,
		.max_files = MAX_CLIENTS + 64,
	};

	return sandbox_enter(&s);
}
