/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The permits that vchan-broker has given and that are not used up: each waits for the
 * server's socket to appear in the server's directory, shows it to the client by a hard
 * link in the client's directory, and takes the link away when the socket has gone, or
 * at a deadline.
 */
#ifndef QUBES_VCHAN_BROKER_PERMITS_H
#define QUBES_VCHAN_BROKER_PERMITS_H

#include <stdint.h>

#include "qrexec/vchan/broker/request.h"

#define PERMITS_MAX 256
#define PERMITS_PER_CLIENT 128 /* no qube can use up what the others need */
#define PERMIT_LIFETIME_MS (120 * 1000)

struct permits;

/*
 * domains_fd: the directory of per-domain directories, borrowed. Links left by an
 * earlier broker are removed. 0 or -errno.
 */
int permits_new(int domains_fd, struct permits **ret);

/* Removes all links. */
void permits_free(struct permits *p);

/*
 * Adds a permit, or prolongs the same one. 0; -ENOENT no directory for one of the
 * domains (*ret_domain says which); -EBUSY too many; or -errno.
 */
int permits_add(struct permits *p, const struct request *rq, int64_t now_ms, unsigned *ret_domain);

/* The inotify descriptor to poll for input; then call permits_event(). */
int permits_fd(const struct permits *p);
void permits_event(struct permits *p);

/* Drops what is over its deadline; milliseconds until the next one, -1 when none. */
int permits_expire(struct permits *p, int64_t now_ms);

/* How many there are. */
unsigned permits_count(const struct permits *p);

#endif
