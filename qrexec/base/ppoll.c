/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ppoll(2) for loops that signals end (ppoll.h). No peer. */
#include "qrexec/base/ppoll.h"

#include <stddef.h>

int ppoll_signals(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		  const sigset_t *unblocked)
{
	static const struct timespec at_once;
	int r = ppoll(fds, n, timeout, unblocked);

	return r > 0 && ppoll(NULL, 0, &at_once, unblocked) < 0 ? -1 : r;
}
