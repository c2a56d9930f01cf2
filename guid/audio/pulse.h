/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to the sound server (PulseAudio, or PipeWire's stand-in for it): made
 * again for as long as it takes. The server belongs to the same user, trusted.
 */
#ifndef QUBES_AUDIO_PULSE_H
#define QUBES_AUDIO_PULSE_H

#include <pulse/pulseaudio.h>
#include <stdbool.h>
#include <stdint.h>

#include "guid/audio/loop.h"

struct pulse {
	pa_mainloop_api *api;
	const char *name;    /* of the client, as mixers show it */
	const char *icon;    /* or NULL */
	pa_context *context; /* owned; NULL while there is nothing to talk to */
	bool wanted;
	bool ready;
	unsigned generation; /* counts connections: streams of an older one are dead */
	int64_t retry_at_ms; /* of io_now_ms() */
	unsigned pause_ms;
};

/* Strings are the caller's and stay. */
void pulse_init(struct pulse *p, struct audio_loop *loop, const char *name, const char *icon);

/* Ends the connection. Streams must have been given up. */
void pulse_clear(struct pulse *p);

/* Whether a connection is wanted at all. */
void pulse_want(struct pulse *p, bool wanted);

/*
 * For each round: connects where that is due, and tells the loop when it is next. Returns true
 * when a connection has ended since the last call: streams of it must be given up.
 */
bool pulse_step(struct pulse *p, struct audio_loop *loop);

/* The text of the connection's last error. */
const char *pulse_error(const struct pulse *p);

/* Detaches and releases a stream; NULL is fine. Its callbacks do not run any more. */
void pulse_stream_free(pa_stream *s);

#endif
