// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libxl runs when a domain gets or loses a disk, as /etc/xen/scripts/block; and udev in a
 * qube that lends a disk, where libxl is not: tells the backend driver which block device it
 * is. In place of a shell script that takes a lock and dozens of processes for it, at every disk
 * of every start. The entries that it reads were written by libxl, which is trusted; the qube
 * can read them only.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xenstore.h>

#include "qrexec/base/cleanup.h"

#define KEY_MAX 256

static char *read_key(struct xs_handle *xs, const char *path, const char *name)
{
	char key[KEY_MAX];
	unsigned len;

	snprintf(key, sizeof(key), "%s/%s", path, name);
	return xs_read(xs, XBT_NULL, key, &len);
}

static bool write_key(struct xs_handle *xs, const char *path, const char *name, const char *value)
{
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "%s/%s", path, name);
	return xs_write(xs, XBT_NULL, key, value, (unsigned)strlen(value));
}

/* libxl gives up at once and quotes this. */
static int give_up(struct xs_handle *xs, const char *path, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		write_key(xs, path, "hotplug-error", text);
	write_key(xs, path, "hotplug-status", "error");
	fprintf(stderr, "block: %s\n", text);
	return 1;
}

static int add(struct xs_handle *xs, const char *path)
{
	_cleanup_free_ char *device = read_key(xs, path, "params");
	char number[32];
	struct stat st;

	if (!device)
		return give_up(xs, path, "%s has no params", path);
	if (stat(device, &st) < 0)
		return give_up(xs, path, "%s: %s", device, strerror(errno));
	if (!S_ISBLK(st.st_mode))
		return give_up(xs, path, "%s is no block device", device);
	snprintf(number, sizeof(number), "%x:%x", major(st.st_rdev), minor(st.st_rdev));
	if (!write_key(xs, path, "physical-device-path", device) ||
	    !write_key(xs, path, "physical-device", number) ||
	    !write_key(xs, path, "hotplug-status", "connected"))
		return give_up(xs, path, "cannot write to xenstore: %s", strerror(errno));
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = getenv("XENBUS_PATH");
	struct xs_handle *xs;
	int r;

	if (argc < 2 || !path || strlen(path) > KEY_MAX - 64) {
		fputs("usage: XENBUS_PATH=... block add|remove\n"
		      "Run by libxl when a domain gets or loses a disk.\n",
		      stderr);
		return 2;
	}
	if (strcmp(argv[1], "add"))
		return 0; /* the backend has let go by itself */
	xs = xs_open(0);
	if (!xs) {
		fprintf(stderr, "block: xenstore cannot be reached: %s\n", strerror(errno));
		return 1;
	}
	r = add(xs, path);
	xs_close(xs);
	return r;
}
