/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's local socket and the links to it. The directory is dom0's own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/daemon/daemon.h"

static char *path_of(const struct daemon *d, char *buf, size_t n, const char *prefix,
		     const char *name)
{
	int r = snprintf(buf, n, "%s/qrexec.%s%s", d->cfg.socket_dir, prefix, name);

	return r < 0 || (size_t)r >= n ? NULL : buf;
}

/* In one step: the one of a daemon that was killed is never missing, so that nobody who calls now
 * hears that the qube does not run. */
static int make_link(const struct daemon *d, const char *prefix, const char *name,
		     const char *target)
{
	char path[QUBES_PATH_MAX], fresh[QUBES_PATH_MAX];
	int n = snprintf(fresh, sizeof(fresh), "%s/.%s.new", d->cfg.socket_dir, target);

	if (n < 0 || (size_t)n >= sizeof(fresh) || !path_of(d, path, sizeof(path), prefix, name))
		return -ENAMETOOLONG;
	if (unlink(fresh) < 0 && errno != ENOENT)
		return -errno;
	if (symlink(target, fresh) < 0)
		return -errno;
	return rename(fresh, path) < 0 ? -errno : 0;
}

/* Removes a link if it still leads to us: a qube of that name may have a new daemon. */
static void remove_link(const struct daemon *d, const char *prefix, const char *name,
			const char *target)
{
	char path[QUBES_PATH_MAX], to[64];
	ssize_t n;

	if (!path_of(d, path, sizeof(path), prefix, name))
		return;
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return;
	to[n] = '\0';
	if (!strcmp(to, target))
		unlink(path);
}

int sockets_create(struct daemon *d)
{
	char path[QUBES_PATH_MAX], number[16], target[32];
	int r;

	snprintf(number, sizeof(number), "%u", d->cfg.domid);
	snprintf(target, sizeof(target), "qrexec.%s", number);
	if (!path_of(d, path, sizeof(path), "", number))
		return -ENAMETOOLONG;
	/* The pid file says that no other daemon of this qube lives. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	d->listen_fd = unix_listen(path, SOCK_STREAM | SOCK_NONBLOCK, 0660);
	if (d->listen_fd < 0)
		return d->listen_fd;
	if (d->cfg.qubes_gid >= 0 && chown(path, (uid_t)-1, (gid_t)d->cfg.qubes_gid) < 0 &&
	    errno != EPERM)
		return -errno;
	r = make_link(d, "", d->cfg.name, target);
	return r ? r : make_link(d, "uuid:", d->cfg.uuid, target);
}

void sockets_remove(struct daemon *d)
{
	char path[QUBES_PATH_MAX], number[16], target[32];

	if (d->listen_fd < 0)
		return;
	close(d->listen_fd);
	d->listen_fd = -1;
	snprintf(number, sizeof(number), "%u", d->cfg.domid);
	snprintf(target, sizeof(target), "qrexec.%s", number);
	remove_link(d, "", d->cfg.name, target);
	remove_link(d, "uuid:", d->cfg.uuid, target);
	if (path_of(d, path, sizeof(path), "", number))
		unlink(path);
}
