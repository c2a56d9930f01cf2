/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a qube has the microphone (docs/devices.md): qubesd says so in
 * /audio-input-config/QUBE, which is in the local QubesDB of an audio qube, and a file below
 * /run/qubes in dom0. In the same place this tells what comes of it: /audio-input/QUBE whether it
 * may record now, /audio-input-request/QUBE whether it wants to. All "1" or "0".
 *
 * The place is trusted. Whatever is not "1" is no.
 */
#ifndef QUBES_AUDIO_MICROPHONE_H
#define QUBES_AUDIO_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "guid/audio/loop.h"

struct qdb_handle;

struct microphone {
	const char *qube;
	bool allowed;
	struct qdb_handle *qdb;	   /* owned; NULL in dom0 */
	struct qdb_handle *events; /* owned */
	int inotify;		   /* owned, -1 in an audio qube */
	int folder_watch;	   /* of the folder itself, -1 while it is not there */
	int64_t retry_at_ms;
	int told_status, told_request; /* -1: nothing yet */
};

/* 0 or -errno. qube stays the caller's. */
int microphone_init(struct microphone *m, const char *qube);
void microphone_clear(struct microphone *m);

/* For each round: learns what changed. */
void microphone_step(struct microphone *m, struct audio_loop *loop);

/* Tells others, if it is new. */
void microphone_tell_status(struct microphone *m, bool recordable);
void microphone_tell_request(struct microphone *m, bool wanted);

#endif
