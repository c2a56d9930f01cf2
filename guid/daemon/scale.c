/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on screens of high resolution (guid.h): as many times wider as everything else on this
 * screen is larger, which its Xft.dpi tells. Peer: dom0's X server, trusted.
 */
#include <stdlib.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "guid/proto/gui-scale.h"
#include "qrexec/base/cleanup.h"

#define MAX_RESOURCE_WORDS 65536

static int find_scale(struct guid *g)
{
	_cleanup_free_ xcb_get_property_reply_t *r = xcb_get_property_reply(
		g->x.c,
		xcb_get_property(g->x.c, 0, g->x.root, XCB_ATOM_RESOURCE_MANAGER, XCB_ATOM_STRING,
				 0, MAX_RESOURCE_WORDS),
		NULL);

	if (!r || r->format != 8)
		return 1;
	return (int)gui_scale_of_dpi(gui_dpi_of_resources(
		xcb_get_property_value(r), (size_t)xcb_get_property_value_length(r)));
}

void scale_update(struct guid *g)
{
	int scale = find_scale(g);

	if (scale == g->scale)
		return;
	g->scale = scale;
	log_debug("frames are %d times as wide as usual", scale);
	for (struct gwin *w = g->windows; w; w = w->next) {
		const struct gui_box all = {0, 0, w->box.width, w->box.height};

		if (w->inset) {
			w->inset = GUID_FRAME * scale;
			hints_write(g, w);
			if (place_force(g, w))
				place_tell(g, w, true);
			window_apply_box(g, w);
		} else {
			paint_expose(g, w, &all);
		}
	}
}
