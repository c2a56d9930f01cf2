/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window's image: a sealed memfd that dom0 maps. Where the qube's X server has our module
 * (guid/xorg), it is what the X server draws the window into, and nothing is copied. Elsewhere the
 * X server copies exactly what was damaged into it, as a shared pixmap (MIT-SHM). On Xen dom0 sees
 * a copy in granted pages (pages.h). specs/gui.md section 6.
 */
#ifndef QUBES_GUID_AGENT_IMAGE_H
#define QUBES_GUID_AGENT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>

#include "guid/agent/pages.h"

struct image {
	int fd; /* owned; -1: no image */
	uint32_t seg;
	xcb_pixmap_t
		pixmap; /* a view of the memory, stride width * 4; 0: the window's own pixels */
	uint16_t width, height;
	uint64_t size;	    /* of the file, bytes */
	struct pages pages; /* on Xen: what dom0 sees of it */
	bool told;	    /* the X server tells dom0 itself what is drawn there */
};

/*
 * Makes an image of width x height pixels, 1..GUI_MAX_*, for drawables of depth 24 or 32.
 * 0 or -errno; errors of the X server come as events.
 */
int image_new(xcb_connection_t *x, xcb_window_t root, uint8_t depth, uint16_t width,
	      uint16_t height, struct image *ret);

/*
 * Gives the X server the channel by which it tells dom0 what is drawn, in place of one before: what
 * was told by that is not told any more. fd becomes the call's. 0; or -ENOTSUP when the X server
 * does not do that.
 */
int image_set_channel(xcb_connection_t *x, int fd);

/*
 * The memory that the pixmap of a window is in, as an image; from now on what is drawn into it is
 * told dom0, if there is a channel. 0; -ENOTSUP when it is the X server's own; or -errno.
 */
int image_of_pixmap(xcb_connection_t *x, xcb_pixmap_t pixmap, xcb_window_t window,
		    struct image *ret);

/* What was sent to the daemon stays valid there. */
void image_free(xcb_connection_t *x, struct image *i);

#endif
