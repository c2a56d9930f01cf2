/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qube's window manager, as far as there is one (control.h). Peers: the daemon in
 * dom0, trusted with this qube, and the qube's X clients.
 */
#include "guid/agent/control.h"

#include <stdlib.h>
#include <string.h>

#include "guid/agent/agent.h"
#include "guid/agent/hints.h"
#include "qrexec/base/cleanup.h"

#define WM_STATE_NORMAL 1u
#define WM_STATE_ICONIC 3u
#define MAX_STATES 32

/* --- announced to clients --- */

void control_announce(struct agent *a)
{
	const xcb_atom_t supported[] = {
		a->atom[A__NET_SUPPORTED],
		a->atom[A__NET_SUPPORTING_WM_CHECK],
		a->atom[A__NET_ACTIVE_WINDOW],
		a->atom[A__NET_CLOSE_WINDOW],
		/* Named so that toolkits do not move windows by themselves: dom0 does. */
		a->atom[A__NET_WM_MOVERESIZE],
		a->atom[A__NET_WM_STATE],
		a->atom[A__NET_WM_STATE_FULLSCREEN],
		a->atom[A__NET_WM_STATE_DEMANDS_ATTENTION],
		a->atom[A__NET_WM_STATE_HIDDEN],
	};
	const xcb_window_t marked[] = {a->root, a->own};
	static const char name[] = "qubes-gui-agent";

	for (size_t i = 0; i < ARRAY_LEN(marked); i++)
		xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, marked[i],
				    a->atom[A__NET_SUPPORTING_WM_CHECK], XCB_ATOM_WINDOW, 32, 1,
				    &a->own);
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->own, a->atom[A__NET_WM_NAME],
			    a->atom[A_UTF8_STRING], 8, sizeof(name) - 1, name);
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->root, a->atom[A__NET_SUPPORTED],
			    XCB_ATOM_ATOM, 32, ARRAY_LEN(supported), supported);
	xcb_set_selection_owner(a->x, a->own, a->atom[A_WM_S0], XCB_CURRENT_TIME);
}

static void set_wm_state(struct agent *a, xcb_window_t id, uint32_t state)
{
	const uint32_t value[] = {state, XCB_NONE};

	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, id, a->atom[A_WM_STATE],
			    a->atom[A_WM_STATE], 32, 2, value);
}

void control_wm_state(struct agent *a, const struct win *w, bool mapped)
{
	if (w->override_redirect)
		return;
	if (mapped)
		set_wm_state(a, w->id, WM_STATE_NORMAL);
	else
		xcb_delete_property(a->x, w->id, a->atom[A_WM_STATE]);
}

static void send_protocol(struct agent *a, xcb_window_t id, xcb_atom_t protocol)
{
	xcb_client_message_event_t e = {.response_type = XCB_CLIENT_MESSAGE,
					.format = 32,
					.window = id,
					.type = a->atom[A_WM_PROTOCOLS]};

	e.data.data32[0] = protocol;
	e.data.data32[1] = XCB_CURRENT_TIME;
	xcb_send_event(a->x, 0, id, XCB_EVENT_MASK_NO_EVENT, (const char *)&e);
}

static void set_active(struct agent *a, xcb_window_t id)
{
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->root, a->atom[A__NET_ACTIVE_WINDOW],
			    XCB_ATOM_WINDOW, 32, 1, &id);
}

/* --- from the daemon --- */

void control_focus(struct agent *a, struct win *w, bool in)
{
	uint32_t above = XCB_STACK_MODE_ABOVE;

	if (!in) {
		if (a->input.focus_win != w->id)
			return;
		a->input.focus_win = 0;
		xcb_set_input_focus(a->x, XCB_INPUT_FOCUS_NONE, XCB_NONE, XCB_CURRENT_TIME);
		set_active(a, XCB_NONE);
		return;
	}
	a->input.focus_win = w->id;
	xcb_configure_window(a->x, w->id, XCB_CONFIG_WINDOW_STACK_MODE, &above);
	if (!w->no_input)
		xcb_set_input_focus(a->x, XCB_INPUT_FOCUS_PARENT, w->id, XCB_CURRENT_TIME);
	if (w->takes_focus)
		send_protocol(a, w->id, a->atom[A_WM_TAKE_FOCUS]);
	set_active(a, w->id);
}

/*
 * While the daemon waits to be told what it asked for, it answers all else with the same again,
 * unseen by dom0's window manager. So what it repeats came across what the client chose, which
 * would be lost: a program that tells new size increments and then its new size, say, when the
 * window manager fits the old size to the increments meanwhile.
 */
static void choose_again(struct agent *a, struct win *w)
{
	uint32_t v[4];
	size_t n = 0;

	/* In the order of their bits. */
	if (w->wish_fields & XCB_CONFIG_WINDOW_X)
		v[n++] = (uint32_t)(w->wish.x);
	if (w->wish_fields & XCB_CONFIG_WINDOW_Y)
		v[n++] = (uint32_t)(w->wish.y);
	if (w->wish_fields & XCB_CONFIG_WINDOW_WIDTH)
		v[n++] = w->wish.width;
	if (w->wish_fields & XCB_CONFIG_WINDOW_HEIGHT)
		v[n++] = w->wish.height;
	xcb_configure_window(a->x, w->id, w->wish_fields, v);
	w->wish_fields = 0;
	w->wish_repeated = true;
}

void control_configure(struct agent *a, struct win *w, const struct gui_geometry *g)
{
	uint32_t v[] = {(uint32_t)g->x, (uint32_t)g->y, g->width, g->height};
	bool repeated;

	if (!g->width || !g->height || g->width > UINT16_MAX || g->height > UINT16_MAX ||
	    g->x < INT16_MIN || g->x > INT16_MAX || g->y < INT16_MIN || g->y > INT16_MAX)
		return;
	repeated = w->wish_crossed && !w->wish_repeated && g->x == w->asked.x &&
		   g->y == w->asked.y && g->width == w->asked.width && g->height == w->asked.height;
	xcb_configure_window(a->x, w->id,
			     XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH |
				     XCB_CONFIG_WINDOW_HEIGHT,
			     v);
	/* The daemon waits to be told these values, and nothing older after them: the round trip
	 * brings all events up to this change. */
	free(xcb_get_geometry_reply(a->x, xcb_get_geometry(a->x, w->id), NULL));
	w->echo = true;
	w->asked = (struct win_geometry){(int16_t)g->x, (int16_t)g->y, (uint16_t)g->width,
					 (uint16_t)g->height};
	a->wins.work = true;
	w->wish_crossed = true;
	if (repeated && w->wish_fields)
		choose_again(a, w);
}

void control_close(struct agent *a, const struct win *w)
{
	/* The end of dom0's tray is not the end of the qube's programs; and the box is ours. */
	if (tray_is_box(a, w->id))
		return;
	if (w->can_delete)
		send_protocol(a, w->id, a->atom[A_WM_DELETE_WINDOW]);
	else
		xcb_kill_client(a->x, w->id);
}

static uint32_t flag_of(const struct agent *a, xcb_atom_t atom)
{
	if (!atom)
		return 0;
	if (atom == a->atom[A__NET_WM_STATE_FULLSCREEN])
		return GUI_FLAG_FULLSCREEN;
	if (atom == a->atom[A__NET_WM_STATE_DEMANDS_ATTENTION])
		return GUI_FLAG_DEMANDS_ATTENTION;
	if (atom == a->atom[A__NET_WM_STATE_HIDDEN])
		return GUI_FLAG_MINIMIZE;
	return 0;
}

uint32_t control_flags_of(const struct agent *a, const xcb_atom_t *atoms, size_t n)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < n; i++)
		flags |= flag_of(a, atoms[i]);
	return flags;
}

/* Rewrites the states that are the daemon's business, keeps the others. */
static void write_state(struct agent *a, const struct win *w)
{
	const struct {
		uint32_t flag;
		enum atom_index atom;
	} known[] = {{GUI_FLAG_FULLSCREEN, A__NET_WM_STATE_FULLSCREEN},
		     {GUI_FLAG_DEMANDS_ATTENTION, A__NET_WM_STATE_DEMANDS_ATTENTION},
		     {GUI_FLAG_MINIMIZE, A__NET_WM_STATE_HIDDEN}};
	_cleanup_free_ xcb_get_property_reply_t *r =
		xcb_get_property_reply(a->x,
				       xcb_get_property(a->x, 0, w->id, a->atom[A__NET_WM_STATE],
							XCB_ATOM_ATOM, 0, MAX_STATES),
				       NULL);
	xcb_atom_t out[MAX_STATES + ARRAY_LEN(known)];
	uint32_t n = 0;

	if (r && r->format == 32) {
		const xcb_atom_t *old = xcb_get_property_value(r);

		for (int i = 0; i < xcb_get_property_value_length(r) / 4; i++)
			if (!flag_of(a, old[i]))
				out[n++] = old[i];
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (w->flags & known[i].flag)
			out[n++] = a->atom[known[i].atom];
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, w->id, a->atom[A__NET_WM_STATE],
			    XCB_ATOM_ATOM, 32, n, out);
}

void control_flags(struct agent *a, struct win *w, struct gui_flags f)
{
	uint32_t flags = (w->flags & ~f.unset) | f.set;

	flags &= GUI_FLAG_FULLSCREEN | GUI_FLAG_DEMANDS_ATTENTION | GUI_FLAG_MINIMIZE;
	if ((flags ^ w->flags) & GUI_FLAG_MINIMIZE && w->mapped)
		set_wm_state(a, w->id,
			     flags & GUI_FLAG_MINIMIZE ? WM_STATE_ICONIC : WM_STATE_NORMAL);
	w->flags = flags;
	write_state(a, w);
}

/* --- from clients --- */

static void request_flags(struct agent *a, const struct win *w, struct gui_flags f)
{
	struct gui_msg m = {.type = GUI_MSG_WINDOW_FLAGS, .window = w->id, .u.flags = f};

	if (f.set || f.unset)
		link_send(a, &m);
}

void control_client_message(struct agent *a, const xcb_client_message_event_t *e)
{
	const uint32_t *d = e->data.data32;
	struct win *w = win_find_shown(a, e->window);

	if (!w || e->format != 32)
		return;
	if (e->type == a->atom[A__NET_WM_STATE]) {
		uint32_t flags = flag_of(a, d[1]) | flag_of(a, d[2]);

		/* The property follows once dom0's window manager has agreed. */
		request_flags(a, w, hints_state_request(d[0], flags, w->flags));
	} else if (e->type == a->atom[A_WM_CHANGE_STATE] && d[0] == WM_STATE_ICONIC) {
		request_flags(a, w, (struct gui_flags){.set = GUI_FLAG_MINIMIZE});
	} else if (e->type == a->atom[A__NET_ACTIVE_WINDOW]) {
		if (a->input.focus_win != w->id)
			request_flags(a, w, (struct gui_flags){.set = GUI_FLAG_DEMANDS_ATTENTION});
	} else if (e->type == a->atom[A__NET_CLOSE_WINDOW]) {
		control_close(a, w);
	}
}
