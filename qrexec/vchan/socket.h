/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vchan over a Unix socket: first it waits (socket-wait.c), then it carries data (socket.c).
 * Private. */
#ifndef QUBES_VCHAN_SOCKET_H
#define QUBES_VCHAN_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "qrexec/base/bytebuf.h"
#include "qrexec/vchan/backend.h"
#include "qrexec/vchan/place.h"
#include "qrexec/vchan/watch.h"

struct vchan_sock {
	struct vchan base;
	bool is_server;
	enum vchan_state state;
	char name[VCHAN_NAME_MAX];
	unsigned domain;

	/* While waiting. */
	struct vchan_place place; /* owned */
	struct vchan_watch watch; /* owned */
	int listen_fd;		  /* owned */
	ino_t ino;

	/* Once connected. */
	int fd; /* owned */
	struct bytebuf in, out;
	int kernel_buffer; /* bytes */
	bool eof;	   /* nothing more will come */
	bool hung_up;	   /* the peer has closed and the input queue is full */
};

/* --- socket-wait.c. 0 or -errno; on failure sock_stop_waiting() releases what was opened. --- */

/* Opens what is waited with; name is not known yet. */
int sock_wait_begin(struct vchan_sock *s);
/* Waits as a server; as a client. name is set. */
int sock_wait_listen(struct vchan_sock *s);
int sock_wait_connect(struct vchan_sock *s);
/* Something happened: the peer may be there. A failure has disconnected the channel. */
int sock_wait_step(struct vchan_sock *s);
/* Idempotent. */
void sock_stop_waiting(struct vchan_sock *s);

/* --- socket.c --- */

/* The peer is at fd, which it takes. */
void sock_established(struct vchan_sock *s, int fd);

#endif
