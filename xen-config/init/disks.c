// SPDX-License-Identifier: GPL-2.0-or-later
/* A qube's disks (init.h): what the kernel says of them, without polling. */
#include "xen-config/init/init.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* xvda is device 202:0, each disk has 16 minors; Xen calls it by that number. */
#define XVD_MAJOR 202
#define XVD_MINORS 16

static int uevents = -1;

void disks_listen(void)
{
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = 1};

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (uevents >= 0 && bind(uevents, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(uevents);
		uevents = -1;
	}
}

bool disk_exists(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return access(path, F_OK) == 0;
}

bool disk_expected(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/xen/devices/vbd-%d",
		 (XVD_MAJOR << 8) + (name[3] - 'a') * XVD_MINORS);
	return access(path, F_OK) == 0 || disk_exists(name);
}

static bool read_attribute(const char *name, const char *attribute, char *buf, size_t size)
{
	char path[96];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, attribute);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(buf, (int)size, f) != NULL;
	fclose(f);
	return ok;
}

bool disk_is_readonly(const char *name)
{
	char text[8] = "";

	return read_attribute(name, "ro", text, sizeof(text)) && text[0] == '1';
}

uint64_t disk_sectors(const char *name)
{
	char text[32] = "";

	return read_attribute(name, "size", text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A disk is announced after its partitions were looked for; it has a size from then on. */
static bool usable(const char *name)
{
	return disk_exists(name) && disk_sectors(name) > 0;
}

bool disk_wait(const char *name, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	char message[4096];

	while (!usable(name)) {
		struct pollfd p = {.fd = uevents, .events = POLLIN};
		int64_t left = end - now_ms();

		if (left <= 0)
			return false;
		if (poll(&p, 1, uevents < 0 ? 50 : (int)left) > 0 &&
		    recv(uevents, message, sizeof(message), 0) < 0 && errno != ENOBUFS)
			return false;
	}
	return true;
}
