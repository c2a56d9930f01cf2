/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of windows and what events do to it (win.h). Peers: the qube's X server and
 * through it the qube's X clients.
 */
#include "guid/agent/win.h"

#include <stdlib.h>

#include "guid/agent/agent.h"
#include "guid/agent/control.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static struct win **slot(struct win_table *t, xcb_window_t id)
{
	/* Ids of one client are consecutive. */
	struct win **p = &t->bucket[(id ^ id >> 16) % WIN_BUCKETS];

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

struct win *win_find(const struct agent *a, xcb_window_t id)
{
	struct win *w = a->wins.bucket[(id ^ id >> 16) % WIN_BUCKETS];

	while (w && w->id != id)
		w = w->next;
	return w;
}

static struct win *find_existing(const struct agent *a, xcb_window_t id)
{
	struct win *w = win_find(a, id);

	return w && w->exists ? w : NULL;
}

struct win *win_find_shown(const struct agent *a, xcb_window_t id)
{
	struct win *w = find_existing(a, id);

	return w && (w->remote == REMOTE_CREATED || w->remote == REMOTE_MAPPED) ? w : NULL;
}

static void remove_record(struct agent *a, struct win *w)
{
	struct win **p = slot(&a->wins, w->id);

	a->wins.dumps_in_flight -= w->in_flight;
	*p = w->next;
	TAILQ_REMOVE(&a->wins.list, w, entry);
	free(w);
}

/* The record of an id that exists from now on; one that the daemon still holds goes on. */
static struct win *add_record(struct agent *a, xcb_window_t id)
{
	struct win **p = slot(&a->wins, id), *w = *p;
	struct win fresh = {.id = id, .exists = true, .image.fd = -1, .props = PROP_ALL};

	if (w) {
		fresh.next = w->next;
		fresh.entry = w->entry;
		fresh.remote = w->remote;
		fresh.in_flight = w->in_flight;
	} else {
		w = calloc(1, sizeof(*w));
		if (!w)
			return NULL;
		*p = w;
		TAILQ_INSERT_TAIL(&a->wins.list, w, entry);
		fresh.entry = w->entry;
	}
	*w = fresh;
	return w;
}

static bool is_own(const struct agent *a, xcb_window_t id)
{
	const xcb_setup_t *s = xcb_get_setup(a->x);

	return (id & ~s->resource_id_mask) == s->resource_id_base;
}

static struct win *add_window(struct agent *a, xcb_window_t id)
{
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	struct win *w;

	bool own = is_own(a, id);

	if ((own && !tray_is_box(a, id)) || find_existing(a, id))
		return NULL;
	w = add_record(a, id);
	if (w)
		w->docked = own;
	if (w && !own)
		xcb_change_window_attributes(a->x, id, XCB_CW_EVENT_MASK, &mask);
	return w;
}

/* The daemon's window has no border of the qube's making. */
static void drop_border(struct agent *a, xcb_window_t id, uint16_t border)
{
	uint32_t none = 0;

	if (border)
		xcb_configure_window(a->x, id, XCB_CONFIG_WINDOW_BORDER_WIDTH, &none);
}

static void set_geometry(struct agent *a, struct win *w, int16_t x, int16_t y, uint16_t width,
			 uint16_t height)
{
	w->x = x;
	w->y = y;
	w->width = width;
	w->height = height;
	/* Also after a size for which there was no memory. */
	if (w->pixmap && (w->image.fd < 0 || w->image.width != width || w->image.height != height))
		w->stale = true;
	a->wins.work = true;
}

void win_created(struct agent *a, const xcb_create_notify_event_t *e)
{
	struct win *w = e->parent == a->root ? add_window(a, e->window) : NULL;

	if (!w)
		return;
	w->override_redirect = e->override_redirect;
	set_geometry(a, w, e->x, e->y, e->width, e->height);
	drop_border(a, e->window, e->border_width);
}

/* A window that was made before we looked. */
static void adopt(struct agent *a, xcb_window_t id)
{
	xcb_get_window_attributes_cookie_t ac = xcb_get_window_attributes(a->x, id);
	xcb_get_geometry_cookie_t gc = xcb_get_geometry(a->x, id);
	_cleanup_free_ xcb_get_window_attributes_reply_t *attr =
		xcb_get_window_attributes_reply(a->x, ac, NULL);
	_cleanup_free_ xcb_get_geometry_reply_t *g = xcb_get_geometry_reply(a->x, gc, NULL);
	struct win *w = attr && g ? add_window(a, id) : NULL;

	if (!w)
		return;
	set_geometry(a, w, g->x, g->y, g->width, g->height);
	drop_border(a, id, g->border_width);
	if (attr->map_state != XCB_MAP_STATE_UNMAPPED)
		win_mapped(a, id, attr->override_redirect);
}

void windows_adopt(struct agent *a)
{
	_cleanup_free_ xcb_query_tree_reply_t *t =
		xcb_query_tree_reply(a->x, xcb_query_tree(a->x, a->root), NULL);
	const xcb_window_t *ids = t ? xcb_query_tree_children(t) : NULL;

	for (int i = 0; t && i < xcb_query_tree_children_length(t); i++)
		adopt(a, ids[i]);
}

void windows_init(struct agent *a)
{
	TAILQ_INIT(&a->wins.list);
}

void windows_clear(struct agent *a)
{
	struct win *w;

	while ((w = TAILQ_FIRST(&a->wins.list))) {
		image_free(a->x, &w->image);
		remove_record(a, w);
	}
}

static void forget_one(struct agent *a, struct win *w)
{
	w->in_flight = 0;
	w->remote = REMOTE_NONE;
	w->announce = true;
	w->announced = false;
	w->all = w->dirty = w->mapped;
	/* The X server tells the old one, if anybody. */
	w->stale |= w->image.told;
	w->props = PROP_ALL;
	w->cursor_sent = 0;
	if (!w->exists)
		remove_record(a, w);
}

void windows_forget_remote(struct agent *a)
{
	struct win *w = TAILQ_FIRST(&a->wins.list), *next;

	for (; w; w = next) {
		next = TAILQ_NEXT(w, entry);
		forget_one(a, w);
	}
	a->wins.dumps_in_flight = 0;
	a->wins.work = true;
}

void windows_untold(struct agent *a)
{
	struct win *w;

	TAILQ_FOREACH(w, &a->wins.list, entry)
	if (w->image.told) {
		w->image.told = false;
		w->all = w->dirty = true;
	}
	a->wins.work = true;
}

static void send_simple(struct agent *a, xcb_window_t id, uint32_t type)
{
	struct gui_msg m = {.type = type, .window = id};

	link_send(a, &m);
}

void win_destroyed(struct agent *a, xcb_window_t id)
{
	struct win *w = find_existing(a, id);

	if (!w)
		return;
	/* The server has dropped what belongs to the window; the rest is ours. */
	w->damage = 0;
	win_release_pixels(a, w);
	input_forget(a, id);
	w->exists = w->mapped = false;
	if (w->remote == REMOTE_CREATED || w->remote == REMOTE_MAPPED) {
		send_simple(a, id, GUI_MSG_DESTROY);
		w->remote = a->link.version >= GUI_VERSION_DESTROY_ACK ? REMOTE_DESTROYING
								       : REMOTE_NONE;
	}
	if (w->remote == REMOTE_NONE)
		remove_record(a, w);
}

void win_destroy_acked(struct agent *a, xcb_window_t id)
{
	struct win *w = win_find(a, id);

	if (!w || w->remote != REMOTE_DESTROYING)
		return;
	a->wins.dumps_in_flight -= w->in_flight;
	w->in_flight = 0;
	w->remote = REMOTE_NONE;
	a->wins.work = true;
	if (!w->exists)
		remove_record(a, w);
}

void win_dump_acked(struct agent *a, xcb_window_t id)
{
	struct win *w = win_find(a, id);

	if (!w || !w->in_flight)
		return;
	w->in_flight--;
	a->wins.dumps_in_flight--;
	a->wins.work = true;
}

void win_mapped(struct agent *a, xcb_window_t id, bool override_redirect)
{
	struct win *w = find_existing(a, id);

	if (!w || w->mapped)
		return;
	w->mapped = true;
	w->override_redirect = override_redirect;
	w->props = PROP_ALL;
	a->wins.work = true;
	control_wm_state(a, w, true);
}

void win_unmapped(struct agent *a, xcb_window_t id)
{
	struct win *w = find_existing(a, id);

	if (!w || !w->mapped)
		return;
	w->mapped = false;
	w->flags = 0;
	win_release_pixels(a, w);
	input_forget(a, id);
	control_wm_state(a, w, false);
	if (w->remote == REMOTE_MAPPED) {
		send_simple(a, id, GUI_MSG_UNMAP);
		w->remote = REMOTE_CREATED;
	}
}

void win_configured(struct agent *a, const xcb_configure_notify_event_t *e)
{
	struct win *w = find_existing(a, e->window);

	if (!w)
		return;
	w->override_redirect = e->override_redirect;
	set_geometry(a, w, e->x, e->y, e->width, e->height);
	drop_border(a, e->window, e->border_width);
}

void win_reparented(struct agent *a, const xcb_reparent_notify_event_t *e)
{
	struct win *w = find_existing(a, e->window);

	if (e->parent == a->root) {
		adopt(a, e->window);
	} else if (w) {
		win_release_pixels(a, w);
		win_destroyed(a, e->window);
	}
}

void win_damaged(struct agent *a, xcb_window_t id, const xcb_rectangle_t *area)
{
	struct win *w = find_existing(a, id);

	if (!w || !w->damage)
		return;
	/* Reported again as it grows. */
	if (!w->dirty)
		pacer_damage(&w->pacer, io_now_us());
	w->dirty = true;
	a->wins.work = true;
	win_paint_early(a, w, area);
}

void win_property(struct agent *a, xcb_window_t id, xcb_atom_t atom)
{
	struct win *w = find_existing(a, id);
	uint8_t prop = 0;

	if (!w)
		return;
	if (atom == XCB_ATOM_WM_NAME || atom == a->atom[A__NET_WM_NAME])
		prop = PROP_NAME;
	else if (atom == XCB_ATOM_WM_CLASS)
		prop = PROP_CLASS;
	else if (atom == XCB_ATOM_WM_NORMAL_HINTS)
		prop = PROP_SIZE_HINTS;
	else if (atom == XCB_ATOM_WM_HINTS)
		prop = PROP_WM_HINTS;
	else if (atom == XCB_ATOM_WM_TRANSIENT_FOR)
		prop = PROP_TRANSIENT;
	else if (atom == a->atom[A_WM_PROTOCOLS])
		prop = PROP_PROTOCOLS;
	w->props |= prop;
	if (prop && w->mapped)
		a->wins.work = true;
}
