// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qubes-poweroff: the last step of a qube's end on Xen. systemd-shutdown runs it when all
 * file systems are unmounted or read-only. It tells the hypervisor, its only peer, at once what
 * the kernel would tell it after all its devices: and for each disk Linux waits 5 seconds first
 * for a backend that waits for Linux.
 */
/* Else Xen's headers mean its first way of calling, where a pointer is taken for a reason. */
#define __XEN_INTERFACE_VERSION__ 0x00040000

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xen/sched.h>
#include <xen/sys/privcmd.h>

/* A real device wants to be told to stop; so does what an emulator shows. */
static bool has_pci_devices(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *e;
	bool found = false;

	if (!dir)
		return errno != ENOENT;
	while (!found && (e = readdir(dir)))
		found = e->d_name[0] != '.';
	closedir(dir);
	return found;
}

static int power_off(void)
{
	struct sched_shutdown arg = {.reason = SHUTDOWN_poweroff};
	privcmd_hypercall_t call = {
		.op = __HYPERVISOR_sched_op,
		.arg = {SCHEDOP_shutdown, (uint64_t)(uintptr_t)&arg},
	};
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	sync();
	/* It does not come back where it can be done. */
	return ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	int r;

	/* All else, as a reboot, is the kernel's. */
	if (argc != 2 || strcmp(argv[1], "poweroff"))
		return 0;
	if (access("/sys/hypervisor/uuid", F_OK) < 0 || has_pci_devices())
		return 0;
	r = power_off();
	if (r)
		fprintf(stderr, "qubes-poweroff: the kernel does it: %s\n", strerror(-r));
	return 0;
}
