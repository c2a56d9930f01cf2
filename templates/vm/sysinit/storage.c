/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The private volume (sysinit.h). A container has it on /rw already; a Xen domain finds it as
 * /dev/xvdb, blank at its first boot. What is done only once, a script does: it starts the tools
 * that make file systems and copy trees. A damaged file system is the user's, and may be repaired:
 * none is made in its place. What an interrupted first boot left is no file system yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "templates/vm/sysinit/sysinit.h"

#define DISK "/dev/xvdb"
#define FIRST_BOOT "/usr/lib/qubes/init/private-volume"

extern char **environ;

static bool is_mount(const char *path)
{
	struct statx s;

	return statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, 0, &s) == 0 &&
	       (s.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int run_first_boot(const char *step)
{
	char *argv[] = {(char *)FIRST_BOOT, (char *)step, NULL};
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, FIRST_BOOT, NULL, NULL, argv, environ);
	if (errno)
		return sysinit_failed(FIRST_BOOT);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sysinit_failed(FIRST_BOOT);
	if (status == 0)
		return 0;
	fprintf(stderr, "qubes-sysinit: %s %s failed\n", FIRST_BOOT, step);
	return -1;
}

/* A superblock of ext4 is there. 1, 0, or -1: reported. */
static int has_superblock(int fd, off_t at)
{
	unsigned char magic[2];
	ssize_t n = pread(fd, magic, sizeof(magic), at + 56);

	if (n < 0)
		return sysinit_failed(DISK);
	return n == sizeof(magic) && magic[0] == 0x53 && magic[1] == 0xef;
}

/* Something is where file systems and partition tables begin. 1, 0, or -1: reported. */
static int has_start(int fd)
{
	static const unsigned char zero[4096];
	unsigned char start[sizeof(zero)];
	ssize_t n = pread(fd, start, sizeof(start), 0);

	if (n < 0)
		return sysinit_failed(DISK);
	return memcmp(start, zero, (size_t)n) != 0;
}

/*
 * Something was made of the volume: it has a start, or the first copy of a superblock of ext4,
 * which is the last thing that goes: at 8 blocks per byte of one, and blocks of 1, 2 or 4 KiB.
 * blkid knows none with a wrong checksum. 1, 0, or -1: reported.
 */
static int is_used(void)
{
	static const off_t copies[] = {8193 * 1024, 16384 * 2048, 32768 * 4096};
	_cleanup_close_ int fd = open(DISK, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return sysinit_failed(DISK);
	r = has_start(fd);
	for (size_t i = 0; i < ARRAY_LEN(copies) && !r; i++)
		r = has_superblock(fd, copies[i]);
	return r;
}

/* 1: /rw is the private volume, 0: there is none, -1: reported. */
static int mount_private(void)
{
	struct stat s;
	int used;

	if (is_mount("/rw"))
		return 1;
	if (stat(DISK, &s) < 0 || !S_ISBLK(s.st_mode))
		return 0;
	if (mount(DISK, "/rw", "ext4", MS_NOSUID | MS_NODEV, "discard") == 0)
		return 1;
	used = is_used();
	if (used < 0 || (!used && run_first_boot("format")))
		return -1;
	/* It is new, or a file system of another kind. */
	if (run_first_boot("mount") == 0)
		return 1;
	fputs("qubes-sysinit: what is on the private volume, " DISK ", cannot be mounted, and is "
	      "left as it is. What this qube writes to /home now is not kept: shut it down and "
	      "check the volume (e2fsck) where it is not in use.\n",
	      stderr);
	return -1;
}

static int make_dir(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? sysinit_failed(path) : 0;
}

static int bind_to(const char *from, const char *to)
{
	if (mount(from, to, NULL, MS_BIND, NULL) == 0)
		return 0;
	fprintf(stderr, "qubes-sysinit: %s cannot be mounted on ", from);
	return sysinit_failed(to);
}

int storage_setup(void)
{
	int r = mount_private();

	if (r <= 0)
		return r;
	r = 0;
	if (access("/rw/home", F_OK) < 0 || access("/rw/usrlocal", F_OK) < 0)
		r = run_first_boot("populate");
	r |= make_dir("/rw/config") | make_dir("/rw/bind-dirs");
	return r | bind_to("/rw/home", "/home") | bind_to("/rw/usrlocal", "/usr/local");
}
