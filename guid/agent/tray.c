/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The qube's tray (tray.h). The peers are the qube's X clients. */
#include "guid/agent/tray.h"

#include <stdlib.h>

#include "guid/agent/agent.h"
#include "qrexec/base/cleanup.h"

#define REQUEST_DOCK 0
#define XEMBED_EMBEDDED_NOTIFY 0
#define XEMBED_VERSION 0
#define HORIZONTAL 0

static void send_message(struct agent *a, xcb_window_t to, xcb_window_t about, uint32_t mask,
			 xcb_atom_t type, const uint32_t *words)
{
	xcb_client_message_event_t e = {
		.response_type = XCB_CLIENT_MESSAGE, .format = 32, .window = about, .type = type};

	for (int i = 0; i < 5; i++)
		e.data.data32[i] = words[i];
	xcb_send_event(a->x, 0, to, mask, (const char *)&e);
}

void tray_announce(struct agent *a)
{
	_cleanup_free_ xcb_get_selection_owner_reply_t *owner = xcb_get_selection_owner_reply(
		a->x, xcb_get_selection_owner(a->x, a->atom[A__NET_SYSTEM_TRAY_S0]), NULL);
	const uint32_t words[5] = {XCB_CURRENT_TIME, a->atom[A__NET_SYSTEM_TRAY_S0], a->own};
	const uint32_t orientation = HORIZONTAL;

	if (!owner || owner->owner)
		return;
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->own,
			    a->atom[A__NET_SYSTEM_TRAY_ORIENTATION], XCB_ATOM_CARDINAL, 32, 1,
			    &orientation);
	/* Of the screen's depth: dom0 shows no transparency. */
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->own, a->atom[A__NET_SYSTEM_TRAY_VISUAL],
			    XCB_ATOM_VISUALID, 32, 1, &a->screen->root_visual);
	xcb_set_selection_owner(a->x, a->own, a->atom[A__NET_SYSTEM_TRAY_S0], XCB_CURRENT_TIME);
	send_message(a, a->root, a->root, XCB_EVENT_MASK_STRUCTURE_NOTIFY, a->atom[A_MANAGER],
		     words);
}

static struct tray_icon *find(struct agent *a, xcb_window_t icon)
{
	for (int i = 0; i < TRAY_MAX_ICONS; i++)
		if (a->tray.icons[i].icon == icon)
			return &a->tray.icons[i];
	return NULL;
}

bool tray_is_box(const struct agent *a, xcb_window_t id)
{
	for (int i = 0; i < TRAY_MAX_ICONS; i++)
		if (a->tray.icons[i].box == id)
			return true;
	return false;
}

static xcb_window_t make_box(struct agent *a)
{
	const uint32_t values[] = {a->screen->white_pixel, XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY};
	xcb_window_t box = xcb_generate_id(a->x);

	xcb_create_window(a->x, XCB_COPY_FROM_PARENT, box, a->root, 0, 0, TRAY_BOX_SIZE,
			  TRAY_BOX_SIZE, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			  XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values);
	return box;
}

/* Makes an icon as large as its box. */
static void fit(struct agent *a, xcb_window_t icon, uint32_t width, uint32_t height)
{
	const uint32_t values[] = {0, 0, width, height, 0};

	xcb_configure_window(a->x, icon,
			     XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH |
				     XCB_CONFIG_WINDOW_HEIGHT | XCB_CONFIG_WINDOW_BORDER_WIDTH,
			     values);
}

/* Puts an icon into its box. False: it cannot be, it is no window of a client's. */
static bool take(struct agent *a, const struct tray_icon *t)
{
	_cleanup_free_ xcb_generic_error_t *foreign = NULL, *there = NULL;

	/* It outlives us, for the tray that comes next. */
	foreign = xcb_request_check(
		a->x, xcb_change_save_set_checked(a->x, XCB_SET_MODE_INSERT, t->icon));
	if (!foreign)
		there = xcb_request_check(a->x,
					  xcb_reparent_window_checked(a->x, t->icon, t->box, 0, 0));
	return !foreign && !there;
}

static void remove_icon(struct agent *a, struct tray_icon *t)
{
	xcb_destroy_window(a->x, t->box);
	*t = (struct tray_icon){0};
}

void tray_message(struct agent *a, const xcb_client_message_event_t *e)
{
	const uint32_t *d = e->data.data32;
	struct tray_icon *t;

	if (e->format != 32 || e->type != a->atom[A__NET_SYSTEM_TRAY_OPCODE] ||
	    d[1] != REQUEST_DOCK || !d[2] || d[2] == a->root || tray_is_box(a, d[2]) ||
	    find(a, d[2]))
		return;
	t = find(a, 0);
	if (!t)
		return;
	t->icon = d[2];
	t->box = make_box(a);
	if (!take(a, t)) {
		remove_icon(a, t);
		return;
	}
	fit(a, t->icon, TRAY_BOX_SIZE, TRAY_BOX_SIZE);
	send_message(a, t->icon, t->icon, XCB_EVENT_MASK_NO_EVENT, a->atom[A__XEMBED],
		     (const uint32_t[5]){XCB_CURRENT_TIME, XEMBED_EMBEDDED_NOTIFY, 0, t->box,
					 XEMBED_VERSION});
	xcb_map_window(a->x, t->icon);
	xcb_map_window(a->x, t->box);
}

/* An icon that is gone leaves its box to nobody; its event comes when it is known to be one. */
void tray_destroyed(struct agent *a, xcb_window_t id)
{
	struct tray_icon *t = find(a, id);

	if (t)
		remove_icon(a, t);
}

void tray_reparented(struct agent *a, const xcb_reparent_notify_event_t *e)
{
	struct tray_icon *t = find(a, e->window);

	if (t && e->parent != t->box)
		remove_icon(a, t);
}

void tray_configured(struct agent *a, const xcb_configure_notify_event_t *e)
{
	for (int i = 0; i < TRAY_MAX_ICONS; i++)
		if (a->tray.icons[i].box == e->window)
			fit(a, a->tray.icons[i].icon, e->width, e->height);
}
