/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages from the agent about windows (guid.h). The agent is hostile; messages were decoded,
 * so that lengths and formats are right, values are checked here and in gui-sanitize.h.
 * Row numbers are those of specs/gui.md section 7.
 */
#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"

static void create(struct guid *g, uint32_t remote, const struct gui_geometry *untrusted)
{
	struct gui_box box;

	if (gui_check_geometry(untrusted, false, &box)) {
		guid_ask(g, "it created a window of negative size");
		return;
	}
	if (g->n_windows >= g->o->max_windows)
		guid_fatal_dialog(
			g,
			"The qube %s opened more than %u windows. Its windows were closed. "
			"If it needs so many, raise windows_count_limit for it.",
			g->o->name, g->o->max_windows);
	window_new(g, remote, &box, untrusted->override_redirect);
}

static void destroy(struct guid *g, struct gwin *w)
{
	uint32_t remote = w->remote;

	window_free(g, w);
	if (g->version >= GUI_VERSION_DESTROY_ACK)
		link_send_empty(g, GUI_MSG_DESTROY, remote);
}

/* The window that w belongs to. Never in a circle: window managers would follow it for ever. */
static struct gwin *leader(struct guid *g, const struct gwin *w, uint32_t untrusted_remote)
{
	struct gwin *t = untrusted_remote ? window_by_remote(g, untrusted_remote) : NULL;

	for (const struct gwin *i = t; i; i = i->transient_for)
		if (i == w)
			return NULL;
	return t;
}

static void map(struct guid *g, struct gwin *w, const struct gui_map *untrusted)
{
	/* Row 13: attributes of mapped windows do not change; the tray maps its icons. */
	if (g->o->invisible || w->mapped || w->dock)
		return;
	remake_lost(g, w);
	w->transient_for = leader(g, w, untrusted->transient_for);
	if (w->transient_for)
		window_dress(g, w->transient_for);
	window_set_override(g, w, place_override(g, w, untrusted->override_redirect));
	window_update_frame(g, w);
	props_transient(g, w);
	w->mapped = true;
	window_show(g, w);
}

static void unmap(struct guid *g, struct gwin *w)
{
	if (w->dock)
		return;
	w->mapped = w->held_small = false;
	/* The window manager forgets them, and the agent does. */
	w->flags = 0;
	w->fake_fullscreen = w->zoomed = false;
	window_unmap(g, w);
	if (w->remote != GUI_WINDOW_SCREEN)
		image_release(g, w);
}

/* Row 15: docked windows do not change; while an own request is out, the answer to it counts. */
static bool configure_refused(struct guid *g, struct gwin *w, bool changed)
{
	if (w->dock) {
		if (changed)
			place_tell(g, w, false);
		w->configure_queued = false;
		return true;
	}
	if (w->configure_queued && changed) {
		place_tell(g, w, true);
		return true;
	}
	w->configure_queued = false;
	return !changed;
}

static void configure(struct guid *g, struct gwin *w, const struct gui_geometry *untrusted)
{
	struct gui_box box, wanted;
	bool moved;

	if (gui_check_geometry(untrusted, true, &box)) {
		guid_ask(g, "it gave a window an impossible size");
		return;
	}
	if (configure_refused(g, w, !box_equal(&box, &w->box)))
		return;
	place_check_answers(g, w);
	grow_hold(g, w, false);
	/* What another desktop of the window manager hides may be resized there. */
	moved = box.x != w->box.x || box.y != w->box.y;
	wanted = w->box = box;
	place_measure(g, w);
	place_assume(g, w);
	if (moved)
		place_recall(g, w);
	if (w->override_redirect && !place_override(g, w, true)) {
		place_end_override(g, w);
	} else {
		place_force(g, w);
		window_apply_box(g, w);
	}
	if (!box_equal(&wanted, &w->box))
		place_tell(g, w, !w->override_redirect);
}

void agent_damage(struct guid *g, struct gwin *w, const struct gui_rect *untrusted)
{
	struct gui_box part;

	/* Row 17. The part is clipped to the image when it is painted: both may change. */
	if (!w->mapped && !w->dock)
		return;
	if (gui_check_damage(untrusted, GUI_MAX_WIDTH, GUI_MAX_HEIGHT, &part))
		paint_damage(g, w, &part);
}

static void handle_window(struct guid *g, struct gwin *w, struct gui_msg *untrusted)
{
	if (untrusted->type != GUI_MSG_DESTROY)
		window_dress(g, w);
	switch (untrusted->type) {
	case GUI_MSG_DESTROY:
		destroy(g, w);
		break;
	case GUI_MSG_MAP:
		map(g, w, &untrusted->u.map);
		break;
	case GUI_MSG_UNMAP:
		unmap(g, w);
		break;
	case GUI_MSG_CONFIGURE:
		configure(g, w, &untrusted->u.geometry);
		break;
	case GUI_MSG_SHMIMAGE:
		agent_damage(g, w, &untrusted->u.rect);
		break;
	case GUI_MSG_WINDOW_DUMP:
		image_dump(g, w, &untrusted->u.dump);
		break;
	case GUI_MSG_WMNAME:
		agent_title(g, w, &untrusted->u.wmname);
		break;
	case GUI_MSG_WMCLASS:
		agent_class(g, w, &untrusted->u.wmclass);
		break;
	case GUI_MSG_WINDOW_HINTS:
		agent_hints(g, w, &untrusted->u.hints);
		break;
	case GUI_MSG_WINDOW_FLAGS:
		place_check_answers(g, w);
		agent_flags(g, w, &untrusted->u.flags);
		break;
	case GUI_MSG_CURSOR:
		agent_cursor(g, w, untrusted->u.cursor);
		break;
	case GUI_MSG_DOCK:
		tray_dock(g, w);
		break;
	case GUI_MSG_MFNDUMP:
		/* Row 25. Frame numbers give the daemon any domain's memory: long deprecated. */
		guid_fatal(g, "the agent shares memory by frame numbers (MFNDUMP), which is not "
			      "supported; update the qube's GUI agent");
	default:
		guid_fatal(g, "protocol error: %s is not for the daemon",
			   gui_msg_name(untrusted->type));
	}
}

void agent_handle(struct guid *g, struct gui_msg *untrusted)
{
	struct gwin *w;

	if (untrusted->type == GUI_MSG_CLIPBOARD_DATA) {
		clip_data(g, &untrusted->u.clipboard);
		return;
	}
	/* Row 3. */
	w = window_by_remote(g, untrusted->window);
	if (untrusted->type == GUI_MSG_CREATE) {
		if (w)
			guid_fatal(g, "protocol error: CREATE of window 0x%x, which exists",
				   untrusted->window);
		create(g, untrusted->window, &untrusted->u.geometry);
		return;
	}
	if (!w)
		guid_fatal(g, "protocol error: %s for window 0x%x, which does not exist",
			   gui_msg_name(untrusted->type), untrusted->window);
	handle_window(g, w, untrusted);
}
