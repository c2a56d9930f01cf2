// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qubes-container-init: the first program of every container, dom0's, before anything of
 * the qube runs. It waits until dom0 lets it go on (a byte in /run/qubes-init/go), hides the
 * host's cgroups, and becomes /sbin/init. Linked statically: the qube's own libraries
 * are not to be trusted yet. docs/containers.md.
 *
 * Its peers are dom0, through the pipe, and the qube's init, which inherits nothing but the
 * console. It runs with all capabilities over the container's user namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define DIR "/run/qubes-init"
#define CGROUPS "/sys/fs/cgroup"

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "qubes-container-init: cannot %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void wait_at_gate(void)
{
	int fd = open(DIR "/go", O_RDONLY | O_CLOEXEC);
	char byte;
	ssize_t n;

	check(fd, "open " DIR "/go");
	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1) {
		fputs("qubes-container-init: dom0 gave up starting this qube\n", stderr);
		_exit(1);
	}
	close(fd);
}

/* dom0 has put this process into a cgroup of its own: from now on that one is the root. */
static void hide_host_cgroups(void)
{
	check(unshare(CLONE_NEWCGROUP), "make a cgroup namespace");
	check(umount2(CGROUPS, MNT_DETACH), "unmount the host's " CGROUPS);
	check(mount("cgroup2", CGROUPS, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL),
	      "mount " CGROUPS);
}

int main(int argc, char **argv)
{
	const char *name = getenv("QUBES_NAME");

	wait_at_gate();
	hide_host_cgroups();
	if (name)
		check(sethostname(name, strlen(name)), "set the host name");
	unsetenv("QUBES_NAME");
	check(umount2(DIR, MNT_DETACH), "unmount " DIR);
	rmdir(DIR);
	argv[0] = (char *)"/sbin/init";
	execv(argv[0], argv);
	check(-1, "run /sbin/init");
	return 1;
}
