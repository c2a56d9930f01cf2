/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tray icons (guid.h; specs/gui.md section 11). The icon's window goes into dom0's tray by
 * XEMBED. Its pixels, from a hostile qube, are copied before they are tinted: the qube can
 * change them meanwhile.
 */
#include <stdlib.h>
#include <unistd.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "guid/proto/tint.h"
#include "qrexec/base/cleanup.h"

#define REQUEST_DOCK 0
#define XEMBED_MAPPED 1
#define XEMBED_EMBEDDED_NOTIFY 0
#define XEMBED_FOCUS_IN 4
#define WHITE 0xffffffu
#define ALMOST_WHITE 0xfefefeu

void tray_init(struct guid *g)
{
	tint_of(g->x.label_rgb, &g->tint_hue, &g->tint_saturation);
	if (g->o->tray.half_saturation)
		g->tint_saturation /= 2;
}

static void request_dock(struct guid *g, struct gwin *w, xcb_window_t tray)
{
	const xcb_atom_t *a = g->x.atoms;
	uint32_t info[2] = {0, XEMBED_MAPPED};
	xcb_client_message_event_t ev = {.response_type = XCB_CLIENT_MESSAGE,
					 .format = 32,
					 .window = tray,
					 .type = a[X__NET_SYSTEM_TRAY_OPCODE],
					 .data.data32 = {XCB_CURRENT_TIME, REQUEST_DOCK, w->win}};

	x_set_prop(&g->x, w->win, a[X__XEMBED_INFO], a[X__XEMBED_INFO], 32, 2, info);
	xcb_send_event(g->x.c, 0, tray, XCB_EVENT_MASK_NO_EVENT, (const char *)&ev);
}

static int count_docked(const struct guid *g)
{
	int n = 0;

	for (const struct gwin *w = g->windows; w; w = w->next)
		n += w->dock != DOCK_NONE;
	return n;
}

void tray_dock_again(struct guid *g, struct gwin *w)
{
	_cleanup_free_ xcb_get_selection_owner_reply_t *owner = xcb_get_selection_owner_reply(
		g->x.c, xcb_get_selection_owner(g->x.c, g->x.atoms[X_TRAY_SELECTION]), NULL);

	w->dock = DOCK_WANTED;
	if (owner && owner->owner)
		request_dock(g, w, owner->owner);
}

void tray_dock(struct guid *g, struct gwin *w)
{
	/* Row 24. */
	if (w->mapped) {
		log_info("window 0x%x is mapped: not docked", w->remote);
		return;
	}
	if (w->dock)
		return;
	/* More of them would push those of other qubes out of the panel. */
	if (count_docked(g) >= GUID_DOCK_MAX) {
		log_info("window 0x%x is not docked: there are %d icons already", w->remote,
			 GUID_DOCK_MAX);
		return;
	}
	remake_lost(g, w);
	w->dock = DOCK_WANTED;
	if (w->override_redirect)
		window_set_override(g, w, false);
	window_update_frame(g, w);
	hints_write(g, w);
	tray_dock_again(g, w);
}

void tray_dock_all(struct guid *g, xcb_window_t tray)
{
	for (struct gwin *w = g->windows; w; w = w->next)
		if (w->dock && !remake_lost(g, w))
			request_dock(g, w, tray);
}

void tray_released(struct guid *g, struct gwin *w)
{
	xcb_unmap_window(g->x.c, w->win);
	w->dock = DOCK_WANTED;
}

bool tray_update_position(struct guid *g, struct gwin *w)
{
	_cleanup_free_ xcb_translate_coordinates_reply_t *t = xcb_translate_coordinates_reply(
		g->x.c, xcb_translate_coordinates(g->x.c, w->win, g->x.root, 0, 0), NULL);
	int x, y;

	if (!t)
		return false;
	/* Trays keep what they hide off the screen. */
	x = t->dst_x < 0 || t->dst_y < 0 ? 0 : t->dst_x;
	y = t->dst_x < 0 || t->dst_y < 0 ? 0 : t->dst_y;
	if (x == w->box.x && y == w->box.y)
		return false;
	w->box.x = x;
	w->box.y = y;
	return true;
}

void tray_embed_message(struct guid *g, struct gwin *w, const xcb_client_message_event_t *e)
{
	if (!w->dock)
		return;
	if (e->data.data32[1] == XEMBED_FOCUS_IN)
		xevents_send_focus(g, w, XCB_FOCUS_IN, XCB_NOTIFY_DETAIL_NONLINEAR);
	if (e->data.data32[1] != XEMBED_EMBEDDED_NOTIFY || w->dock == DOCK_DONE)
		return;
	w->dock = DOCK_DONE;
	if (!g->o->invisible)
		xcb_map_window(g->x.c, w->win);
	if (tray_update_position(g, w))
		place_tell(g, w, false);
}

/* A copy of the image's part, row by row. False when the memory cannot be read. */
static bool read_part(const struct gimage *i, const struct gui_box *part, uint32_t *pixels)
{
	size_t row = (size_t)part->width * 4;

	for (int y = 0; y < part->height; y++) {
		off_t at = (off_t)i->offset + ((off_t)(part->y + y) * i->width + part->x) * 4;

		if (pread(i->fd, pixels + (size_t)y * (size_t)part->width, row, at) != (ssize_t)row)
			return false;
	}
	return true;
}

static void tint(struct guid *g, uint32_t *pixels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t rgb = pixels[i] & 0xffffff;

		if (g->o->tray.white_hack && rgb == WHITE)
			pixels[i] = ALMOST_WHITE;
		else
			pixels[i] = tint_pixel(rgb, g->tint_hue, g->tint_saturation);
	}
}

/* What has the colour of the icon's corner is taken for transparent, and becomes white. */
static void whiten(const struct gimage *image, uint32_t *pixels, size_t n)
{
	const struct gui_box corner = {0, 0, 1, 1};
	uint32_t key;

	if (!read_part(image, &corner, &key))
		return;
	for (size_t i = 0; i < n; i++)
		if (((pixels[i] ^ key) & 0xffffff) == 0)
			pixels[i] = WHITE;
}

bool tray_paint(struct guid *g, struct gwin *w, const struct gui_box *part)
{
	size_t n = (size_t)part->width * (size_t)part->height;
	_cleanup_free_ uint32_t *pixels = NULL;

	if (w->image.fd < 0)
		return false;
	pixels = malloc(n * 4);
	if (!pixels || !read_part(&w->image, part, pixels))
		return false;
	if (g->o->tray.style == TRAY_TINT)
		tint(g, pixels, n);
	else
		whiten(&w->image, pixels, n);
	xcb_put_image(g->x.c, XCB_IMAGE_FORMAT_Z_PIXMAP, w->win, g->x.gc, (uint16_t)part->width,
		      (uint16_t)part->height, (int16_t)part->x, (int16_t)part->y, 0, 24,
		      (uint32_t)(n * 4), (const uint8_t *)pixels);
	return true;
}
