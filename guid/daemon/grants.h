/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images in grant references (Xen; specs/gui.md section 5). gntdev's mappings have no
 * descriptor that a stock X server could map: they are mapped here, read-only, and damaged
 * parts are copied to memory that is shared with X. The granting qube is hostile: it writes
 * to its pages at any time; nothing is decided by what is in them.
 */
#ifndef QUBES_GUID_GRANTS_H
#define QUBES_GUID_GRANTS_H

#include <stddef.h>
#include <stdint.h>

#include "guid/proto/gui-sanitize.h"

struct grant_image {
	const uint8_t *from; /* the qube's pages, mapped; NULL: none */
	uint8_t *to;	     /* ours, shared with X */
	size_t from_size, to_size;
	uint64_t index; /* gntdev's handle of the mapping */
	uint32_t pages;
};

/* Opens gntdev, before the confinement. A descriptor, or -errno. */
int grants_open(void);

/*
 * Maps the pages of a dump that domain granted, and makes the memory for X: *ret_fd, owned
 * by the caller. 0 or -errno: the references are not that domain's, or out of memory.
 */
int grants_map(int gntdev, unsigned domain, const struct gui_window_dump *dump,
	       struct grant_image *ret, int *ret_fd);

void grants_unmap(int gntdev, struct grant_image *g);

/* Copies a part of the image (inside of it) of a row width of width pixels. */
void grants_copy(const struct grant_image *g, int width, const struct gui_box *part);

#endif
