/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The side channels: SOCK_SEQPACKET sockets next to the vchan's. Through one the daemon receives
 * the descriptors of images (specs/gui.md section 6.2), the other is for the X server, which tells
 * what was drawn (gui-damage.h). Nothing is read from them.
 *
 * Their files are open to every uid, since dom0's users are none of this qube's; what counts is
 * that a process of this qube but the agent's own user is never served: what it would get are the
 * pixels of other users' windows.
 */
#ifndef QUBES_GUID_AGENT_SIDECHAN_H
#define QUBES_GUID_AGENT_SIDECHAN_H

#include <stdbool.h>
#include <stdint.h>

struct sidechan {
	int listen_fd; /* owned; -1: none */
	int conn_fd;   /* owned; -1: no daemon */
	uint32_t last_token;
};

#define SIDECHAN_INIT                                                                              \
	{                                                                                          \
		.listen_fd = -1, .conn_fd = -1                                                     \
	}

/*
 * Listens for the daemon in domain, for a purpose (GUI_*_SOCKET). 0 or -errno; only for vchans that
 * are sockets.
 */
int sidechan_listen(struct sidechan *s, const char *purpose, unsigned domain);
void sidechan_clear(struct sidechan *s);

/* Drops the connection and all that wait to be accepted: those of earlier daemons. */
void sidechan_reset(struct sidechan *s);

/* Takes the newest waiting connection. 0, -ENOTCONN when there is none. */
int sidechan_accept(struct sidechan *s);

/* Drops the connection; the daemon sees its end when all who share it have done so. */
void sidechan_drop(struct sidechan *s);

/* The connection for somebody else too, who becomes the owner of that descriptor; or -errno. */
int sidechan_share(const struct sidechan *s);

/* Sends a copy of fd, of size bytes. *ret_token names it in a WINDOW_DUMP. 0 or -errno. */
int sidechan_send(struct sidechan *s, int fd, uint64_t size, uint32_t *ret_token);

#endif
