/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audio protocol between a qube and whoever plays its sound (docs/audio.md;
 * specs/gui.md section 14). The qube is the vchan server of two ports:
 *
 *   AUDIO_PLAY_PORT    qube → player: samples
 *   AUDIO_RECORD_PORT  player → qube: samples of the microphone; qube → player: commands
 *
 * Samples are raw: signed 16 bit little-endian, AUDIO_RATE frames a second, two channels.
 * A command is one 32-bit word. All this is a pure codec: no I/O, no allocation.
 */
#ifndef QUBES_AUDIO_PROTO_H
#define QUBES_AUDIO_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIO_PLAY_PORT 4713
#define AUDIO_RECORD_PORT 4714

#define AUDIO_RATE 44100
#define AUDIO_CHANNELS 2
#define AUDIO_FRAME 4 /* bytes: one sample of each channel */
#define AUDIO_BYTES_PER_SECOND (AUDIO_RATE * AUDIO_FRAME)

#define AUDIO_WORD 4 /* bytes of a command */

enum audio_command {
	AUDIO_RECORD_STOP = 0x00010000, /* as at the beginning */
	AUDIO_RECORD_START = 0x00010001,
	AUDIO_PLAY_CORK = 0x00020000,	/* nothing will be played for now: the stream may rest */
	AUDIO_PLAY_UNCORK = 0x00020001, /* as at the beginning */
};

/* What the qube wants, all told. Zeroed: what it wants before it says anything. */
struct audio_wishes {
	bool record;	  /* samples of the microphone */
	bool corked;	  /* once what it sent has been played, no playing */
	unsigned unknown; /* words that are no command, which are ignored; stops at UINT_MAX */
};

/* A word of which not all bytes have come. Zeroed at first. */
struct audio_control {
	uint8_t part[AUDIO_WORD];
	size_t have; /* below AUDIO_WORD */
};

/*
 * Takes the next n bytes of the stream of commands. Only the last word of each kind counts,
 * so any number of them may be taken before the wishes are looked at.
 */
void audio_control_feed(struct audio_control *c, const void *untrusted_bytes, size_t n,
			struct audio_wishes *w);

void audio_command_encode(uint8_t out[AUDIO_WORD], enum audio_command command);

/* Bytes of samples that ms milliseconds last, whole frames; ms up to an hour. */
size_t audio_bytes(unsigned ms);

/* True when all n bytes are samples of silence. */
bool audio_is_silence(const void *samples, size_t n);

#endif
