/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a qube's windows may be (guid.h, geometry.h; specs/gui.md section 9).
 * Sizes come from a hostile agent, clamped.
 */
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define MAX_NESTING 8  /* of a window manager's windows around ours */
#define MAX_EXTENT 512 /* pixels; nobody draws wider frames */
#define ANSWER_MS 3000
#define MAX_ANSWERS 3
#define LOOK_MS 300 /* doubled with each look that found something */
#define MAX_LOOKS 5
#define CALM_MS 500

/* The part of a monitor that windows may take. False when there is none. */
static bool monitor_area(const struct guid *g, unsigned monitor, struct gui_box *ret)
{
	return box_intersect(&g->x.monitors[monitor], &g->x.work, ret);
}

static bool cover_screen(const struct guid *g, const struct gui_box *boxes, size_t n)
{
	struct gui_box area;

	if (boxes_cover(boxes, n, &g->x.work))
		return true;
	for (unsigned i = 0; i < g->x.n_monitors; i++)
		if (monitor_area(g, i, &area) && boxes_cover(boxes, n, &area))
			return true;
	return false;
}

/* With w, do the override-redirect windows hide the screen, or a monitor? */
static bool hides_screen(struct guid *g, struct gwin *w)
{
	struct gui_box boxes[GUID_OR_MAX];
	size_t n = 1;

	if (box_too_large(&w->box, &g->x.work))
		return true;
	/* Where it will be. */
	boxes[0] = w->box;
	box_force_inside(&boxes[0], &g->x.work, g->x.root_width, g->x.root_height);
	for (struct gwin *i = g->windows; i; i = i->next) {
		if (i == w || !i->mapped || !i->override_redirect)
			continue;
		if (n == GUID_OR_MAX)
			return true;
		boxes[n++] = i->box;
	}
	return cover_screen(g, boxes, n);
}

bool place_override(struct guid *g, struct gwin *w, bool wanted)
{
	/* Never turned on while mapped, but turned off when the window grows. */
	if (w->mapped)
		wanted = w->override_redirect;
	if (!wanted || !g->o->override_redirect || w->dock)
		return false;
	if (!g->o->override_redirect_protection || !hides_screen(g, w))
		return true;
	log_info("window 0x%x (%dx%d) may not bypass the window manager: too large", w->remote,
		 w->box.width, w->box.height);
	if (!g->warned_size) {
		g->warned_size = true;
		guid_notify(g,
			    "%s tried to cover the screen with a window that cannot be moved or "
			    "closed; it was made an ordinary window. If a program of it does not "
			    "work for that, set the qube's feature "
			    "gui-override-redirect-protection to an empty value.",
			    g->o->name);
	}
	return false;
}

/* The space around w->box that belongs to the window: our frame and the window manager's. */
static void add_frames(const struct gwin *w, struct gui_box *b, int sign)
{
	b->x -= sign * (w->inset + w->extents[EXTENT_LEFT]);
	b->y -= sign * (w->inset + w->extents[EXTENT_TOP]);
	b->width += sign * (2 * w->inset + w->extents[EXTENT_LEFT] + w->extents[EXTENT_RIGHT]);
	b->height += sign * (2 * w->inset + w->extents[EXTENT_TOP] + w->extents[EXTENT_BOTTOM]);
}

void place_recall(struct guid *g, struct gwin *w)
{
	if (w->override_redirect || !w->inset || !w->mapped ||
	    !box_off_screen(&w->box, g->x.root_width, g->x.root_height))
		return;
	w->box.x = g->x.work.x;
	w->box.y = g->x.work.y;
}

/* A monitor that nothing of the frame is on, as the content is larger: back onto it. */
static bool force_onto_monitor(const struct guid *g, const struct gwin *w, struct gui_box *outer)
{
	struct gui_box content = *outer, area, common;

	add_frames(w, &content, -1);
	for (unsigned i = 0; i < g->x.n_monitors; i++)
		if (monitor_area(g, i, &area) && box_intersect(&content, &area, &common) &&
		    box_equal(&common, &area))
			return box_force_inside(outer, &area, g->x.root_width, g->x.root_height);
	return false;
}

bool place_force(struct guid *g, struct gwin *w)
{
	struct gui_box outer = w->box;
	bool moved;

	/* What is unmapped hides nothing; without a frame of ours it is the window manager's. */
	if (!w->override_redirect && (!w->inset || !w->mapped))
		return false;
	if (w->inset)
		add_frames(w, &outer, 1);
	moved = box_force_inside(&outer, &g->x.work, g->x.root_width, g->x.root_height);
	if (w->inset)
		moved |= force_onto_monitor(g, w, &outer);
	if (!moved)
		return false;
	if (w->inset)
		add_frames(w, &outer, -1);
	w->box = outer;
	if (w->box.width < 1)
		w->box.width = 1;
	if (w->box.height < 1)
		w->box.height = 1;
	log_debug("window 0x%x moved to %d,%d %dx%d, to be seen", w->remote, w->box.x, w->box.y,
		  w->box.width, w->box.height);
	return true;
}

void place_end_override(struct guid *g, struct gwin *w)
{
	window_unmap(g, w);
	window_set_override(g, w, false);
	window_update_frame(g, w);
	place_force(g, w);
	window_apply_box(g, w);
	if (!w->mapped)
		return;
	stack_mapping(g, w);
	window_map(g, w);
}

void place_screen_changed(struct guid *g)
{
	for (struct gwin *w = g->windows; w; w = w->next) {
		struct gui_box old = w->box;

		if (!w->mapped || !w->override_redirect || place_override(g, w, true))
			continue;
		place_end_override(g, w);
		if (!box_equal(&old, &w->box))
			place_tell(g, w, true);
	}
}

xcb_window_t place_outermost(struct guid *g, xcb_window_t id)
{
	for (int i = 0; i < MAX_NESTING; i++) {
		_cleanup_free_ xcb_query_tree_reply_t *t =
			xcb_query_tree_reply(g->x.c, xcb_query_tree(g->x.c, id), NULL);

		if (!t || t->parent == XCB_NONE)
			break;
		if (t->parent == g->x.root)
			return id;
		id = t->parent;
	}
	return XCB_NONE;
}

void place_look_later(struct guid *g, struct gwin *w)
{
	/* Not put off: it would never come to that. */
	if (!w->timers[TIMER_LOOK] && w->looks < MAX_LOOKS)
		timer_set(g, w, TIMER_LOOK, io_now_ms() + (LOOK_MS << w->looks));
}

void place_check_answers(struct guid *g, struct gwin *w)
{
	w->answers = MAX_ANSWERS;
	w->answers_until = io_now_ms() + ANSWER_MS;
	w->looks = 0;
	place_look_later(g, w);
}

int64_t place_calm_at(const struct gwin *w)
{
	return w->answers_until - ANSWER_MS + CALM_MS;
}

bool place_true_box(struct guid *g, const struct gwin *w, struct gui_box *ret)
{
	xcb_get_geometry_cookie_t c = xcb_get_geometry(g->x.c, w->top);
	_cleanup_free_ xcb_translate_coordinates_reply_t *t = xcb_translate_coordinates_reply(
		g->x.c, xcb_translate_coordinates(g->x.c, w->top, g->x.root, 0, 0), NULL);
	_cleanup_free_ xcb_get_geometry_reply_t *size = xcb_get_geometry_reply(g->x.c, c, NULL);

	if (!t || !size)
		return false;
	*ret = (struct gui_box){t->dst_x + w->inset, t->dst_y + w->inset,
				size->width - 2 * w->inset, size->height - 2 * w->inset};
	/* A window manager need not know of our frame. */
	if (ret->width < 1)
		ret->width = 1;
	if (ret->height < 1)
		ret->height = 1;
	return true;
}

/*
 * Only what must not stay is changed. A place that is not the one asked for may be one that the
 * window manager has not come to leave yet.
 */
void place_look(struct guid *g, struct gwin *w)
{
	struct gui_box asked = w->box, box;

	if (w->override_redirect || w->dock || !w->inset || !w->mapped || !w->reparented ||
	    !place_true_box(g, w, &box))
		return;
	place_measure(g, w);
	w->box = box;
	if (!place_force(g, w)) {
		w->box = asked;
		return;
	}
	log_info("window 0x%x is where its frame is hidden: moving it back", w->remote);
	window_apply_box(g, w);
	w->looks++;
	place_look_later(g, w);
	if (!w->configure_queued)
		place_tell(g, w, true);
}

/*
 * Not all window managers tell _NET_FRAME_EXTENTS, and not at once. But what marco and mutter have
 * around a frame, for the pointer and never to be seen, they don't count.
 */
static void subtract_unseen(struct guid *g, struct gwin *w)
{
	uint32_t told[4];

	if (x_get_u32s(&g->x, w->top, g->x.atoms[X__NET_FRAME_EXTENTS], XCB_ATOM_CARDINAL, told,
		       4) != 4)
		return;
	for (int i = 0; i < 4; i++)
		if (told[i] < (uint32_t)w->extents[i])
			w->extents[i] = (int)told[i];
}

/* As around windows that are maximised. */
static bool title_only(const int extents[4])
{
	return !extents[EXTENT_LEFT] && !extents[EXTENT_RIGHT] && !extents[EXTENT_BOTTOM];
}

void place_measure(struct guid *g, struct gwin *w)
{
	_cleanup_free_ xcb_get_geometry_reply_t *in = NULL, *out = NULL;
	_cleanup_free_ xcb_translate_coordinates_reply_t *t = NULL;
	xcb_window_t frame = w->reparented ? place_outermost(g, w->top) : XCB_NONE;
	int border;

	if (!frame || w->dock)
		return;
	out = xcb_get_geometry_reply(g->x.c, xcb_get_geometry(g->x.c, frame), NULL);
	in = xcb_get_geometry_reply(g->x.c, xcb_get_geometry(g->x.c, w->top), NULL);
	t = xcb_translate_coordinates_reply(
		g->x.c, xcb_translate_coordinates(g->x.c, w->top, frame, 0, 0), NULL);
	if (!out || !in || !t)
		return;
	border = out->border_width;
	w->extents[EXTENT_LEFT] = t->dst_x + border;
	w->extents[EXTENT_TOP] = t->dst_y + border;
	w->extents[EXTENT_RIGHT] = out->width + border - t->dst_x - in->width;
	w->extents[EXTENT_BOTTOM] = out->height + border - t->dst_y - in->height;
	for (int i = 0; i < 4; i++)
		if (w->extents[i] < 0 || w->extents[i] > MAX_EXTENT)
			w->extents[i] = 0;
	subtract_unseen(g, w);
	if (!title_only(w->extents) || title_only(g->extents))
		memcpy(g->extents, w->extents, sizeof(g->extents));
}

void place_assume(struct guid *g, struct gwin *w)
{
	if (w->reparented && title_only(w->extents) && !title_only(g->extents))
		memcpy(w->extents, g->extents, sizeof(w->extents));
}

void place_expect(struct guid *g, struct gwin *w)
{
	const int *e = g->extents;

	if (w->reparented || !w->inset)
		return;
	/* It puts its frame's corner where ours is (ICCCM 4.1.2.3). */
	memset(w->extents, 0, sizeof(w->extents));
	w->extents[EXTENT_RIGHT] = e[EXTENT_LEFT] + e[EXTENT_RIGHT];
	w->extents[EXTENT_BOTTOM] = e[EXTENT_TOP] + e[EXTENT_BOTTOM];
}

void place_tell(struct guid *g, struct gwin *w, bool wait_for_echo)
{
	struct gui_msg m = {.type = GUI_MSG_CONFIGURE,
			    .window = w->remote,
			    .u.geometry = {.x = w->box.x,
					   .y = w->box.y,
					   .width = (uint32_t)w->box.width,
					   .height = (uint32_t)w->box.height}};

	if (wait_for_echo && w->remote != GUI_WINDOW_SCREEN)
		w->configure_queued = true;
	link_send(g, &m);
}
