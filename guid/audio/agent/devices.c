// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sink and the source in the sound server (agent.h): those that its configuration made, or
 * that we have it load. The server is the same user's: trusted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/audio/agent/agent.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

#define RETRY_MS 1000

void devices_init(struct agent *a)
{
	a->sink = (struct device){.name = AGENT_SINK,
				  .module = "module-null-sink",
				  .loaded = PA_INVALID_INDEX,
				  .stale = true};
	a->source = (struct device){.name = AGENT_SOURCE,
				    .module = "module-pipe-source",
				    .is_source = true,
				    .loaded = PA_INVALID_INDEX,
				    .stale = true};
}

static void forget_question(struct device *d)
{
	if (!d->asking)
		return;
	pa_operation_cancel(d->asking);
	pa_operation_unref(d->asking);
	d->asking = NULL;
}

static void reset(struct device *d)
{
	forget_question(d);
	d->present = d->running = false;
	d->stale = true;
	d->loaded = PA_INVALID_INDEX;
	d->retry_at_ms = 0;
}

void devices_reset(struct agent *a)
{
	reset(&a->sink);
	reset(&a->source);
	a->subscribed = false;
}

/* ---- answers ---- */

/* The last of the answers: what was not found is not there. */
static void answered(struct device *d)
{
	d->present = d->found;
	d->running = d->found_running;
}

static void on_sink(pa_context *c, const pa_sink_info *i, int end, void *data)
{
	struct agent *a = data;

	if (end) {
		answered(&a->sink);
		return;
	}
	a->sink.found = true;
	a->sink.found_running = i->state == PA_SINK_RUNNING;
}

static void on_source(pa_context *c, const pa_source_info *i, int end, void *data)
{
	struct agent *a = data;
	const char *pipe;

	if (end) {
		answered(&a->source);
		return;
	}
	a->source.found = true;
	a->source.found_running = i->state == PA_SOURCE_RUNNING;
	pipe = pa_proplist_gets(i->proplist, PA_PROP_DEVICE_STRING);
	if (pipe && pipe[0] == '/')
		snprintf(a->source.pipe, sizeof(a->source.pipe), "%s", pipe);
}

static void loaded(struct device *d, uint32_t index)
{
	d->loaded = index;
	d->stale = true;
	if (index != PA_INVALID_INDEX)
		return;
	audio_log("the sound server cannot load %s; trying again", d->module);
	d->retry_at_ms = io_now_ms() + RETRY_MS;
}

static void on_sink_loaded(pa_context *c, uint32_t index, void *data)
{
	loaded(&((struct agent *)data)->sink, index);
}

static void on_source_loaded(pa_context *c, uint32_t index, void *data)
{
	loaded(&((struct agent *)data)->source, index);
}

static void on_event(pa_context *c, pa_subscription_event_type_t type, uint32_t index, void *data)
{
	struct agent *a = data;

	if ((type & PA_SUBSCRIPTION_EVENT_FACILITY_MASK) == PA_SUBSCRIPTION_EVENT_SINK)
		a->sink.stale = true;
	else
		a->source.stale = true;
}

/* ---- questions ---- */

static void ask(struct agent *a, struct device *d)
{
	pa_context *c = a->pulse.context;

	d->stale = false;
	d->found = d->found_running = false;
	d->asking = d->is_source ? pa_context_get_source_info_by_name(c, d->name, on_source, a)
				 : pa_context_get_sink_info_by_name(c, d->name, on_sink, a);
}

static const char *pipe_path(struct agent *a, char *buf, size_t n)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (a->o->pipe)
		return a->o->pipe;
	snprintf(buf, n, "%s/qubes-microphone", dir && *dir ? dir : "/tmp");
	return buf;
}

static void load(struct agent *a, struct device *d)
{
	char args[512], path[200];

	if (d->is_source)
		snprintf(args, sizeof(args),
			 "source_name=%s file=%s format=s16le rate=%d channels=%d "
			 "source_properties=device.description=\"Qubes\\ VCHAN\\ source\"",
			 d->name, pipe_path(a, path, sizeof(path)), AUDIO_RATE, AUDIO_CHANNELS);
	else
		snprintf(args, sizeof(args),
			 "sink_name=%s format=s16le rate=%d channels=%d "
			 "sink_properties=device.description=\"Qubes\\ VCHAN\\ sink\"",
			 d->name, AUDIO_RATE, AUDIO_CHANNELS);
	if (d->is_source)
		snprintf(d->pipe, sizeof(d->pipe), "%s", pipe_path(a, path, sizeof(path)));
	d->asking = pa_context_load_module(a->pulse.context, d->module, args,
					   d->is_source ? on_source_loaded : on_sink_loaded, a);
}

static void subscribe(struct agent *a)
{
	pa_operation *o;

	a->subscribed = true;
	pa_context_set_subscribe_callback(a->pulse.context, on_event, a);
	o = pa_context_subscribe(a->pulse.context,
				 PA_SUBSCRIPTION_MASK_SINK | PA_SUBSCRIPTION_MASK_SOURCE, NULL,
				 NULL);
	if (o)
		pa_operation_unref(o);
}

static void step(struct agent *a, struct device *d)
{
	bool had_answer;

	if (d->asking && pa_operation_get_state(d->asking) == PA_OPERATION_RUNNING)
		return;
	had_answer = d->asking != NULL;
	forget_question(d);
	if (io_now_ms() < d->retry_at_ms) {
		audio_loop_until(&a->loop, d->retry_at_ms);
		return;
	}
	if (d->stale || (!had_answer && !d->present))
		ask(a, d);
	else if (!d->present)
		load(a, d);
}

void devices_step(struct agent *a)
{
	if (!a->pulse.ready)
		return;
	if (!a->subscribed)
		subscribe(a);
	step(a, &a->sink);
	step(a, &a->source);
}

void devices_remove(struct agent *a)
{
	const struct device *all[] = {&a->sink, &a->source};

	for (unsigned i = 0; i < 2 && a->pulse.ready; i++) {
		pa_operation *o = NULL;

		if (all[i]->loaded != PA_INVALID_INDEX)
			o = pa_context_unload_module(a->pulse.context, all[i]->loaded, NULL, NULL);
		/* A last round sends it. */
		for (int n = 0; o && n < 50 && pa_operation_get_state(o) == PA_OPERATION_RUNNING;
		     n++) {
			audio_loop_until(&a->loop, io_now_ms() + 20);
			audio_loop_round(&a->loop);
		}
		if (o)
			pa_operation_unref(o);
	}
}
