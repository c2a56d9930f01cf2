/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-gui-agent: what its files share. The agent is an X client in the qube: it
 * shows the qube's windows to the GUI daemon of dom0 (specs/gui.md) and gives it the user's
 * input. One process, one loop, no threads.
 *
 *	X server of the qube ── agent ══ vchan, messages ══ qubes-guid in dom0
 *	                          └───── side channel, descriptors of images ───┘
 *
 * The daemon is trusted (dom0 sees and controls this qube anyway), the qube's X clients are
 * trusted as far as the qube is: none of them can gain anything here beyond what X gives it.
 */
#ifndef QUBES_GUID_AGENT_AGENT_H
#define QUBES_GUID_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <xcb/damage.h>
#include <xcb/xcb.h>

#include "guid/agent/atoms.h"
#include "guid/agent/clipboard.h"
#include "guid/agent/input.h"
#include "guid/agent/layout.h"
#include "guid/agent/link.h"
#include "guid/agent/monitors.h"
#include "guid/agent/tray.h"
#include "guid/agent/win.h"

struct agent {
	xcb_connection_t *x; /* owned */
	xcb_screen_t *screen;
	xcb_window_t root;
	xcb_atom_t atom[ATOM_COUNT];
	uint8_t damage_event, xfixes_event, xkb_event;
	bool has_xkb, has_randr;
	xcb_gcontext_t gc24, gc32; /* for copies between drawables of that depth */
	xcb_window_t own; /* stub under the pointer, selection owner, window manager's mark */

	struct win_table wins;
	struct link link;
	struct input input;
	struct clipboard clipboard;
	struct monitors monitors;
	struct layout layout; /* that the screen has; count 0: as it started */
	unsigned dpi;	      /* that clients were told, 0: none */
	uint32_t settings_serial;
	struct tray tray;
	uint32_t cursor; /* shape that is shown now, as in a CURSOR message */
	int verbose;
};

#endif
