/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clicks on items, passed on to the windows (dock.h). The peer is the panel. The box goes to where
 * the click was, so that what opens there opens in place, and stays there: it cannot be seen.
 */
#include <stddef.h>

#include "guid/dock/dock.h"
#include "qrexec/base/cleanup.h"

/* Until a button is up, nobody else can have the pointer, as a menu must: when to look again, and
 * when not any more. Microseconds. */
#define LOOK_AGAIN 20000
#define GIVE_UP 3000000
#define BUTTONS (XCB_BUTTON_MASK_1 | XCB_BUTTON_MASK_2 | XCB_BUTTON_MASK_3)

/* Position and length of a window so that it is around at, within size. */
static int around(int at, int side, int size)
{
	int from = at - side / 2;

	return from > size - side ? size - side : from < 0 ? 0 : from;
}

_Static_assert(offsetof(xcb_button_press_event_t, same_screen) ==
			       offsetof(xcb_enter_notify_event_t, mode) &&
		       offsetof(xcb_button_press_event_t, pad0) ==
			       offsetof(xcb_enter_notify_event_t, same_screen_focus),
	       "events of the pointer are alike");

static void send(struct icon *i, uint8_t type, uint8_t detail, uint16_t state, int x, int y)
{
	struct dock *d = i->dock;
	bool enter = type == XCB_ENTER_NOTIFY;
	/* Of both kinds but for the end: an EnterNotify has its mode there, and same_screen_focus.
	 */
	xcb_button_press_event_t e = {.response_type = type,
				      .detail = detail,
				      .time = XCB_CURRENT_TIME,
				      .root = d->screen->root,
				      .event = i->window,
				      .root_x = (int16_t)(x + d->side / 2),
				      .root_y = (int16_t)(y + d->side / 2),
				      .event_x = (int16_t)(d->side / 2),
				      .event_y = (int16_t)(d->side / 2),
				      .state = state,
				      .same_screen = enter ? XCB_NOTIFY_MODE_NORMAL : 1,
				      .pad0 = enter ? 2 : 0};

	/* To its program, whatever that has asked for. */
	xcb_send_event(d->x, 0, i->window, XCB_EVENT_MASK_NO_EVENT, (const char *)&e);
}

static void pass_on(struct icon *i)
{
	struct dock *d = i->dock;
	_cleanup_free_ xcb_get_geometry_reply_t *root =
		xcb_get_geometry_reply(d->x, xcb_get_geometry(d->x, d->screen->root), NULL);
	int x = root ? around(i->x, d->side, root->width) : 0;
	int y = root ? around(i->y, d->side, root->height) : 0;
	uint16_t held = i->button <= 5 ? (uint16_t)(XCB_BUTTON_MASK_1 << (i->button - 1)) : 0;
	const uint32_t values[] = {(uint32_t)x, (uint32_t)y};

	xcb_configure_window(d->x, i->box, XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y, values);
	/* The pointer comes in, which tells qubes-guid to look where the window is. */
	send(i, XCB_ENTER_NOTIFY, XCB_NOTIFY_DETAIL_NONLINEAR, 0, x, y);
	send(i, XCB_BUTTON_PRESS, (uint8_t)i->button, 0, x, y);
	send(i, XCB_BUTTON_RELEASE, (uint8_t)i->button, held, x, y);
}

static int look(sd_event_source *s, uint64_t time, void *data);

static void wait_or_pass_on(struct icon *i, uint64_t now)
{
	struct dock *d = i->dock;
	_cleanup_free_ xcb_query_pointer_reply_t *p =
		xcb_query_pointer_reply(d->x, xcb_query_pointer(d->x, d->screen->root), NULL);

	i->waiting = sd_event_source_unref(i->waiting);
	if (!p)
		return;
	/* Panels that do not know where it was say that it was in the corner. */
	if (!i->x && !i->y) {
		i->x = p->root_x;
		i->y = p->root_y;
	}
	if (!(p->mask & BUTTONS))
		pass_on(i);
	else if (now < i->give_up)
		sd_event_add_time_relative(d->loop, &i->waiting, CLOCK_MONOTONIC, LOOK_AGAIN,
					   DOCK_ACCURACY, look, i);
}

static int look(sd_event_source *s, uint64_t time, void *data)
{
	struct icon *i = data;

	wait_or_pass_on(i, dock_now(i->dock));
	return 0;
}

void icon_click(struct icon *i, unsigned button, int x, int y)
{
	uint64_t now = dock_now(i->dock);

	i->button = button;
	i->x = x;
	i->y = y;
	i->give_up = now + GIVE_UP;
	wait_or_pass_on(i, now);
}
