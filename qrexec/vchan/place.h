/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the socket backend's two ends meet, and who may be the other end. Private to
 * this folder; the three layouts are those of vchan.h.
 */
#ifndef QUBES_VCHAN_PLACE_H
#define QUBES_VCHAN_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Each domain's uids are an aligned block of this many. */
#define VCHAN_UID_RANGE 65536u

#define VCHAN_NAME_MAX 48

enum vchan_layout {
	VCHAN_FLAT,	 /* VCHAN_SOCKET_DIR: everybody meets in one directory, nobody is checked */
	VCHAN_DOM0,	 /* a directory per domain; the peer is known by its uids */
	VCHAN_CONTAINER, /* the own directory; the peer is whoever is not in this container */
};

struct vchan_place {
	enum vchan_layout layout;
	int dir_fd;	   /* owned, O_PATH; -1 while a flat directory does not exist */
	unsigned uid_base; /* first uid of the peer's range, 0 when it cannot be told by uid */
};

/* Which layout this process lives in. */
enum vchan_layout vchan_layout(void);

/* The directory shared with domain. 0 or -errno (*ret untouched). */
int vchan_place_open(unsigned domain, struct vchan_place *ret);
void vchan_place_close(struct vchan_place *p);

/* False once the directory was removed: the domain is gone. */
bool vchan_place_alive(const struct vchan_place *p);

/* 0 when the process at the other end of connected socket fd may be the peer, else -EACCES. */
int vchan_place_check_peer(const struct vchan_place *p, int fd);

/* The first uid of the range that uid is in; 0 for dom0's own users. */
unsigned vchan_uid_base(uid_t uid);

/* The rendezvous name, always shorter than VCHAN_NAME_MAX. */
void vchan_socket_name(char buf[VCHAN_NAME_MAX], unsigned server, unsigned client, unsigned port);

/* The directory of per-domain directories, in dom0. NULL when it does not fit. */
char *vchan_domains_path(char *buf, size_t n);

/*
 * Creates the listening socket `name` in the directory, for every uid to connect, in
 * place of whatever file had that name. Non-blocking descriptor or -errno. The file's
 * identity is stored in *ret_ino.
 */
int vchan_place_listen(const struct vchan_place *p, const char *name, ino_t *ret_ino);

/* Removes the socket if it still is the one that vchan_place_listen() made. */
void vchan_place_unlisten(const struct vchan_place *p, const char *name, ino_t ino);

#endif
