/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Managed windows that are unmapped and mapped again (guid.h). The window manager lets go of a
 * window in its own time. One that is mapped before that is, for some of them, a window that they
 * have already, and then let go of: it stays hidden. So a window is mapped again when WM_STATE
 * says that it is withdrawn (ICCCM 4.1.4), and once more if it is let go of only then. One that is
 * asked to withdraw a window that it is still mapping may take no notice: it is asked again when
 * it has. twm destroys one that it is asked to withdraw when it has not come to map it: such a
 * window manager, which tells no work area, is not asked before. X and the window manager are
 * trusted, but may be slow or hang.
 */
#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/io.h"

/* A window manager that has not let go of it by then: it is mapped nevertheless. */
#define HOLD_MS 1000
#define WITHDRAWN_STATE 0
/* How often it is asked again: one that never lets go must not keep us busy. */
#define MAX_ASKED_AGAIN 4

/* Whether the window manager says that it has the window. */
static bool has_state(struct guid *g, const struct gwin *w)
{
	xcb_atom_t atom = g->x.atoms[X_WM_STATE];
	uint32_t state;

	return x_get_u32s(&g->x, w->top, atom, atom, &state, 1) == 1 && state != WITHDRAWN_STATE;
}

/* twm says so only when it has mapped the window. */
static bool is_managed(struct guid *g, const struct gwin *w)
{
	return has_state(g, w) ||
	       (!g->x.work_told && !w->override_redirect && place_outermost(g, w->top) != w->top);
}

static void drop(struct guid *g, struct gwin *w)
{
	g->n_held -= w->held;
	w->held = false;
}

static void map_now(struct guid *g, struct gwin *w)
{
	bool was_held = w->held;

	drop(g, w);
	if (w->hidden)
		return;
	/* X may not have told of it yet. */
	if (w->withdrawing && !is_managed(g, w))
		w->reparented = false;
	if (was_held || w->withdrawing) {
		/* The window manager removed it from what it let go of. */
		agent_initial_state(g, w);
		place_check_answers(g, w);
		place_expect(g, w);
		if (place_force(g, w)) {
			window_apply_box(g, w);
			place_tell(g, w, true);
		}
		stack_mapping(g, w);
	}
	/* One that was still about to map it leaves it mapped, and would not be told. */
	if (w->withdrawing)
		xcb_unmap_window(g->x.c, w->top);
	w->map_seq = xcb_map_window(g->x.c, w->top).sequence;
	if (!w->override_redirect && !g->x.work_told)
		w->unseen_until = io_now_ms() + HOLD_MS;
}

void window_map(struct guid *g, struct gwin *w)
{
	int64_t now = w->withdrawing ? io_now_ms() : 0;

	if (w->withdrawing && now < w->unseen_until) {
		w->withdrawing = false;
		return;
	}
	if (w->withdrawing && now < w->held_until && is_managed(g, w)) {
		log_debug("window 0x%x is mapped when the window manager has let go of it",
			  w->remote);
		g->n_held += !w->held;
		w->held = true;
		return;
	}
	map_now(g, w);
}

static void withdraw(struct guid *g, struct gwin *w)
{
	xcb_unmap_notify_event_t ev = {
		.response_type = XCB_UNMAP_NOTIFY, .event = g->x.root, .window = w->top};

	int64_t now = io_now_ms();

	if (!w->override_redirect) {
		w->withdrawing = true;
		if (!w->held)
			w->held_until = now + HOLD_MS;
	}
	if (now < w->unseen_until)
		return;
	w->unseen_until = 0;
	xcb_unmap_window(g->x.c, w->top);
	if (w->override_redirect)
		return;
	/* An iconified window is unmapped already; this tells that it is withdrawn. */
	xcb_send_event(g->x.c, 0, g->x.root,
		       XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
		       (const char *)&ev);
}

void window_unmap(struct guid *g, struct gwin *w)
{
	drop(g, w);
	w->asked_again = 0;
	withdraw(g, w);
}

void withdraw_forget(struct guid *g, struct gwin *w)
{
	drop(g, w);
	w->withdrawing = false;
	w->unseen_until = 0;
}

bool withdraw_again(struct guid *g, struct gwin *w)
{
	if (!w->withdrawing || (w->mapped && !w->held) || w->asked_again == MAX_ASKED_AGAIN ||
	    !has_state(g, w))
		return false;
	w->asked_again++;
	log_debug("window 0x%x was mapped late, and is withdrawn again", w->remote);
	withdraw(g, w);
	return true;
}

void withdraw_seen(struct guid *g, struct gwin *w, uint32_t seq)
{
	if (!w->unseen_until || (int32_t)(seq - w->map_seq) < 0)
		return;
	w->unseen_until = 0;
	if (w->mapped)
		grow_mapped(g, w);
	else
		withdraw(g, w);
}

void withdraw_changed(struct guid *g, struct gwin *w)
{
	/* Some write it when they have mapped the window. */
	if (!w->withdrawing || withdraw_again(g, w) || is_managed(g, w))
		return;
	if (w->mapped)
		map_now(g, w);
	w->withdrawing = false;
}

void withdraw_release(struct guid *g)
{
	int64_t now = g->n_held ? io_now_ms() : 0;

	for (struct gwin *w = g->windows; w && g->n_held; w = w->next) {
		if (!w->held || now < w->held_until)
			continue;
		log_info("the window manager does not let go of window 0x%x", w->remote);
		map_now(g, w);
	}
}

int withdraw_timeout(struct guid *g)
{
	int64_t first = INT64_MAX, left;

	if (!g->n_held)
		return -1;
	for (const struct gwin *w = g->windows; w; w = w->next)
		if (w->held && w->held_until < first)
			first = w->held_until;
	left = first - io_now_ms();
	return left < 0 ? 0 : (int)left;
}
