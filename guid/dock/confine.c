/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileges of qubes-xembed-sni. Phases: open (X, session bus, signals), confine, run. Each
 * item connects to the bus, so sockets can be made, of the Unix kind. No program can be started,
 * and no file opened where the kernel has Landlock.
 */
#include "guid/dock/dock.h"
#include "qrexec/base/sandbox.h"

#define MAX_MEMORY ((rlim_t)512 << 20)

static const char *const syscalls[] = {
	/* Waiting, the X server, messages. */
	"epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "poll", "ppoll", "read", "write",
	"readv", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg", "timerfd_settime",
	"timerfd_create", "shutdown", "close", "fcntl",
	/* A connection to the bus; what libsystemd would like to know of it and of itself. */
	"socket", "connect", "bind", "getsockopt", "setsockopt", "getsockname", "getpeername",
	"getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "prctl", "uname",
	"openat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
	"faccessat2", "readlinkat", "lseek",
	/* Memory, time, the end. */
	"brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "clock_gettime",
	"clock_nanosleep", "gettimeofday", "futex", "sysinfo", "restart_syscall", "rt_sigreturn",
	"rt_sigaction", "rt_sigprocmask", "sigaltstack", "tgkill", "exit", "exit_group", NULL};

int confine(void)
{
	const struct sandbox s = {.name = PROGRAM,
				  .syscalls = syscalls,
				  .unix_only = true,
				  .max_memory = MAX_MEMORY,
				  .max_files = DOCK_ICONS_MAX + 64};

	/* Without Landlock files are protected by permissions only. */
	sandbox_deny_files();
	return sandbox_enter(&s);
}
