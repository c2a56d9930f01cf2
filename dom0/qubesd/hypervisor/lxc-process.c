// SPDX-License-Identifier: GPL-2.0-or-later
/* A container's first process as dom0 sees it. It is hostile, and may end at any time. */
#include "dom0/qubesd/hypervisor/lxc.h"

#include "qrexec/base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* Is pid's user namespace the container's? Then it is its init, or a child of that. */
static bool in_range(pid_t pid, guint32 base)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/uid_map", (int)pid);
	g_autofree char *text = NULL;
	unsigned inside, outside, count;

	return g_file_get_contents(path, &text, NULL, NULL) &&
	       sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == base && count == LXC_IDS;
}

int lxc_init_pidfd(virDomainPtr dom, guint32 base, pid_t *ret_pid, GError **error)
{
	/* Libvirt's id of a container is the pid of its controller, whose child is init. */
	unsigned controller = virDomainGetID(dom);
	g_autofree char *path =
		g_strdup_printf("/proc/%u/task/%u/children", controller, controller);
	g_autofree char *text = NULL;
	g_auto(GStrv) pids = NULL;

	if (g_file_get_contents(path, &text, NULL, NULL))
		pids = g_strsplit(text, " ", -1);
	for (char **p = pids; p && *p; p++) {
		pid_t pid = (pid_t)g_ascii_strtoull(*p, NULL, 10);
		int fd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

		if (fd < 0)
			continue;
		/* Checked after the descriptor holds it: it can be no other process. */
		if (in_range(pid, base)) {
			if (ret_pid)
				*ret_pid = pid;
			return fd;
		}
		close(fd);
	}
	hv_error(error, HYPERVISOR_ERROR_NO_DOMAIN,
		 "The container has no first process: it just ended");
	return -1;
}

gboolean lxc_signal(int pidfd, int sig, GError **error)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0 || errno == ESRCH)
		return TRUE;
	return lxc_errno(error, errno, "signal", "the container's init");
}
