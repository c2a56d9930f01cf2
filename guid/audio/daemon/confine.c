// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The privileges of qubes-audiod. Phases: open (log, pid file, microphone), confine, run.
 * It runs as the user of the session, whose sound server it connects to again whenever that
 * was restarted: so sockets and files can be opened. No program can be started, nothing
 * traced, no other identity taken.
 */
#include "guid/audio/daemon/audiod.h"
#include "qrexec/base/sandbox.h"
#include "qrexec/vchan/sandbox-list.h"

#define MAX_MEMORY (512u << 20)
/* A dozen are used; but the kernel also holds this limit against the descriptors that all processes
 * of the user are passing to each other at the moment, and libpulse passes one. */
#define MAX_FILES 4096

static const char *const calls[] = {
	VCHAN_CONNECT_SYSCALLS, VCHAN_XEN_SYSCALLS,
	/* log, status of the microphone, pid file */
	"write", "writev", "mkdir", "mkdirat", "unlink",
	/* libpulse: its connection, cookie and settings, memory shared with the server */
	"sendmsg", "recvmsg", "shutdown", "fcntl", "readv", "pread64", "getsockname", "getpeername",
	"memfd_create", "ftruncate", "fallocate", "fstatfs", "statx", "lstat", "getdents64",
	"readlink", "readlinkat", "uname", "getuid", "geteuid", "getgid", "getegid", "getresuid",
	"getresgid", "umask", "fchmod", "fchown", "chmod", "prctl", "eventfd2", "kill", "flock",
	"sysinfo", "getcwd", "fsync",
	/* memory, time, the end */
	"madvise", "nanosleep", "gettimeofday", "futex", "gettid", "restart_syscall",
	"rt_sigreturn", "rt_sigprocmask", "sigaltstack", "tgkill", "exit_group", NULL};

int confine_audiod(void)
{
	struct sandbox s = {.name = "qubes-audiod",
			    .syscalls = calls,
			    .max_memory = MAX_MEMORY,
			    .max_files = MAX_FILES};

	return sandbox_enter(&s);
}
