/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the window manager did to the windows, told to the agent (guid.h; specs/gui.md sections
 * 4 and 9). X and the window manager are trusted.
 */
#include <stdlib.h>
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define MAX_STATES 32
/* How long a window manager may take to make a window smaller that is no longer maximised, ms, and
 * how often that is believed of one. */
#define SHRINK_MS 50
#define SHRINKS_MS 500

static uint32_t sequence(const void *e)
{
	return ((const xcb_generic_event_t *)e)->full_sequence;
}

/* True for events that tell of a state before our own last request. */
static bool stale(const xcb_configure_notify_event_t *e, uint32_t seq)
{
	return seq && (int32_t)(sequence(e) - seq) < 0;
}

/*
 * A window manager goes from one size and place to another in several steps, and each is told. By
 * now it may have come to where nothing is hidden, which is not to be undone.
 */
static bool is_past(struct guid *g, struct gwin *w)
{
	struct gui_box told = w->box, box;
	bool hidden;

	if (!place_true_box(g, w, &box) || box_equal(&box, &told))
		return false;
	w->box = box;
	hidden = place_force(g, w);
	w->box = told;
	return !hidden;
}

/* As large as when it was maximised, where it was before: what is asked for then would become the
 * size that it goes back to. */
static bool is_shrinking(struct guid *g, struct gwin *w)
{
	int64_t until = w->unzoomed_at + SHRINK_MS;

	if (io_now_ms() >= until)
		return false;
	timer_set(g, w, TIMER_LOOK, until);
	return true;
}

static void tell_new_box(struct guid *g, struct gwin *w)
{
	bool answered = io_now_ms() < w->answers_until;
	bool checked = w->fresh || (answered && w->answers);

	if (w->dock)
		tray_update_position(g, w);
	/* With its title bar, a window of the qube's size may not fit any more. */
	if (checked)
		place_measure(g, w);
	checked = checked && !w->override_redirect && !is_past(g, w) && !is_shrinking(g, w);
	if ((w->override_redirect || checked) && place_force(g, w)) {
		log_info("window 0x%x was moved where its frame is hidden: moving it back",
			 w->remote);
		if (w->answers)
			w->answers--;
		window_apply_box(g, w);
	}
	if (answered)
		place_look_later(g, w);
	w->fresh = false;
	/* One request at a time: the agent's answer to it decides about the next. */
	if (!w->configure_queued)
		place_tell(g, w, true);
}

/* Somebody else configured the window inside our frame: as if it had none. */
static void content_configured(struct guid *g, struct gwin *w,
			       const xcb_configure_notify_event_t *e)
{
	if (w->top == w->win || stale(e, w->content_seq))
		return;
	if (e->x == w->inset && e->y == w->inset && e->width == w->content_width &&
	    e->height == w->content_height)
		return;
	if (e->x != w->inset || e->y != w->inset) {
		w->box.x = e->x;
		w->box.y = e->y;
	}
	w->box.width = e->width;
	w->box.height = e->height;
	window_apply_box(g, w);
	if (!w->configure_queued)
		place_tell(g, w, true);
}

/* Where w->top is on the screen: a frame's child knows only when it asks. */
static bool root_position(struct guid *g, struct gwin *w, const xcb_configure_notify_event_t *e,
			  int *ret_x, int *ret_y)
{
	_cleanup_free_ xcb_translate_coordinates_reply_t *t = NULL;

	*ret_x = e->x;
	*ret_y = e->y;
	if ((e->response_type & 0x80) || !w->reparented)
		return true;
	t = xcb_translate_coordinates_reply(
		g->x.c, xcb_translate_coordinates(g->x.c, w->top, g->x.root, 0, 0), NULL);
	if (!t)
		return false;
	*ret_x = t->dst_x;
	*ret_y = t->dst_y;
	return true;
}

static void top_configured(struct guid *g, struct gwin *w, const xcb_configure_notify_event_t *e)
{
	struct gui_box box;
	int x, y;

	w->top_width = e->width;
	w->top_height = e->height;
	if (stale(e, w->configure_seq) || !root_position(g, w, e, &x, &y)) {
		window_place_content(g, w);
		return;
	}
	box = (struct gui_box){x + w->inset, y + w->inset, e->width - 2 * w->inset,
			       e->height - 2 * w->inset};
	if (box.width < 1)
		box.width = 1;
	if (box.height < 1)
		box.height = 1;
	if (w->dock) {
		box.x = w->box.x;
		box.y = w->box.y;
	} else if (box_equal(&box, &w->box) && !w->fresh) {
		hints_shrink(g, w);
		window_place_content(g, w);
		return;
	}
	w->box = box;
	hints_shrink(g, w);
	window_place_content(g, w);
	tell_new_box(g, w);
}

void xwm_configure(struct guid *g, const xcb_configure_notify_event_t *e)
{
	struct gwin *w = window_by_local(g, e->window);

	if (!w)
		return;
	if (e->window != w->top) {
		content_configured(g, w, e);
		return;
	}
	g->restacked = true;
	top_configured(g, w, e);
	grow_check(g, w);
}

void xwm_reparent(struct guid *g, const xcb_reparent_notify_event_t *e)
{
	struct gwin *w = window_by_local(g, e->window);

	if (!w || e->window != w->top)
		return;
	if (w->dock && e->parent == g->x.root)
		tray_released(g, w);
	w->reparented = w->fresh = e->parent != g->x.root;
	/* One that tells no work area: others have let go of it when they say so. */
	if (!g->x.work_told)
		withdraw_changed(g, w);
	if (w->reparented)
		return;
	memset(w->extents, 0, sizeof(w->extents));
	/* One that was mapped again before this, or that another window manager will take. */
	if (w->mapped)
		place_expect(g, w);
}

void xwm_map(struct guid *g, const xcb_map_notify_event_t *e)
{
	struct gwin *w = window_by_local(g, e->window);
	_cleanup_free_ xcb_get_window_attributes_reply_t *a = NULL;
	struct gui_msg m = {.type = GUI_MSG_MAP};

	if (!w || e->window != w->top)
		return;
	if (w->unseen_until) {
		withdraw_seen(g, w, sequence(e));
		return;
	}
	if (withdraw_again(g, w) || w->mapped)
		return;
	/* twm maps what is in its frame when it is told that it has mapped that, and then lets go.
	 */
	if (!g->x.work_told && w->reparented && !w->dock) {
		xcb_unmap_window(g->x.c, w->top);
		return;
	}
	a = xcb_get_window_attributes_reply(g->x.c, xcb_get_window_attributes(g->x.c, w->top),
					    NULL);
	if (!a)
		return;
	if (a->map_state != XCB_MAP_STATE_VIEWABLE && !w->dock) {
		/* A window manager that changes desktops maps what the qube does not show. */
		window_unmap(g, w);
		return;
	}
	m.window = w->remote;
	m.u.map.override_redirect = a->override_redirect;
	link_send(g, &m);
	if (w->dock && tray_update_position(g, w))
		place_tell(g, w, false);
}

static uint32_t flag_of(const struct guid *g, xcb_atom_t atom)
{
	if (atom == g->x.atoms[X__NET_WM_STATE_FULLSCREEN])
		return GUI_FLAG_FULLSCREEN;
	if (atom == g->x.atoms[X__NET_WM_STATE_DEMANDS_ATTENTION])
		return GUI_FLAG_DEMANDS_ATTENTION;
	if (atom == g->x.atoms[X__NET_WM_STATE_HIDDEN])
		return GUI_FLAG_MINIMIZE;
	return 0;
}

/* The flags in a state; a maximised window may have to be called full screen (section 9). */
static uint32_t flags_of(struct guid *g, struct gwin *w, const uint32_t *atoms, int n)
{
	bool vert = false, horz = false;
	uint32_t flags = 0;

	for (int i = 0; i < n; i++) {
		flags |= flag_of(g, atoms[i]);
		vert |= atoms[i] == g->x.atoms[X__NET_WM_STATE_MAXIMIZED_VERT];
		horz |= atoms[i] == g->x.atoms[X__NET_WM_STATE_MAXIMIZED_HORZ];
	}
	w->zoomed = vert || horz || (flags & GUI_FLAG_FULLSCREEN);
	if (flags & GUI_FLAG_FULLSCREEN)
		w->fake_fullscreen = false;
	if (w->fake_fullscreen && vert && horz)
		flags |= GUI_FLAG_FULLSCREEN;
	else if (w->fake_fullscreen)
		w->fake_fullscreen = false;
	return flags;
}

static void unzoomed(struct gwin *w)
{
	int64_t now = io_now_ms();

	if (now - w->unzoomed_at > SHRINKS_MS)
		w->unzoomed_at = now;
}

static void state_changed(struct guid *g, struct gwin *w, xcb_window_t win, bool deleted)
{
	struct gui_msg m = {.type = GUI_MSG_WINDOW_FLAGS, .window = w->remote};
	uint32_t atoms[MAX_STATES], flags = 0;
	bool zoomed = w->zoomed;
	int n = 0;

	/* What the window manager takes from a window that it lets go of. */
	if (!w->mapped || w->held)
		return;
	w->zoomed = false;
	if (!deleted) {
		n = x_get_u32s(&g->x, win, g->x.atoms[X__NET_WM_STATE], XCB_ATOM_ATOM, atoms,
			       MAX_STATES);
		if (n < 0)
			return;
		flags = flags_of(g, w, atoms, n);
	}
	if (zoomed && !w->zoomed)
		unzoomed(w);
	/* The content shows what the window manager told the frame. */
	if (win != w->win)
		x_set_prop(&g->x, w->win, g->x.atoms[X__NET_WM_STATE], XCB_ATOM_ATOM, 32,
			   (uint32_t)n, atoms);
	hints_shrink(g, w);
	if (flags == w->flags)
		return;
	m.u.flags.set = flags & ~w->flags;
	m.u.flags.unset = ~flags & w->flags;
	w->flags = flags;
	link_send(g, &m);
}

void xwm_property(struct guid *g, const xcb_property_notify_event_t *e)
{
	const xcb_atom_t *a = g->x.atoms;
	struct gwin *w;

	if (e->window == g->x.root) {
		if (e->atom == a[X__NET_WORKAREA] || e->atom == a[X__NET_CURRENT_DESKTOP])
			xconn_update_work_area(&g->x);
		else if (e->atom == XCB_ATOM_RESOURCE_MANAGER)
			scale_update(g);
		else if (e->atom == a[X__QUBES_PROMPTS])
			stack_read_prompts(g);
		return;
	}
	w = window_by_local(g, e->window);
	if (!w)
		return;
	if (e->atom == a[X__NET_WM_STATE])
		state_changed(g, w, e->window, e->state == XCB_PROPERTY_DELETE);
	else if (e->atom == a[X_WM_STATE] && e->window == w->top)
		withdraw_changed(g, w);
}

static void answer_ping(struct guid *g, const xcb_client_message_event_t *e)
{
	xcb_client_message_event_t pong = *e;

	/* For the daemon: a qube that hangs must not look like a window that can be killed. */
	pong.response_type = XCB_CLIENT_MESSAGE;
	pong.window = g->x.root;
	xcb_send_event(g->x.c, 0, g->x.root,
		       XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
		       (const char *)&pong);
}

/* A tray made with GTK asks its icons to close when it ends. */
static void close_wanted(struct guid *g, const struct gwin *w)
{
	if (!w->dock)
		link_send_empty(g, GUI_MSG_CLOSE, w->remote);
}

void xwm_client_message(struct guid *g, const xcb_client_message_event_t *e)
{
	const xcb_atom_t *a = g->x.atoms;
	const uint32_t *d = e->data.data32;
	struct gwin *w = window_by_local(g, e->window);

	if (e->format != 32)
		return;
	if (e->type == a[X_MANAGER]) {
		if (d[1] == a[X_TRAY_SELECTION] && d[2])
			tray_dock_all(g, d[2]);
		return;
	}
	if (!w)
		return;
	if (e->type == a[X__XEMBED])
		tray_embed_message(g, w, e);
	else if (e->type == a[X_WM_PROTOCOLS] && d[0] == a[X_WM_DELETE_WINDOW])
		close_wanted(g, w);
	else if (e->type == a[X_WM_PROTOCOLS] && d[0] == a[X__NET_WM_PING])
		answer_ping(g, e);
}
