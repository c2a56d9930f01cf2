/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket backend's rendezvous directories (place.h). A domain's directory belongs
 * to that domain, which is hostile: it is only ever opened without following links,
 * names in it are taken relative to that descriptor, and nothing found in it is
 * believed but the kernel's word on who is at the other end of a connected socket.
 */
#include "qrexec/vchan/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

#define CONTAINER_DIR "/run/vchan"

static const char *flat_dir(void)
{
	const char *dir = getenv("VCHAN_SOCKET_DIR");

	return dir && *dir ? dir : NULL;
}

char *vchan_domains_path(char *buf, size_t n)
{
	return qubes_path(buf, n, "/run/qubes/vchan");
}

enum vchan_layout vchan_layout(void)
{
	char path[QUBES_PATH_MAX];

	if (flat_dir())
		return VCHAN_FLAT;
	if (vchan_domains_path(path, sizeof(path)) && access(path, F_OK) == 0)
		return VCHAN_DOM0;
	return access(CONTAINER_DIR, F_OK) == 0 ? VCHAN_CONTAINER : VCHAN_FLAT;
}

unsigned vchan_uid_base(uid_t uid)
{
	return uid - uid % VCHAN_UID_RANGE;
}

void vchan_socket_name(char buf[VCHAN_NAME_MAX], unsigned server, unsigned client, unsigned port)
{
	snprintf(buf, VCHAN_NAME_MAX, "vchan.%u.%u.%u.sock", server, client, port);
}

static int open_dir(const char *path, int flags)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

static int open_domain(unsigned domain, struct vchan_place *ret)
{
	char path[QUBES_PATH_MAX];
	size_t n;
	struct stat st;
	int fd;

	if (!vchan_domains_path(path, sizeof(path)))
		return -ENAMETOOLONG;
	n = strlen(path);
	if ((size_t)snprintf(path + n, sizeof(path) - n, "/%u", domain) >= sizeof(path) - n)
		return -ENAMETOOLONG;
	fd = open_dir(path, O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return -EIO;
	}
	*ret = (struct vchan_place){VCHAN_DOM0, fd, vchan_uid_base(st.st_uid)};
	return 0;
}

int vchan_place_open(unsigned domain, struct vchan_place *ret)
{
	enum vchan_layout layout = vchan_layout();
	const char *path;
	int fd;

	if (layout == VCHAN_DOM0)
		return open_domain(domain, ret);
	path = layout == VCHAN_FLAT && flat_dir() ? flat_dir() : CONTAINER_DIR;
	fd = open_dir(path, 0);
	if (fd < 0 && (fd != -ENOENT || layout != VCHAN_FLAT))
		return fd;
	*ret = (struct vchan_place){layout, fd < 0 ? -1 : fd, 0};
	return 0;
}

void vchan_place_close(struct vchan_place *p)
{
	if (p->dir_fd >= 0)
		close(p->dir_fd);
	p->dir_fd = -1;
}

bool vchan_place_alive(const struct vchan_place *p)
{
	struct stat st;

	return p->dir_fd < 0 || (fstat(p->dir_fd, &st) == 0 && st.st_nlink > 0);
}

int vchan_place_check_peer(const struct vchan_place *p, int fd)
{
	uid_t uid;
	pid_t pid;

	if (p->layout == VCHAN_FLAT)
		return 0;
	if (unix_peer(fd, &uid, &pid))
		return -EACCES;
	if (p->layout == VCHAN_DOM0)
		return p->uid_base && vchan_uid_base(uid) != p->uid_base ? -EACCES : 0;
	/* In a container the kernel shows processes of the own pid namespace by their
	 * number and all others as 0: so no process of this domain can pose as another. */
	return pid == 0 ? 0 : -EACCES;
}

int vchan_place_listen(const struct vchan_place *p, const char *name, ino_t *ret_ino)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	struct stat st;
	mode_t old;
	int r;

	if (p->dir_fd < 0)
		return -ENOENT;
	r = snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", p->dir_fd, name);
	if (r < 0 || (size_t)r >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* The name says which server this is: an older one of the same name is dead or
	 * superseded. */
	if (unlinkat(p->dir_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	old = umask(0111);
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	if (!r && listen(fd, 4) < 0)
		r = -errno;
	if (!r && fstatat(p->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r)
		return r;
	*ret_ino = st.st_ino;
	return steal_fd(&fd);
}

void vchan_place_unlisten(const struct vchan_place *p, const char *name, ino_t ino)
{
	struct stat st;

	if (p->dir_fd >= 0 && fstatat(p->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_ino == ino)
		unlinkat(p->dir_fd, name, 0);
}
