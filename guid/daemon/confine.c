/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's confinement. Phases: open (X, vchan, side channel), drop (root, when the
 * session is root's), confine (no file can be opened but memory that was passed; no program
 * started; no new connection), run.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/sandbox.h"
#include "qrexec/vchan/sandbox-list.h"

#define NOBODY 65534
/* Images are not mapped here, but under Xen: buffers and the tables of the windows. */
#define MAX_MEMORY ((rlim_t)512 << 20)
#define MAX_MEMORY_XEN ((rlim_t)8 << 30)
/* A descriptor per tray icon, those that wait, and what is being passed on. */
#define MAX_FILES 1024

static const char *const syscalls[] = {
	VCHAN_DATA_SYSCALLS,
	/* X, log, supervisor */
	"write", "writev", "readv", "recvmsg", "sendmsg", "shutdown", "getpid", "gettid",
	/* memfds: the check and the reopening; opening anything else is stopped by Landlock */
	"fcntl", "fstat", "newfstatat", "statx", "fstatfs", "openat", "lseek", "pread64",
	"memfd_create", "ftruncate",
	/* Xen: event channel and grants */
	"ioctl",
	/* memory (sysinfo: of qsort), time, the end */
	"sysinfo", "madvise", "mprotect", "clock_nanosleep", "nanosleep", "gettimeofday",
	"sched_yield", "getrandom", "futex", "restart_syscall", "rt_sigreturn", "rt_sigaction",
	"rt_sigprocmask", "sigaltstack", "tgkill", "exit", "exit_group", NULL};

void confine(struct guid *g)
{
	struct sandbox table = {.name = "qubes-guid",
				.syscalls = syscalls,
				.max_memory = g->gntdev < 0 ? MAX_MEMORY : MAX_MEMORY_XEN,
				.max_files = MAX_FILES};
	int r = sandbox_become(NOBODY, NOBODY, 0);

	/* In a user namespace of one user there is nobody else to become. */
	if (r == -EPERM || r == -EINVAL) {
		log_info("cannot give up its user: %s", strerror(-r));
		r = 0;
	}

	/* Changing the user forgets this. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!r) {
		int denied = sandbox_deny_files();

		if (denied)
			log_info("no Landlock in this kernel (%s): files are protected by "
				 "permissions only",
				 strerror(-denied));
		r = sandbox_enter(&table);
	}
	if (r)
		guid_fatal(g, "cannot confine itself: %s", strerror(-r));
}
