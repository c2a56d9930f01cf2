/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dom0's resolution for the qube's programs (scale.h). Peers: the qube's X server and clients. */
#include "guid/agent/scale.h"

#include <stdlib.h>

#include "guid/agent/agent.h"
#include "guid/agent/settings.h"
#include "guid/proto/gui-scale.h"
#include "qrexec/base/cleanup.h"

#define MAX_RESOURCE_WORDS 65536

static xcb_window_t owner(struct agent *a)
{
	_cleanup_free_ xcb_get_selection_owner_reply_t *r = xcb_get_selection_owner_reply(
		a->x, xcb_get_selection_owner(a->x, a->atom[A__XSETTINGS_S0]), NULL);

	return r ? r->owner : XCB_NONE;
}

/* Clients that wait for a manager learn that there is one. */
static void announce(struct agent *a)
{
	xcb_client_message_event_t e = {.response_type = XCB_CLIENT_MESSAGE,
					.format = 32,
					.window = a->root,
					.type = a->atom[A_MANAGER]};

	e.data.data32[0] = XCB_CURRENT_TIME;
	e.data.data32[1] = a->atom[A__XSETTINGS_S0];
	e.data.data32[2] = a->own;
	xcb_send_event(a->x, 0, a->root, XCB_EVENT_MASK_STRUCTURE_NOTIFY, (const char *)&e);
}

static void set_settings(struct agent *a)
{
	xcb_window_t now = owner(a);
	uint8_t buf[SETTINGS_SIZE];
	size_t n;

	if (now && now != a->own)
		return;
	n = settings_encode(buf, ++a->settings_serial, a->dpi);
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->own, a->atom[A__XSETTINGS_SETTINGS],
			    a->atom[A__XSETTINGS_SETTINGS], 8, (uint32_t)n, buf);
	if (now == a->own)
		return;
	xcb_set_selection_owner(a->x, a->own, a->atom[A__XSETTINGS_S0], XCB_CURRENT_TIME);
	announce(a);
}

static void set_resources(struct agent *a)
{
	_cleanup_free_ xcb_get_property_reply_t *r =
		xcb_get_property_reply(a->x,
				       xcb_get_property(a->x, 0, a->root, XCB_ATOM_RESOURCE_MANAGER,
							XCB_ATOM_STRING, 0, MAX_RESOURCE_WORDS),
				       NULL);
	_cleanup_free_ char *text = NULL;
	size_t n = r && r->format == 8 ? (size_t)xcb_get_property_value_length(r) : 0;

	if (!r || r->bytes_after)
		return;
	text = settings_resources(xcb_get_property_value(r), n, a->dpi, &n);
	if (text)
		xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->root, XCB_ATOM_RESOURCE_MANAGER,
				    XCB_ATOM_STRING, 8, (uint32_t)n, text);
}

void scale_apply(struct agent *a, unsigned dpi)
{
	if (!dpi || dpi == a->dpi)
		return;
	/* As everything is when nobody says otherwise: then also ~/.Xdefaults counts. */
	if (!a->dpi && dpi == GUI_DPI_NORMAL)
		return;
	a->dpi = dpi;
	set_resources(a);
	set_settings(a);
}

void scale_lost(struct agent *a, const xcb_selection_clear_event_t *e)
{
	if (e->owner == a->own && e->selection == a->atom[A__XSETTINGS_S0])
		xcb_delete_property(a->x, a->own, a->atom[A__XSETTINGS_SETTINGS]);
}
