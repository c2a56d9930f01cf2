// SPDX-License-Identifier: GPL-2.0-or-later
/* Command line of qubes-audiod (options.h). No peer. */
#include "guid/audio/daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "guid/audio/audio-proto.h"
#include "qrexec/base/io.h"
#include "qrexec/vchan/vchan.h"

/* Upstream's figure for -l. */
#define TARGET_LOW 4096
#define TARGET_NORMAL (AUDIO_BYTES_PER_SECOND / 10 / AUDIO_FRAME * AUDIO_FRAME)
#define TARGET_MAX (AUDIO_BYTES_PER_SECOND * 2)

static const char usage[] =
	"Usage: pacat-simple-vchan [-l] [-t BYTES] [-V VOLUME] [-i ICON] [-v] DOMID NAME\n"
	"Plays the sound of a qube, and records for it while it has the microphone.\n"
	"\n"
	"  -l         low latency: 23 ms of sound wait to be played instead of 100\n"
	"  -t BYTES   so much sound waits to be played (implies -l)\n"
	"  -V VOLUME  volume to begin with: 0 to 150 percent, or mute\n"
	"  -i ICON    icon of the qube in mixers\n"
	"  -n, -b     accepted for compatibility: waiting for the qube never blocks\n"
	"  -v         say more; twice: even more\n"
	"  -h         this text\n";

static int set_volume(struct audio_options *o, const char *text)
{
	unsigned long v;

	if (!strcmp(text, "mute")) {
		o->volume = AUDIO_VOLUME_MUTED;
		return 0;
	}
	if (io_parse_uint(text, 0, AUDIO_VOLUME_MAX, &v))
		return -EINVAL;
	o->volume = (int)v;
	return 0;
}

static int set_target(struct audio_options *o, const char *text)
{
	unsigned long v;

	if (io_parse_uint(text, AUDIO_FRAME, TARGET_MAX, &v))
		return -EINVAL;
	o->low_latency = true;
	o->target = (uint32_t)(v - v % AUDIO_FRAME);
	return 0;
}

static int bad(const char *what, const char *value)
{
	fprintf(stderr, "pacat-simple-vchan: %s is not %s\n%s", value, what, usage);
	return -EINVAL;
}

static int take_operands(struct audio_options *o, int argc, char **argv)
{
	unsigned long v;

	if (argc != 2) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	if (io_parse_uint(argv[0], 0, VCHAN_DOMID_MAX, &v))
		return bad("a domain number", argv[0]);
	/* Part of paths. */
	if (!argv[1][0] || strchr(argv[1], '/') || strlen(argv[1]) > 31)
		return bad("the name of a qube", argv[1]);
	o->domain = (unsigned)v;
	o->name = argv[1];
	return 0;
}

int audio_options_parse(struct audio_options *o, int argc, char **argv)
{
	int c;

	*o = (struct audio_options){.volume = AUDIO_VOLUME_KEEP};
	while ((c = getopt(argc, argv, "+lnbvt:V:i:h")) != -1) {
		switch (c) {
		case 'l':
			o->low_latency = true;
			break;
		case 'n':
		case 'b':
			break;
		case 'v':
			o->verbose++;
			break;
		case 't':
			if (set_target(o, optarg))
				return bad("a size in bytes, up to two seconds", optarg);
			break;
		case 'V':
			if (set_volume(o, optarg))
				return bad("a volume: 0 to 150, or mute", optarg);
			break;
		case 'i':
			o->icon = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			fputs(usage, stderr);
			return -EINVAL;
		}
	}
	if (!o->target)
		o->target = o->low_latency ? TARGET_LOW : TARGET_NORMAL;
	return take_operands(o, argc - optind, argv + optind);
}
