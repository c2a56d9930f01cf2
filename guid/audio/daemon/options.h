/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qubes-audiod, which is that of upstream's pacat-simple-vchan and more. */
#ifndef QUBES_AUDIO_OPTIONS_H
#define QUBES_AUDIO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define AUDIO_VOLUME_KEEP (-1)
#define AUDIO_VOLUME_MUTED (-2)
#define AUDIO_VOLUME_MAX 150 /* percent */

struct audio_options {
	const char *name; /* of the qube */
	unsigned domain;
	bool low_latency;
	uint32_t target;  /* bytes that wait in the sound server */
	int volume;	  /* percent, or one of the above */
	const char *icon; /* NULL: the mixer's own */
	unsigned verbose;
};

/* 0: run; 1: done (help); negative: the command line is wrong, and that was said. */
int audio_options_parse(struct audio_options *o, int argc, char **argv);

#endif
