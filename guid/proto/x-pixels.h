/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QUBES-PIXELS: the extension of the qube's X server (guid/xorg) by which the agent gets at the
 * memory of a window's pixmap, so that nothing has to be copied in the qube, and has the X server
 * tell dom0 itself what was drawn there. Two requests, without events or errors of its own. In the
 * byte order of the machine: clients of the other order are refused.
 */
#ifndef QUBES_GUID_PROTO_X_PIXELS_H
#define QUBES_GUID_PROTO_X_PIXELS_H

#include <stdint.h>

#define X_PIXELS_NAME "QUBES-PIXELS"

/* Minor numbers: the memory of a pixmap. */
#define X_PIXELS_GET 0
/* And the channel for what is drawn (gui-damage.h), one descriptor, in place of one before. */
#define X_PIXELS_CHANNEL 1

struct x_pixels_request {
	uint8_t major, minor;
	uint16_t length;
	uint32_t pixmap;
	uint32_t window; /* whose damage is told by the channel from now on; 0: none's */
};

struct x_pixels_channel_request {
	uint8_t major, minor;
	uint16_t length;
};

/*
 * With it comes one descriptor: a memfd, sealed against another size, with the pixels from its
 * start on, 32 bits each. BadMatch: the pixmap is in memory of the X server's own.
 */
struct x_pixels_reply {
	uint8_t type, fds;
	uint16_t sequence;
	uint32_t length;
	uint16_t width, height; /* pixels */
	uint32_t stride;	/* bytes from a row to the next: width * 4 */
	uint32_t size;		/* bytes of the memfd: whole pages */
	uint32_t told;		/* 1: the damage is told by the channel; else 0 */
	uint32_t pad[2];
};

_Static_assert(sizeof(struct x_pixels_request) == 12, "as on the wire");
_Static_assert(sizeof(struct x_pixels_channel_request) == 4, "as on the wire");
_Static_assert(sizeof(struct x_pixels_reply) == 32, "as on the wire");

#endif
