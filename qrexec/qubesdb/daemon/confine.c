/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the QubesDB daemon may do once it reads bytes of a qube, and of local programs: its
 * sockets and files were opened as the starting user, --user was taken on, the link was opened.
 * From here on: local clients, the link, making it again when it was lost. No exec, no fork, no
 * other process, no change of any file but the removal of its own.
 */
#include "qrexec/qubesdb/daemon/confine.h"

#include "qrexec/base/sandbox.h"
#include "qrexec/qubesdb/core.h"
#include "qrexec/vchan/sandbox-list.h"
#include "qrexec/vchan/vchan.h"

#define QUBESDB_SYSCALLS                                                                           \
	VCHAN_CONNECT_SYSCALLS, "dup2", "dup3", "exit_group", "fcntl", "futex", "gettid", "lseek", \
		"lstat", "madvise", "restart_syscall", "rt_sigprocmask", "rt_sigreturn",           \
		"sendmsg", "shutdown", "unlink", "write", "writev"

static const char *const socket_calls[] = {QUBESDB_SYSCALLS, NULL};
static const char *const xen_calls[] = {QUBESDB_SYSCALLS, VCHAN_XEN_SYSCALLS, NULL};

int confine_qubesdb(void)
{
	const struct sandbox s = {
		.name = "qubesdb-daemon",
		.syscalls = vchan_is_socket() ? socket_calls : xen_calls,
		.max_memory = 512u << 20,
		.max_files = QDB_CLIENTS_MAX + 64,
	};

	return sandbox_enter(&s);
}
