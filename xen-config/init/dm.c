// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/mapper/dmroot (init.h), by the kernel's device-mapper interface. */
#include "xen-config/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NAME "dmroot"
#define CHUNK_SECTORS 8 /* 4 KiB, the block of the file system */

/* A request with room for one target and its parameters. */
struct request {
	struct dm_ioctl io;
	struct dm_target_spec target;
	char parameters[128];
};

static int call(int control, unsigned long what, struct request *r)
{
	r->io.version[0] = DM_VERSION_MAJOR;
	r->io.data_size = sizeof(*r);
	r->io.data_start = offsetof(struct request, target);
	snprintf(r->io.name, sizeof(r->io.name), NAME);
	return ioctl(control, what, r) < 0 ? -errno : 0;
}

static int load_table(int control, const char *device, const char *cow)
{
	struct request r = {.io = {.target_count = 1}, .target = {.target_type = "snapshot"}};

	r.target.length = disk_sectors(device);
	snprintf(r.parameters, sizeof(r.parameters), "/dev/%s /dev/%s N %d", device, cow,
		 CHUNK_SECTORS);
	r.target.next = sizeof(r.target) + sizeof(r.parameters);
	return call(control, DM_TABLE_LOAD, &r);
}

/* The name that the rest of the boot knows it by; udev makes its own link later. */
static void link_node(const char *device)
{
	char node[64];

	snprintf(node, sizeof(node), "../%s", device);
	mkdir("/dev/mapper", 0755);
	unlink("/dev/mapper/" NAME);
	if (symlink(node, "/dev/mapper/" NAME) < 0)
		init_say("cannot make /dev/mapper/" NAME ": %s", strerror(errno));
}

int dmroot_create(const char *device, const char *cow)
{
	struct request r = {.io = {.flags = 0}};
	char name[16];
	int control;
	int e;

	if (!cow) {
		link_node(device);
		return 0;
	}
	control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	e = call(control, DM_DEV_CREATE, &r);
	if (!e)
		e = load_table(control, device, cow);
	r = (struct request){.io = {.flags = 0}};
	if (!e)
		e = call(control, DM_DEV_SUSPEND, &r); /* without the flag: resume */
	snprintf(name, sizeof(name), "dm-%u", minor(r.io.dev));
	if (!e)
		link_node(name);
	close(control);
	return e;
}
