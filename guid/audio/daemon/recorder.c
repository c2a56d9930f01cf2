// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is recorded for the qube (audiod.h): a stream exists only while the qube has the
 * microphone, and runs only while it asks for samples. A qube that does not take them loses
 * the oldest.
 */
#include <errno.h>
#include <string.h>

#include "guid/audio/daemon/audiod.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

#define RETRY_MS 1000
/* Samples that the qube has not taken yet. */
#define QUEUE_MS 60
/* The server sends this much at once (upstream's figure for -l). */
#define FRAGMENT 2048

void recorder_init(struct audiod *a)
{
	a->recorder = (struct recorder){.corked = true};
	pcm_queue_init(&a->recorder.queue, audio_bytes(QUEUE_MS));
}

void recorder_reset(struct audiod *a)
{
	struct recorder *r = &a->recorder;

	pulse_stream_free(r->stream);
	r->stream = NULL;
	r->corked = true;
	/* The qube is still in the middle of a frame, perhaps, unless it has gone. */
	if (a->link.up)
		pcm_queue_empty(&r->queue);
	else
		pcm_queue_reset(&r->queue);
}

void recorder_clear(struct audiod *a)
{
	recorder_reset(a);
	pcm_queue_clear(&a->recorder.queue);
}

static int start(struct audiod *a)
{
	struct recorder *r = &a->recorder;
	pa_buffer_attr attr = {.maxlength = (uint32_t)-1,
			       .tlength = (uint32_t)-1,
			       .prebuf = (uint32_t)-1,
			       .minreq = (uint32_t)-1,
			       .fragsize = FRAGMENT};

	r->stream = stream_new(a, "microphone");
	if (!r->stream)
		return -ENOMEM;
	r->corked = true;
	return pa_stream_connect_record(r->stream, NULL, &attr,
					PA_STREAM_START_CORKED | PA_STREAM_ADJUST_LATENCY) < 0
		       ? -EIO
		       : 0;
}

/*
 * Whether the source is what a sink plays: on a machine without a microphone that would be the
 * next best one, and this qube would hear the others.
 */
static bool is_monitor(pa_stream *s)
{
	const char *name = pa_stream_get_device_name(s), *tail = name ? strrchr(name, '.') : NULL;

	return tail && !strcmp(tail, ".monitor");
}

static void failed(struct audiod *a, const char *why)
{
	struct recorder *r = &a->recorder;

	if (!r->failed_before)
		audio_log("cannot record: %s; trying again", why);
	r->failed_before = true;
	recorder_reset(a);
	r->retry_at_ms = io_now_ms() + RETRY_MS;
}

static bool have_stream(struct audiod *a)
{
	struct recorder *r = &a->recorder;

	if (!r->stream && io_now_ms() < r->retry_at_ms) {
		audio_loop_until(&a->loop, r->retry_at_ms);
		return false;
	}
	if (!r->stream && start(a)) {
		failed(a, pulse_error(&a->pulse));
		return false;
	}
	switch (pa_stream_get_state(r->stream)) {
	case PA_STREAM_READY:
		if (is_monitor(r->stream)) {
			failed(a, "the sound server's default source is not a microphone");
			return false;
		}
		r->failed_before = false;
		return true;
	case PA_STREAM_FAILED:
	case PA_STREAM_TERMINATED:
		failed(a, pulse_error(&a->pulse));
		return false;
	default:
		return false;
	}
}

static void follow_wishes(struct audiod *a)
{
	struct recorder *r = &a->recorder;
	pa_operation *o;

	if (r->corked == !a->heeded.record)
		return;
	r->corked = !a->heeded.record;
	audio_log("the qube %s recording", r->corked ? "has stopped" : "is");
	if (r->corked)
		pcm_queue_empty(&r->queue);
	o = pa_stream_cork(r->stream, r->corked, NULL, NULL);
	if (o)
		pa_operation_unref(o);
}

/* Takes what the server has; 0 or -errno. */
static int take(struct recorder *r)
{
	const void *samples;
	size_t n;

	while (pa_stream_readable_size(r->stream) > 0) {
		if (pa_stream_peek(r->stream, &samples, &n) < 0)
			return -EIO;
		if (!n)
			return 0;
		/* A hole has a length and no samples. */
		if (!r->corked && pcm_queue_put(&r->queue, samples, n))
			return -ENOMEM;
		pa_stream_drop(r->stream);
	}
	return 0;
}

static void pass_on(struct audiod *a)
{
	struct bytebuf *b = &a->recorder.queue.bytes;

	while (b->len) {
		ssize_t n = vchan_write(a->link.record, bytebuf_peek(b), b->len);

		if (n <= 0)
			return;
		bytebuf_drop(b, (size_t)n);
	}
}

void recorder_step(struct audiod *a)
{
	bool ready;

	if (!a->link.up || !a->pulse.ready || !a->mic.allowed) {
		recorder_reset(a);
		microphone_tell_status(&a->mic, false);
		return;
	}
	ready = have_stream(a);
	microphone_tell_status(&a->mic, ready);
	if (!ready)
		return;
	follow_wishes(a);
	if (take(&a->recorder))
		failed(a, pulse_error(&a->pulse));
	else
		pass_on(a);
}
