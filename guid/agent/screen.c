/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size of the qube's screen, by RandR (screen.h). Peer: the qube's X server. */
#include "guid/agent/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>

#include "guid/agent/agent.h"
#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"

#define MM_PER_INCH_X10 254
#define DPI 96

struct output {
	xcb_randr_output_t id;
	xcb_randr_crtc_t crtc;
};

static uint32_t to_mm(uint32_t pixels)
{
	return pixels * MM_PER_INCH_X10 / (DPI * 10);
}

/* The first connected output, and the controller it has or may have. */
static bool find_output(struct agent *a, xcb_randr_get_screen_resources_current_reply_t *res,
			struct output *ret)
{
	xcb_randr_output_t *ids = xcb_randr_get_screen_resources_current_outputs(res);

	for (int i = 0; i < res->num_outputs; i++) {
		_cleanup_free_ xcb_randr_get_output_info_reply_t *o =
			xcb_randr_get_output_info_reply(
				a->x,
				xcb_randr_get_output_info(a->x, ids[i], res->config_timestamp),
				NULL);

		if (!o || o->connection != XCB_RANDR_CONNECTION_CONNECTED)
			continue;
		ret->id = ids[i];
		ret->crtc = o->crtc;
		if (!ret->crtc && o->num_crtcs)
			ret->crtc = xcb_randr_get_output_info_crtcs(o)[0];
		return ret->crtc != XCB_NONE;
	}
	return false;
}

/* A mode of that size made by an earlier call, or 0. */
static xcb_randr_mode_t find_mode(xcb_randr_get_screen_resources_current_reply_t *res,
				  const char *name)
{
	const char *names = (const char *)xcb_randr_get_screen_resources_current_names(res);
	xcb_randr_mode_info_t *m = xcb_randr_get_screen_resources_current_modes(res);

	for (int i = 0; i < res->num_modes; i++) {
		if (m[i].name_len == strlen(name) && !memcmp(names, name, m[i].name_len))
			return m[i].id;
		names += m[i].name_len;
	}
	return 0;
}

static xcb_randr_mode_t make_mode(struct agent *a,
				  xcb_randr_get_screen_resources_current_reply_t *res,
				  uint16_t width, uint16_t height)
{
	xcb_randr_mode_info_t info = {.width = width,
				      .height = height,
				      .htotal = width,
				      .vtotal = height,
				      .dot_clock = (uint32_t)width * height * 60u};
	_cleanup_free_ xcb_randr_create_mode_reply_t *r = NULL;
	char name[32];
	xcb_randr_mode_t mode;

	snprintf(name, sizeof(name), "qubes-%ux%u", width, height);
	mode = find_mode(res, name);
	if (mode)
		return mode;
	info.name_len = (uint16_t)strlen(name);
	r = xcb_randr_create_mode_reply(
		a->x, xcb_randr_create_mode(a->x, a->root, info, info.name_len, name), NULL);
	return r ? r->mode : 0;
}

/* The screen must hold its controllers at every moment: off, resized, on again. */
static bool apply(struct agent *a, const struct output *o, xcb_randr_mode_t mode, uint16_t width,
		  uint16_t height)
{
	_cleanup_free_ xcb_randr_set_crtc_config_reply_t *off = NULL, *on = NULL;
	xcb_generic_error_t *e;
	bool ok;

	xcb_grab_server(a->x);
	xcb_randr_add_output_mode(a->x, o->id, mode);
	off = xcb_randr_set_crtc_config_reply(
		a->x,
		xcb_randr_set_crtc_config(a->x, o->crtc, 0, 0, 0, 0, XCB_NONE,
					  XCB_RANDR_ROTATION_ROTATE_0, 0, NULL),
		NULL);
	e = xcb_request_check(a->x, xcb_randr_set_screen_size_checked(a->x, a->root, width, height,
								      to_mm(width), to_mm(height)));
	free(e);
	ok = !e;
	on = xcb_randr_set_crtc_config_reply(
		a->x,
		xcb_randr_set_crtc_config(a->x, o->crtc, 0, 0, 0, 0, mode,
					  XCB_RANDR_ROTATION_ROTATE_0, 1, &o->id),
		NULL);
	xcb_ungrab_server(a->x);
	return ok && on && on->status == XCB_RANDR_SET_CONFIG_SUCCESS;
}

static bool has_size(struct agent *a, uint32_t width, uint32_t height)
{
	_cleanup_free_ xcb_get_geometry_reply_t *g =
		xcb_get_geometry_reply(a->x, xcb_get_geometry(a->x, a->root), NULL);

	return g && g->width == width && g->height == height;
}

static bool resize(struct agent *a, uint16_t width, uint16_t height)
{
	_cleanup_free_ xcb_randr_get_screen_resources_current_reply_t *res = NULL;
	struct output o = {0};
	xcb_randr_mode_t mode;

	res = xcb_randr_get_screen_resources_current_reply(
		a->x, xcb_randr_get_screen_resources_current(a->x, a->root), NULL);
	if (!res || !find_output(a, res, &o))
		return false;
	mode = make_mode(a, res, width, height);
	return mode && apply(a, &o, mode, width, height);
}

void screen_resize(struct agent *a, uint32_t width, uint32_t height)
{
	if (!width || !height || width > INT16_MAX || height > INT16_MAX ||
	    has_size(a, width, height))
		return;
	if (!a->has_randr || !resize(a, (uint16_t)width, (uint16_t)height))
		fprintf(stderr,
			"qubes-gui-agent: the X server cannot make its screen %ux%u; it stays as "
			"it is\n",
			width, height);
}
