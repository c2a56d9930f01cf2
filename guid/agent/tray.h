/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qube's tray (freedesktop.org: System Tray Protocol, XEMBED; specs/gui.md section 11): icons
 * of the qube's programs dock here, each in a box of its own that the daemon docks into dom0's
 * tray.
 */
#ifndef QUBES_GUID_AGENT_TRAY_H
#define QUBES_GUID_AGENT_TRAY_H

#include <stdbool.h>
#include <xcb/xcb.h>

struct agent;

/* More icons are left alone. */
#define TRAY_MAX_ICONS 64
/* What an icon is made first; the daemon then says how large dom0's tray has it. Pixels. */
#define TRAY_BOX_SIZE 24

struct tray {
	struct tray_icon {
		xcb_window_t icon, box; /* 0: none */
	} icons[TRAY_MAX_ICONS];
};

/* Becomes the tray unless there is one, and says so to the programs that wait for it. */
void tray_announce(struct agent *a);

/* Whether a window of ours is an icon's box, and so to be shown. */
bool tray_is_box(const struct agent *a, xcb_window_t id);

/* A message to the tray. */
void tray_message(struct agent *a, const xcb_client_message_event_t *e);

/* What became of a window that may be an icon or a box. */
void tray_destroyed(struct agent *a, xcb_window_t id);
void tray_reparented(struct agent *a, const xcb_reparent_notify_event_t *e);
void tray_configured(struct agent *a, const xcb_configure_notify_event_t *e);

#endif
