// SPDX-License-Identifier: GPL-2.0-or-later
/* The audio protocol (audio-proto.h). The peer is a qube, hostile: any word may come. */
#include "guid/audio/audio-proto.h"

#include <limits.h>
#include <string.h>

#include "qrexec/base/cursor.h"

static void take_word(uint32_t untrusted_word, struct audio_wishes *w)
{
	switch (untrusted_word) {
	case AUDIO_RECORD_START:
	case AUDIO_RECORD_STOP:
		w->record = untrusted_word == AUDIO_RECORD_START;
		break;
	case AUDIO_PLAY_CORK:
	case AUDIO_PLAY_UNCORK:
		w->corked = untrusted_word == AUDIO_PLAY_CORK;
		break;
	default:
		/* Upstream ignores them too: room for later versions. */
		if (w->unknown < UINT_MAX)
			w->unknown++;
	}
}

void audio_control_feed(struct audio_control *c, const void *untrusted_bytes, size_t n,
			struct audio_wishes *w)
{
	struct cur in = cur_init(untrusted_bytes, n);

	while (in.left) {
		size_t take = AUDIO_WORD - c->have < in.left ? AUDIO_WORD - c->have : in.left;
		struct cur word;

		cur_bytes(&in, c->part + c->have, take);
		c->have += take;
		if (c->have < AUDIO_WORD)
			return;
		word = cur_init(c->part, AUDIO_WORD);
		take_word(cur_u32(&word), w);
		c->have = 0;
	}
}

void audio_command_encode(uint8_t out[AUDIO_WORD], enum audio_command command)
{
	struct wcur w = wcur_init(out, AUDIO_WORD);

	wcur_u32(&w, command);
}

size_t audio_bytes(unsigned ms)
{
	return (size_t)((uint64_t)ms * AUDIO_RATE / 1000) * AUDIO_FRAME;
}

bool audio_is_silence(const void *samples, size_t n)
{
	const uint8_t *p = samples;

	/* Each byte equals the next one, and the first is zero. */
	return !n || (!p[0] && !memcmp(p, p + 1, n - 1));
}
