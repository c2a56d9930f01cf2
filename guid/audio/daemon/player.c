// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the qube plays (audiod.h). The samples are hostile in no way that matters: they go to the
 * sound server as they are. They are taken as fast as they are played, which is the
 * qube's clock: so they wait with the qube, and here only what the server has asked for. Without a
 * server they are taken at the same pace and dropped, so that the qube's programs go on.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "guid/audio/daemon/audiod.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

#define RETRY_MS 1000
/* Written to the server at once. */
#define CHUNK 8192
/* While samples are dropped: how often, and how much is made up for after a pause. */
#define DROP_EVERY_MS 40
#define DROP_AT_MOST_MS 200
/* The server is given this long to come, before what waits for it is dropped. */
#define PATIENCE_MS 500
/* Samples that come so soon after the server ran dry were late, rather than the next sound. */
#define LATE_MS 80
/* The most that may wait in the server once samples were late: a fifth of a second. */
#define TARGET_MAX_MS 200

void player_init(struct audiod *a)
{
	a->player = (struct player){.target = a->o->target};
}

static void forget_drain(struct player *p)
{
	if (p->drain) {
		pa_operation_cancel(p->drain);
		pa_operation_unref(p->drain);
	}
	p->drain = NULL;
	p->drained = false;
}

static void give_up_stream(struct player *p)
{
	forget_drain(p);
	pulse_stream_free(p->stream);
	p->stream = NULL;
	p->corked = false;
	p->ran_dry_ms = 0;
}

void player_reset(struct audiod *a)
{
	give_up_stream(&a->player);
	a->player.idle_since_ms = 0;
	a->player.paced_us = 0;
	if (!a->link.up)
		a->player.have = 0;
}

/* ---- the stream ---- */

static void on_underflow(pa_stream *s, void *data)
{
	struct audiod *a = data;

	a->player.ran_dry_ms = io_now_ms();
}

static pa_buffer_attr attributes(const struct player *p)
{
	/* The server begins when that much has come, or says it is late: but for what it
	 * asks for in one go. */
	return (pa_buffer_attr){.maxlength = (uint32_t)-1,
				.tlength = p->target,
				.prebuf = (uint32_t)-1,
				.minreq = (uint32_t)-1,
				.fragsize = (uint32_t)-1};
}

static int start(struct audiod *a)
{
	struct player *p = &a->player;
	pa_stream_flags_t flags = PA_STREAM_ADJUST_LATENCY;
	pa_buffer_attr attr = attributes(p);
	pa_cvolume volume;
	bool set = a->o->volume >= 0;

	p->stream = stream_new(a, a->o->name);
	if (!p->stream)
		return -ENOMEM;
	pa_stream_set_underflow_callback(p->stream, on_underflow, a);
	if (a->o->volume == AUDIO_VOLUME_MUTED)
		flags |= PA_STREAM_START_MUTED;
	if (set)
		pa_cvolume_set(
			&volume, AUDIO_CHANNELS,
			(pa_volume_t)((uint64_t)PA_VOLUME_NORM * (unsigned)a->o->volume / 100));
	return pa_stream_connect_playback(p->stream, NULL, &attr, flags, set ? &volume : NULL,
					  NULL) < 0
		       ? -EIO
		       : 0;
}

static void failed(struct audiod *a)
{
	struct player *p = &a->player;

	if (!p->failed_before)
		audio_log("cannot play: %s; trying again", pulse_error(&a->pulse));
	p->failed_before = true;
	give_up_stream(p);
	p->retry_at_ms = io_now_ms() + RETRY_MS;
}

/* True while there is a stream to write to. */
static bool have_stream(struct audiod *a)
{
	struct player *p = &a->player;

	if (!a->pulse.ready)
		return false;
	if (!p->stream && io_now_ms() < p->retry_at_ms) {
		audio_loop_until(&a->loop, p->retry_at_ms);
		return false;
	}
	if (!p->stream && start(a)) {
		failed(a);
		return false;
	}
	switch (pa_stream_get_state(p->stream)) {
	case PA_STREAM_READY:
		p->failed_before = false;
		return true;
	case PA_STREAM_FAILED:
	case PA_STREAM_TERMINATED:
		/* No device, or it was ended by the user. */
		failed(a);
		return false;
	default:
		return false;
	}
}

/* Samples come too late for what waits in the server: let more wait. */
static void be_less_hasty(struct player *p)
{
	uint32_t most = (uint32_t)audio_bytes(TARGET_MAX_MS);
	pa_buffer_attr attr;
	pa_operation *o;

	if (p->target >= most)
		return;
	p->target = p->target * 2 > most ? most : p->target * 2;
	attr = attributes(p);
	o = pa_stream_set_buffer_attr(p->stream, &attr, NULL, NULL);
	if (o)
		pa_operation_unref(o);
	audio_log("samples came late; from now on %u ms of them wait",
		  p->target / (AUDIO_BYTES_PER_SECOND / 1000));
}

static void note_lateness(struct player *p)
{
	if (p->ran_dry_ms && io_now_ms() - p->ran_dry_ms < LATE_MS)
		be_less_hasty(p);
	p->ran_dry_ms = 0;
}

/* Moves up to room bytes from the qube to the server; how many, or -errno. */
static ssize_t move(struct audiod *a, size_t room)
{
	struct player *p = &a->player;
	void *buf = NULL;
	size_t n = room < CHUNK ? room : CHUNK, got, whole;
	ssize_t r;

	if (pa_stream_begin_write(p->stream, &buf, &n) < 0 || !buf || n < AUDIO_FRAME)
		return -EIO;
	memcpy(buf, p->part, p->have);
	r = vchan_read(a->link.play, (uint8_t *)buf + p->have, n - p->have);
	got = p->have + (r > 0 ? (size_t)r : 0);
	whole = got - got % AUDIO_FRAME;
	p->have = got - whole;
	memcpy(p->part, (uint8_t *)buf + whole, p->have);
	if (!whole) {
		pa_stream_cancel_write(p->stream);
		return 0;
	}
	note_lateness(p);
	r = pa_stream_write(p->stream, buf, whole, NULL, 0, PA_SEEK_RELATIVE);
	return r < 0 ? -EIO : (ssize_t)whole;
}

static void play(struct audiod *a)
{
	struct player *p = &a->player;
	size_t room = pa_stream_writable_size(p->stream);
	ssize_t n = 1;

	/* Takes in what has come, so only where there is room: the rest waits with the qube. */
	if (room != (size_t)-1 && room >= AUDIO_FRAME)
		vchan_wait(a->link.play);
	while (n > 0 && room != (size_t)-1 && room >= AUDIO_FRAME &&
	       vchan_data_ready(a->link.play)) {
		n = move(a, room);
		room = pa_stream_writable_size(p->stream);
	}
	if (n < 0 || room == (size_t)-1)
		failed(a);
	else if (room >= AUDIO_FRAME)
		audio_loop_watch(&a->loop, vchan_fd(a->link.play), vchan_events(a->link.play));
}

/* ---- rest ---- */

static void set_corked(struct player *p, bool corked)
{
	pa_operation *o = pa_stream_cork(p->stream, corked, NULL, NULL);

	if (o)
		pa_operation_unref(o);
	p->corked = corked;
	p->ran_dry_ms = 0;
}

static void on_drained(pa_stream *s, int success, void *data)
{
	struct audiod *a = data;

	a->player.drained = true;
}

/* Once all that came has been played, the stream is corked; the next sound wakes it. */
static void rest(struct audiod *a)
{
	struct player *p = &a->player;
	bool pending = p->drain && pa_operation_get_state(p->drain) == PA_OPERATION_RUNNING;

	if (vchan_data_ready(a->link.play)) {
		if (!pending)
			forget_drain(p);
		return;
	}
	if (p->corked || pending)
		return;
	if (!p->drain) {
		p->drain = pa_stream_drain(p->stream, on_drained, a);
		return;
	}
	forget_drain(p);
	set_corked(p, true);
}

static void follow_wishes(struct audiod *a)
{
	struct player *p = &a->player;

	if (a->heeded.corked) {
		rest(a);
		return;
	}
	if (p->drain && pa_operation_get_state(p->drain) != PA_OPERATION_RUNNING)
		forget_drain(p);
	if (p->corked)
		set_corked(p, false);
}

/* ---- nobody to play it ---- */

static void drop_in_time(struct audiod *a)
{
	struct player *p = &a->player;
	uint8_t scrap[CHUNK];
	int64_t now = io_now_us(), us;
	size_t due;

	if (!p->idle_since_ms)
		p->idle_since_ms = now / 1000;
	if (now / 1000 < p->idle_since_ms + PATIENCE_MS) {
		audio_loop_until(&a->loop, p->idle_since_ms + PATIENCE_MS);
		return;
	}
	if (!p->paced_us || now - p->paced_us > DROP_AT_MOST_MS * 1000)
		p->paced_us = now - DROP_EVERY_MS * 1000;
	us = now - p->paced_us;
	vchan_wait(a->link.play);
	due = audio_bytes((unsigned)(us / 1000));
	if (us >= DROP_EVERY_MS * 1000) {
		p->paced_us = now;
		while (due) {
			ssize_t n = vchan_read(a->link.play, scrap,
					       due < sizeof(scrap) ? due : sizeof(scrap));

			if (n <= 0)
				break;
			due -= (size_t)n;
			/* Where a frame begins must be known when there is a server again. */
			p->have = (p->have + (size_t)n) % AUDIO_FRAME;
		}
	}
	if (vchan_data_ready(a->link.play))
		audio_loop_until(&a->loop, (p->paced_us + DROP_EVERY_MS * 1000) / 1000 + 1);
	else
		audio_loop_watch(&a->loop, vchan_fd(a->link.play), vchan_events(a->link.play));
}

void player_step(struct audiod *a)
{
	if (!a->link.up)
		return;
	if (!have_stream(a)) {
		drop_in_time(a);
		return;
	}
	a->player.idle_since_ms = 0;
	play(a);
	if (a->player.stream)
		follow_wishes(a);
}
