/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a qube sends as commands, in pieces of any size, and queues of samples that are filled and
 * drained in any way. Beside no crash: pieces do not matter, limits hold, frames stay whole.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "guid/audio/audio-proto.h"
#include "guid/audio/pcm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void commands(const uint8_t *data, size_t size)
{
	struct audio_control whole = {0}, parts = {0};
	struct audio_wishes a = {0}, b = {0};
	size_t at = 0;

	audio_control_feed(&whole, data, size, &a);
	while (at < size) {
		size_t n = 1 + data[at] % 7;

		if (n > size - at)
			n = size - at;
		audio_control_feed(&parts, data + at, n, &b);
		at += n;
	}
	assert(a.record == b.record && a.corked == b.corked && a.unknown == b.unknown);
	assert(whole.have == parts.have && whole.have == size % AUDIO_WORD);
	assert(!memcmp(whole.part, parts.part, whole.have));
}

static void queues(const uint8_t *data, size_t size)
{
	struct pcm_queue q;
	uint64_t in = 0, out = 0;

	pcm_queue_init(&q, size ? data[0] : 0);
	for (size_t i = 1; i < size; i++) {
		size_t n = data[i] & 0x7f;

		if (data[i] & 0x80) {
			n = n < q.bytes.len ? n : q.bytes.len;
			bytebuf_drop(&q.bytes, n);
			out += n;
		} else {
			n = n < size - i ? n : size - i;
			n -= n % AUDIO_FRAME;
			assert(!pcm_queue_put(&q, data[i] & 1 ? data + i : NULL, n));
			in += n;
		}
		assert(q.bytes.len < q.limit + AUDIO_FRAME && q.dropped % AUDIO_FRAME == 0);
		assert(in == out + q.dropped + q.bytes.len);
	}
	pcm_queue_clear(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	commands(data, size);
	queues(data, size);
	return 0;
}
