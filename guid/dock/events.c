/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the X server says (dock.h). */
#include <stdlib.h>
#include <xcb/xfixes.h>

#include "guid/dock/dock.h"
#include "guid/xcb/tray-client.h"
#include "qrexec/base/cleanup.h"

#define EVENTS_MAX 256

static void on_message(struct dock *d, const xcb_client_message_event_t *e)
{
	if (d->manager && e->window == d->manager && e->format == 32 && e->type == d->atom.opcode &&
	    e->data.data32[1] == TRAY_REQUEST_DOCK)
		admit_ask(d, e->data.data32[2]);
}

static void on_selection(struct dock *d, const xcb_xfixes_selection_notify_event_t *e)
{
	if (e->selection != d->atom.selection)
		return;
	d->owner = e->subtype == XCB_XFIXES_SELECTION_EVENT_SET_SELECTION_OWNER ? e->owner : 0;
	manager_consider(d);
}

static void on_property(struct dock *d, const xcb_property_notify_event_t *e)
{
	struct icon *i = icon_find(d, e->window);

	if (!i)
		return;
	if (e->atom == d->atom.xembed_info) {
		i->wishes = true;
		icon_touch(i);
	} else if (e->atom == XCB_ATOM_WM_NAME || e->atom == XCB_ATOM_WM_CLASS ||
		   e->atom == d->atom.net_name) {
		i->renamed = true;
		icon_touch(i);
	}
}

static void on_reparent(struct dock *d, const xcb_reparent_notify_event_t *e)
{
	struct icon *i = icon_find(d, e->window);

	if (i && e->parent != i->box)
		icon_taken(i);
}

static void on_damage(struct dock *d, const xcb_damage_notify_event_t *e)
{
	struct icon *i = icon_find(d, e->drawable);

	if (i) {
		i->changed = true;
		icon_touch(i);
	}
}

/* UnmapNotify, MapNotify, DestroyNotify, ConfigureNotify: the window is in the same place. */
static void on_structure(struct dock *d, const xcb_map_notify_event_t *e, uint8_t type)
{
	struct icon *i = icon_find(d, e->window);

	if (!i)
		return;
	if (type == XCB_DESTROY_NOTIFY) {
		icon_forget(i);
	} else if (type == XCB_CONFIGURE_NOTIFY) {
		i->changed = true;
		icon_touch(i);
	} else {
		icon_mapped(i, type == XCB_MAP_NOTIFY);
	}
}

static void on_event(struct dock *d, const xcb_generic_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;

	if (type == d->xfixes_event + XCB_XFIXES_SELECTION_NOTIFY)
		on_selection(d, (const void *)e);
	else if (type == d->damage_event + XCB_DAMAGE_NOTIFY)
		on_damage(d, (const void *)e);
	else if (type == XCB_CLIENT_MESSAGE)
		on_message(d, (const void *)e);
	else if (type == XCB_PROPERTY_NOTIFY)
		on_property(d, (const void *)e);
	else if (type == XCB_REPARENT_NOTIFY)
		on_reparent(d, (const void *)e);
	else if (type == XCB_DESTROY_NOTIFY || type == XCB_UNMAP_NOTIFY || type == XCB_MAP_NOTIFY ||
		 type == XCB_CONFIGURE_NOTIFY)
		on_structure(d, (const void *)e, type);
}

static bool take(struct dock *d, xcb_generic_event_t *e)
{
	_cleanup_free_ xcb_generic_event_t *one = e;

	if (one)
		on_event(d, one);
	return one;
}

bool events_take(struct dock *d, bool *ret_more)
{
	int n = 0;

	do {
		while (n < EVENTS_MAX && take(d, xcb_poll_for_event(d->x)))
			n++;
		xcb_flush(d->x);
		/* Sending reads as well: what came with that wakes nobody. */
	} while (n < EVENTS_MAX && take(d, xcb_poll_for_queued_event(d->x)));
	*ret_more = n == EVENTS_MAX;
	return !xcb_connection_has_error(d->x);
}
