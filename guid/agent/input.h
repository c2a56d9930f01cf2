/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the daemon: the user's keyboard and pointer, and what dom0's window manager
 * did to a window. specs/gui.md section 12.
 */
#ifndef QUBES_GUID_AGENT_INPUT_H
#define QUBES_GUID_AGENT_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>

#include "guid/agent/modifiers.h"
#include "guid/proto/gui-proto.h"

struct agent;

struct input {
	xcb_window_t pointer_win; /* the window under the user's pointer, 0: none of ours */
	xcb_window_t focus_win;
	int16_t root_x, root_y; /* where the pointer was put last */
	bool stub_mapped;
	struct modifier_map modifiers;
	bool modifiers_known;
};

/* Handles one message of any type; those of no interest to an agent are ignored. */
void input_message(struct agent *a, const struct gui_msg *m);

/* Turns the X server's own key repetition off: the user's server repeats. */
void input_no_repeat(struct agent *a);

/* The keyboard mapping has changed. */
void input_mapping_changed(struct agent *a);

/* A window is gone. */
void input_forget(struct agent *a, xcb_window_t id);

#endif
