/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent as the qube's window manager: there is no other. What dom0's window manager
 * decides is done to the window here; what clients ask of theirs is passed on.
 */
#ifndef QUBES_GUID_AGENT_CONTROL_H
#define QUBES_GUID_AGENT_CONTROL_H

#include <stdbool.h>
#include <xcb/xcb.h>

#include "guid/proto/gui-proto.h"

struct agent;
struct win;

/* Says to the qube's clients that there is a window manager and what it can. */
void control_announce(struct agent *a);

/* From the daemon. */
void control_focus(struct agent *a, struct win *w, bool in);
void control_configure(struct agent *a, struct win *w, const struct gui_geometry *g);
void control_close(struct agent *a, const struct win *w);
void control_flags(struct agent *a, struct win *w, struct gui_flags f);

/* A client's request to the window manager. */
void control_client_message(struct agent *a, const xcb_client_message_event_t *e);

/* The GUI_FLAG_* that a list of _NET_WM_STATE atoms stands for. */
uint32_t control_flags_of(const struct agent *a, const xcb_atom_t *atoms, size_t n);

/* WM_STATE: what clients and tools know a managed window by. */
void control_wm_state(struct agent *a, const struct win *w, bool mapped);

#endif
