/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The broker's permits (permits.h). Both directories belong to hostile qubes: what is
 * found there is opened without following links and used by inode; the names come from
 * dom0's numbers only.
 */
#include "qrexec/vchan/broker/permits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/vchan/broker/stale.h"
#include "qrexec/vchan/place.h"

#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

struct permit {
	bool used; /* this slot */
	struct request rq;
	char name[VCHAN_NAME_MAX];
	int server_dir, client_dir; /* owned, O_PATH */
	unsigned server_base;	    /* first uid of the server's range, 0: not told by uid */
	int wd;			    /* of server_dir; shared by permits of the same server */
	int64_t deadline_ms;
	bool linked;
	ino_t ino; /* of the linked socket */
};

struct permits {
	int domains_fd; /* borrowed */
	int inotify_fd; /* owned */
	int domains_wd; /* tells of domains that go */
	struct permit slot[PERMITS_MAX];
};

#define for_each_permit(p, it)                                                                     \
	for (struct permit *it = (p)->slot; it < (p)->slot + PERMITS_MAX; it++)                    \
		if (it->used)

static int watch(const struct permits *p, int dir_fd, uint32_t events)
{
	char path[32];
	int wd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
	wd = inotify_add_watch(p->inotify_fd, path, events);
	return wd < 0 ? -errno : wd;
}

int permits_new(int domains_fd, struct permits **ret)
{
	struct permits *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->domains_fd = domains_fd;
	p->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	p->domains_wd =
		p->inotify_fd < 0 ? -errno : watch(p, domains_fd, IN_DELETE | IN_MOVED_FROM);
	if (p->domains_wd < 0) {
		int r = p->domains_wd;

		permits_free(p);
		return r;
	}
	stale_links_remove(domains_fd);
	*ret = p;
	return 0;
}

static void unlink_ours(const struct permit *it)
{
	struct stat st;

	if (fstatat(it->client_dir, it->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == it->ino)
		unlinkat(it->client_dir, it->name, 0);
}

static void drop(struct permits *p, struct permit *it)
{
	int wd = it->wd;

	if (it->linked)
		unlink_ours(it);
	close(it->server_dir);
	close(it->client_dir);
	*it = (struct permit){0};
	for_each_permit(p, other)
	{
		if (other->wd == wd)
			return;
	}
	inotify_rm_watch(p->inotify_fd, wd);
}

void permits_free(struct permits *p)
{
	if (!p)
		return;
	for_each_permit(p, it) drop(p, it);
	if (p->inotify_fd >= 0)
		close(p->inotify_fd);
	free(p);
}

/* The server's socket, if it is there and really the server's: an O_PATH descriptor. */
static int open_socket(const struct permit *it, ino_t *ret_ino)
{
	_cleanup_close_ int fd = openat(it->server_dir, it->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	if (!S_ISSOCK(st.st_mode) ||
	    (it->server_base && vchan_uid_base(st.st_uid) != it->server_base))
		return -EACCES;
	*ret_ino = st.st_ino;
	return steal_fd(&fd);
}

static int link_socket(const struct permit *it, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, it->client_dir, it->name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	/* Something the client made, or left from an earlier call: it has no right to it. */
	if (unlinkat(it->client_dir, it->name, 0) < 0)
		return -errno;
	return linkat(AT_FDCWD, path, it->client_dir, it->name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* Looks at the server's directory and does what is due. */
static void step(struct permits *p, struct permit *it)
{
	_cleanup_close_ int fd = -1;
	ino_t ino;
	int r;

	fd = open_socket(it, &ino);
	if (it->linked && (fd < 0 || ino != it->ino)) {
		drop(p, it);
		return;
	}
	if (it->linked || fd < 0)
		return;
	r = link_socket(it, fd);
	if (r) {
		fprintf(stderr, "vchan-broker: cannot show %s to domain %u: %s\n", it->name,
			it->rq.client, strerror(-r));
		drop(p, it);
		return;
	}
	it->linked = true;
	it->ino = ino;
}

static int open_domain(const struct permits *p, unsigned domain)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%u", domain);
	fd = openat(p->domains_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool same_request(const struct request *a, const struct request *b)
{
	return a->server == b->server && a->client == b->client && a->port == b->port;
}

/* A free slot, or NULL. The same request again takes the place of the older one. */
static struct permit *find_slot(struct permits *p, const struct request *rq)
{
	struct permit *free_slot = NULL;
	unsigned of_client = 0;

	for_each_permit(p, it)
	{
		if (same_request(&it->rq, rq))
			drop(p, it);
		else
			of_client += it->rq.client == rq->client;
	}
	for (size_t i = 0; i < PERMITS_MAX && !free_slot; i++)
		if (!p->slot[i].used)
			free_slot = &p->slot[i];
	return of_client < PERMITS_PER_CLIENT ? free_slot : NULL;
}

int permits_add(struct permits *p, const struct request *rq, int64_t now_ms, unsigned *ret_domain)
{
	_cleanup_close_ int server_dir = open_domain(p, rq->server);
	_cleanup_close_ int client_dir = open_domain(p, rq->client);
	struct permit *it;
	struct stat st;
	int wd;

	if (server_dir < 0 || client_dir < 0) {
		*ret_domain = server_dir < 0 ? rq->server : rq->client;
		return server_dir < 0 ? server_dir : client_dir;
	}
	it = find_slot(p, rq);
	if (!it)
		return -EBUSY;
	if (fstat(server_dir, &st) < 0)
		return -errno;
	wd = watch(p, server_dir, EVENTS);
	if (wd < 0)
		return wd;
	*it = (struct permit){.used = true, .rq = *rq, .wd = wd};
	it->server_base = vchan_uid_base(st.st_uid);
	it->deadline_ms = now_ms + PERMIT_LIFETIME_MS;
	it->server_dir = steal_fd(&server_dir);
	it->client_dir = steal_fd(&client_dir);
	vchan_socket_name(it->name, rq->server, rq->client, rq->port);
	step(p, it);
	return 0;
}

int permits_fd(const struct permits *p)
{
	return p->inotify_fd;
}

static bool removed(int dir_fd)
{
	struct stat st;

	return fstat(dir_fd, &st) < 0 || st.st_nlink == 0;
}

static void one_event(struct permits *p, const struct inotify_event *ev)
{
	bool any = ev->mask & IN_Q_OVERFLOW || ev->wd == p->domains_wd;

	for_each_permit(p, it)
	{
		if (any && (removed(it->server_dir) || removed(it->client_dir)))
			drop(p, it);
		else if (ev->mask & IN_Q_OVERFLOW ||
			 (ev->wd == it->wd && ev->len && strcmp(ev->name, it->name) == 0))
			step(p, it);
	}
}

void permits_event(struct permits *p)
{
	_Alignas(struct inotify_event) char buf[8192];
	ssize_t n = read(p->inotify_fd, buf, sizeof(buf));

	for (ssize_t off = 0; off < n;) {
		const struct inotify_event *ev = (const void *)(buf + off);

		one_event(p, ev);
		off += (ssize_t)(sizeof(*ev) + ev->len);
	}
}

int permits_expire(struct permits *p, int64_t now_ms)
{
	int64_t next = -1;

	for_each_permit(p, it)
	{
		if (it->deadline_ms <= now_ms)
			drop(p, it);
		else if (next < 0 || it->deadline_ms - now_ms < next)
			next = it->deadline_ms - now_ms;
	}
	return (int)next;
}

unsigned permits_count(const struct permits *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < PERMITS_MAX; i++)
		n += p->slot[i].used;
	return n;
}
