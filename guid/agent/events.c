/* SPDX-License-Identifier: GPL-2.0-or-later */
/* X events to what they mean (display.h). Peer: the qube's X server and its clients. */
#include <stdio.h>
#include <stdlib.h>
#include <xcb/damage.h>
#include <xcb/xfixes.h>
#include <xcb/xkb.h>

#include "guid/agent/agent.h"
#include "guid/agent/control.h"
#include "guid/agent/cursor.h"
#include "guid/agent/display.h"
#include "guid/agent/scale.h"
#include "qrexec/base/cleanup.h"

#define SENT_BIT 0x80u /* of response_type: a client made the event */

static void on_property(struct agent *a, const xcb_property_notify_event_t *e)
{
	if (e->window == a->own)
		clipboard_property(a, e);
	else
		win_property(a, e->window, e->atom);
}

/* Events that a client can send as well mean nothing when it did. */
static void on_structure(struct agent *a, uint8_t type, const xcb_generic_event_t *e)
{
	const xcb_map_notify_event_t *map = (const void *)e;
	const xcb_unmap_notify_event_t *unmap = (const void *)e;
	const xcb_destroy_notify_event_t *destroy = (const void *)e;

	switch (type) {
	case XCB_CREATE_NOTIFY:
		win_created(a, (const void *)e);
		break;
	case XCB_DESTROY_NOTIFY:
		win_destroyed(a, destroy->window);
		tray_destroyed(a, destroy->window);
		break;
	case XCB_MAP_NOTIFY:
		win_mapped(a, map->window, map->override_redirect);
		break;
	case XCB_UNMAP_NOTIFY:
		win_unmapped(a, unmap->window);
		break;
	case XCB_CONFIGURE_NOTIFY:
		win_configured(a, (const void *)e);
		tray_configured(a, (const void *)e);
		break;
	case XCB_REPARENT_NOTIFY:
		win_reparented(a, (const void *)e);
		tray_reparented(a, (const void *)e);
		break;
	case XCB_PROPERTY_NOTIFY:
		on_property(a, (const void *)e);
		break;
	case XCB_SELECTION_REQUEST:
		clipboard_serve(a, (const void *)e);
		break;
	case XCB_SELECTION_CLEAR:
		clipboard_lost(a, (const void *)e);
		scale_lost(a, (const void *)e);
		break;
	case XCB_MAPPING_NOTIFY:
		input_mapping_changed(a);
		input_no_repeat(a);
		break;
	}
}

static bool on_extension(struct agent *a, uint8_t type, const xcb_generic_event_t *e)
{
	if (type == a->damage_event + XCB_DAMAGE_NOTIFY) {
		const xcb_damage_notify_event_t *damage = (const void *)e;

		win_damaged(a, damage->drawable, &damage->area);
	} else if (type == a->xfixes_event + XCB_XFIXES_CURSOR_NOTIFY) {
		cursor_changed(a, ((const xcb_xfixes_cursor_notify_event_t *)e)->name);
	} else if (a->has_xkb && type == a->xkb_event) {
		input_mapping_changed(a);
		input_no_repeat(a);
	} else {
		return false;
	}
	return true;
}

static void on_event(struct agent *a, const xcb_generic_event_t *e)
{
	uint8_t type = e->response_type & (uint8_t)~SENT_BIT;
	const xcb_generic_error_t *err = (const void *)e;

	if (!e->response_type) {
		/* Windows vanish while we speak of them: nothing to be done. */
		if (a->verbose > 1)
			fprintf(stderr, "qubes-gui-agent: X error %u, request %u.%u\n",
				err->error_code, err->major_code, err->minor_code);
		return;
	}
	if (type == XCB_CLIENT_MESSAGE && ((const xcb_client_message_event_t *)e)->window == a->own)
		tray_message(a, (const void *)e);
	else if (type == XCB_CLIENT_MESSAGE)
		control_client_message(a, (const void *)e);
	else if (type == XCB_SELECTION_NOTIFY)
		clipboard_notify(a, (const void *)e);
	else if (!(e->response_type & SENT_BIT) && !on_extension(a, type, e))
		on_structure(a, type, e);
}

bool display_drain(struct agent *a, bool read)
{
	xcb_generic_event_t *e = read ? xcb_poll_for_event(a->x) : xcb_poll_for_queued_event(a->x);
	bool did = false;

	for (; e; e = xcb_poll_for_queued_event(a->x)) {
		on_event(a, e);
		free(e);
		did = true;
	}
	return did;
}
