/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples that wait to be passed on, and an allowance for what a peer may cause. Pure: no
 * I/O, no clock of their own.
 */
#ifndef QUBES_AUDIO_PCM_H
#define QUBES_AUDIO_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qrexec/base/bytebuf.h"

/* A queue whose contents must not grow old: when it is full, the oldest go. */
struct pcm_queue {
	struct bytebuf bytes;
	size_t limit;	  /* bytes, whole frames */
	uint64_t dropped; /* bytes, ever */
};

/* Room for max bytes, whole frames. Allocates nothing yet. */
void pcm_queue_init(struct pcm_queue *q, size_t max);
void pcm_queue_clear(struct pcm_queue *q);

/* Drops all whole frames, but not the rest of one that a reader has begun. */
void pcm_queue_empty(struct pcm_queue *q);

/* Drops everything: for a new reader. The memory stays. */
void pcm_queue_reset(struct pcm_queue *q);

/*
 * Appends the whole frames of n bytes; NULL samples: of silence. Of more than fits the newest
 * stay. What is dropped is a number of whole frames, so a reader in the middle of one stays
 * in step. 0 or -ENOMEM (nothing appended).
 */
int pcm_queue_put(struct pcm_queue *q, const void *samples, size_t n);

/* So many things at once, and so many more per second. */
struct allowance {
	unsigned burst, per_second;
	unsigned left;
	int64_t since_ms; /* when left was true; 0: never yet */
};

/* Takes one; false when there is none left at the time now_ms (any clock, above 0). */
bool allowance_take(struct allowance *a, int64_t now_ms);

#endif
