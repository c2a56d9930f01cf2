/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wait for the other side of a call (relay.h), which is hostile and may never come; the
 * connection that tells of the call's end is our own daemon's or agent's.
 */
#include <errno.h>
#include <poll.h>

#include "qrexec/base/io.h"
#include "qrexec/call/relay.h"

/* The call has ended for daemon and agent, or they have: the peer may be at the door. */
#define GRACE_MS 300

int relay_meet(struct vchan *v, int call_fd, int timeout_ms)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : io_now_ms() + timeout_ms;
	bool ended = false;

	while (vchan_state(v) == VCHAN_WAITING) {
		struct pollfd p[2] = {{vchan_fd(v), vchan_events(v), 0},
				      {ended ? -1 : call_fd, POLLIN, 0}};
		int64_t left = end - io_now_ms();
		int r;

		if (left <= 0)
			return ended ? -ECANCELED : -ETIMEDOUT;
		if (poll(p, 2, left > 10000 ? 10000 : (int)left) < 0 && errno != EINTR)
			return -errno;
		r = p[0].revents ? vchan_wait(v) : 0;
		if (r)
			return r;
		if (p[1].revents && !ended) {
			ended = true;
			if (end > io_now_ms() + GRACE_MS)
				end = io_now_ms() + GRACE_MS;
		}
	}
	/* A peer that came, spoke and went was there all the same. */
	return vchan_state(v) == VCHAN_CONNECTED || vchan_data_ready(v) ? 0 : -EPIPE;
}
