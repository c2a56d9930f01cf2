/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Titles, classes, hints, flags and cursors from the agent (guid.h), which is hostile: what
 * reaches X was sanitised here. Texts are never logged: they are the user's business.
 */
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"

#define STATE_REMOVE 0
#define STATE_ADD 1
#define SOURCE_APPLICATION 1
#define ICONIC_STATE 3

void agent_title(struct guid *g, struct gwin *w, struct gui_wmname *untrusted)
{
	gui_sanitize_title(untrusted->text, g->o->utf8_titles);
	memcpy(w->title, untrusted->text, sizeof(w->title));
	props_title(g, w);
}

void agent_class(struct guid *g, struct gwin *w, struct gui_wmclass *untrusted)
{
	/* Row 19; ICCCM wants it set while the window is withdrawn. */
	if (w->mapped) {
		log_debug("window 0x%x: class ignored, the window is mapped", w->remote);
		return;
	}
	gui_sanitize_text(untrusted->res_class, false);
	gui_sanitize_text(untrusted->res_name, false);
	w->wmclass = *untrusted;
	w->has_class = true;
	props_class(g, w);
}

void agent_hints(struct guid *g, struct gwin *w, struct gui_hints *untrusted)
{
	gui_sanitize_hints(untrusted);
	if (w->hinted && !memcmp(&w->hints, untrusted, sizeof(w->hints)))
		return;
	w->hinted = true;
	place_check_answers(g, w);
	w->hints = *untrusted;
	hints_changed(g, w);
}

void agent_initial_state(struct guid *g, struct gwin *w)
{
	const xcb_atom_t *a = g->x.atoms;
	uint32_t state[3], n = 0;

	if (w->fake_fullscreen) {
		state[n++] = a[X__NET_WM_STATE_MAXIMIZED_VERT];
		state[n++] = a[X__NET_WM_STATE_MAXIMIZED_HORZ];
	} else if (w->flags & GUI_FLAG_FULLSCREEN) {
		state[n++] = a[X__NET_WM_STATE_FULLSCREEN];
	}
	if (w->flags & GUI_FLAG_DEMANDS_ATTENTION)
		state[n++] = a[X__NET_WM_STATE_DEMANDS_ATTENTION];
	props_state(g, w, state, n);
}

static void initial_flags(struct guid *g, struct gwin *w, struct gui_flags f)
{
	w->flags &= ~(GUI_FLAG_FULLSCREEN | GUI_FLAG_DEMANDS_ATTENTION);
	w->flags |= f.set & GUI_FLAG_DEMANDS_ATTENTION;
	w->fake_fullscreen = (f.set & GUI_FLAG_FULLSCREEN) && !g->o->allow_fullscreen;
	if (!w->fake_fullscreen)
		w->flags |= f.set & GUI_FLAG_FULLSCREEN;
	agent_initial_state(g, w);
}

static void ask_state(struct guid *g, struct gwin *w, bool add, xcb_atom_t first, xcb_atom_t second)
{
	uint32_t data[5] = {add ? STATE_ADD : STATE_REMOVE, first, second, SOURCE_APPLICATION};

	x_send_root(&g->x, w->top, g->x.atoms[X__NET_WM_STATE], data);
}

/* Section 9: full screen is the user's to give; leaving it is always allowed. */
static void change_fullscreen(struct guid *g, struct gwin *w, bool on)
{
	const xcb_atom_t *a = g->x.atoms;

	grow_hold(g, w, true);
	/* It goes back to what it was. */
	if (!on)
		grow_limit(g, w, w->room_width, w->room_height);
	if (g->o->allow_fullscreen || (!on && !w->fake_fullscreen)) {
		ask_state(g, w, on, a[X__NET_WM_STATE_FULLSCREEN], 0);
		return;
	}
	ask_state(g, w, on, a[X__NET_WM_STATE_MAXIMIZED_VERT], a[X__NET_WM_STATE_MAXIMIZED_HORZ]);
	w->fake_fullscreen = on;
}

void agent_flags(struct guid *g, struct gwin *w, const struct gui_flags *untrusted)
{
	const xcb_atom_t *a = g->x.atoms;
	struct gui_flags f;

	if (!gui_flags_consistent(untrusted)) {
		guid_ask(g, "it set and cleared the same flag of a window");
		return;
	}
	f = gui_sanitize_flags(*untrusted);
	if (!w->mapped || w->held) {
		initial_flags(g, w, f);
		return;
	}
	if ((f.set | f.unset) & GUI_FLAG_FULLSCREEN)
		change_fullscreen(g, w, f.set & GUI_FLAG_FULLSCREEN);
	if ((f.set | f.unset) & GUI_FLAG_DEMANDS_ATTENTION)
		ask_state(g, w, f.set & GUI_FLAG_DEMANDS_ATTENTION,
			  a[X__NET_WM_STATE_DEMANDS_ATTENTION], 0);
	if (f.set & GUI_FLAG_MINIMIZE) {
		uint32_t data[5] = {ICONIC_STATE};

		x_send_root(&g->x, w->top, a[X_WM_CHANGE_STATE], data);
	}
}

void agent_cursor(struct guid *g, struct gwin *w, uint32_t untrusted)
{
	int glyph;

	if (!gui_check_cursor(untrusted, &glyph)) {
		guid_ask(g, "it asked for a mouse pointer that does not exist");
		return;
	}
	w->cursor = xconn_cursor(&g->x, glyph);
	xcb_change_window_attributes(g->x.c, w->win, XCB_CW_CURSOR, &w->cursor);
}
