/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon makes of decoded but still hostile values before anything else sees
 * them: gui.md section 7, rows 9 to 24. Pure functions.
 */
#ifndef QUBES_GUID_GUI_SANITIZE_H
#define QUBES_GUID_GUI_SANITIZE_H

#include "guid/proto/gui-proto.h"

/* A geometry that was checked: 1..GUI_MAX_*, x and y within plus or minus the same. */
struct gui_box {
	int x, y;
	int width, height;
};

/*
 * Rows 9, 10, 14. Clamps. -EPROTO ("ask the user") when width or height are zero in a CONFIGURE
 * (need_size), or negative as signed numbers in a CREATE. A new window of size 0 gets 1.
 */
int gui_check_geometry(const struct gui_geometry *untrusted, bool need_size, struct gui_box *ret);

/*
 * Row 16. The part of a damage rectangle inside width x height pixels. False when there is
 * none or a member is negative.
 */
bool gui_check_damage(const struct gui_rect *untrusted, int width, int height, struct gui_box *ret);

/*
 * Row 18, 19. Rewrites NUL-terminated text in place: control and other bytes become '_'.
 * utf8: well-formed UTF-8 is kept, but for control characters (C1, line and paragraph
 * separators) and those that reorder text or are not seen (bidirectional controls, zero width,
 * fillers, tags), which become '_' byte by byte.
 */
void gui_sanitize_text(char *untrusted_text, bool utf8);

/*
 * Row 18: the same for a title; without utf8, an ellipsis (U+2026) at the end, which the
 * agent puts where it cut, becomes "...".
 */
void gui_sanitize_title(char *untrusted_text, bool utf8);

/* Row 20. Each hint by itself: the flags of those that make no sense are cleared. */
void gui_sanitize_hints(struct gui_hints *untrusted);

/* Row 21. True when no flag is both set and unset. */
bool gui_flags_consistent(const struct gui_flags *untrusted);

/* Row 22. Leaves known flags; a fullscreen request excludes minimising. */
struct gui_flags gui_sanitize_flags(struct gui_flags untrusted);

/*
 * Row 23. True when valid; *ret_glyph is the glyph of the cursor font, -1 for the default
 * cursor (0, or a mask glyph).
 */
bool gui_check_cursor(uint32_t untrusted, int *ret_glyph);

#endif
