/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a window manager is told of a qube's smallest sizes and increments, and when (guid.h).
 * Those come from a hostile agent, sanitised; the window manager is trusted, but does as it is
 * told.
 *
 * A smallest size that is larger than the window makes a window manager enlarge it where it is,
 * at once or with the next request: over the screen's edge, until it is moved back. So none is
 * told that is larger than what the window was at any time since the qube last did something to
 * its geometry: than its room. It becomes smaller before the window does, and larger only when the
 * window manager has shown that it got so far.
 */
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/io.h"

/* Changes that are passed on at once, and how long it takes for one to be allowed again, ms. */
#define MAX_CHANGES 32
#define CHANGE_MS 100
#define SIZE_HINTS 18
/* WM_NORMAL_HINTS flags that are not the qube's to give. */
#define HINT_P_SIZE 8u
/* Pixels for the frame of ours and the window manager's. */
#define TITLE_ROOM 64
/* What a tray icon may ask for on each side: pixels, at scale 1. */
#define ICON_SIDE 64

/* What of one dimension's hints a window manager may know, whose window has that much room. */
static void fit(uint32_t *min, uint32_t *base, uint32_t *inc, int room)
{
	uint32_t most = (uint32_t)room;

	if (*min > most)
		*min = most;
	/* Some take sizes that leave room for no increment for one with one. */
	if (*inc && (*base > most || *inc > most - *base))
		*inc = 1;
	if (*base > most)
		*base = most;
}

static struct gui_hints fitted(const struct gwin *w)
{
	struct gui_hints h = w->hints;

	fit(&h.min_width, &h.base_width, &h.width_inc, w->room_width);
	fit(&h.min_height, &h.base_height, &h.height_inc, w->room_height);
	return h;
}

/*
 * No window needs more than the screen has: its frame could not be seen. A window manager that
 * believed in such a size would also not let us shrink it.
 */
static uint32_t fitting(uint32_t hint, int available, uint32_t inset)
{
	uint32_t room = inset && available > 2 * TITLE_ROOM ? (uint32_t)available - TITLE_ROOM
							    : GUI_MAX_WIDTH;

	return hint < room ? hint : room;
}

/* A larger icon would push those of other qubes out of the panel. */
static uint32_t icon_side(const struct guid *g, int wanted)
{
	int most = ICON_SIDE * g->scale;

	return (uint32_t)(wanted < most ? wanted : most);
}

/* inset: pixels of frame on each side that the window has and the hints do not count. */
static void set_hints(struct guid *g, const struct gwin *w, xcb_window_t win, uint32_t inset)
{
	const struct gui_hints h = inset ? fitted(w) : w->hints;
	uint32_t v[SIZE_HINTS] = {h.flags}, add = 2 * inset;

	v[1] = (uint32_t)(w->box.x - (int)inset);
	v[2] = (uint32_t)(w->box.y - (int)inset);
	v[3] = (uint32_t)w->box.width + add;
	v[4] = (uint32_t)w->box.height + add;
	v[5] = fitting(h.min_width, g->x.work.width, inset) + add;
	v[6] = fitting(h.min_height, g->x.work.height, inset) + add;
	v[7] = h.max_width + add;
	v[8] = h.max_height + add;
	v[9] = h.width_inc;
	v[10] = h.height_inc;
	v[15] = fitting(h.base_width, g->x.work.width, inset) + add;
	v[16] = fitting(h.base_height, g->x.work.height, inset) + add;
	if (inset) {
		/* Room for the frame, and increments that are counted without it. */
		v[0] |= GUI_HINT_MIN_SIZE;
		if (h.flags & GUI_HINT_RESIZE_INC)
			v[0] |= GUI_HINT_BASE_SIZE;
	}
	if (w->dock) {
		/* Trays made with GTK ask nothing else; what has no size they don't show. */
		v[0] |= GUI_HINT_MIN_SIZE;
		v[5] = icon_side(g, w->box.width);
		v[6] = icon_side(g, w->box.height);
	}
	if (!w->hinted)
		v[0] |= HINT_P_SIZE;
	x_set_prop(&g->x, win, XCB_ATOM_WM_NORMAL_HINTS, XCB_ATOM_WM_SIZE_HINTS, 32, SIZE_HINTS, v);
}

void hints_write(struct guid *g, struct gwin *w)
{
	set_hints(g, w, w->win, 0);
	if (w->top != w->win)
		set_hints(g, w, w->top, (uint32_t)w->inset);
}

static bool clipped(const struct gwin *w)
{
	struct gui_hints h;

	if (w->top == w->win)
		return false;
	h = fitted(w);
	return memcmp(&h, &w->hints, sizeof(h)) != 0;
}

/* What a window manager may make of one dimension. */
static int least(uint32_t max, uint32_t base, uint32_t inc, int size)
{
	if (max && (uint32_t)size > max)
		size = (int)max;
	if (inc && (uint32_t)size > base)
		size -= (int)(((uint32_t)size - base) % inc);
	return size;
}

void hints_constrain(const struct gwin *w, int *width, int *height)
{
	struct gui_hints h = fitted(w);

	*width = least(h.max_width, h.base_width, h.width_inc, *width);
	*height = least(h.max_height, h.base_height, h.height_inc, *height);
}

/* Tells the window manager, and that more is to be told when the window is at rest. */
static void tell(struct guid *g, struct gwin *w)
{
	int width = w->content_width, height = w->content_height;

	w->hints_late = false;
	hints_constrain(w, &width, &height);
	grow_limit(g, w, width, height);
	hints_write(g, w);
	if (clipped(w))
		timer_set(g, w, TIMER_HINTS, place_calm_at(w));
}

static void set_room(struct guid *g, struct gwin *w, int width, int height)
{
	bool before = clipped(w);

	if (width == w->room_width && height == w->room_height)
		return;
	w->room_width = width;
	w->room_height = height;
	if (before || clipped(w))
		tell(g, w);
}

void hints_shrink(struct guid *g, struct gwin *w)
{
	if (w->top == w->win)
		return;
	set_room(g, w, w->box.width < w->room_width ? w->box.width : w->room_width,
		 w->box.height < w->room_height ? w->box.height : w->room_height);
	/* What is sent next is to be understood by what the qube said before it. */
	if (w->hints_late)
		tell(g, w);
	/* It may have grown. */
	if (!w->timers[TIMER_HINTS] && clipped(w))
		timer_set(g, w, TIMER_HINTS, io_now_ms() + CHANGE_MS);
}

void hints_mapping(struct guid *g, struct gwin *w)
{
	/* One that the window manager still has may yet be what it was. */
	if (w->withdrawing)
		hints_shrink(g, w);
	else if (w->top != w->win)
		set_room(g, w, w->box.width, w->box.height);
}

void hints_changed(struct guid *g, struct gwin *w)
{
	int64_t now = io_now_ms(), fresh = (now - w->hints_counted) / CHANGE_MS;

	if (fresh > 0) {
		w->hints_count -= fresh < w->hints_count ? (unsigned)fresh : w->hints_count;
		w->hints_counted = now;
	}
	if (w->hints_count >= MAX_CHANGES) {
		w->hints_late = true;
		if (!w->timers[TIMER_HINTS])
			timer_set(g, w, TIMER_HINTS, now + CHANGE_MS);
		return;
	}
	w->hints_count++;
	tell(g, w);
}

static bool is_zoomed(const struct gwin *w)
{
	return w->zoomed || w->fake_fullscreen || (w->flags & GUI_FLAG_FULLSCREEN);
}

void hints_due(struct guid *g, struct gwin *w)
{
	int64_t calm = place_calm_at(w);
	struct gui_box box;

	if (w->hints_late)
		tell(g, w);
	if (!clipped(w))
		return;
	if (io_now_ms() < calm) {
		timer_set(g, w, TIMER_HINTS, calm);
		return;
	}
	/* From full screen it goes back to the size it had, which may be a smaller one. */
	if (!w->mapped || w->held || is_zoomed(w) || !place_true_box(g, w, &box) ||
	    box.width != w->box.width || box.height != w->box.height)
		return;
	set_room(g, w, box.width, box.height);
	w->timers[TIMER_HINTS] = 0;
}
