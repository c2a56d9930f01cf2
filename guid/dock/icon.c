/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One docked window (dock.h; XEMBED). It is in a box of ours that has no shape, so that nothing of
 * it is on the screen and no click reaches it; its pixels are kept beside the screen (Composite)
 * and read when they change (Damage). The window is a client's, often qubes-guid's, which draws
 * into it what a qube wants.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/composite.h>
#include <xcb/xfixes.h>

#include "guid/dock/dock.h"
#include "guid/xcb/tray-client.h"
#include "qrexec/base/cleanup.h"

#define XEMBED_EMBEDDED_NOTIFY 0

struct icon *icon_find(struct dock *d, xcb_window_t window)
{
	for (int n = 0; window && n < DOCK_ICONS_MAX; n++)
		if (d->icons[n].window == window)
			return &d->icons[n];
	return NULL;
}

static struct icon *find_place(struct dock *d)
{
	for (int n = 0; n < DOCK_ICONS_MAX; n++)
		if (!d->icons[n].window)
			return &d->icons[n];
	return NULL;
}

static uint64_t last_shown(const struct dock *d, const char *qube)
{
	uint64_t last = 0;

	for (int n = 0; n < DOCK_ICONS_MAX; n++)
		if (d->icons[n].shown > last && strcmp(d->icons[n].qube, qube) == 0)
			last = d->icons[n].shown;
	return last;
}

/* Of the window's own kind, for windows whose background is their parent's. */
static void make_box(struct icon *i, uint8_t depth, xcb_visualid_t visual)
{
	struct dock *d = i->dock;
	uint16_t side = (uint16_t)d->side;
	xcb_xfixes_region_t nothing = xcb_generate_id(d->x);
	uint32_t values[4] = {0, 0, 1};

	i->colormap = xcb_generate_id(d->x);
	xcb_create_colormap(d->x, XCB_COLORMAP_ALLOC_NONE, i->colormap, d->screen->root, visual);
	values[3] = i->colormap;
	i->box = xcb_generate_id(d->x);
	xcb_create_window(d->x, depth, i->box, d->screen->root, 0, 0, side, side, 0,
			  XCB_WINDOW_CLASS_INPUT_OUTPUT, visual,
			  XCB_CW_BACK_PIXEL | XCB_CW_BORDER_PIXEL | XCB_CW_OVERRIDE_REDIRECT |
				  XCB_CW_COLORMAP,
			  values);
	xcb_xfixes_create_region(d->x, nothing, 0, NULL);
	xcb_xfixes_set_window_shape_region(d->x, i->box, XCB_SHAPE_SK_BOUNDING, 0, 0, nothing);
	xcb_xfixes_destroy_region(d->x, nothing);
}

static bool succeeds(struct dock *d, xcb_void_cookie_t request)
{
	_cleanup_free_ xcb_generic_error_t *e = xcb_request_check(d->x, request);

	return !e;
}

static void fit(struct icon *i)
{
	uint32_t side = (uint32_t)i->dock->side;
	const uint32_t values[] = {0, 0, side, side, 0};

	xcb_configure_window(i->dock->x, i->window,
			     XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH |
				     XCB_CONFIG_WINDOW_HEIGHT | XCB_CONFIG_WINDOW_BORDER_WIDTH,
			     values);
}

/* False: it is no window of a client's, or somebody else has redirected it. */
static bool embed(struct icon *i)
{
	struct dock *d = i->dock;
	const uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;

	/* It outlives us, for the tray that comes next. In the box before it is redirected: what is
	 * on the root window may be another program's to compose. */
	if (!succeeds(d, xcb_change_save_set_checked(d->x, XCB_SET_MODE_INSERT, i->window)))
		return false;
	xcb_change_window_attributes(d->x, i->window, XCB_CW_EVENT_MASK, &mask);
	if (!succeeds(d, xcb_reparent_window_checked(d->x, i->window, i->box, 0, 0)))
		return false;
	i->damage = xcb_generate_id(d->x);
	xcb_damage_create(d->x, i->damage, i->window, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
	return succeeds(d, xcb_composite_redirect_window_checked(d->x, i->window,
								 XCB_COMPOSITE_REDIRECT_MANUAL));
}

static void notify(struct icon *i)
{
	const uint32_t data[5] = {XCB_CURRENT_TIME, XEMBED_EMBEDDED_NOTIFY, 0, i->box,
				  XEMBED_VERSION};

	x_tell(i->dock->x, i->window, i->dock->atom.xembed, data);
}

static void map_as_wanted(struct icon *i)
{
	struct dock *d = i->dock;
	_cleanup_free_ xcb_get_property_reply_t *r =
		xcb_get_property_reply(d->x,
				       xcb_get_property(d->x, 0, i->window, d->atom.xembed_info,
							d->atom.xembed_info, 0, 2),
				       NULL);
	const uint32_t *info = r ? xcb_get_property_value(r) : NULL;
	bool known = r && r->format == 32 && xcb_get_property_value_length(r) == 8;

	/* Old programs do not say. */
	if (known && !(info[1] & XEMBED_MAPPED))
		xcb_unmap_window(d->x, i->window);
	else
		xcb_map_window(d->x, i->window);
}

void icon_dock(struct dock *d, xcb_window_t window, const xcb_get_window_attributes_reply_t *a,
	       uint8_t depth, const char *qube)
{
	struct icon *i = find_place(d);
	uint64_t shown = last_shown(d, qube);

	if (!i)
		return;
	*i = (struct icon){.dock = d, .window = window, .shown = shown};
	snprintf(i->qube, sizeof(i->qube), "%s", qube);
	make_box(i, depth, a->visual);
	if (!embed(i)) {
		icon_release(i);
		return;
	}
	fit(i);
	notify(i);
	i->renamed = true;
	icon_mapped(i, a->map_state != XCB_MAP_STATE_UNMAPPED);
	map_as_wanted(i);
	xcb_map_window(d->x, i->box);
}

void icon_forget(struct icon *i)
{
	struct dock *d = i->dock;
	struct icon old;

	item_hide(i);
	sd_event_source_unref(i->waiting);
	picture_clear(&i->picture);
	if (i->damage)
		xcb_damage_destroy(d->x, i->damage);
	xcb_destroy_window(d->x, i->box);
	xcb_free_colormap(d->x, i->colormap);
	old = *i;
	*i = (struct icon){.dock = d, .shown = old.shown};
	memcpy(i->qube, old.qube, sizeof(i->qube));
}

/* Nothing more of it is ours, but where it is. */
static void let_go(struct icon *i)
{
	struct dock *d = i->dock;
	const uint32_t none = 0;

	xcb_change_window_attributes(d->x, i->window, XCB_CW_EVENT_MASK, &none);
	xcb_composite_unredirect_window(d->x, i->window, XCB_COMPOSITE_REDIRECT_MANUAL);
	xcb_change_save_set(d->x, XCB_SET_MODE_DELETE, i->window);
}

void icon_taken(struct icon *i)
{
	let_go(i);
	icon_forget(i);
}

static bool is_in_box(const struct icon *i)
{
	_cleanup_free_ xcb_query_tree_reply_t *r =
		xcb_query_tree_reply(i->dock->x, xcb_query_tree(i->dock->x, i->window), NULL);

	return r && r->parent == i->box;
}

void icon_release(struct icon *i)
{
	struct dock *d = i->dock;

	/* Another tray may take it meanwhile, and keeps it then. */
	xcb_grab_server(d->x);
	if (is_in_box(i)) {
		xcb_unmap_window(d->x, i->window);
		let_go(i);
		xcb_reparent_window(d->x, i->window, d->screen->root, 0, 0);
	} else {
		let_go(i);
	}
	xcb_ungrab_server(d->x);
	icon_forget(i);
}

void icon_mapped(struct icon *i, bool mapped)
{
	i->mapped = mapped;
	if (!mapped) {
		item_hide(i);
		return;
	}
	i->changed = true;
	icon_touch(i);
}

/* The pixels of a window that large, whose pixmap is a new one with every size. */
static xcb_get_image_reply_t *read_pixels(struct icon *i, const xcb_get_geometry_reply_t *g)
{
	struct dock *d = i->dock;
	xcb_pixmap_t pixmap = xcb_generate_id(d->x);
	xcb_get_image_reply_t *r;

	if (!succeeds(d, xcb_composite_name_window_pixmap_checked(d->x, i->window, pixmap)))
		return NULL;
	r = xcb_get_image_reply(d->x,
				xcb_get_image(d->x, XCB_IMAGE_FORMAT_Z_PIXMAP, pixmap, 0, 0,
					      g->width, g->height, ~0u),
				NULL);
	xcb_free_pixmap(d->x, pixmap);
	return r;
}

static void look(struct icon *i)
{
	struct dock *d = i->dock;
	_cleanup_free_ xcb_get_geometry_reply_t *g = NULL;
	_cleanup_free_ xcb_get_image_reply_t *image = NULL;
	bool msb = xcb_get_setup(d->x)->image_byte_order == XCB_IMAGE_ORDER_MSB_FIRST;

	/* What comes from now on is damage again. */
	xcb_damage_subtract(d->x, i->damage, XCB_NONE, XCB_NONE);
	g = xcb_get_geometry_reply(d->x, xcb_get_geometry(d->x, i->window), NULL);
	if (!g)
		return;
	if (g->width != d->side || g->height != d->side || g->x || g->y || g->border_width) {
		fit(i);
		i->changed = true;
		return;
	}
	image = read_pixels(i, g);
	if (!image ||
	    picture_take(&i->picture, g->width, g->height, g->depth, msb, xcb_get_image_data(image),
			 (size_t)xcb_get_image_data_length(image)) <= 0)
		return;
	item_picture_changed(i);
}

/* A qube that makes and destroys its icons has the panel's time as others have. */
static void show_in_turn(struct icon *i)
{
	uint64_t now = dock_now(i->dock);

	if (*i->qube && now - last_shown(i->dock, i->qube) < DOCK_SHOW_INTERVAL) {
		i->changed = true;
		return;
	}
	i->shown = now;
	item_show(i);
}

static void update(struct icon *i)
{
	i->looked = dock_now(i->dock);
	if (i->wishes)
		map_as_wanted(i);
	i->wishes = false;
	if (i->renamed && icon_read_texts(i))
		item_texts_changed(i);
	i->renamed = false;
	if (!i->mapped)
		return;
	if (i->changed) {
		i->changed = false;
		look(i);
	}
	if (!i->bus && !picture_blank(&i->picture))
		show_in_turn(i);
}

/* The next one that has something to be seen, if it is time for that. */
static struct icon *next(struct dock *d, bool *ret_more)
{
	uint64_t now = dock_now(d);
	struct icon *found = NULL;

	*ret_more = false;
	for (unsigned n = 0; n < DOCK_ICONS_MAX; n++) {
		struct icon *i = &d->icons[(d->next + n) % DOCK_ICONS_MAX];

		if (!i->window || !(i->renamed || i->wishes || (i->changed && i->mapped)))
			continue;
		if (found || now - i->looked < DOCK_INTERVAL) {
			*ret_more = true;
		} else {
			found = i;
			d->next = (d->next + n + 1) % DOCK_ICONS_MAX;
		}
	}
	return found;
}

static int tick(sd_event_source *s, uint64_t time, void *data)
{
	struct dock *d = data;
	struct icon *i;
	bool more;

	d->tick = sd_event_source_unref(d->tick);
	admit_some(d);
	i = next(d, &more);
	if (i)
		update(i);
	if (more || d->n_asked || (i && (i->changed || i->renamed)))
		icon_tick(d);
	return 0;
}

void icon_tick(struct dock *d)
{
	if (!d->tick)
		sd_event_add_time_relative(d->loop, &d->tick, CLOCK_MONOTONIC, DOCK_TICK,
					   DOCK_ACCURACY, tick, d);
}

void icon_touch(struct icon *i)
{
	icon_tick(i->dock);
}
