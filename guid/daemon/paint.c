/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixels: from the shared image to the window, copied by the X server (guid.h). Damage comes
 * from a hostile agent at any rate; it is merged, and painted again only when the X server
 * has done the last lot. Frames that are drawn, not windows (override-redirect, tray), are
 * drawn on exposure, and images are clipped to what is inside them.
 */
#include <stdlib.h>
#include <xcb/xcbext.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"

/* Width of the drawn frame and its distance from the edge. */
static int drawn_frame(const struct guid *g, const struct gwin *w, int *ret_padding)
{
	*ret_padding = 0;
	if (w->dock) {
		*ret_padding = g->o->tray.border > 1 ? 1 : 0;
		return g->o->tray.border ? 1 : 0;
	}
	return w->override_redirect ? GUID_OR_FRAME * g->scale : 0;
}

/* What images may be painted on. False when the frame is all there is. */
static bool inner_box(const struct guid *g, const struct gwin *w, struct gui_box *ret)
{
	int padding, frame = drawn_frame(g, w, &padding);
	int edge = frame + padding;

	*ret = (struct gui_box){edge, edge, w->box.width - 2 * edge, w->box.height - 2 * edge};
	return ret->width > 0 && ret->height > 0;
}

static void draw_frame(struct guid *g, struct gwin *w)
{
	int p, f = drawn_frame(g, w, &p);
	int width = w->box.width - 2 * p, height = w->box.height - 2 * p;
	xcb_rectangle_t r[4];

	if (!f)
		return;
	if (width <= 2 * f || height <= 2 * f) {
		r[0] = (xcb_rectangle_t){0, 0, (uint16_t)w->box.width, (uint16_t)w->box.height};
		xcb_poly_fill_rectangle(g->x.c, w->win, g->x.frame_gc, 1, r);
		return;
	}
	r[0] = (xcb_rectangle_t){(int16_t)p, (int16_t)p, (uint16_t)width, (uint16_t)f};
	r[1] = (xcb_rectangle_t){(int16_t)p, (int16_t)(p + height - f), (uint16_t)width,
				 (uint16_t)f};
	r[2] = (xcb_rectangle_t){(int16_t)p, (int16_t)p, (uint16_t)f, (uint16_t)height};
	r[3] = (xcb_rectangle_t){(int16_t)(p + width - f), (int16_t)p, (uint16_t)f,
				 (uint16_t)height};
	xcb_poly_fill_rectangle(g->x.c, w->win, g->x.frame_gc, 4, r);
}

bool paint_source(struct guid *g, struct gwin *w, struct gimage **ret, int *ret_x, int *ret_y)
{
	*ret_x = *ret_y = 0;
	*ret = &w->image;
	if (w->image.seg)
		return true;
	/* Windows without an image show their part of the whole screen's. */
	if (!g->screen || !g->screen->image.seg)
		return false;
	*ret = &g->screen->image;
	*ret_x = w->box.x;
	*ret_y = w->box.y;
	return true;
}

/* Where there is no image, the background shows, which X has painted in the frame's colour. */
static void draw_background(struct guid *g, struct gwin *w, const struct gui_box *part)
{
	struct gui_box inner, visible;
	struct gimage *image;
	int dx, dy, right = 0, bottom = 0;
	xcb_rectangle_t r[2];

	if (!w->override_redirect || !inner_box(g, w, &inner) ||
	    !box_intersect(part, &inner, &visible))
		return;
	if (paint_source(g, w, &image, &dx, &dy)) {
		right = image->width - dx;
		bottom = image->height - dy;
	}
	right = right < visible.x ? visible.x : right;
	bottom = bottom < visible.y ? visible.y : bottom;
	/* Right of the image, and below it. */
	if (right < visible.x + visible.width) {
		r[0] = (xcb_rectangle_t){(int16_t)right, (int16_t)visible.y,
					 (uint16_t)(visible.x + visible.width - right),
					 (uint16_t)visible.height};
		xcb_poly_fill_rectangle(g->x.c, w->win, g->x.back_gc, 1, &r[0]);
	}
	if (bottom < visible.y + visible.height) {
		r[1] = (xcb_rectangle_t){(int16_t)visible.x, (int16_t)bottom,
					 (uint16_t)visible.width,
					 (uint16_t)(visible.y + visible.height - bottom)};
		xcb_poly_fill_rectangle(g->x.c, w->win, g->x.back_gc, 1, &r[1]);
	}
}

static bool is_plain_tray(const struct guid *g, const struct gwin *w)
{
	return !w->dock || g->o->tray.style == TRAY_BORDER;
}

/* Paints the part (window coordinates) that there is an image for. */
static void paint_part(struct guid *g, struct gwin *w, const struct gui_box *part)
{
	struct gui_box inner, visible, available;
	struct gimage *image;
	int dx, dy;

	if (!inner_box(g, w, &inner) || !box_intersect(part, &inner, &visible) ||
	    !paint_source(g, w, &image, &dx, &dy))
		return;
	available = (struct gui_box){-dx, -dy, image->width, image->height};
	if (!box_intersect(&visible, &available, &visible))
		return;
	if (image->grants.from) {
		struct gui_box part_of_image = visible;

		part_of_image.x += dx;
		part_of_image.y += dy;
		grants_copy(&image->grants, image->width, &part_of_image);
		/* The copy is not written to again before X has read it. */
		g->unsynced_parts = GUID_UNSYNCED_PARTS;
	}
	if (!is_plain_tray(g, w)) {
		tray_paint(g, w, &visible);
		return;
	}
	xcb_shm_put_image(g->x.c, w->win, g->x.gc, (uint16_t)image->width, (uint16_t)image->height,
			  (uint16_t)(visible.x + dx), (uint16_t)(visible.y + dy),
			  (uint16_t)visible.width, (uint16_t)visible.height, (int16_t)visible.x,
			  (int16_t)visible.y, 24, XCB_IMAGE_FORMAT_Z_PIXMAP, 0, image->seg,
			  image->offset);
}

/* Merges two parts when that paints hardly more than both. */
static bool merge(struct gui_box *into, const struct gui_box *part)
{
	struct gui_box u = box_union(into, part);
	int64_t both = (int64_t)into->width * into->height + (int64_t)part->width * part->height;

	if ((int64_t)u.width * u.height > both + both / 4)
		return false;
	*into = u;
	return true;
}

void paint_damage(struct guid *g, struct gwin *w, const struct gui_box *part)
{
	if (w->lost)
		return;
	for (unsigned i = 0; i < w->n_damage; i++)
		if (merge(&w->damage[i], part))
			return;
	if (w->n_damage < GUID_MAX_DAMAGE) {
		w->damage[w->n_damage++] = *part;
		return;
	}
	for (unsigned i = 1; i < w->n_damage; i++)
		w->damage[0] = box_union(&w->damage[0], &w->damage[i]);
	w->damage[0] = box_union(&w->damage[0], part);
	w->n_damage = 1;
}

void paint_expose(struct guid *g, struct gwin *w, const struct gui_box *part)
{
	draw_frame(g, w);
	draw_background(g, w, part);
	paint_damage(g, w, part);
}

static bool server_busy(struct guid *g)
{
	_cleanup_free_ xcb_generic_error_t *error = NULL;
	_cleanup_free_ void *reply = NULL;

	if (g->sync_pending && xcb_poll_for_reply(g->x.c, g->sync_seq, &reply, &error))
		g->sync_pending = false;
	return g->sync_pending;
}

bool paint_due(struct guid *g)
{
	return g->sync_pending && !server_busy(g);
}

void paint_flush(struct guid *g)
{
	if (server_busy(g))
		return;
	for (struct gwin *w = g->windows; w; w = w->next) {
		for (unsigned i = 0; i < w->n_damage; i++) {
			g->unsynced_pixels +=
				(uint64_t)w->damage[i].width * (uint64_t)w->damage[i].height;
			paint_part(g, w, &w->damage[i]);
		}
		g->unsynced_parts += w->n_damage;
		w->n_damage = 0;
	}
	/* A little now and then is not worth an answer, which would only wake us. */
	if (g->unsynced_parts < GUID_UNSYNCED_PARTS && g->unsynced_pixels < GUID_UNSYNCED_PIXELS)
		return;
	g->unsynced_parts = 0;
	g->unsynced_pixels = 0;
	g->sync_seq = xcb_get_input_focus(g->x.c).sequence;
	g->sync_pending = true;
}
