/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dom0's monitors as its session tells them (qubes.SetMonitorLayout): one line each,
 *
 *	WIDTH HEIGHT X Y [WIDTH_MM HEIGHT_MM [DPI]]
 *
 * with further words ignored. Upstream's has no DPI: it is then guessed from the millimetres, as
 * their writer rounds them to few classes. specs/gui.md section 15. Pure.
 */
#ifndef QUBES_GUID_AGENT_LAYOUT_H
#define QUBES_GUID_AGENT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_MAX 16	     /* monitors */
#define LAYOUT_TEXT_MAX 4096 /* bytes */

struct monitor {
	uint16_t x, y, width, height; /* pixels; the leftmost and the topmost are at 0 */
	uint16_t mm_width, mm_height; /* as shown to clients: never 0 */
};

struct layout {
	struct monitor monitor[LAYOUT_MAX]; /* the primary one first */
	unsigned count;			    /* 0: not known */
	uint16_t width, height;		    /* of the whole screen */
	unsigned dpi;			    /* of texts; 0: not told */
};

/* 0, or -EINVAL; *ret is then untouched. */
int layout_parse(const char *text, size_t len, struct layout *ret);

/* One monitor of that size. */
void layout_single(uint16_t width, uint16_t height, struct layout *ret);

#endif
