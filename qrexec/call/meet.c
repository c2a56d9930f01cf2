/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wait for the other side of a call (relay.h), which is hostile and may never come; the
 * connection that tells of the call's end is our own daemon's or agent's.
 */
#include <errno.h>
#include <poll.h>

#include "qrexec/base/io.h"
#include "qrexec/call/relay.h"

bool relay_call_over(int call_fd)
{
	struct pollfd p = {.fd = call_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

int relay_meet(struct vchan *v, int call_fd, int grace_ms, int timeout_ms)
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
		if (p[1].revents && !grace_ms)
			return -ECANCELED;
		r = p[0].revents ? vchan_wait(v) : 0;
		if (r)
			return r;
		if (p[1].revents && !ended) {
			ended = true;
			if (end > io_now_ms() + grace_ms)
				end = io_now_ms() + grace_ms;
		}
	}
	/* Who came since then belongs to another call. */
	if (!grace_ms && relay_call_over(call_fd))
		return -ECANCELED;
	/* A peer that came, spoke and went was there all the same. */
	return vchan_state(v) == VCHAN_CONNECTED || vchan_data_ready(v) ? 0 : -EPIPE;
}
