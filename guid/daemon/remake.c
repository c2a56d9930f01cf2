/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows of ours that somebody else has destroyed (guid.h): a window manager together with its
 * frame, a tray with its icons, or a tool. The qube, which is hostile but not to blame, believes
 * that they are there: so they are made anew, and shown if they were. A qube whose windows a window
 * manager destroys whenever they are mapped is asked to close them after a few times. Who does
 * that is trusted.
 */
#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/io.h"

/* So often at once, and how long it takes for one to be forgotten, ms. */
#define MAX_REMADE 8
#define FORGET_MS 2000

/* Whether w may be made once more. */
static bool count(struct gwin *w)
{
	int64_t now = io_now_ms(), forgotten = (now - w->remade_at) / FORGET_MS;

	if (forgotten > 0) {
		w->remade -= forgotten < w->remade ? (unsigned)forgotten : w->remade;
		w->remade_at = now;
	}
	if (w->remade >= MAX_REMADE)
		return false;
	w->remade++;
	return true;
}

/* The window manager has not seen the new one: it is neither an icon nor hidden. */
static void forget_minimized(struct guid *g, struct gwin *w)
{
	struct gui_msg m = {.type = GUI_MSG_WINDOW_FLAGS,
			    .window = w->remote,
			    .u.flags.unset = w->flags & GUI_FLAG_MINIMIZE};

	if (!m.u.flags.unset)
		return;
	w->flags &= ~GUI_FLAG_MINIMIZE;
	link_send(g, &m);
}

static void remake(struct guid *g, struct gwin *w)
{
	bool mapped = w->mapped;

	w->lost = w->mapped = false;
	/* Where the window manager's frame was is where the new one goes. */
	w->box.x -= w->extents[EXTENT_LEFT];
	w->box.y -= w->extents[EXTENT_TOP];
	window_renew(g, w);
	window_dress(g, w);
	xcb_change_window_attributes(g->x.c, w->win, XCB_CW_CURSOR, &w->cursor);
	for (struct gwin *i = g->windows; i; i = i->next)
		if (i == w || i->transient_for == w)
			props_transient(g, i);
	if (w->dock)
		tray_dock_again(g, w);
	if (!mapped)
		return;
	w->mapped = true;
	forget_minimized(g, w);
	agent_initial_state(g, w);
	window_show(g, w);
}

bool remake_lost(struct guid *g, struct gwin *w)
{
	bool was_lost = w->lost;

	if (was_lost)
		remake(g, w);
	return was_lost;
}

static void give_up(struct guid *g, struct gwin *w)
{
	log_error("window 0x%x is destroyed by another program again and again: it is no longer "
		  "shown%s",
		  w->remote, w->mapped ? ", and the qube is asked to close it" : "");
	if (w->mapped)
		link_send_empty(g, GUI_MSG_CLOSE, w->remote);
	withdraw_forget(g, w);
	w->lost = true;
	w->mapped = false;
	w->n_damage = 0;
	/* One of them may be there still. */
	xcb_destroy_window(g->x.c, w->win);
	if (w->top != w->win)
		xcb_destroy_window(g->x.c, w->top);
}

void remake_destroyed(struct guid *g, xcb_window_t id)
{
	struct gwin *w = window_by_local(g, id);

	/* What we destroy is no longer known when X says so. */
	if (!w || w->lost)
		return;
	if (!count(w)) {
		give_up(g, w);
		return;
	}
	log_info("window 0x%x was destroyed by another program: it is made anew", w->remote);
	remake(g, w);
}
