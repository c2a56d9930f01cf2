/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process forked before it is needed. Calls come in bursts: when one has ended, the process
 * of the next is made while nobody waits for it. It holds nothing of its maker's but the standard
 * descriptors and one socket, does one job, and goes when the burst is over.
 */
#ifndef QUBES_QREXEC_SPARE_H
#define QUBES_QREXEC_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct spare {
	pid_t pid; /* 0: there is none */
	int fd;	   /* owned, its socket */
	int64_t until_ms;
};

/* What the process does with the message it was made for; its result is the exit code. */
typedef int (*spare_fn)(void *data, void *message, size_t n);

/*
 * Makes it, unless it is there. SIGCHLD tells of its end as of any child's. message_max bounds
 * the messages. Without one nothing is lost but time, so failures are not told.
 */
void spare_start(struct spare *s, spare_fn fn, void *data, size_t message_max);

/* Hands it the message: the pid of the process that works on it from now on, 0: do it yourself. */
pid_t spare_use(struct spare *s, struct iovec *parts, size_t n);

/* For poll(2): in how many ms to call spare_expire(), -1: never. */
int spare_timeout_ms(const struct spare *s);
/* Lets it go when its time is over; true when that was now. */
bool spare_expire(struct spare *s);

/* True when pid was the spare process. */
bool spare_reaped(struct spare *s, pid_t pid);

#endif
