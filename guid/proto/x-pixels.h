/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QUBES-PIXELS: the extension of the qube's X server (guid/xorg) by which the agent gets at the
 * memory of a window's pixmap, so that nothing has to be copied in the qube. One request, without
 * events or errors of its own. In the byte order of the machine: clients of the other
 * order are refused.
 */
#ifndef QUBES_GUID_PROTO_X_PIXELS_H
#define QUBES_GUID_PROTO_X_PIXELS_H

#include <stdint.h>

#define X_PIXELS_NAME "QUBES-PIXELS"

/* The only request's minor number: the memory of a pixmap. */
#define X_PIXELS_GET 0

struct x_pixels_request {
	uint8_t major, minor;
	uint16_t length;
	uint32_t pixmap;
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
	uint32_t pad[3];
};

_Static_assert(sizeof(struct x_pixels_request) == 8, "as on the wire");
_Static_assert(sizeof(struct x_pixels_reply) == 32, "as on the wire");

#endif
