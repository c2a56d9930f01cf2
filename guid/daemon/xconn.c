/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connection to the X server (xconn.h). Peer: dom0's X server, trusted. */
#include "guid/daemon/xconn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>
#include <xcb/shm.h>

#include "guid/daemon/geometry.h"
#include "guid/daemon/log.h"
#include "guid/daemon/xsetup.h"
#include "qrexec/base/cleanup.h"

/* No screen is wider: a work area beyond this is a window manager's mistake. */
#define MAX_SCREEN (1 << 20)

static const char *const atom_names[] = {
#define A(name) #name,
	X_ATOMS(A)
#undef A
};

static int intern_atoms(struct xconn *x)
{
	xcb_intern_atom_cookie_t cookies[X_ATOM_COUNT];
	char tray[40];
	int r = 0;

	snprintf(tray, sizeof(tray), "_NET_SYSTEM_TRAY_S%d", x->screen);
	for (int i = 0; i < X_ATOM_COUNT; i++) {
		const char *name = i == X_TRAY_SELECTION ? tray : atom_names[i];

		cookies[i] = xcb_intern_atom(x->c, 0, (uint16_t)strlen(name), name);
	}
	for (int i = 0; i < X_ATOM_COUNT; i++) {
		_cleanup_free_ xcb_intern_atom_reply_t *reply =
			xcb_intern_atom_reply(x->c, cookies[i], NULL);

		if (!reply)
			r = -EIO;
		else
			x->atoms[i] = reply->atom;
	}
	return r;
}

static const xcb_screen_t *screen_of(xcb_connection_t *c, int n)
{
	xcb_screen_iterator_t it = xcb_setup_roots_iterator(xcb_get_setup(c));

	while (it.rem && n-- > 0)
		xcb_screen_next(&it);
	return it.rem ? it.data : NULL;
}

static bool true_color(const xcb_screen_t *s)
{
	xcb_depth_iterator_t d = xcb_screen_allowed_depths_iterator(s);

	for (; d.rem; xcb_depth_next(&d)) {
		xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator(d.data);

		for (; v.rem; xcb_visualtype_next(&v))
			if (v.data->visual_id == s->root_visual)
				return v.data->red_mask == 0xff0000 &&
				       v.data->green_mask == 0xff00 && v.data->blue_mask == 0xff;
	}
	return false;
}

/* MIT-SHM 1.2 is what takes a descriptor. */
static bool can_share(xcb_connection_t *c)
{
	_cleanup_free_ xcb_shm_query_version_reply_t *v =
		xcb_shm_query_version_reply(c, xcb_shm_query_version(c), NULL);

	return v && (v->major_version > 1 || (v->major_version == 1 && v->minor_version >= 2));
}

static int check_server(struct xconn *x)
{
	const xcb_query_extension_reply_t *shm;
	const xcb_screen_t *s;

	if (xcb_connection_has_error(x->c)) {
		const char *display = getenv("DISPLAY");

		log_error("cannot connect to the X server at DISPLAY=%s; is it running, and may "
			  "this user use it?",
			  display ? display : "");
		return -EIO;
	}
	s = screen_of(x->c, x->screen);
	if (!s || s->root_depth != 24 || !true_color(s)) {
		log_error("the X server's screen must be TrueColor with 24 bits; start it so");
		return -ENOTSUP;
	}
	x->root = s->root;
	x->root_width = s->width_in_pixels;
	x->root_height = s->height_in_pixels;
	shm = xcb_get_extension_data(x->c, &xcb_shm_id);
	if (!shm)
		return -EIO; /* the X server has just gone */
	if (!shm->present || !can_share(x->c)) {
		log_error("the X server lacks MIT-SHM 1.2, which shows the qubes' pixels; is it a "
			  "remote one?");
		return -ENOTSUP;
	}
	return 0;
}

int xconn_open(struct xconn *x, const struct guid_options *o)
{
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
	int r;

	*x = (struct xconn){.c = xcb_connect(NULL, &x->screen)};
	r = check_server(x);
	if (!r)
		r = intern_atoms(x);
	if (!r)
		r = xsetup_colors(x, o);
	if (!r)
		r = xsetup_props(x, o);
	if (r)
		return r;
	xsetup_start_time(x);
	xcb_change_window_attributes(x->c, x->root, XCB_CW_EVENT_MASK, &mask);
	xsetup_time_window(x);
	x->work = (struct gui_box){0, 0, x->root_width, x->root_height};
	xconn_update_work_area(x);
	xconn_update_monitors(x);
	xconn_update_keys(x, o);
	return xcb_connection_has_error(x->c) ? -EIO : 0;
}

void xconn_close(struct xconn *x)
{
	for (unsigned i = 0; i < x->n_props; i++)
		free(x->props[i].data);
	if (x->c)
		xcb_disconnect(x->c);
	x->c = NULL;
}

void xconn_update_screen(struct xconn *x)
{
	_cleanup_free_ xcb_get_geometry_reply_t *g =
		xcb_get_geometry_reply(x->c, xcb_get_geometry(x->c, x->root), NULL);

	if (!g)
		return;
	x->root_width = g->width;
	x->root_height = g->height;
	xconn_update_monitors(x);
	xconn_update_work_area(x);
}

void xconn_update_monitors(struct xconn *x)
{
	const xcb_query_extension_reply_t *randr = xcb_get_extension_data(x->c, &xcb_randr_id);
	_cleanup_free_ xcb_randr_query_version_reply_t *v = NULL;
	_cleanup_free_ xcb_randr_get_monitors_reply_t *r = NULL;
	xcb_randr_monitor_info_iterator_t i;

	x->n_monitors = 0;
	if (!randr || !randr->present)
		return;
	v = xcb_randr_query_version_reply(x->c, xcb_randr_query_version(x->c, 1, 5), NULL);
	if (!v || (v->major_version == 1 && v->minor_version < 5))
		return;
	r = xcb_randr_get_monitors_reply(x->c, xcb_randr_get_monitors(x->c, x->root, 1), NULL);
	if (!r)
		return;
	for (i = xcb_randr_get_monitors_monitors_iterator(r);
	     i.rem && x->n_monitors < X_MONITORS_MAX; xcb_randr_monitor_info_next(&i)) {
		const struct gui_box screen = {0, 0, x->root_width, x->root_height};
		const struct gui_box m = {i.data->x, i.data->y, i.data->width, i.data->height};

		if (box_intersect(&m, &screen, &x->monitors[x->n_monitors]))
			x->n_monitors++;
	}
}

/* The work area of the current desktop. False when the window manager tells none. */
static bool read_work_area(struct xconn *x, uint32_t area[4])
{
	uint32_t desktop;
	_cleanup_free_ xcb_get_property_reply_t *reply = NULL;

	if (x_get_u32s(x, x->root, x->atoms[X__NET_CURRENT_DESKTOP], XCB_ATOM_CARDINAL, &desktop,
		       1) != 1 ||
	    desktop > MAX_SCREEN)
		return false;
	reply = xcb_get_property_reply(x->c,
				       xcb_get_property(x->c, 0, x->root, x->atoms[X__NET_WORKAREA],
							XCB_ATOM_CARDINAL, desktop * 4, 4),
				       NULL);
	if (!reply || reply->format != 32 || xcb_get_property_value_length(reply) != 16)
		return false;
	memcpy(area, xcb_get_property_value(reply), 16);
	return true;
}

void xconn_update_work_area(struct xconn *x)
{
	uint32_t a[4];

	x->work_told = read_work_area(x, a);
	if (!x->work_told) {
		x->work = (struct gui_box){0, 0, x->root_width, x->root_height};
		return;
	}
	/* An area that makes no sense leaves the one before. */
	if (a[0] > MAX_SCREEN || a[1] > MAX_SCREEN || a[2] > MAX_SCREEN || a[3] > MAX_SCREEN ||
	    !a[2] || !a[3]) {
		log_error("the window manager's work area makes no sense; keeping the old one");
		return;
	}
	x->work = (struct gui_box){(int)a[0], (int)a[1], (int)a[2], (int)a[3]};
	log_debug("work area %d,%d %dx%d", x->work.x, x->work.y, x->work.width, x->work.height);
}

xcb_cursor_t xconn_cursor(struct xconn *x, int glyph)
{
	static const char font[] = "cursor";

	if (glyph < 0 || glyph >= (int)X_CURSORS)
		return XCB_NONE;
	if (!x->cursor_font) {
		x->cursor_font = xcb_generate_id(x->c);
		xcb_open_font(x->c, x->cursor_font, sizeof(font) - 1, font);
	}
	if (!x->cursors[glyph]) {
		x->cursors[glyph] = xcb_generate_id(x->c);
		xcb_create_glyph_cursor(x->c, x->cursors[glyph], x->cursor_font, x->cursor_font,
					(uint16_t)glyph, (uint16_t)(glyph + 1), 0, 0, 0, 0xffff,
					0xffff, 0xffff);
	}
	return x->cursors[glyph];
}

void x_set_prop(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint8_t format,
		uint32_t count, const void *data)
{
	xcb_change_property(x->c, XCB_PROP_MODE_REPLACE, w, name, type, format, count, data);
}

void x_set_u32(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint32_t v)
{
	x_set_prop(x, w, name, type, 32, 1, &v);
}

void x_set_text(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, const char *text)
{
	x_set_prop(x, w, name, type, 8, (uint32_t)strlen(text), text);
}

int x_get_u32s(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint32_t *ret,
	       uint32_t max)
{
	_cleanup_free_ xcb_get_property_reply_t *reply = xcb_get_property_reply(
		x->c, xcb_get_property(x->c, 0, w, name, type, 0, max), NULL);
	int n;

	if (!reply)
		return -ENOENT;
	if (reply->format != 32)
		return 0;
	n = xcb_get_property_value_length(reply) / 4;
	memcpy(ret, xcb_get_property_value(reply), (size_t)n * 4);
	return n;
}

void x_send_root(struct xconn *x, xcb_window_t w, xcb_atom_t type, const uint32_t data[5])
{
	xcb_client_message_event_t ev = {
		.response_type = XCB_CLIENT_MESSAGE, .format = 32, .window = w, .type = type};

	memcpy(ev.data.data32, data, sizeof(ev.data.data32));
	xcb_send_event(x->c, 0, x->root,
		       XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
		       (const char *)&ev);
}
