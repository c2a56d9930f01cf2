/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pointer's shape. dom0 shows one of the X cursor font's; no picture ever leaves the
 * qube. specs/gui.md section 12.
 */
#ifndef QUBES_GUID_AGENT_CURSOR_H
#define QUBES_GUID_AGENT_CURSOR_H

#include <stddef.h>
#include <stdint.h>
#include <xcb/xcb.h>

struct agent;
struct win;

/* A cursor's name, X11's or CSS's, to the value of a CURSOR message; 0: the default. Pure. */
uint32_t cursor_from_name(const char *name, size_t n);

struct cursor_image {
	uint16_t width, height, xhot, yhot;
	const uint32_t *argb; /* width * height, not owned */
};

/* The same for a cursor without a name that looks like one of the cursor font. Pure. */
uint32_t cursor_from_image(const struct cursor_image *i);

/* The X server shows a cursor of that name (0: it has none). */
void cursor_changed(struct agent *a, xcb_atom_t name);

/* The pointer came into w: the daemon may not know its cursor. */
void cursor_send(struct agent *a, struct win *w);

#endif
