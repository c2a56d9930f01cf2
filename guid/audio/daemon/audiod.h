/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-audiod: plays the sound of one qube. Private to this folder. Each part has a step,
 * called once a round of the loop, that looks at how things are and does what is due; nothing
 * waits. What the qube sends is samples, which are passed on unread, and commands
 * (audio-proto.h).
 */
#ifndef QUBES_AUDIO_AUDIOD_H
#define QUBES_AUDIO_AUDIOD_H

#include "guid/audio/audio-proto.h"
#include "guid/audio/daemon/microphone.h"
#include "guid/audio/daemon/options.h"
#include "guid/audio/loop.h"
#include "guid/audio/pcm.h"
#include "guid/audio/pulse.h"
#include "qrexec/vchan/vchan.h"

/* The way to the qube: both channels or none. */
struct audio_link {
	struct vchan *play, *record; /* owned; NULL while there is a pause */
	bool up;
	int64_t retry_at_ms, up_since_ms;
	struct audio_control control;
	struct allowance reads; /* of commands: a qube that sends nothing else costs little */
	int64_t quiet_until_ms; /* no commands are read before */
};

/* What the qube plays. */
struct player {
	pa_stream *stream;	   /* owned */
	bool corked;		   /* as we have asked for */
	pa_operation *drain;	   /* owned; what was sent before the qube asked to be corked */
	bool drained;		   /* ... has been played */
	uint32_t target;	   /* bytes wanted in the server */
	int64_t ran_dry_ms;	   /* the server had nothing to play from then on; 0: it has */
	uint8_t part[AUDIO_FRAME]; /* of a frame */
	size_t have;
	int64_t retry_at_ms;
	int64_t idle_since_ms; /* without a stream from then on; 0: there is one */
	int64_t paced_us;      /* without a server: the qube's samples were taken up to this time */
	bool failed_before;    /* ... and said so */
};

/* What is recorded for it. */
struct recorder {
	pa_stream *stream; /* owned; only while the qube has the microphone */
	bool corked;
	struct pcm_queue queue;
	int64_t retry_at_ms;
	bool failed_before;
};

struct audiod {
	const struct audio_options *o;
	struct audio_loop loop;
	struct audio_link link;
	struct pulse pulse;
	struct player player;
	struct recorder recorder;
	struct microphone mic;
	struct audio_wishes wishes; /* what the qube has asked for */
	struct audio_wishes heeded; /* and what of it is in force */
	struct allowance changes;   /* of what is in force */
	bool gone;		    /* the qube is */
};

/* link.c */
void link_init(struct audiod *a);
void link_step(struct audiod *a);
void link_clear(struct audiod *a);

/* player.c */
void player_init(struct audiod *a);
void player_step(struct audiod *a);
/* Gives the stream up. */
void player_reset(struct audiod *a);

/* recorder.c */
void recorder_init(struct audiod *a);
void recorder_step(struct audiod *a);
void recorder_reset(struct audiod *a);
void recorder_clear(struct audiod *a);

/* stream.c: a stream named after the qube, with this state; NULL when there is no memory. */
pa_stream *stream_new(struct audiod *a, const char *what);

/* confine.c: 0 or -errno. */
int confine_audiod(void);

#endif
