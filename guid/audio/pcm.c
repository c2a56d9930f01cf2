// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples on their way, and allowances (pcm.h). No peer. */
#include "guid/audio/pcm.h"

#include <errno.h>
#include <string.h>

#include "guid/audio/audio-proto.h"

void pcm_queue_init(struct pcm_queue *q, size_t max)
{
	*q = (struct pcm_queue){.limit = max - max % AUDIO_FRAME};
	/* And the rest of a frame that a reader has begun. */
	bytebuf_init(&q->bytes, q->limit + AUDIO_FRAME - 1);
}

void pcm_queue_clear(struct pcm_queue *q)
{
	bytebuf_clear(&q->bytes);
}

void pcm_queue_empty(struct pcm_queue *q)
{
	/* Frames are appended whole: what is less than one is the rest of the first. */
	q->bytes.len %= AUDIO_FRAME;
}

void pcm_queue_reset(struct pcm_queue *q)
{
	bytebuf_drop(&q->bytes, q->bytes.len);
}

/* Makes room for n bytes, n at most the limit. */
static void drop_oldest(struct pcm_queue *q, size_t n)
{
	size_t whole = q->bytes.len - q->bytes.len % AUDIO_FRAME, drop;

	if (whole + n <= q->limit)
		return;
	drop = whole + n - q->limit;
	bytebuf_drop(&q->bytes, drop);
	q->dropped += drop;
}

int pcm_queue_put(struct pcm_queue *q, const void *samples, size_t n)
{
	void *room;

	n -= n % AUDIO_FRAME;
	if (n > q->limit) {
		if (samples)
			samples = (const uint8_t *)samples + (n - q->limit);
		q->dropped += n - q->limit;
		n = q->limit;
	}
	if (!n)
		return 0;
	drop_oldest(q, n);
	room = bytebuf_reserve(&q->bytes, n);
	if (!room)
		return -ENOMEM;
	if (samples)
		memcpy(room, samples, n);
	else
		memset(room, 0, n);
	bytebuf_added(&q->bytes, n);
	return 0;
}

bool allowance_take(struct allowance *a, int64_t now_ms)
{
	int64_t more;

	if (!a->since_ms) {
		a->since_ms = now_ms;
		a->left = a->burst;
	}
	more = (now_ms - a->since_ms) * a->per_second / 1000;
	if (more > 0) {
		/* What is less than one more stays in the time that has passed. */
		a->since_ms += more * 1000 / a->per_second;
		a->left = more > a->burst - a->left ? a->burst : a->left + (unsigned)more;
	}
	if (!a->left)
		return false;
	a->left--;
	return true;
}
