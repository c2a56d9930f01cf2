/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpulse's main loop with descriptors of ours polled beside its own. Ours are named anew before
 * each round, since those of a vchan change.
 */
#ifndef QUBES_AUDIO_LOOP_H
#define QUBES_AUDIO_LOOP_H

#include <poll.h>
#include <pulse/mainloop.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define AUDIO_LOOP_MAX 8

struct audio_loop {
	pa_mainloop *pulse; /* owned */
	sigset_t unblocked; /* while it sleeps */
	int64_t due_ms;	    /* io_now_ms() when the round ends at the latest; -1: never */
	struct pollfd own[AUDIO_LOOP_MAX];
	unsigned count;
};

/* SIGTERM and SIGINT call on_end, and only while the loop sleeps; SIGPIPE is ignored. 0 or
 * -errno. */
int audio_loop_init(struct audio_loop *l, void (*on_end)(int signal));
void audio_loop_clear(struct audio_loop *l);

pa_mainloop_api *audio_loop_api(struct audio_loop *l);

/* For the next round: also wake for these events of fd (-1: nothing); up to AUDIO_LOOP_MAX. */
void audio_loop_watch(struct audio_loop *l, int fd, short events);

/* For the next round: wake at this time of io_now_ms() at the latest. -1: any time. */
void audio_loop_until(struct audio_loop *l, int64_t ms);

/* One round: sleeps until something comes, lets libpulse do its work, forgets what was watched. */
void audio_loop_round(struct audio_loop *l);

#endif
