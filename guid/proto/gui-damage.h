/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the side channel that carries damage (docs/wire-gui.md): SOCK_SEQPACKET next to the
 * vchan's socket, to the daemon only. They say what SHMIMAGE says, but come from the qube's X
 * server itself (guid/xorg): no other process of the qube has to wake first. Up to
 * GUI_DAMAGE_MAX_PARTS parts each, in the byte order of the machine, which both ends share.
 * A part of window 0 without an area announces others: something is being drawn, and is likely to
 * be told in less than GUI_DAMAGE_SOON_US. A daemon that sleeps can wake meanwhile.
 */
#ifndef QUBES_GUID_GUI_DAMAGE_H
#define QUBES_GUID_GUI_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUI_DAMAGE_PART_SIZE 20
#define GUI_DAMAGE_MAX_PARTS 16
#define GUI_DAMAGE_MAX_SIZE (GUI_DAMAGE_PART_SIZE * GUI_DAMAGE_MAX_PARTS)
#define GUI_DAMAGE_SOON_US 100
/* In the name of the agent's socket (GUI_SIDE_SOCKET_FMT). */
#define GUI_DAMAGE_SOCKET "damage"

/* As in the packet. */
struct gui_damage {
	uint32_t window; /* the agent's id */
	int32_t x, y;
	uint32_t width, height;
};

_Static_assert(sizeof(struct gui_damage) == GUI_DAMAGE_PART_SIZE, "as on the wire");

static inline bool gui_damage_is_announcement(const struct gui_damage *d)
{
	return !d->window && !d->width && !d->height;
}

/*
 * How many parts there are in a packet of len bytes: 1 to GUI_DAMAGE_MAX_PARTS, or -EPROTO. Their
 * values are as they came: rectangles are checked by gui_check_damage().
 */
int gui_damage_decode(const uint8_t *buf, size_t len, struct gui_damage ret[GUI_DAMAGE_MAX_PARTS]);

#endif
