/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told of a window besides its pixels (win.h): its existence, place,
 * properties. The properties are written by the qube's X clients.
 */
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

#include "guid/agent/agent.h"
#include "guid/agent/control.h"
#include "guid/agent/hints.h"
#include "qrexec/base/cleanup.h"

#define MAX_WORDS 64	   /* of a property made of 32-bit values */
#define MAX_TEXT_WORDS 256 /* of a text: more than a message takes */

/* All that is asked of the X server about one window, in one round trip. */
struct questions {
	xcb_get_window_attributes_cookie_t attributes;
	xcb_get_geometry_cookie_t geometry;
	xcb_get_property_cookie_t net_name, name, class, size, protocols, hints, transient, state;
};

static xcb_get_property_cookie_t ask(struct agent *a, const struct win *w, xcb_atom_t property,
				     uint32_t words)
{
	return xcb_get_property(a->x, 0, w->id, property, XCB_GET_PROPERTY_TYPE_ANY, 0, words);
}

static void ask_all(struct agent *a, const struct win *w, struct questions *q)
{
	if (!w->depth) {
		q->attributes = xcb_get_window_attributes(a->x, w->id);
		q->geometry = xcb_get_geometry(a->x, w->id);
	}
	if (w->props & PROP_NAME) {
		q->net_name = ask(a, w, a->atom[A__NET_WM_NAME], MAX_TEXT_WORDS);
		q->name = ask(a, w, XCB_ATOM_WM_NAME, MAX_TEXT_WORDS);
	}
	if (w->props & PROP_CLASS)
		q->class = ask(a, w, XCB_ATOM_WM_CLASS, MAX_TEXT_WORDS);
	if (w->props & PROP_SIZE_HINTS)
		q->size = ask(a, w, XCB_ATOM_WM_NORMAL_HINTS, MAX_WORDS);
	if (w->props & PROP_PROTOCOLS)
		q->protocols = ask(a, w, a->atom[A_WM_PROTOCOLS], MAX_WORDS);
	if (w->props & PROP_WM_HINTS)
		q->hints = ask(a, w, XCB_ATOM_WM_HINTS, MAX_WORDS);
	if (w->props & PROP_TRANSIENT)
		q->transient = ask(a, w, XCB_ATOM_WM_TRANSIENT_FOR, 1);
	if (w->props & PROP_STATE)
		q->state = ask(a, w, a->atom[A__NET_WM_STATE], MAX_WORDS);
}

static xcb_get_property_reply_t *answer(struct agent *a, xcb_get_property_cookie_t c)
{
	return xcb_get_property_reply(a->x, c, NULL);
}

/* The 32-bit values of a property; *ret_n 0 when it is missing or something else. */
static const uint32_t *words_of(const xcb_get_property_reply_t *r, size_t *ret_n)
{
	bool usable = r && r->format == 32;

	*ret_n = usable ? (size_t)xcb_get_property_value_length(r) / 4 : 0;
	return usable ? xcb_get_property_value(r) : NULL;
}

static bool text_of(const xcb_get_property_reply_t *r, const char **ret, size_t *ret_n)
{
	if (!r || r->format != 8)
		return false;
	*ret = xcb_get_property_value(r);
	*ret_n = (size_t)xcb_get_property_value_length(r);
	return true;
}

static void take_name(struct agent *a, const struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *net = answer(a, q->net_name);
	_cleanup_free_ xcb_get_property_reply_t *old = answer(a, q->name);
	struct gui_msg m = {.type = GUI_MSG_WMNAME, .window = w->id};
	const char *text;
	size_t n;

	if (text_of(net, &text, &n) && n)
		hints_title(text, n, &m.u.wmname);
	else if (text_of(old, &text, &n) && old->type == XCB_ATOM_STRING)
		hints_title_latin1(text, n, &m.u.wmname);
	else if (text_of(old, &text, &n))
		hints_title(text, n, &m.u.wmname);
	else
		return;
	link_send(a, &m);
}

static void take_class(struct agent *a, const struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *r = answer(a, q->class);
	struct gui_msg m = {.type = GUI_MSG_WMCLASS, .window = w->id};
	const char *text;
	size_t n;

	if (!text_of(r, &text, &n))
		return;
	hints_class(text, n, &m.u.wmclass);
	link_send(a, &m);
}

static void take_size_hints(struct agent *a, const struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *r = answer(a, q->size);
	struct gui_msg m = {.type = GUI_MSG_WINDOW_HINTS, .window = w->id};
	size_t n;
	const uint32_t *v = words_of(r, &n);

	if (!n)
		return;
	hints_size(v, n, &m.u.hints);
	link_send(a, &m);
}

static void take_protocols(struct agent *a, struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *r = answer(a, q->protocols);
	size_t n;
	const uint32_t *v = words_of(r, &n);

	w->can_delete = w->takes_focus = false;
	for (size_t i = 0; i < n; i++) {
		w->can_delete |= v[i] == a->atom[A_WM_DELETE_WINDOW];
		w->takes_focus |= v[i] == a->atom[A_WM_TAKE_FOCUS];
	}
}

static void take_hints(struct agent *a, struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *r = answer(a, q->hints);
	size_t n;
	const uint32_t *v = words_of(r, &n);

	w->no_input = hints_no_input(v, n);
}

static void take_transient(struct agent *a, struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *r = answer(a, q->transient);
	size_t n;
	const uint32_t *v = words_of(r, &n);

	w->transient_for = n ? v[0] : 0;
}

/* Only what the client wishes before it is mapped; later it asks by message. */
static void take_state(struct agent *a, struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_property_reply_t *r = answer(a, q->state);
	struct gui_msg m = {.type = GUI_MSG_WINDOW_FLAGS, .window = w->id};
	size_t n;
	const uint32_t *v = words_of(r, &n);

	w->flags = control_flags_of(a, v, n);
	/* A window that comes up is not minimised, whatever was left in the property. */
	m.u.flags.set = w->flags & ~GUI_FLAG_MINIMIZE;
	if (m.u.flags.set)
		link_send(a, &m);
}

/* Class and depth never change. */
static void take_kind(struct agent *a, struct win *w, const struct questions *q)
{
	_cleanup_free_ xcb_get_window_attributes_reply_t *attr =
		xcb_get_window_attributes_reply(a->x, q->attributes, NULL);
	_cleanup_free_ xcb_get_geometry_reply_t *g =
		xcb_get_geometry_reply(a->x, q->geometry, NULL);

	if (!attr || !g)
		return; /* destroyed meanwhile: its event is on the way */
	w->input_only = attr->_class == XCB_WINDOW_CLASS_INPUT_ONLY;
	w->depth = g->depth;
}

static void take_all(struct agent *a, struct win *w, const struct questions *q)
{
	uint8_t props = w->props;

	w->props = 0;
	if (props & PROP_SIZE_HINTS)
		take_size_hints(a, w, q);
	if (props & PROP_CLASS)
		take_class(a, w, q);
	if (props & PROP_NAME)
		take_name(a, w, q);
	if (props & PROP_PROTOCOLS)
		take_protocols(a, w, q);
	if (props & PROP_WM_HINTS)
		take_hints(a, w, q);
	if (props & PROP_TRANSIENT)
		take_transient(a, w, q);
	if (props & PROP_STATE)
		take_state(a, w, q);
}

static void discard(struct agent *a, const struct questions *q)
{
	const xcb_get_property_cookie_t *c[] = {&q->net_name,  &q->name,  &q->class,	 &q->size,
						&q->protocols, &q->hints, &q->transient, &q->state};

	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		if (c[i]->sequence)
			xcb_discard_reply(a->x, c[i]->sequence);
}

static void send_create(struct agent *a, struct win *w)
{
	struct gui_msg m = {.type = GUI_MSG_CREATE, .window = w->id};

	m.u.geometry = (struct gui_geometry){.x = w->x,
					     .y = w->y,
					     .width = w->width,
					     .height = w->height,
					     .override_redirect = w->override_redirect};
	link_send(a, &m);
	w->remote = REMOTE_CREATED;
	w->sent = (struct win_geometry){w->x, w->y, w->width, w->height};
	w->echo = false;
	w->wish_fields = 0;
	w->wish_repeated = false;
	w->cursor_sent = 0;
	if (w->docked)
		link_send(a, &(struct gui_msg){.type = GUI_MSG_DOCK, .window = w->id});
}

static void send_geometry(struct agent *a, struct win *w, struct win_geometry g)
{
	struct gui_msg m = {.type = GUI_MSG_CONFIGURE, .window = w->id};

	m.u.geometry = (struct gui_geometry){.x = g.x,
					     .y = g.y,
					     .width = g.width,
					     .height = g.height,
					     .override_redirect = w->override_redirect};
	w->sent = g;
	link_send(a, &m);
}

static uint16_t changed_fields(const struct win_geometry *a, const struct win_geometry *b)
{
	return (uint16_t)((a->x != b->x ? XCB_CONFIG_WINDOW_X : 0) |
			  (a->y != b->y ? XCB_CONFIG_WINDOW_Y : 0) |
			  (a->width != b->width ? XCB_CONFIG_WINDOW_WIDTH : 0) |
			  (a->height != b->height ? XCB_CONFIG_WINDOW_HEIGHT : 0));
}

static void update_geometry(struct agent *a, struct win *w)
{
	const struct win_geometry now = {w->x, w->y, w->width, w->height};
	uint16_t changed;

	/* Exactly what was asked for, though the client may have changed it since. */
	if (w->echo)
		send_geometry(a, w, w->asked);
	w->echo = false;
	changed = changed_fields(&now, &w->sent);
	if (!changed)
		return;
	w->wish = now;
	/* The first after it was chosen again is that. */
	if (w->wish_fields)
		w->wish_repeated = false;
	w->wish_fields = w->wish_crossed ? changed : w->wish_fields | changed;
	w->wish_crossed = false;
	send_geometry(a, w, now);
}

void win_present(struct agent *a, struct win *w)
{
	struct questions q = {0};

	if (!w->exists || w->input_only || w->remote == REMOTE_DESTROYING)
		return;
	if (!w->mapped) {
		if (w->remote == REMOTE_CREATED)
			update_geometry(a, w);
		return;
	}
	if (w->depth && !w->props && w->remote != REMOTE_NONE) {
		update_geometry(a, w);
		return;
	}
	ask_all(a, w, &q);
	if (!w->depth)
		take_kind(a, w, &q);
	if (w->input_only || !w->depth) {
		discard(a, &q);
		w->props = 0;
		return;
	}
	if (w->remote == REMOTE_NONE)
		send_create(a, w);
	/* Hints first: dom0's window manager applies them to the new size. */
	take_all(a, w, &q);
	update_geometry(a, w);
}

void win_send_map(struct agent *a, struct win *w)
{
	struct gui_msg m = {.type = GUI_MSG_MAP, .window = w->id};

	m.u.map.transient_for = w->transient_for;
	m.u.map.override_redirect = w->override_redirect;
	link_send(a, &m);
	w->remote = REMOTE_MAPPED;
}
