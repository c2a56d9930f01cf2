// SPDX-License-Identifier: GPL-2.0-or-later
/* What the two streams of a qube have in common (audiod.h). The sound server is trusted. */
#include "guid/audio/daemon/audiod.h"

/* Callbacks only end the sleep: what is due is looked at by the steps. */
static void on_state(pa_stream *s, void *data)
{
}

static void on_request(pa_stream *s, size_t n, void *data)
{
}

pa_stream *stream_new(struct audiod *a, const char *what)
{
	static const pa_sample_spec spec = {
		.format = PA_SAMPLE_S16LE, .rate = AUDIO_RATE, .channels = AUDIO_CHANNELS};
	pa_proplist *props = pa_proplist_new();
	pa_stream *s;

	/* Mixers show these, and remember the volume under the application's name. */
	pa_proplist_sets(props, PA_PROP_MEDIA_NAME, what);
	pa_proplist_sets(props, PA_PROP_APPLICATION_NAME, a->o->name);
	if (a->o->icon)
		pa_proplist_sets(props, PA_PROP_MEDIA_ICON_NAME, a->o->icon);
	s = pa_stream_new_with_proplist(a->pulse.context, what, &spec, NULL, props);
	pa_proplist_free(props);
	if (!s)
		return NULL;
	pa_stream_set_state_callback(s, on_state, a);
	pa_stream_set_moved_callback(s, on_state, a);
	pa_stream_set_write_callback(s, on_request, a);
	pa_stream_set_read_callback(s, on_request, a);
	return s;
}
