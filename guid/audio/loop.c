// SPDX-License-Identifier: GPL-2.0-or-later
/* libpulse's main loop and ours (loop.h). No peer. */
#include "guid/audio/loop.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "qrexec/base/io.h"
#include "qrexec/base/ppoll.h"

/* libpulse has its wake-up pipe and one connection. */
#define POLL_MAX 32

static int poll_both(struct pollfd *theirs, unsigned long n, int timeout, void *data)
{
	struct audio_loop *l = data;
	struct pollfd all[POLL_MAX];
	struct timespec t = {timeout / 1000, timeout % 1000 * 1000000L};
	int ready = 0;

	if (n > POLL_MAX - l->count) {
		errno = EINVAL;
		return -1;
	}
	memcpy(all, theirs, n * sizeof(*all));
	memcpy(all + n, l->own, l->count * sizeof(*all));
	if (ppoll_signals(all, n + l->count, timeout < 0 ? NULL : &t, &l->unblocked) < 0)
		return -1;
	for (unsigned long i = 0; i < n; i++) {
		theirs[i].revents = all[i].revents;
		ready += theirs[i].revents != 0;
	}
	return ready;
}

int audio_loop_init(struct audio_loop *l, void (*on_end)(int signal))
{
	const struct sigaction sa = {.sa_handler = on_end};
	sigset_t ends;

	*l = (struct audio_loop){.due_ms = -1};
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (sigprocmask(SIG_BLOCK, &ends, &l->unblocked) < 0)
		return -errno;
	sigdelset(&l->unblocked, SIGTERM);
	sigdelset(&l->unblocked, SIGINT);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->pulse = pa_mainloop_new();
	if (!l->pulse)
		return -ENOMEM;
	pa_mainloop_set_poll_func(l->pulse, poll_both, l);
	return 0;
}

void audio_loop_clear(struct audio_loop *l)
{
	if (l->pulse)
		pa_mainloop_free(l->pulse);
	l->pulse = NULL;
}

pa_mainloop_api *audio_loop_api(struct audio_loop *l)
{
	return pa_mainloop_get_api(l->pulse);
}

void audio_loop_watch(struct audio_loop *l, int fd, short events)
{
	if (fd >= 0 && l->count < AUDIO_LOOP_MAX)
		l->own[l->count++] = (struct pollfd){.fd = fd, .events = events};
}

void audio_loop_until(struct audio_loop *l, int64_t ms)
{
	if (ms >= 0 && (l->due_ms < 0 || ms < l->due_ms))
		l->due_ms = ms;
}

void audio_loop_round(struct audio_loop *l)
{
	int64_t left = l->due_ms < 0 ? -1 : l->due_ms - io_now_ms();
	int us = left > INT_MAX / 1000 ? INT_MAX : (int)(left * 1000);

	if (l->due_ms >= 0 && left < 0)
		us = 0;
	if (l->due_ms < 0)
		us = -1;
	if (pa_mainloop_prepare(l->pulse, us) >= 0 && pa_mainloop_poll(l->pulse) >= 0)
		pa_mainloop_dispatch(l->pulse);
	l->count = 0;
	l->due_ms = -1;
}
