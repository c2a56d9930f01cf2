/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ppoll(2) for loops that signals end. */
#ifndef QUBES_BASE_PPOLL_H
#define QUBES_BASE_PPOLL_H

#include <poll.h>
#include <signal.h>
#include <time.h>

/*
 * ppoll(2), but the signals that unblocked lets in come in even when descriptors are ready. The
 * kernel lets them in only where it finds nothing to do: never, where there always is something.
 * Returns -1 with EINTR then; what was ready still is.
 */
int ppoll_signals(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		  const sigset_t *unblocked);

#endif
