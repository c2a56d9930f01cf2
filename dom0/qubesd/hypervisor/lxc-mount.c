// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounting images with their uids and gids shifted into a container's range. The file
 * system on the device may be a hostile qube's work; the kernel parses it.
 */
#include "dom0/qubesd/hypervisor/lxc.h"

#include "qrexec/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int write_map(pid_t pid, const char *file, guint32 base)
{
	char path[64], text[64];
	_cleanup_close_ int fd = -1;
	int n = g_snprintf(text, sizeof(text), "0 %u %u", base, LXC_IDS);

	g_snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, (size_t)n) != n ? -errno : 0;
}

/* A user namespace is named by a process in it: one that only waits to be ended. */
static pid_t spawn_in_userns(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0L);

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid < 0 ? -errno : pid;
}

/* A descriptor of a user namespace with the container's mapping, or -errno. */
static int userns_fd(guint32 base)
{
	pid_t pid = spawn_in_userns();
	char path[64];
	int r, fd = -1;

	if (pid < 0)
		return pid;
	r = write_map(pid, "uid_map", base);
	if (r == 0)
		r = write_map(pid, "gid_map", base);
	if (r == 0) {
		g_snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : fd;
}

/* What the kernel says about why, where it does. */
static gboolean fs_error(GError **error, int fs, int err, const char *dev)
{
	char message[256];
	ssize_t n = read(fs, message, sizeof(message) - 1);
	const char *text = err == EINVAL || err == EUCLEAN
				   ? "it has no ext4 file system, or a damaged one"
				   : g_strerror(err);

	if (n > 2 && message[1] == ' ') {
		message[n] = '\0';
		text = g_strchomp(message + 2);
	}
	return hv_error(error, HYPERVISOR_ERROR_FAILED, "Cannot mount %s: %s", dev, text);
}

static int set_options(int fs, const char *dev, gboolean rw)
{
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", dev, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "errors", "remount-ro", 0) < 0 ||
	    /* What the qube deletes, the image gives back. */
	    fsconfig(fs, FSCONFIG_SET_FLAG, "discard", NULL, 0) < 0)
		return -errno;
	if (!rw && (fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
		    fsconfig(fs, FSCONFIG_SET_FLAG, "noload", NULL, 0) < 0))
		return -errno;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* A mount of dev that is nowhere yet: its descriptor. */
static int mount_detached(const char *dev, gboolean rw, GError **error)
{
	_cleanup_close_ int fs = fsopen("ext4", FSOPEN_CLOEXEC);
	int r, fd;

	if (fs < 0) {
		lxc_errno(error, errno, "use", "ext4");
		return -1;
	}
	r = set_options(fs, dev, rw);
	if (r < 0) {
		fs_error(error, fs, -r, dev);
		return -1;
	}
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | (rw ? 0 : MOUNT_ATTR_RDONLY));
	if (fd < 0)
		lxc_errno(error, errno, "mount", dev);
	return fd;
}

gboolean lxc_mount_ext4(const char *dev, gboolean rw, guint32 uid_base, const char *target,
			GError **error)
{
	_cleanup_close_ int fd = mount_detached(dev, rw, error);
	_cleanup_close_ int userns = -1;
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};

	if (fd < 0)
		return FALSE;
	userns = userns_fd(uid_base);
	if (userns < 0)
		return lxc_errno(error, -userns, "make a user namespace for", target);
	attr.userns_fd = (guint64)userns;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return lxc_errno(error, errno, "map the users (Linux 5.12 can) of", dev);
	if (move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return lxc_errno(error, errno, "mount on", target);
	return TRUE;
}

void lxc_unmount(const char *path)
{
	/* Whatever is stacked there. */
	while (umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0)
		;
}
