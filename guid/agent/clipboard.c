/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qube's selections (clipboard.h). Peers: the qube's X clients, of which the owner of
 * a selection may answer anything, or never; and the daemon.
 */
#include "guid/agent/clipboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/agent/agent.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define ANSWER_MS 3000
#define CHUNK_WORDS (GUI_MAX_CLIPBOARD / 4 + 1)

static size_t wire_limit(const struct agent *a)
{
	return a->link.version >= GUI_VERSION_BIG_CLIPBOARD ? GUI_MAX_CLIPBOARD
							    : GUI_MAX_CLIPBOARD_OLD;
}

void clipboard_clear(struct clipboard *c)
{
	free(c->data);
	free(c->got);
	*c = (struct clipboard){0};
}

/* --- from the qube to the daemon --- */

static void send_answer(struct agent *a, const uint8_t *data, size_t len)
{
	struct gui_msg m = {.type = GUI_MSG_CLIPBOARD_DATA, .window = a->clipboard.window};
	const size_t max =
		a->link.version >= GUI_VERSION_BIG_CLIPBOARD ? wire_limit(a) + 1 : wire_limit(a);

	/* One byte too many tells that there was more. */
	m.u.clipboard = (struct gui_clipboard){data, (uint32_t)(len > max ? max : len)};
	link_send(a, &m);
}

static void end_request(struct agent *a, bool with_data)
{
	struct clipboard *c = &a->clipboard;

	send_answer(a, c->got, with_data ? c->got_len : 0);
	free(c->got);
	c->got = NULL;
	c->got_len = 0;
	c->asked = c->incremental = false;
}

static void convert(struct agent *a, bool latin1)
{
	xcb_atom_t target = latin1 ? XCB_ATOM_STRING : a->atom[A_UTF8_STRING];

	a->clipboard.latin1 = latin1;
	xcb_convert_selection(a->x, a->own, a->atom[A_CLIPBOARD], target,
			      a->atom[A_QUBES_SELECTION], XCB_CURRENT_TIME);
}

void clipboard_request(struct agent *a, uint32_t window)
{
	struct clipboard *c = &a->clipboard;

	c->window = window;
	if (c->data) {
		send_answer(a, c->data, c->len);
		return;
	}
	/* An earlier request that is still open is answered by this one. */
	free(c->got);
	c->got = NULL;
	c->got_len = 0;
	c->incremental = false;
	c->asked = true;
	c->until_ms = io_now_ms() + ANSWER_MS;
	convert(a, false);
}

static bool append(struct clipboard *c, size_t max, const uint8_t *data, size_t n, bool latin1)
{
	size_t room = max - c->got_len, used = 0;
	uint8_t *bigger;

	bigger = realloc(c->got, c->got_len + (2 * n < room ? 2 * n : room) + 1);
	if (!bigger)
		return false;
	c->got = bigger;
	for (size_t i = 0; i < n && used + 2 <= room; i++) {
		if (latin1 && data[i] >= 0x80) {
			bigger[c->got_len + used++] = (uint8_t)(0xc0 | data[i] >> 6);
			bigger[c->got_len + used++] = (uint8_t)(0x80 | (data[i] & 0x3f));
		} else {
			bigger[c->got_len + used++] = data[i];
		}
	}
	c->got_len += used;
	return true;
}

/* Takes what the owner wrote. *ret_end: an incremental transfer has ended. */
static bool take_property(struct agent *a, bool *ret_end)
{
	struct clipboard *c = &a->clipboard;
	_cleanup_free_ xcb_get_property_reply_t *r =
		xcb_get_property_reply(a->x,
				       xcb_get_property(a->x, 1, a->own, a->atom[A_QUBES_SELECTION],
							XCB_GET_PROPERTY_TYPE_ANY, 0, CHUNK_WORDS),
				       NULL);
	size_t n = r ? (size_t)xcb_get_property_value_length(r) : 0;

	*ret_end = false;
	if (!r)
		return false;
	if (r->type == a->atom[A_INCR] && !c->incremental) {
		c->incremental = true;
		return true; /* reading has deleted it: that asks the owner to go on */
	}
	/* With bytes left the server keeps the property. */
	if (r->bytes_after)
		xcb_delete_property(a->x, a->own, a->atom[A_QUBES_SELECTION]);
	*ret_end = !n || !c->incremental;
	if (r->format != 8)
		return *ret_end;
	/* Two more than the limit, so that what is too long is seen to be. */
	return append(c, wire_limit(a) + 2, xcb_get_property_value(r), n, c->latin1);
}

void clipboard_notify(struct agent *a, const xcb_selection_notify_event_t *e)
{
	struct clipboard *c = &a->clipboard;
	bool end = false;

	if (!c->asked || e->requestor != a->own || e->selection != a->atom[A_CLIPBOARD])
		return;
	if (e->property == XCB_NONE && !c->latin1) {
		convert(a, true);
		return;
	}
	if (e->property == XCB_NONE || !take_property(a, &end))
		end_request(a, false);
	else if (end)
		end_request(a, true);
}

void clipboard_property(struct agent *a, const xcb_property_notify_event_t *e)
{
	struct clipboard *c = &a->clipboard;
	bool end;

	if (!c->asked || !c->incremental || e->atom != a->atom[A_QUBES_SELECTION] ||
	    e->state != XCB_PROPERTY_NEW_VALUE)
		return;
	c->until_ms = io_now_ms() + ANSWER_MS;
	if (!take_property(a, &end))
		end_request(a, false);
	else if (end || c->got_len > wire_limit(a))
		end_request(a, true);
}

int clipboard_timeout(const struct clipboard *c, int64_t now_ms)
{
	if (!c->asked)
		return -1;
	return c->until_ms > now_ms ? (int)(c->until_ms - now_ms) : 0;
}

void clipboard_tick(struct agent *a, int64_t now_ms)
{
	if (a->clipboard.asked && a->clipboard.until_ms <= now_ms)
		end_request(a, false);
}

/* --- from the daemon to the qube --- */

void clipboard_set(struct agent *a, const uint8_t *data, size_t len)
{
	struct clipboard *c = &a->clipboard;
	uint8_t *copy = malloc(len + 1);

	if (!copy)
		return;
	if (len)
		memcpy(copy, data, len);
	free(c->data);
	c->data = copy;
	c->len = len;
	xcb_set_selection_owner(a->x, a->own, XCB_ATOM_PRIMARY, XCB_CURRENT_TIME);
	xcb_set_selection_owner(a->x, a->own, a->atom[A_CLIPBOARD], XCB_CURRENT_TIME);
}

void clipboard_lost(struct agent *a, const xcb_selection_clear_event_t *e)
{
	struct clipboard *c = &a->clipboard;

	/* PRIMARY goes with every mouse selection; the clipboard stays. */
	if (e->owner != a->own || e->selection != a->atom[A_CLIPBOARD])
		return;
	free(c->data);
	c->data = NULL;
	c->len = 0;
}

/* Writes the answer into the requestor's property; false: cannot be had in that form. */
static bool serve_target(struct agent *a, const xcb_selection_request_event_t *e,
			 xcb_atom_t property)
{
	const xcb_atom_t texts[] = {a->atom[A_UTF8_STRING], a->atom[A_TEXT_UTF8],
				    a->atom[A_TEXT_PLAIN], a->atom[A_TEXT], XCB_ATOM_STRING};
	const struct clipboard *c = &a->clipboard;
	xcb_atom_t all[ARRAY_LEN(texts) + 2];

	if (e->target == a->atom[A_TARGETS]) {
		memcpy(all, texts, sizeof(texts));
		all[ARRAY_LEN(texts)] = a->atom[A_TARGETS];
		all[ARRAY_LEN(texts) + 1] = a->atom[A_TIMESTAMP];
		xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, e->requestor, property,
				    XCB_ATOM_ATOM, 32, ARRAY_LEN(all), all);
		return true;
	}
	if (e->target == a->atom[A_TIMESTAMP]) {
		xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, e->requestor, property,
				    XCB_ATOM_INTEGER, 32, 1, &c->since);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (e->target != texts[i])
			continue;
		xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, e->requestor, property,
				    e->target == a->atom[A_TEXT] ? a->atom[A_UTF8_STRING]
								 : e->target,
				    8, (uint32_t)c->len, c->data);
		return true;
	}
	return false;
}

void clipboard_serve(struct agent *a, const xcb_selection_request_event_t *e)
{
	xcb_selection_notify_event_t n = {.response_type = XCB_SELECTION_NOTIFY,
					  .time = e->time,
					  .requestor = e->requestor,
					  .selection = e->selection,
					  .target = e->target};
	/* Old clients leave the choice of the property to the owner. */
	xcb_atom_t property = e->property ? e->property : e->target;

	if (a->clipboard.data && e->owner == a->own && serve_target(a, e, property))
		n.property = property;
	xcb_send_event(a->x, 0, e->requestor, XCB_EVENT_MASK_NO_EVENT, (const char *)&n);
}
