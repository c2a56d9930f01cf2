// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs play (agent.h): the sink's monitor, sent away. Samples that the other end does not
 * take in time are dropped, the oldest first. While there is nothing but silence nothing is
 * sent, and the other end may rest. Both ends are trusted.
 */
#include <string.h>

#include "guid/audio/agent/agent.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

#define QUEUE_MS 60
/* The server hands over this much at once. */
#define FRAGMENT_MS 10
#define BACKLOG_MS 500
/* So much silence is sent as it is. */
#define SILENCE_MS 2000
#define RETRY_MS 500

void outgoing_init(struct agent *a)
{
	a->out = (struct outgoing){0};
	pcm_queue_init(&a->out.queue, audio_bytes(QUEUE_MS));
}

void outgoing_reset(struct agent *a)
{
	pulse_stream_free(a->out.stream);
	a->out.stream = NULL;
	a->out.silent = 0;
	pcm_queue_empty(&a->out.queue);
}

void outgoing_clear(struct agent *a)
{
	outgoing_reset(a);
	pcm_queue_clear(&a->out.queue);
}

static void on_event(pa_stream *s, void *data)
{
}

static void on_readable(pa_stream *s, size_t n, void *data)
{
}

static int start(struct agent *a)
{
	static const pa_sample_spec spec = {
		.format = PA_SAMPLE_S16LE, .rate = AUDIO_RATE, .channels = AUDIO_CHANNELS};
	pa_buffer_attr attr = {.maxlength = (uint32_t)audio_bytes(BACKLOG_MS),
			       .tlength = (uint32_t)-1,
			       .prebuf = (uint32_t)-1,
			       .minreq = (uint32_t)-1,
			       .fragsize = (uint32_t)audio_bytes(FRAGMENT_MS)};
	pa_stream *s = pa_stream_new(a->pulse.context, "to the audio domain", &spec, NULL);

	a->out.stream = s;
	if (!s)
		return -1;
	pa_stream_set_state_callback(s, on_event, a);
	pa_stream_set_suspended_callback(s, on_event, a);
	pa_stream_set_read_callback(s, on_readable, a);
	/* The sink may still be suspended when no program plays. */
	return pa_stream_connect_record(s, AGENT_SINK ".monitor", &attr,
					PA_STREAM_ADJUST_LATENCY | PA_STREAM_DONT_MOVE |
						PA_STREAM_DONT_INHIBIT_AUTO_SUSPEND);
}

static void failed(struct agent *a)
{
	audio_log("cannot listen to %s: %s; trying again", AGENT_SINK, pulse_error(&a->pulse));
	outgoing_reset(a);
	a->out.retry_at_ms = io_now_ms() + RETRY_MS;
	a->sink.stale = true;
}

static bool have_stream(struct agent *a)
{
	struct outgoing *o = &a->out;

	if (!a->pulse.ready || (!o->stream && !a->sink.present))
		return false;
	if (!o->stream && io_now_ms() < o->retry_at_ms) {
		audio_loop_until(&a->loop, o->retry_at_ms);
		return false;
	}
	if (!o->stream && start(a) < 0) {
		failed(a);
		return false;
	}
	if (!PA_STREAM_IS_GOOD(pa_stream_get_state(o->stream))) {
		failed(a);
		return false;
	}
	return pa_stream_get_state(o->stream) == PA_STREAM_READY;
}

static void set_corked(struct agent *a, bool corked)
{
	if (a->out.corked == corked || !a->link.up)
		return;
	a->out.corked = corked;
	link_command(a, corked ? AUDIO_PLAY_CORK : AUDIO_PLAY_UNCORK);
}

static void queue(struct agent *a, const void *samples, size_t n)
{
	struct outgoing *o = &a->out;
	size_t enough = audio_bytes(SILENCE_MS);

	if (!samples || audio_is_silence(samples, n))
		o->silent = o->silent + n > enough ? enough : o->silent + n;
	else
		o->silent = 0;
	if (o->silent >= enough || !a->link.up)
		return;
	set_corked(a, false);
	if (pcm_queue_put(&o->queue, samples, n))
		audio_log("out of memory");
}

static int take(struct agent *a)
{
	const void *samples;
	size_t n;

	while (pa_stream_readable_size(a->out.stream) > 0) {
		if (pa_stream_peek(a->out.stream, &samples, &n) < 0)
			return -1;
		if (!n)
			return 0;
		queue(a, samples, n);
		pa_stream_drop(a->out.stream);
	}
	return 0;
}

static void send(struct agent *a)
{
	struct bytebuf *b = &a->out.queue.bytes;

	while (a->link.up && b->len) {
		ssize_t n = vchan_write(a->link.play, bytebuf_peek(b), b->len);

		if (n <= 0)
			return;
		bytebuf_drop(b, (size_t)n);
	}
}

void outgoing_step(struct agent *a)
{
	struct outgoing *o = &a->out;
	bool ready = have_stream(a);

	if (ready && take(a))
		failed(a);
	if (!a->link.up)
		pcm_queue_reset(&o->queue);
	/* A sink that nobody plays to is suspended by the server: nothing comes then. */
	if (!ready || !a->out.stream || pa_stream_is_suspended(o->stream) > 0 ||
	    o->silent >= audio_bytes(SILENCE_MS)) {
		pcm_queue_empty(&o->queue);
		set_corked(a, true);
	}
	send(a);
}
