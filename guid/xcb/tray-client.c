/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of trays and of their icons (tray-client.h). */
#include "guid/xcb/tray-client.h"

#include <string.h>

#include "qrexec/base/cleanup.h"

xcb_atom_t x_atom(xcb_connection_t *c, const char *name)
{
	_cleanup_free_ xcb_intern_atom_reply_t *r =
		xcb_intern_atom_reply(c, xcb_intern_atom(c, 0, (uint16_t)strlen(name), name), NULL);

	return r ? r->atom : XCB_NONE;
}

xcb_window_t x_owner(xcb_connection_t *c, xcb_atom_t selection)
{
	_cleanup_free_ xcb_get_selection_owner_reply_t *r =
		xcb_get_selection_owner_reply(c, xcb_get_selection_owner(c, selection), NULL);

	return r ? r->owner : 0;
}

void x_tell(xcb_connection_t *c, xcb_window_t window, xcb_atom_t type, const uint32_t data[5])
{
	xcb_client_message_event_t e = {
		.response_type = XCB_CLIENT_MESSAGE, .format = 32, .window = window, .type = type};

	memcpy(e.data.data32, data, sizeof(e.data.data32));
	xcb_send_event(c, 0, window, XCB_EVENT_MASK_NO_EVENT, (const char *)&e);
}

void x_ask_to_dock(xcb_connection_t *c, xcb_window_t tray, xcb_atom_t opcode, xcb_window_t window)
{
	const uint32_t data[5] = {XCB_CURRENT_TIME, TRAY_REQUEST_DOCK, window};

	x_tell(c, tray, opcode, data);
}
