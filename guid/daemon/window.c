/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * X windows of the qube's windows, and the frames around them (guid.h). Two forms:
 *
 *	w->top == w->win	override-redirect, docked, or --wm-draws-frame
 *	w->top frames w->win	top is GUID_FRAME pixels larger on each side, and its background is
 *				the label's colour: the X server itself paints the frame, and the
 *				qube's pixels are clipped to the window inside
 *
 * Geometry was clamped before. X is trusted.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"

#define CONTENT_EVENTS                                                                             \
	(XCB_EVENT_MASK_EXPOSURE | XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |         \
	 XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE |                             \
	 XCB_EVENT_MASK_POINTER_MOTION | XCB_EVENT_MASK_ENTER_WINDOW |                             \
	 XCB_EVENT_MASK_LEAVE_WINDOW | XCB_EVENT_MASK_FOCUS_CHANGE |                               \
	 XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE)
#define FRAME_EVENTS                                                                               \
	(XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE | XCB_EVENT_MASK_BUTTON_PRESS |     \
	 XCB_EVENT_MASK_FOCUS_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY |                           \
	 XCB_EVENT_MASK_PROPERTY_CHANGE)

/* --- tables --- */

static unsigned bucket(uint32_t id)
{
	return (id * 2654435761u) >> 24 & (GUID_BUCKETS - 1);
}

static void key_add(struct gwin_key **table, struct gwin_key *k, uint32_t id, struct gwin *w)
{
	unsigned b = bucket(id);

	*k = (struct gwin_key){.id = id, .next = table[b], .w = w};
	table[b] = k;
}

static void key_remove(struct gwin_key **table, struct gwin_key *k)
{
	struct gwin_key **p;

	if (!k->w)
		return;
	for (p = &table[bucket(k->id)]; *p != k; p = &(*p)->next)
		;
	*p = k->next;
	k->w = NULL;
}

static struct gwin *key_find(struct gwin_key **table, uint32_t id)
{
	for (struct gwin_key *k = table[bucket(id)]; k; k = k->next)
		if (k->id == id)
			return k->w;
	return NULL;
}

struct gwin *window_by_remote(struct guid *g, uint32_t remote)
{
	return key_find(g->by_remote, remote);
}

struct gwin *window_by_local(struct guid *g, xcb_window_t id)
{
	return key_find(g->by_local, id);
}

/* --- X windows --- */

/* Pixels stay where they are when an ordinary window is resized; drawn frames must not. */
static uint32_t gravity_for(const struct gwin *w)
{
	return w->override_redirect ? XCB_GRAVITY_BIT_FORGET : XCB_GRAVITY_NORTH_WEST;
}

/* What X paints before we do. A frame that is drawn must be there from the first moment. */
static uint32_t background_for(const struct guid *g, const struct gwin *w)
{
	return w->override_redirect ? g->x.label_rgb : g->x.background;
}

static void create_content(struct guid *g, struct gwin *w)
{
	uint32_t values[] = {background_for(g, w), gravity_for(w), w->override_redirect};

	w->win = xcb_generate_id(g->x.c);
	xcb_create_window(g->x.c, XCB_COPY_FROM_PARENT, w->win, g->x.root, (int16_t)w->box.x,
			  (int16_t)w->box.y, (uint16_t)w->box.width, (uint16_t)w->box.height, 0,
			  XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			  XCB_CW_BACK_PIXEL | XCB_CW_BIT_GRAVITY | XCB_CW_OVERRIDE_REDIRECT,
			  values);
	w->top = w->win;
	key_add(g->by_local, &w->by_win, w->win, w);
}

static void add_frame(struct guid *g, struct gwin *w)
{
	uint32_t events = FRAME_EVENTS;

	w->inset = GUID_FRAME * g->scale;
	w->top_width = w->box.width + 2 * w->inset;
	w->top_height = w->box.height + 2 * w->inset;
	w->content_width = w->box.width;
	w->content_height = w->box.height;
	w->asked_width = w->top_width;
	w->asked_height = w->top_height;
	w->held_small = false;
	w->room_width = w->box.width;
	w->room_height = w->box.height;
	w->top = xcb_generate_id(g->x.c);
	xcb_create_window(g->x.c, XCB_COPY_FROM_PARENT, w->top, g->x.root,
			  (int16_t)(w->box.x - w->inset), (int16_t)(w->box.y - w->inset),
			  (uint16_t)w->top_width, (uint16_t)w->top_height, 0,
			  XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL,
			  &g->x.label_rgb);
	key_add(g->by_local, &w->by_top, w->top, w);
	xcb_reparent_window(g->x.c, w->win, w->top, (int16_t)w->inset, (int16_t)w->inset);
	xcb_map_window(g->x.c, w->win);
	props_frame(g, w);
	xcb_change_window_attributes(g->x.c, w->top, XCB_CW_EVENT_MASK, &events);
}

static void remove_frame(struct guid *g, struct gwin *w)
{
	uint32_t size[] = {(uint32_t)w->box.width, (uint32_t)w->box.height};

	xcb_unmap_window(g->x.c, w->win);
	xcb_reparent_window(g->x.c, w->win, g->x.root, (int16_t)w->box.x, (int16_t)w->box.y);
	xcb_configure_window(g->x.c, w->win, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT,
			     size);
	xcb_destroy_window(g->x.c, w->top);
	key_remove(g->by_local, &w->by_top);
	w->top = w->win;
	w->inset = 0;
	w->reparented = false;
	memset(w->extents, 0, sizeof(w->extents));
}

void window_update_frame(struct guid *g, struct gwin *w)
{
	bool wanted = !w->override_redirect && !w->dock && !g->o->wm_draws_frame;

	if (wanted == (w->top != w->win))
		return;
	/* The window manager gets another window. */
	withdraw_forget(g, w);
	if (wanted)
		add_frame(g, w);
	else
		remove_frame(g, w);
}

/* What a frame of that size has room for, where there is so much content now. */
static int inside(const struct gwin *w, int wanted, int frame, int now)
{
	int room = frame - 2 * w->inset;

	/* See grow.c. */
	if (w->held_small && room > now)
		room = now;
	return wanted <= room ? wanted : room > 1 ? room : 1;
}

void window_place_content(struct guid *g, struct gwin *w)
{
	uint32_t values[4] = {(uint32_t)w->inset, (uint32_t)w->inset};

	if (w->top == w->win)
		return;
	w->content_width = inside(w, w->box.width, w->top_width, w->content_width);
	w->content_height = inside(w, w->box.height, w->top_height, w->content_height);
	values[2] = (uint32_t)w->content_width;
	values[3] = (uint32_t)w->content_height;
	w->content_seq =
		xcb_configure_window(g->x.c, w->win,
				     XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y |
					     XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT,
				     values)
			.sequence;
}

void window_apply_box(struct guid *g, struct gwin *w)
{
	/* A window manager takes the position of its own frame's corner (ICCCM 4.1.5). */
	uint32_t values[] = {(uint32_t)(w->box.x - w->inset - w->extents[EXTENT_LEFT]),
			     (uint32_t)(w->box.y - w->inset - w->extents[EXTENT_TOP]),
			     (uint32_t)(w->box.width + 2 * w->inset),
			     (uint32_t)(w->box.height + 2 * w->inset)};

	int width = w->box.width, height = w->box.height;

	if (w->dock)
		return;
	/* Before the size that it must not be larger than. */
	hints_shrink(g, w);
	hints_constrain(w, &width, &height);
	grow_limit(g, w, width, height);
	window_place_content(g, w);
	w->asked_width = width + 2 * w->inset;
	w->asked_height = height + 2 * w->inset;
	w->configure_seq =
		xcb_configure_window(g->x.c, w->top,
				     XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y |
					     XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT,
				     values)
			.sequence;
}

void window_set_override(struct guid *g, struct gwin *w, bool on)
{
	uint32_t values[3];

	w->override_redirect = on;
	values[0] = background_for(g, w);
	values[1] = gravity_for(w);
	values[2] = on;
	xcb_change_window_attributes(
		g->x.c, w->win, XCB_CW_BACK_PIXEL | XCB_CW_BIT_GRAVITY | XCB_CW_OVERRIDE_REDIRECT,
		values);
}

struct gwin *window_new(struct guid *g, uint32_t remote, const struct gui_box *box,
			bool override_redirect)
{
	struct gwin *w = calloc(1, sizeof(*w));

	if (!w)
		guid_fatal(g, "out of memory");
	w->remote = remote;
	w->box = *box;
	w->image.fd = -1;
	w->override_redirect = place_override(g, w, override_redirect);
	w->next = g->windows;
	if (w->next)
		w->next->prev = w;
	g->windows = w;
	g->n_windows++;
	key_add(g->by_remote, &w->by_remote, remote, w);
	if (remote == GUI_WINDOW_SCREEN)
		g->screen = w;
	create_content(g, w);
	w->bare = true;
	g->n_bare++;
	log_debug("window 0x%x created: %d,%d %dx%d%s", remote, w->box.x, w->box.y, w->box.width,
		  w->box.height, w->override_redirect ? ", override-redirect" : "");
	return w;
}

void window_dress(struct guid *g, struct gwin *w)
{
	uint32_t events = CONTENT_EVENTS;

	if (!w->bare)
		return;
	w->bare = false;
	g->n_bare--;
	props_initial(g, w);
	/* Only now: of what was set so far nobody needs to be told. */
	xcb_change_window_attributes(g->x.c, w->win, XCB_CW_EVENT_MASK, &events);
	window_update_frame(g, w);
	if (place_force(g, w)) {
		window_apply_box(g, w);
		/* So that a menu's own menus open beside it, where it is. It need not be confirmed:
		 * a menu that moves on is not held back. */
		place_tell(g, w, false);
	}
}

void window_dress_all(struct guid *g)
{
	/* The newest are the first. */
	for (struct gwin *w = g->windows; w && g->n_bare; w = w->next)
		window_dress(g, w);
}

static void destroy_x(struct guid *g, struct gwin *w)
{
	xcb_destroy_window(g->x.c, w->win);
	if (w->top != w->win)
		xcb_destroy_window(g->x.c, w->top);
	key_remove(g->by_local, &w->by_win);
	key_remove(g->by_local, &w->by_top);
}

void window_renew(struct guid *g, struct gwin *w)
{
	withdraw_forget(g, w);
	destroy_x(g, w);
	w->inset = 0;
	w->reparented = w->fresh = w->held_small = w->zoomed = false;
	memset(w->extents, 0, sizeof(w->extents));
	w->configure_seq = w->content_seq = 0;
	w->n_damage = 0;
	create_content(g, w);
	g->n_bare += !w->bare;
	w->bare = true;
}

void window_show(struct guid *g, struct gwin *w)
{
	place_check_answers(g, w);
	grow_mapping(g, w);
	place_recall(g, w);
	place_expect(g, w);
	if (place_force(g, w)) {
		window_apply_box(g, w);
		place_tell(g, w, !w->override_redirect);
	}
	hints_mapping(g, w);
	stack_mapping(g, w);
	window_map(g, w);
}

void window_free(struct guid *g, struct gwin *w)
{
	for (struct gwin *i = g->windows; i; i = i->next) {
		if (i->transient_for == w) {
			i->transient_for = NULL;
			props_transient(g, i);
		}
	}
	if (g->screen == w)
		g->screen = NULL;
	image_release(g, w);
	withdraw_forget(g, w);
	destroy_x(g, w);
	key_remove(g->by_remote, &w->by_remote);
	if (w->prev)
		w->prev->next = w->next;
	else
		g->windows = w->next;
	if (w->next)
		w->next->prev = w->prev;
	g->n_windows--;
	g->n_bare -= w->bare;
	free(w);
}
