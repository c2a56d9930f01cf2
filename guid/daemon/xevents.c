/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events from X that become input of the qube (guid.h). X is trusted; what is sent tells the
 * qube no more than an application on this screen would be told about its own windows.
 */
#include <stdlib.h>
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"

/* Events of one round, before the agent gets its turn. */
#define EVENT_BUDGET 1024
/* Pixels from a corner of the frame that resize in both directions, at scale 1. */
#define CORNER 24
/* _NET_WM_MOVERESIZE directions, clockwise from the top left corner. */
enum {
	DIR_TOP_LEFT,
	DIR_TOP,
	DIR_TOP_RIGHT,
	DIR_RIGHT,
	DIR_BOTTOM_RIGHT,
	DIR_BOTTOM,
	DIR_BOTTOM_LEFT,
	DIR_LEFT
};

void xevents_send_keymap(struct guid *g)
{
	_cleanup_free_ xcb_query_keymap_reply_t *keys =
		xcb_query_keymap_reply(g->x.c, xcb_query_keymap(g->x.c), NULL);
	struct gui_msg m = {.type = GUI_MSG_KEYMAP_NOTIFY};

	if (!keys)
		return;
	memcpy(m.u.keymap, keys->keys, sizeof(m.u.keymap));
	link_send(g, &m);
}

void xevents_send_focus(struct guid *g, struct gwin *w, uint32_t type, uint32_t detail)
{
	struct gui_msg m = {.type = GUI_MSG_FOCUS,
			    .window = w->remote,
			    .u.focus = {.type = type, .detail = detail}};

	if (type == XCB_FOCUS_IN)
		xevents_send_keymap(g);
	link_send(g, &m);
}

/* Position in the content for events that the frame got. */
static int content_pos(const struct gwin *w, xcb_window_t event_window, int pos)
{
	return event_window == w->win ? pos : pos - w->inset;
}

static void on_key(struct guid *g, const xcb_key_press_event_t *e)
{
	bool press = (e->response_type & 0x7f) == XCB_KEY_PRESS;
	struct gwin *w = window_by_local(g, e->event);
	struct gui_msg m = {.type = GUI_MSG_KEYPRESS};

	if (!w)
		return;
	props_user_time(g, w, e->time);
	if (clip_key(g, w, e, press))
		return;
	m.window = w->remote;
	m.u.press = (struct gui_press){.type = press ? XCB_KEY_PRESS : XCB_KEY_RELEASE,
				       .x = content_pos(w, e->event, e->event_x),
				       .y = content_pos(w, e->event, e->event_y),
				       .state = e->state,
				       .detail = e->detail};
	link_send(g, &m);
}

/* A press on the frame: the window manager moves its side, as if it had drawn it. */
static void grab_frame(struct guid *g, struct gwin *w, const xcb_button_press_event_t *e)
{
	int width = w->box.width + 2 * w->inset, height = w->box.height + 2 * w->inset;
	int corner = CORNER * g->scale;
	bool left = e->event_x < corner, right = e->event_x >= width - corner;
	bool top = e->event_y < corner, bottom = e->event_y >= height - corner;
	uint32_t dir = top ? DIR_TOP : bottom ? DIR_BOTTOM : left ? DIR_LEFT : DIR_RIGHT;
	uint32_t data[5] = {(uint32_t)e->root_x, (uint32_t)e->root_y, dir, e->detail, 1};

	if (e->detail != 1)
		return;
	if (top && (left || right))
		data[2] = left ? DIR_TOP_LEFT : DIR_TOP_RIGHT;
	else if (bottom && (left || right))
		data[2] = left ? DIR_BOTTOM_LEFT : DIR_BOTTOM_RIGHT;
	xcb_ungrab_pointer(g->x.c, e->time);
	x_send_root(&g->x, w->top, g->x.atoms[X__NET_WM_MOVERESIZE], data);
}

static void on_button(struct guid *g, const xcb_button_press_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;
	struct gwin *w = window_by_local(g, e->event);
	struct gui_msg m = {.type = GUI_MSG_BUTTON};

	if (!w)
		return;
	props_user_time(g, w, e->time);
	if (e->event != w->win) {
		grab_frame(g, w, e);
		return;
	}
	m.window = w->remote;
	m.u.press = (struct gui_press){.type = type,
				       .x = e->event_x,
				       .y = e->event_y,
				       .state = e->state,
				       .detail = e->detail};
	link_send(g, &m);
	/* Keys in an icon's menu go to the icon. */
	if (w->dock && type == XCB_BUTTON_PRESS)
		xcb_set_input_focus(g->x.c, XCB_INPUT_FOCUS_PARENT, w->win, XCB_CURRENT_TIME);
}

static void on_motion(struct guid *g, const xcb_motion_notify_event_t *e)
{
	struct gwin *w = window_by_local(g, e->event);
	struct gui_msg m = {.type = GUI_MSG_MOTION};

	if (!w || e->event != w->win || g->out.len > GUID_BACKLOG_MOTION)
		return;
	m.window = w->remote;
	m.u.motion = (struct gui_motion){
		.x = e->event_x, .y = e->event_y, .state = e->state, .is_hint = e->detail};
	link_send(g, &m);
}

static void on_crossing(struct guid *g, const xcb_enter_notify_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;
	struct gwin *w = window_by_local(g, e->event);
	struct gui_msg m = {.type = GUI_MSG_CROSSING};

	if (!w || e->event != w->win)
		return;
	if (type == XCB_ENTER_NOTIFY)
		xevents_send_keymap(g);
	if (w->dock && tray_update_position(g, w))
		place_tell(g, w, false);
	m.window = w->remote;
	m.u.crossing = (struct gui_crossing){.type = type,
					     .x = e->event_x,
					     .y = e->event_y,
					     .state = e->state,
					     .mode = e->mode,
					     .detail = e->detail,
					     .focus = e->same_screen_focus & 1};
	link_send(g, &m);
}

/*
 * A framed window has the focus when it is anywhere in the frame: the frame's events tell,
 * but for those about the pointer and about moves inside it.
 */
static bool frame_focus_detail(uint8_t detail, uint32_t *ret)
{
	switch (detail) {
	case XCB_NOTIFY_DETAIL_ANCESTOR:
	case XCB_NOTIFY_DETAIL_VIRTUAL:
		*ret = XCB_NOTIFY_DETAIL_ANCESTOR;
		return true;
	case XCB_NOTIFY_DETAIL_NONLINEAR:
	case XCB_NOTIFY_DETAIL_NONLINEAR_VIRTUAL:
		*ret = XCB_NOTIFY_DETAIL_NONLINEAR;
		return true;
	default:
		return false;
	}
}

static void on_focus(struct guid *g, const xcb_focus_in_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;
	struct gwin *w = window_by_local(g, e->event);
	uint32_t detail = e->detail;

	/* Row 28: grabs are the window manager's business. */
	if (!w || (e->mode != XCB_NOTIFY_MODE_NORMAL && e->mode != XCB_NOTIFY_MODE_WHILE_GRABBED))
		return;
	if (w->top != w->win && (e->event != w->top || !frame_focus_detail(e->detail, &detail)))
		return;
	xevents_send_focus(g, w, type, detail);
}

static void on_expose(struct guid *g, const xcb_expose_event_t *e)
{
	struct gwin *w = window_by_local(g, e->window);
	struct gui_box part = {e->x, e->y, e->width, e->height};

	if (w && e->window == w->win)
		paint_expose(g, w, &part);
}

static void on_root_configure(struct guid *g, const xcb_configure_notify_event_t *e)
{
	g->x.root_width = e->width;
	g->x.root_height = e->height;
	xconn_update_monitors(&g->x);
	xconn_update_work_area(&g->x);
	place_screen_changed(g);
}

static void on_error(struct guid *g, const xcb_generic_error_t *e)
{
	/* Windows and their parents can be destroyed by others at any time. */
	log_debug("X error %u, request %u.%u, resource 0x%x", e->error_code, e->major_code,
		  e->minor_code, e->resource_id);
	/* One that is gone before its events were asked for. */
	if (e->error_code == XCB_WINDOW)
		remake_destroyed(g, e->resource_id);
}

static void dispatch_structure(struct guid *g, const xcb_generic_event_t *e, uint8_t type)
{
	const xcb_configure_notify_event_t *conf = (const void *)e;
	const xcb_mapping_notify_event_t *mapping = (const void *)e;
	const xcb_destroy_notify_event_t *destroyed = (const void *)e;

	/* All of StructureNotify have the window in the same place. */
	if (type >= XCB_DESTROY_NOTIFY && type <= XCB_CIRCULATE_NOTIFY)
		stack_event(g, conf->window, type);
	switch (type) {
	case XCB_CONFIGURE_NOTIFY:
		if (conf->window == g->x.root)
			on_root_configure(g, conf);
		else
			xwm_configure(g, conf);
		break;
	case XCB_DESTROY_NOTIFY:
		remake_destroyed(g, destroyed->window);
		break;
	case XCB_REPARENT_NOTIFY:
		xwm_reparent(g, (const void *)e);
		break;
	case XCB_MAP_NOTIFY:
		xwm_map(g, (const void *)e);
		break;
	case XCB_PROPERTY_NOTIFY:
		xwm_property(g, (const void *)e);
		break;
	case XCB_CLIENT_MESSAGE:
		xwm_client_message(g, (const void *)e);
		break;
	case XCB_MAPPING_NOTIFY:
		if (mapping->request == XCB_MAPPING_KEYBOARD)
			xconn_update_keys(&g->x, g->o);
		break;
	}
}

void xevents_dispatch(struct guid *g, const xcb_generic_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;

	switch (type) {
	case 0:
		on_error(g, (const void *)e);
		break;
	case XCB_KEY_PRESS:
	case XCB_KEY_RELEASE:
		on_key(g, (const void *)e);
		break;
	case XCB_BUTTON_PRESS:
	case XCB_BUTTON_RELEASE:
		on_button(g, (const void *)e);
		break;
	case XCB_MOTION_NOTIFY:
		on_motion(g, (const void *)e);
		break;
	case XCB_ENTER_NOTIFY:
	case XCB_LEAVE_NOTIFY:
		on_crossing(g, (const void *)e);
		break;
	case XCB_FOCUS_IN:
	case XCB_FOCUS_OUT:
		on_focus(g, (const void *)e);
		break;
	case XCB_EXPOSE:
		on_expose(g, (const void *)e);
		break;
	default:
		dispatch_structure(g, e, type);
	}
}

static xcb_generic_event_t *next_event(struct guid *g)
{
	xcb_generic_event_t *e = g->next_event;

	g->next_event = NULL;
	return e ? e : xcb_poll_for_event(g->x.c);
}

bool xevents_take(struct guid *g)
{
	for (int i = 0; i < EVENT_BUDGET; i++) {
		_cleanup_free_ xcb_generic_event_t *e = next_event(g);

		if (!e)
			return false;
		if (!delay_event(g, e))
			xevents_dispatch(g, e);
	}
	return true;
}

bool xevents_queued(struct guid *g)
{
	if (!g->next_event)
		g->next_event = xcb_poll_for_queued_event(g->x.c);
	return g->next_event != NULL;
}
