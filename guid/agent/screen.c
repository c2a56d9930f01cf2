/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size and the monitors of the qube's screen, by RandR (screen.h). Peer: the qube's X server.
 */
#include "guid/agent/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>

#include "guid/agent/agent.h"
#include "guid/agent/layout.h"
#include "qrexec/base/cleanup.h"

#define MAX_CRTCS 64
#define REFRESH_HZ 60u
/* A server may place an output that was just connected by itself: so it is told twice. */
#define TRIES 2

struct output {
	xcb_randr_output_t id;
	xcb_randr_crtc_t crtc;
};

struct screen {
	xcb_randr_get_screen_resources_current_reply_t *res; /* owned */
	struct output output[LAYOUT_MAX];
	unsigned outputs;
};

/* The outputs that can be used, each with a controller of its own. */
static void find_outputs(struct agent *a, struct screen *s)
{
	xcb_randr_output_t *ids = xcb_randr_get_screen_resources_current_outputs(s->res);

	for (int i = 0; i < s->res->num_outputs && s->outputs < LAYOUT_MAX; i++) {
		_cleanup_free_ xcb_randr_get_output_info_reply_t *o =
			xcb_randr_get_output_info_reply(
				a->x,
				xcb_randr_get_output_info(a->x, ids[i], s->res->config_timestamp),
				NULL);
		struct output out = {.id = ids[i]};
		bool taken = false;

		if (!o || !o->num_crtcs)
			continue;
		out.crtc = o->crtc ? o->crtc : xcb_randr_get_output_info_crtcs(o)[0];
		for (unsigned k = 0; k < s->outputs; k++)
			taken |= s->output[k].crtc == out.crtc;
		if (!taken)
			s->output[s->outputs++] = out;
	}
}

/* A mode of that name made by an earlier call, or 0. */
static xcb_randr_mode_t find_mode(const struct screen *s, const char *name)
{
	const char *names = (const char *)xcb_randr_get_screen_resources_current_names(s->res);
	xcb_randr_mode_info_t *m = xcb_randr_get_screen_resources_current_modes(s->res);

	for (int i = 0; i < s->res->num_modes; i++) {
		if (m[i].name_len == strlen(name) && !memcmp(names, name, m[i].name_len))
			return m[i].id;
		names += m[i].name_len;
	}
	return 0;
}

static xcb_randr_mode_t get_mode(struct agent *a, const struct screen *s, uint16_t width,
				 uint16_t height)
{
	xcb_randr_mode_info_t info = {.width = width,
				      .height = height,
				      .htotal = width,
				      .vtotal = height,
				      .dot_clock = (uint32_t)width * height * REFRESH_HZ};
	_cleanup_free_ xcb_randr_create_mode_reply_t *r = NULL;
	char name[32];
	xcb_randr_mode_t mode;

	snprintf(name, sizeof(name), "qubes-%ux%u", width, height);
	mode = find_mode(s, name);
	if (mode)
		return mode;
	info.name_len = (uint16_t)strlen(name);
	r = xcb_randr_create_mode_reply(
		a->x, xcb_randr_create_mode(a->x, a->root, info, info.name_len, name), NULL);
	return r ? r->mode : 0;
}

/* The modes of all monitors; those of one size share one. */
static bool get_modes(struct agent *a, const struct screen *s, const struct layout *l,
		      xcb_randr_mode_t *modes)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct monitor *m = &l->monitor[i];

		modes[i] = 0;
		for (unsigned k = 0; k < i && !modes[i]; k++)
			if (l->monitor[k].width == m->width && l->monitor[k].height == m->height)
				modes[i] = modes[k];
		if (!modes[i])
			modes[i] = get_mode(a, s, m->width, m->height);
		if (!modes[i])
			return false;
	}
	return true;
}

static bool set_crtc(struct agent *a, xcb_randr_crtc_t crtc, const struct monitor *m,
		     xcb_randr_mode_t mode, const xcb_randr_output_t *output)
{
	_cleanup_free_ xcb_randr_set_crtc_config_reply_t *r = xcb_randr_set_crtc_config_reply(
		a->x,
		xcb_randr_set_crtc_config(a->x, crtc, XCB_CURRENT_TIME, XCB_CURRENT_TIME,
					  m ? (int16_t)m->x : 0, m ? (int16_t)m->y : 0, mode,
					  XCB_RANDR_ROTATION_ROTATE_0, output ? 1 : 0, output),
		NULL);

	return r && r->status == XCB_RANDR_SET_CONFIG_SUCCESS;
}

static bool is_placed(struct agent *a, xcb_randr_crtc_t crtc, const struct monitor *m)
{
	_cleanup_free_ xcb_randr_get_crtc_info_reply_t *r = xcb_randr_get_crtc_info_reply(
		a->x, xcb_randr_get_crtc_info(a->x, crtc, XCB_CURRENT_TIME), NULL);

	return r && r->mode && r->x == m->x && r->y == m->y && r->width == m->width &&
	       r->height == m->height;
}

static void set_mm(struct agent *a, xcb_randr_output_t output, xcb_atom_t name, uint32_t mm)
{
	xcb_randr_change_output_property(a->x, output, name, XCB_ATOM_INTEGER, 32,
					 XCB_PROP_MODE_REPLACE, 1, &mm);
}

static void turn_off(struct agent *a, const struct screen *s)
{
	xcb_randr_crtc_t *crtcs = xcb_randr_get_screen_resources_current_crtcs(s->res);

	for (int i = 0; i < s->res->num_crtcs && i < MAX_CRTCS; i++)
		set_crtc(a, crtcs[i], NULL, XCB_NONE, NULL);
}

static bool set_size(struct agent *a, const struct layout *l)
{
	/* What clients of old take for the resolution: so that it comes out as the first's. */
	const struct monitor *m = &l->monitor[0];
	uint32_t mm_width = (uint32_t)l->width * m->mm_width / m->width;
	uint32_t mm_height = (uint32_t)l->height * m->mm_height / m->height;
	_cleanup_free_ xcb_generic_error_t *e = xcb_request_check(
		a->x, xcb_randr_set_screen_size_checked(a->x, a->root, l->width, l->height,
							mm_width ? mm_width : 1,
							mm_height ? mm_height : 1));

	return !e;
}

static bool place_outputs(struct agent *a, const struct screen *s, const struct layout *l,
			  const xcb_randr_mode_t *modes)
{
	bool ok = true;

	for (unsigned i = 0; i < l->count; i++) {
		const struct monitor *m = &l->monitor[i];
		const struct output *o = &s->output[i];

		xcb_randr_add_output_mode(a->x, o->id, modes[i]);
		set_mm(a, o->id, a->atom[A_WIDTH_MM], m->mm_width);
		set_mm(a, o->id, a->atom[A_HEIGHT_MM], m->mm_height);
		for (int t = 0; t < TRIES && !is_placed(a, o->crtc, m); t++)
			set_crtc(a, o->crtc, m, modes[i], &o->id);
		ok &= is_placed(a, o->crtc, m);
	}
	xcb_randr_set_output_primary(a->x, a->root, s->output[0].id);
	return ok;
}

/* The screen must hold its controllers at every moment: off, resized, on again. */
static bool configure(struct agent *a, const struct screen *s, const struct layout *l)
{
	xcb_randr_mode_t modes[LAYOUT_MAX];
	bool ok;

	if (!get_modes(a, s, l, modes))
		return false;
	xcb_grab_server(a->x);
	turn_off(a, s);
	ok = set_size(a, l);
	ok = place_outputs(a, s, l, modes) && ok;
	xcb_ungrab_server(a->x);
	/* Has the driver look at the outputs again, which is when it takes their millimetres. */
	free(xcb_randr_get_screen_resources_reply(
		a->x, xcb_randr_get_screen_resources(a->x, a->root), NULL));
	return ok;
}

static bool apply(struct agent *a, const struct layout *l)
{
	struct screen s = {
		.res = xcb_randr_get_screen_resources_current_reply(
			a->x, xcb_randr_get_screen_resources_current(a->x, a->root), NULL)};
	struct layout whole;
	bool ok = false;

	if (s.res)
		find_outputs(a, &s);
	layout_single(l->width, l->height, &whole);
	if (s.outputs)
		ok = configure(a, &s, s.outputs >= l->count ? l : &whole);
	free(s.res);
	return ok;
}

static bool has_size(struct agent *a, uint32_t width, uint32_t height)
{
	_cleanup_free_ xcb_get_geometry_reply_t *g =
		xcb_get_geometry_reply(a->x, xcb_get_geometry(a->x, a->root), NULL);

	return g && g->width == width && g->height == height;
}

void screen_apply(struct agent *a, const struct layout *l)
{
	/* What the server started with needs no work if it fits. */
	if (!a->layout.count && l->count == 1 && has_size(a, l->width, l->height))
		return;
	if (a->layout.count && !memcmp(a->layout.monitor, l->monitor, sizeof(l->monitor)))
		return;
	a->layout = *l;
	if (!a->has_randr || !apply(a, l))
		fprintf(stderr,
			"qubes-gui-agent: the X server cannot make its screen %ux%u with %u "
			"monitors\n",
			l->width, l->height, l->count);
}
