/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For pictures and tests: a program with an icon that docks into the tray by XEMBED, a white
 * envelope on light blue. It runs in a qube, needs nothing but xcb, and ends when it is killed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xcb/xcb.h>

#include "guid/xcb/tray-client.h"

static void draw(xcb_connection_t *c, xcb_window_t w, xcb_gcontext_t gc, uint32_t side)
{
	const uint32_t colors[] = {0x88bbee, 0xffffff, 0x335577};
	const int16_t s = (int16_t)side, left = s / 8, right = s - s / 8 - 1, top = s / 4;
	const xcb_rectangle_t all = {0, 0, (uint16_t)side, (uint16_t)side};
	const xcb_rectangle_t paper = {left, top, (uint16_t)(right - left + 1), (uint16_t)(s / 2)};
	const xcb_point_t flap[] = {{left, top}, {s / 2, s / 2}, {right, top}};

	xcb_change_gc(c, gc, XCB_GC_FOREGROUND, &colors[0]);
	xcb_poly_fill_rectangle(c, w, gc, 1, &all);
	xcb_change_gc(c, gc, XCB_GC_FOREGROUND, &colors[1]);
	xcb_poly_fill_rectangle(c, w, gc, 1, &paper);
	xcb_change_gc(c, gc, XCB_GC_FOREGROUND, &colors[2]);
	xcb_poly_line(c, XCB_COORD_MODE_ORIGIN, w, gc, 3, flap);
}

int main(void)
{
	int n;
	xcb_connection_t *c = xcb_connect(NULL, &n);
	xcb_screen_t *s = xcb_setup_roots_iterator(xcb_get_setup(c)).data;
	const uint32_t mask = XCB_EVENT_MASK_EXPOSURE | XCB_EVENT_MASK_STRUCTURE_NOTIFY, side = 24;
	const uint32_t mapped[] = {0, 1}; /* version, XEMBED_MAPPED */
	xcb_generic_event_t *e;
	xcb_window_t w, tray;
	xcb_gcontext_t gc;

	if (xcb_connection_has_error(c))
		return 1;
	tray = x_owner(c, x_atom(c, "_NET_SYSTEM_TRAY_S0"));
	if (!tray) {
		fprintf(stderr, "tray-icon: there is no tray\n");
		return 1;
	}
	w = xcb_generate_id(c);
	gc = xcb_generate_id(c);
	xcb_create_window(c, XCB_COPY_FROM_PARENT, w, s->root, 0, 0, (uint16_t)side, (uint16_t)side,
			  0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
			  &mask);
	xcb_create_gc(c, gc, w, 0, NULL);
	xcb_change_property(c, XCB_PROP_MODE_REPLACE, w, x_atom(c, "_XEMBED_INFO"),
			    x_atom(c, "_XEMBED_INFO"), 32, 2, mapped);
	xcb_change_property(c, XCB_PROP_MODE_REPLACE, w, XCB_ATOM_WM_NAME, XCB_ATOM_STRING, 8, 4,
			    "mail");
	x_ask_to_dock(c, tray, x_atom(c, "_NET_SYSTEM_TRAY_OPCODE"), w);
	xcb_flush(c);
	for (uint32_t at = side; (e = xcb_wait_for_event(c)); free(e)) {
		if ((e->response_type & 0x7f) == XCB_CONFIGURE_NOTIFY)
			at = ((const xcb_configure_notify_event_t *)e)->height;
		draw(c, w, gc, at);
		xcb_flush(c);
	}
	return 0;
}
