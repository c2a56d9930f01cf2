/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptors of the QubesDB daemon: local clients on two sockets, the link to the
 * other daemon on a vchan, signals; and the loop that moves bytes between them and
 * qrexec/qubesdb/core.h.
 */
#ifndef QUBES_QUBESDB_SERVER_H
#define QUBES_QUBESDB_SERVER_H

#include <stdint.h>

#include "qrexec/qubesdb/core.h"

struct vchan;

struct server {
	struct qdb_core core;
	int rw_fd, ro_fd;		/* owned; listening sockets */
	int signal_fd;			/* owned; readable: terminate */
	int client_fd[QDB_CLIENTS_MAX]; /* owned, -1: free; index as in core.client */
	unsigned domid;			/* of the other end of the link */

	struct vchan *vchan; /* owned, NULL: to be made at retry_ms */
	int64_t retry_ms, up_ms;
	unsigned delay_ms;
	bool more; /* input was left for the next round */
	bool gone; /* dom0: the domain does not exist any more */

	/* Called once, when local clients can be served. */
	void (*ready)(void *arg);
	void *ready_arg;
	bool is_ready;
};

/* Sets everything to "none". */
void server_init(struct server *s, enum qdb_role role, unsigned domid);
void server_clear(struct server *s);

/* Opens the link (dom0: makes the rendezvous that the qube looks for). 0 or -errno;
 * -ENOENT: there is no such domain. */
int server_open_link(struct server *s);

/* Runs until a signal, or until the domain is gone. 0, or -errno when it cannot go on. */
int server_run(struct server *s);

/* The link's part of the loop (link.c): everything that can be done now. */
void server_link_step(struct server *s, bool polled);

/* Milliseconds until the link wants to be looked at, -1: only when it polls ready. */
int server_link_timeout(struct server *s);

#endif
