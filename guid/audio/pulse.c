// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection to the sound server (pulse.h). The peer is the user's own server: trusted. */
#include "guid/audio/pulse.h"

#include "guid/audio/log.h"
#include "qrexec/base/io.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 3000

void pulse_init(struct pulse *p, struct audio_loop *loop, const char *name, const char *icon)
{
	*p = (struct pulse){
		.api = audio_loop_api(loop), .name = name, .icon = icon, .pause_ms = PAUSE_MIN_MS};
}

static void drop(struct pulse *p)
{
	if (p->context) {
		pa_context_set_state_callback(p->context, NULL, NULL);
		pa_context_disconnect(p->context);
		pa_context_unref(p->context);
	}
	p->context = NULL;
	p->ready = false;
}

void pulse_clear(struct pulse *p)
{
	drop(p);
	p->wanted = false;
}

void pulse_want(struct pulse *p, bool wanted)
{
	p->wanted = wanted;
}

const char *pulse_error(const struct pulse *p)
{
	return pa_strerror(p->context ? pa_context_errno(p->context) : PA_ERR_CONNECTIONREFUSED);
}

/* Only takes notice that something happened: what, is looked at in pulse_step(). */
static void on_state(pa_context *c, void *data)
{
}

static void connect_now(struct pulse *p)
{
	pa_proplist *props = pa_proplist_new();

	p->generation++;
	pa_proplist_sets(props, PA_PROP_APPLICATION_NAME, p->name);
	if (p->icon)
		pa_proplist_sets(props, PA_PROP_APPLICATION_ICON_NAME, p->icon);
	p->context = pa_context_new_with_proplist(p->api, p->name, props);
	pa_proplist_free(props);
	if (!p->context)
		return;
	pa_context_set_state_callback(p->context, on_state, p);
	/* Not started from here: that is the session's affair. */
	pa_context_connect(p->context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL);
}

static void try_later(struct pulse *p)
{
	drop(p);
	p->retry_at_ms = io_now_ms() + p->pause_ms;
	p->pause_ms = p->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : p->pause_ms * 2;
}

bool pulse_step(struct pulse *p, struct audio_loop *loop)
{
	bool had = p->ready;

	if (!p->wanted) {
		drop(p);
		return had;
	}
	if (!p->context && io_now_ms() < p->retry_at_ms) {
		audio_loop_until(loop, p->retry_at_ms);
		return false;
	}
	if (!p->context)
		connect_now(p);
	if (!p->context || !PA_CONTEXT_IS_GOOD(pa_context_get_state(p->context))) {
		if (had || p->pause_ms == PAUSE_MIN_MS)
			audio_log("no connection to the sound server: %s; trying again",
				  pulse_error(p));
		try_later(p);
		audio_loop_until(loop, p->retry_at_ms);
		return had;
	}
	if (!had && pa_context_get_state(p->context) == PA_CONTEXT_READY) {
		audio_log("connected to the sound server %s", pa_context_get_server(p->context));
		p->ready = true;
		p->pause_ms = PAUSE_MIN_MS;
	}
	return false;
}

void pulse_stream_free(pa_stream *s)
{
	if (!s)
		return;
	pa_stream_set_state_callback(s, NULL, NULL);
	pa_stream_set_read_callback(s, NULL, NULL);
	pa_stream_set_write_callback(s, NULL, NULL);
	pa_stream_set_underflow_callback(s, NULL, NULL);
	pa_stream_set_suspended_callback(s, NULL, NULL);
	pa_stream_set_moved_callback(s, NULL, NULL);
	if (PA_STREAM_IS_GOOD(pa_stream_get_state(s)))
		pa_stream_disconnect(s);
	pa_stream_unref(s);
}
