/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy daemon may do (confine.h). No peer. */
#include "policy/daemon/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "qrexec/base/sandbox.h"
#include "qrexec/vchan/sandbox-list.h"

/* clang-format off */
static const char *const syscalls[] = {
	/* Its sockets, the policy's files, the calls to qubesd and the agent. */
	VCHAN_CONNECT_SYSCALLS, "write", "writev", "sendmsg", "recvmsg", "fcntl", "shutdown",
	"getdents64", "lstat", "stat", "statx", "lseek", "readlink", "readlinkat", "unlink",
	"inotify_rm_watch",
	/* GLib's main loop, its thread for signals and children. */
	"eventfd2", "futex", "clone", "clone3", "vfork", "set_robust_list", "rseq", "madvise",
	"mprotect", "getpid", "gettid", "tgkill", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"restart_syscall", "clock_nanosleep", "clock_getres", "getrandom", "sched_getaffinity",
	"sched_yield", "sysinfo", "exit", "exit_group", "geteuid", "getuid", "getegid", "getgid",
	"prctl", /* names of threads */
	/* Pipes to and from an agent in a GUI qube. */
	"pipe2",
	NULL,
};

static const char *const starter_syscalls[] = {
	/* Its own: descriptors come, programs start and end. */
	"recvmsg", "poll", "ppoll", "read", "write", "close", "vfork", "clone", "clone3", "fork", "dup2",
	"dup3", "execve", "wait4", "kill", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	/* The start of qrexec-client, and what it confines itself to. */
	VCHAN_CONNECT_SYSCALLS, "writev", "sendmsg", "fcntl", "shutdown", "getdents64", "lstat",
	"stat", "statx", "lseek", "readlink", "readlinkat", "unlink", "inotify_rm_watch", "eventfd2",
	"futex", "set_robust_list", "rseq", "madvise", "mprotect", "getpid", "gettid", "tgkill",
	"restart_syscall", "clock_nanosleep", "clock_getres", "getrandom", "sched_getaffinity",
	"sched_yield", "sysinfo", "exit", "exit_group", "geteuid", "getuid", "getegid", "getgid",
	"pipe", "pipe2", "dup", "waitid", "pidfd_open", "pidfd_send_signal", "arch_prctl",
	"set_tid_address", "prlimit64", "pread64", "prctl", "seccomp", "capset", "capget",
	"signalfd4", "epoll_wait", "epoll_pwait", "ioctl", "mlock", "munlock",
	NULL,
};
/* clang-format on */

/* With keep, capabilities outlive the change of user, for sandbox_enter() to choose from; no
 * program that is started gets any back. */
static int become(uid_t uid, gid_t gid, bool keep)
{
	for (int cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	if (prctl(PR_SET_KEEPCAPS, keep, 0, 0, 0) < 0 || setgroups(1, &gid) < 0 ||
	    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

int confine(bool change, uid_t uid, gid_t gid)
{
	static const struct sandbox box = {
		.name = "qrexec-policy-daemon",
		.syscalls = syscalls,
		.keep_caps = UINT64_C(1) << CAP_DAC_READ_SEARCH,
	};
	int r = change && geteuid() == 0 ? become(uid, gid, true) : 0;

	return r ? r : sandbox_enter(&box);
}

int confine_starter(bool change, uid_t uid, gid_t gid)
{
	static const struct sandbox box = {.name = "policy-starter", .syscalls = starter_syscalls};
	int r = change && geteuid() == 0 ? become(uid, gid, false) : 0;

	return r ? r : sandbox_enter(&box);
}
