/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where windows of a qube may be: rules on rectangles (specs/gui.md section 9). Pure. Sizes
 * were clamped before (gui-sanitize.h), so that nothing here overflows.
 */
#ifndef QUBES_GUID_GEOMETRY_H
#define QUBES_GUID_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "guid/proto/gui-sanitize.h"

/* Share of the work area that override-redirect windows of a qube may cover. */
#define GUID_OR_PERCENT 90
/* So many of them at a time; more become ordinary windows. */
#define GUID_OR_MAX 64

/* True when no pixel of b is on a screen of this size. */
bool box_off_screen(const struct gui_box *b, int root_width, int root_height);

/*
 * Shrinks and moves b into area, unless it is entirely off the screen. True when it
 * changed.
 */
bool box_force_inside(struct gui_box *b, const struct gui_box *area, int root_width,
		      int root_height);

/* True when one window of this size is more than GUID_OR_PERCENT of the area. */
bool box_too_large(const struct gui_box *b, const struct gui_box *area);

/*
 * True when the n boxes together cover more than GUID_OR_PERCENT of area. n is at most
 * GUID_OR_MAX.
 */
bool boxes_cover(const struct gui_box *boxes, size_t n, const struct gui_box *area);

/* The common part. False when there is none. */
bool box_intersect(const struct gui_box *a, const struct gui_box *b, struct gui_box *ret);
/* The smallest box around both. */
struct gui_box box_union(const struct gui_box *a, const struct gui_box *b);
bool box_equal(const struct gui_box *a, const struct gui_box *b);

#endif
