/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a session is described to its qubes (qubes-gui-watch). Pure. */
#ifndef QUBES_GUID_WATCH_DESCRIBE_H
#define QUBES_GUID_WATCH_DESCRIBE_H

#include <stddef.h>
#include <stdint.h>

#define DESCRIBE_MONITORS_MAX 16
#define DESCRIBE_TEXT_MAX 1024

struct watched_monitor {
	int x, y;
	unsigned width, height, mm_width, mm_height; /* mm: 0 when not known */
};

/*
 * "W H X Y W_MM H_MM DPI" for each monitor, separated by ';' (specs/gui.md section 15; the DPI is
 * ours, a reader that does not know it ignores it). Millimetres are those of one of four
 * resolutions, not the true ones: those would tell one machine from others.
 */
void describe_layout(const struct watched_monitor *m, unsigned n, unsigned dpi,
		     char text[DESCRIBE_TEXT_MAX]);

/*
 * The keyboard layout of a group, as in the property keyboard_layout: "layout+variant+options".
 * names: the property _XKB_RULES_NAMES. Options that change groups are left out: the groups are
 * changed here. 0, or -EINVAL.
 */
int describe_keyboard(const char *names, size_t len, unsigned group, char text[DESCRIBE_TEXT_MAX]);

#endif
