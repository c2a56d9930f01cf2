// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block devices lent to a container: libvirt makes the node in the container's /dev and lets
 * its cgroup use it. Only dom0's own block devices can be lent this way; what is on them is
 * read in the qube, not by dom0. docs/containers.md.
 */
#include "dom0/qubesd/hypervisor/lxc.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include "qrexec/base/cleanup.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define USER_ENDS_MS 2000
#define USER_POLL_MS 50

gboolean lxc_block_attach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, GError **error)
{
	if (b->backend)
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"Containers can be lent dom0's block devices only, and %s is one "
				"of %s",
				b->node, b->backend);
	return hv_attach_xml(dom, hv_xml_block(b, FALSE), "attach the block device", error);
}

/* --- who uses it --- */

/* Has the process this block device open? *ret_who its name. */
static bool holds(const char *pid, dev_t rdev)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/fd", pid);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *fd;

	while (dir && (fd = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, fd, NULL);
		struct stat st;

		if (stat(file, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == rdev)
			return true;
	}
	return false;
}

static char *name_of(const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/comm", pid);
	char *untrusted_name = NULL;

	if (!g_file_get_contents(path, &untrusted_name, NULL, NULL))
		return g_strdup("a process");
	for (char *p = untrusted_name; *p; p++)
		if (!g_ascii_isalnum(*p) && !strchr("-_.", *p))
			*p = *p == '\n' ? '\0' : '_';
	return untrusted_name;
}

static bool is_of(const char *pid, guint32 base)
{
	g_autofree char *path = g_strdup_printf("/proc/%s", pid);
	struct stat st;

	return g_ascii_isdigit(*pid) && stat(path, &st) == 0 && st.st_uid >= base &&
	       st.st_uid < base + LXC_IDS;
}

/* Ends a process whose number may have been given to another one meanwhile: not then. */
static void end_process(const char *pid, guint32 base, dev_t rdev)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);

	if (fd >= 0 && is_of(pid, base) && holds(pid, rdev))
		lxc_signal(fd, SIGKILL, NULL);
}

/* The name of a process of the container that uses the device, NULL: none. With force it is
 * ended. */
static char *user_of(guint32 base, dev_t rdev, gboolean force)
{
	g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
	const char *pid;

	while (proc && (pid = g_dir_read_name(proc))) {
		if (!is_of(pid, base) || !holds(pid, rdev))
			continue;
		if (!force)
			return name_of(pid);
		end_process(pid, base, rdev);
	}
	return NULL;
}

/* The same, but for who is about to end: an unmounted file system is a process that writes what it
 * has, and goes. */
static char *lasting_user_of(guint32 base, dev_t rdev)
{
	char *user = user_of(base, rdev, FALSE);

	for (int ms = 0; user && ms < USER_ENDS_MS; ms += USER_POLL_MS) {
		g_usleep(USER_POLL_MS * 1000);
		g_free(user);
		user = user_of(base, rdev, FALSE);
	}
	return user;
}

gboolean lxc_block_detach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, gboolean force,
			  GError **error)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	g_autoptr(LxcRecord) r =
		virDomainGetUUIDString(dom, uuid) == 0 ? lxc_record_get(hv, uuid) : NULL;
	g_autofree char *user = NULL;
	struct stat st;
	bool known = r && stat(b->node, &st) == 0 && S_ISBLK(st.st_mode);

	if (known && !force)
		user = lasting_user_of(lxc_uid_base(r->xid), st.st_rdev);
	if (user)
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"/dev/%s is in use in %s (by %s): unmount it there first",
				b->target, r->name, user);
	if (!hv_detach_xml(dom, hv_xml_block(b, FALSE), "detach the block device", error))
		return FALSE;
	/* Nobody can open it any more; who has it open keeps it unless ended. */
	if (known && force)
		user_of(lxc_uid_base(r->xid), st.st_rdev, TRUE);
	return TRUE;
}

gboolean lxc_no_pci(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error)
{
	return hv_error(error, HYPERVISOR_ERROR_FAILED,
			"A container cannot be given the PCI device %s: that needs Xen", sbdf);
}
