/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the content of a frame may grow (guid.h). The window manager, which is trusted, resizes and
 * moves a window and its own one around it in several steps, in its own time, and may have requests
 * before it that are no longer wanted. A hostile agent can keep it in between. Content that is as
 * large as the last of these steps makes it is cut off by another, and shows no frame there.
 *
 * So while the agent asks for things, content shrinks at once, but grows only when the window has
 * the size that was asked for, and all of its frame is to be seen. When more was asked for
 * meanwhile, one cannot tell what this size is the answer to, and waits until the window manager
 * had its time.
 *
 * A window manager that tells no work area (twm) may put a new window where it likes, over the
 * screen's edge, until it is moved back. There the content begins with nothing, and grows in the
 * same way when the window was seen mapped.
 */
#include "guid/daemon/guid.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

/* How long nothing may be asked for, ms; and how often it is looked whether all is in place. */
#define REST_MS 200
#define RETRY_MS 20

void grow_hold(struct guid *g, struct gwin *w, bool unknown)
{
	if (!w->inset || !w->mapped)
		return;
	w->held_long = unknown || w->held_small;
	w->held_small = true;
	w->rest_at = io_now_ms() + REST_MS;
	if (!w->timers[TIMER_GROW])
		timer_set(g, w, TIMER_GROW, w->rest_at);
}

/* Whether it is only about to be mapped, where that counts. */
static bool unseen(const struct gwin *w)
{
	return w->held || w->unseen_until;
}

void grow_mapping(struct guid *g, struct gwin *w)
{
	grow_hold(g, w, false);
	if (!w->inset || g->x.work_told)
		return;
	w->content_width = w->content_height = 1;
	w->asked_width = w->box.width + 2 * w->inset;
	w->asked_height = w->box.height + 2 * w->inset;
	window_place_content(g, w);
}

void grow_mapped(struct guid *g, struct gwin *w)
{
	if (!w->held_small)
		return;
	w->rest_at = io_now_ms() + REST_MS;
	timer_set(g, w, TIMER_GROW, w->rest_at);
	grow_check(g, w);
}

/* Whether inner is inside what its parent, or the screen, shows. */
static bool contains(int x, int y, int width, int height, int outer_width, int outer_height)
{
	return x >= 0 && y >= 0 && x + width <= outer_width && y + height <= outer_height;
}

/* All of w's frame is on the screen, and in the window manager's window. */
static bool in_place(struct guid *g, struct gwin *w, const struct gui_box *box)
{
	int x = box->x - w->inset, y = box->y - w->inset;
	int width = box->width + 2 * w->inset, height = box->height + 2 * w->inset;
	_cleanup_free_ xcb_get_geometry_reply_t *out = NULL;
	_cleanup_free_ xcb_translate_coordinates_reply_t *t = NULL;
	xcb_get_geometry_cookie_t c;
	xcb_window_t frame;

	if (!contains(x, y, width, height, g->x.root_width, g->x.root_height))
		return false;
	if (!w->reparented)
		return true;
	frame = place_outermost(g, w->top);
	if (!frame || frame == w->top)
		return frame != XCB_NONE;
	c = xcb_get_geometry(g->x.c, frame);
	t = xcb_translate_coordinates_reply(
		g->x.c, xcb_translate_coordinates(g->x.c, w->top, frame, 0, 0), NULL);
	out = xcb_get_geometry_reply(g->x.c, c, NULL);
	return out && t && contains(t->dst_x, t->dst_y, width, height, out->width, out->height);
}

void grow_check(struct guid *g, struct gwin *w)
{
	struct gui_box box;

	if (!w->held_small || unseen(w) || w->held_long || w->top_width != w->asked_width ||
	    w->top_height != w->asked_height || !place_true_box(g, w, &box) ||
	    box.width != w->asked_width - 2 * w->inset ||
	    box.height != w->asked_height - 2 * w->inset)
		return;
	if (!in_place(g, w, &box)) {
		timer_set(g, w, TIMER_GROW, io_now_ms() + RETRY_MS);
		return;
	}
	w->held_small = false;
	window_place_content(g, w);
}

void grow_due(struct guid *g, struct gwin *w)
{
	int64_t now = io_now_ms();
	struct gui_box box;

	if (!w->held_small || unseen(w))
		return;
	grow_check(g, w);
	if (!w->held_small || w->timers[TIMER_GROW])
		return;
	if (now < w->rest_at) {
		timer_set(g, w, TIMER_GROW, w->rest_at);
		return;
	}
	/* Some give it another size; some show less of it. */
	if (now < w->answers_until && !(place_true_box(g, w, &box) && in_place(g, w, &box))) {
		timer_set(g, w, TIMER_GROW, now + REST_MS);
		return;
	}
	w->held_small = false;
	window_place_content(g, w);
}

void grow_limit(struct guid *g, struct gwin *w, int width, int height)
{
	if (!w->inset || !w->mapped || (width >= w->content_width && height >= w->content_height))
		return;
	grow_hold(g, w, false);
	if (width < w->content_width)
		w->content_width = width;
	if (height < w->content_height)
		w->content_height = height;
	w->asked_width = w->content_width + 2 * w->inset;
	w->asked_height = w->content_height + 2 * w->inset;
	window_place_content(g, w);
}
