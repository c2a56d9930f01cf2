// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs record (agent.h): samples of the microphone go into the pipe that the source
 * reads, while some program records. While none come, since this qube has not got the
 * microphone, silence does: programs wait for samples for ever otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "guid/audio/agent/agent.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

/* Read or written at once: what a pipe takes whole or not at all, in whole frames. */
#define CHUNK 4096
/* What may wait in the pipe. */
#define PIPE_BYTES 8192
/* Silence is fed so often, and not so soon after a sample of the microphone. */
#define SILENCE_EVERY_MS 10
#define REAL_MS 150
#define CATCH_UP_MS 40
#define RETRY_MS 500

void incoming_init(struct agent *a)
{
	a->in = (struct incoming){.fd = -1};
}

void incoming_reset(struct agent *a)
{
	struct incoming *in = &a->in;

	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
}

static void ask(struct agent *a, bool record)
{
	if (a->in.asked == record || !a->link.up)
		return;
	a->in.asked = record;
	link_command(a, record ? AUDIO_RECORD_START : AUDIO_RECORD_STOP);
	audio_log_verbose("%s recording", record ? "start" : "stop");
}

static bool open_pipe(struct agent *a)
{
	struct incoming *in = &a->in;

	if (in->fd >= 0)
		return true;
	if (!a->source.pipe[0])
		return false;
	in->fd = open(a->source.pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (in->fd < 0) {
		audio_log("cannot open %s: %s", a->source.pipe, strerror(errno));
		audio_loop_until(&a->loop, io_now_ms() + RETRY_MS);
		return false;
	}
	fcntl(in->fd, F_SETPIPE_SZ, PIPE_BYTES);
	in->fed_us = io_now_us();
	in->real_until_us = 0;
	return true;
}

/* Whole frames, up to CHUNK bytes. What the pipe has no room for is lost: it would be late. */
static void feed(struct agent *a, const void *samples, size_t n)
{
	if (n && write(a->in.fd, samples, n) < 0 && errno != EAGAIN && errno != EINTR) {
		audio_log("cannot feed %s: %s", AGENT_SOURCE, strerror(errno));
		incoming_reset(a);
		a->source.stale = true;
	}
}

static void take_samples(struct agent *a)
{
	struct incoming *in = &a->in;
	uint8_t buf[CHUNK];
	ssize_t n;

	while (a->link.up) {
		size_t got, whole;

		memcpy(buf, in->part, in->have);
		n = vchan_read(a->link.record, buf + in->have, sizeof(buf) - in->have);
		if (n <= 0)
			return;
		got = in->have + (size_t)n;
		whole = got - got % AUDIO_FRAME;
		in->have = got - whole;
		memcpy(in->part, buf + whole, in->have);
		/* Nobody records any more: these are left over. */
		if (in->fd < 0)
			continue;
		feed(a, buf, whole);
		in->fed_us = io_now_us();
		in->real_until_us = in->fed_us + REAL_MS * 1000;
	}
	in->have = 0;
}

static void feed_silence(struct agent *a)
{
	static const uint8_t silence[CHUNK];
	struct incoming *in = &a->in;
	int64_t now = io_now_us();
	size_t n;

	if (now < in->real_until_us) {
		audio_loop_until(&a->loop, in->real_until_us / 1000 + 1);
		return;
	}
	if (now - in->fed_us > CATCH_UP_MS * 1000)
		in->fed_us = now - SILENCE_EVERY_MS * 1000;
	n = audio_bytes((unsigned)((now - in->fed_us) / 1000));
	if (now - in->fed_us >= SILENCE_EVERY_MS * 1000) {
		in->fed_us += (now - in->fed_us) / 1000 * 1000;
		feed(a, silence, n < sizeof(silence) ? n : sizeof(silence));
	}
	audio_loop_until(&a->loop, in->fed_us / 1000 + SILENCE_EVERY_MS);
}

void incoming_step(struct agent *a)
{
	bool wanted = a->pulse.ready && a->source.present && a->source.running;

	ask(a, wanted);
	if (!wanted)
		incoming_reset(a);
	else
		open_pipe(a);
	take_samples(a);
	if (a->in.fd >= 0)
		feed_silence(a);
}
