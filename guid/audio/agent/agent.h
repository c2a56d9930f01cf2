/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-audio-agent: gives the programs of this qube a sound card whose other end is in the
 * audio domain. Private to this folder. It is a client of the session's sound server (PulseAudio,
 * or PipeWire's stand-in for it): a null sink, whose monitor it sends away, and a source
 * fed by a pipe. Both ends are trusted with this qube. Each part has a step, called once a round.
 */
#ifndef QUBES_AUDIO_AGENT_H
#define QUBES_AUDIO_AGENT_H

#include "guid/audio/audio-proto.h"
#include "guid/audio/loop.h"
#include "guid/audio/pcm.h"
#include "guid/audio/pulse.h"
#include "qrexec/vchan/vchan.h"

/* As upstream's module names them. */
#define AGENT_SINK "vchan_output"
#define AGENT_SOURCE "vchan_input"

struct agent_options {
	unsigned domain;
	const char *pipe; /* of the source, where there is none yet; NULL: in the runtime folder */
	bool verbose;
};

/* The servers of both channels. */
struct agent_link {
	struct vchan *play, *record; /* owned; NULL while there is a pause */
	bool up;
	int64_t retry_at_ms;
	struct bytebuf commands; /* that are not sent yet */
};

/* A sink or source that is to be in the sound server. */
struct device {
	const char *name, *module;
	bool is_source;
	bool found, found_running; /* of the answer that is coming */
	bool present;		   /* known to be there */
	bool running;		   /* some program uses it */
	uint32_t loaded; /* the module's index when it was loaded by us, else PA_INVALID_INDEX */
	pa_operation *asking; /* owned */
	bool stale;	      /* something changed: ask again */
	int64_t retry_at_ms;
	char pipe[256]; /* of a source: where it reads */
};

/* What programs play. */
struct outgoing {
	pa_stream *stream; /* owned: of the sink's monitor */
	struct pcm_queue queue;
	size_t silent; /* bytes of silence that came last, up to a limit */
	bool corked;   /* as the other end was told */
	int64_t retry_at_ms;
};

/* What they record. */
struct incoming {
	int fd;	    /* owned: the pipe, -1 while nobody records */
	bool asked; /* for samples of the microphone */
	uint8_t part[AUDIO_FRAME];
	size_t have;
	int64_t fed_us;	       /* the pipe has samples up to this time */
	int64_t real_until_us; /* the microphone's are coming: no silence before */
};

struct agent {
	const struct agent_options *o;
	struct audio_loop loop;
	struct pulse pulse;
	struct agent_link link;
	struct device sink, source;
	struct outgoing out;
	struct incoming in;
	bool subscribed;
};

/* link.c: 0 or -errno. */
int link_start(struct agent *a);
void link_step(struct agent *a);
void link_command(struct agent *a, enum audio_command command);
void link_clear(struct agent *a);

/* devices.c */
void devices_init(struct agent *a);
void devices_step(struct agent *a);
/* The connection to the server has ended. */
void devices_reset(struct agent *a);
/* Takes away what we have brought, as far as the server still answers. */
void devices_remove(struct agent *a);

/* outgoing.c */
void outgoing_init(struct agent *a);
void outgoing_step(struct agent *a);
void outgoing_reset(struct agent *a);
void outgoing_clear(struct agent *a);

/* incoming.c */
void incoming_init(struct agent *a);
void incoming_step(struct agent *a);
void incoming_reset(struct agent *a);

#endif
