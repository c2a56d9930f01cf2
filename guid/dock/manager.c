/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Being the tray (dock.h; System Tray Protocol, ICCCM 2.8): only while there is a panel for items,
 * and nobody else is. The peer is the X server.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xcb/composite.h>
#include <xcb/xfixes.h>

#include "guid/dock/dock.h"
#include "guid/proto/gui-scale.h"
#include "guid/xcb/tray-client.h"
#include "qrexec/base/cleanup.h"

#define HORIZONTAL 0
#define RESOURCES_MAX 65536

static void intern_all(struct dock *d, int screen)
{
	char name[40];

	snprintf(name, sizeof(name), "_NET_SYSTEM_TRAY_S%d", screen);
	d->atom.selection = x_atom(d->x, name);
	d->atom.opcode = x_atom(d->x, "_NET_SYSTEM_TRAY_OPCODE");
	d->atom.orientation = x_atom(d->x, "_NET_SYSTEM_TRAY_ORIENTATION");
	d->atom.visual = x_atom(d->x, "_NET_SYSTEM_TRAY_VISUAL");
	d->atom.manager = x_atom(d->x, "MANAGER");
	d->atom.xembed = x_atom(d->x, "_XEMBED");
	d->atom.xembed_info = x_atom(d->x, "_XEMBED_INFO");
	d->atom.utf8 = x_atom(d->x, "UTF8_STRING");
	d->atom.net_name = x_atom(d->x, "_NET_WM_NAME");
	d->atom.qube = x_atom(d->x, "_QUBES_VMNAME");
	d->atom.wm_state = x_atom(d->x, "WM_STATE");
}

/* False: one is missing. Nothing is asked of them before their versions were. */
static bool have_extensions(struct dock *d)
{
	const xcb_query_extension_reply_t *composite, *damage, *xfixes;
	_cleanup_free_ xcb_composite_query_version_reply_t *c = NULL;
	_cleanup_free_ xcb_damage_query_version_reply_t *g = NULL;
	_cleanup_free_ xcb_xfixes_query_version_reply_t *f = NULL;

	composite = xcb_get_extension_data(d->x, &xcb_composite_id);
	damage = xcb_get_extension_data(d->x, &xcb_damage_id);
	xfixes = xcb_get_extension_data(d->x, &xcb_xfixes_id);
	if (!composite || !composite->present || !damage || !damage->present || !xfixes ||
	    !xfixes->present)
		return false;
	c = xcb_composite_query_version_reply(d->x, xcb_composite_query_version(d->x, 0, 4), NULL);
	g = xcb_damage_query_version_reply(d->x, xcb_damage_query_version(d->x, 1, 1), NULL);
	f = xcb_xfixes_query_version_reply(d->x, xcb_xfixes_query_version(d->x, 5, 0), NULL);
	d->damage_event = damage->first_event;
	d->xfixes_event = xfixes->first_event;
	return c && (c->major_version || c->minor_version >= 2) && g && f && f->major_version >= 2;
}

static xcb_visualid_t find_argb(const xcb_screen_t *screen)
{
	xcb_depth_iterator_t depth = xcb_screen_allowed_depths_iterator(screen);

	for (; depth.rem; xcb_depth_next(&depth)) {
		xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator(depth.data);

		for (; depth.data->depth == 32 && v.rem; xcb_visualtype_next(&v))
			if (v.data->_class == XCB_VISUAL_CLASS_TRUE_COLOR &&
			    v.data->red_mask == 0xff0000 && v.data->blue_mask == 0xff)
				return v.data->visual_id;
	}
	return 0;
}

int manager_start(struct dock *d)
{
	int n;
	xcb_screen_iterator_t it;

	d->x = xcb_connect(NULL, &n);
	if (xcb_connection_has_error(d->x))
		return -ECONNREFUSED;
	it = xcb_setup_roots_iterator(xcb_get_setup(d->x));
	for (int i = 0; i < n; i++)
		xcb_screen_next(&it);
	d->screen = it.data;
	if (!have_extensions(d) || d->screen->root_depth != 24)
		return -ENOTSUP;
	d->argb = find_argb(d->screen);
	intern_all(d, n);
	xcb_xfixes_select_selection_input(
		d->x, d->screen->root, d->atom.selection,
		XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
			XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
			XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
	d->owner = x_owner(d->x, d->atom.selection);
	return 0;
}

/* As large as icons are where Xft.dpi says how large things are. */
static int icon_side(struct dock *d)
{
	_cleanup_free_ xcb_get_property_reply_t *r = xcb_get_property_reply(
		d->x,
		xcb_get_property(d->x, 0, d->screen->root, XCB_ATOM_RESOURCE_MANAGER,
				 XCB_ATOM_STRING, 0, RESOURCES_MAX / 4),
		NULL);
	unsigned dpi = GUI_DPI_NORMAL;

	if (r && r->format == 8)
		dpi = gui_dpi_of_resources(xcb_get_property_value(r),
					   (size_t)xcb_get_property_value_length(r));
	return (int)((DOCK_SIDE * dpi + GUI_DPI_NORMAL / 2) / GUI_DPI_NORMAL);
}

static void announce(struct dock *d)
{
	xcb_client_message_event_t e = {
		.response_type = XCB_CLIENT_MESSAGE,
		.format = 32,
		.window = d->screen->root,
		.type = d->atom.manager,
		.data.data32 = {XCB_CURRENT_TIME, d->atom.selection, d->manager}};

	xcb_send_event(d->x, 0, d->screen->root, XCB_EVENT_MASK_STRUCTURE_NOTIFY, (const char *)&e);
}

static void acquire(struct dock *d)
{
	const uint32_t orientation = HORIZONTAL, override = 1;
	const xcb_visualid_t visual = d->argb ? d->argb : d->screen->root_visual;

	d->side = icon_side(d);
	d->manager = xcb_generate_id(d->x);
	xcb_create_window(d->x, 0, d->manager, d->screen->root, -1, -1, 1, 1, 0,
			  XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT,
			  XCB_CW_OVERRIDE_REDIRECT, &override);
	xcb_change_property(d->x, XCB_PROP_MODE_REPLACE, d->manager, d->atom.orientation,
			    XCB_ATOM_CARDINAL, 32, 1, &orientation);
	xcb_change_property(d->x, XCB_PROP_MODE_REPLACE, d->manager, d->atom.visual,
			    XCB_ATOM_VISUALID, 32, 1, &visual);
	xcb_set_selection_owner(d->x, d->manager, d->atom.selection, XCB_CURRENT_TIME);
	d->owner = x_owner(d->x, d->atom.selection);
	if (d->owner == d->manager)
		announce(d);
	else
		manager_consider(d);
}

static void release(struct dock *d)
{
	xcb_window_t manager = d->manager;

	for (int i = 0; i < DOCK_ICONS_MAX; i++)
		if (d->icons[i].window)
			icon_release(&d->icons[i]);
	d->manager = 0;
	d->n_asked = 0;
	/* The selection goes with it, if it is still ours; icons look for another tray then. */
	xcb_destroy_window(d->x, manager);
	if (d->owner == manager)
		d->owner = 0;
}

static int patience_over(sd_event_source *s, uint64_t time, void *data)
{
	struct dock *d = data;

	d->patience = sd_event_source_unref(d->patience);
	d->owner = x_owner(d->x, d->atom.selection);
	if (!d->owner && d->has_host && !d->manager)
		acquire(d);
	return 0;
}

void manager_consider(struct dock *d)
{
	bool wait;

	if (d->manager && (!d->has_host || d->owner != d->manager))
		release(d);
	wait = d->has_host && !d->owner && !d->manager;
	if (!wait)
		d->patience = sd_event_source_unref(d->patience);
	else if (!d->patience)
		sd_event_add_time_relative(d->loop, &d->patience, CLOCK_MONOTONIC, DOCK_PATIENCE, 0,
					   patience_over, d);
}

void manager_stop(struct dock *d)
{
	if (d->manager)
		release(d);
	/* An answer tells that the server has read what came before. */
	x_owner(d->x, d->atom.selection);
}
