/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qube's clipboard: what its CLIPBOARD selection holds goes to the daemon when that
 * asks; what the daemon sends becomes the CLIPBOARD and PRIMARY selections.
 * specs/gui.md section 8.
 */
#ifndef QUBES_GUID_AGENT_CLIPBOARD_H
#define QUBES_GUID_AGENT_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xcb/xcb.h>

struct agent;

struct clipboard {
	/* What the daemon gave; the agent owns the selections while it does. */
	uint8_t *data; /* owned */
	size_t len;
	xcb_timestamp_t since;

	/* A request of the daemon that a client of the qube is asked to answer. */
	bool asked;
	uint32_t window; /* named by the request */
	bool latin1;	 /* asked for STRING after UTF8_STRING was refused */
	bool incremental;
	uint8_t *got; /* owned */
	size_t got_len;
	int64_t until_ms; /* when to give up */
};

void clipboard_clear(struct clipboard *c);

/* From the daemon. */
void clipboard_request(struct agent *a, uint32_t window);
void clipboard_set(struct agent *a, const uint8_t *data, size_t len);

/* X events. */
void clipboard_notify(struct agent *a, const xcb_selection_notify_event_t *e);
void clipboard_serve(struct agent *a, const xcb_selection_request_event_t *e);
void clipboard_lost(struct agent *a, const xcb_selection_clear_event_t *e);
void clipboard_property(struct agent *a, const xcb_property_notify_event_t *e);

/* Milliseconds until clipboard_tick() has to be called, -1: no need. */
int clipboard_timeout(const struct clipboard *c, int64_t now_ms);
void clipboard_tick(struct agent *a, int64_t now_ms);

#endif
