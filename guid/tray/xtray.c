/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of items in the tray (tray.h; System Tray Protocol, XEMBED). The peer is the X server. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guid/tray/tray.h"
#include "guid/xcb/tray-client.h"
#include "qrexec/base/cleanup.h"

#define SIDE_MAX 256

int xtray_start(struct tray *t)
{
	int n;
	const uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;

	t->x = xcb_connect(NULL, &n);
	if (xcb_connection_has_error(t->x))
		return -ECONNREFUSED;
	t->screen = xcb_setup_roots_iterator(xcb_get_setup(t->x)).data;
	t->atom.selection = x_atom(t->x, "_NET_SYSTEM_TRAY_S0");
	t->atom.opcode = x_atom(t->x, "_NET_SYSTEM_TRAY_OPCODE");
	t->atom.manager = x_atom(t->x, "MANAGER");
	t->atom.xembed_info = x_atom(t->x, "_XEMBED_INFO");
	t->atom.utf8 = x_atom(t->x, "UTF8_STRING");
	t->atom.net_name = x_atom(t->x, "_NET_WM_NAME");
	t->gc = xcb_generate_id(t->x);
	xcb_create_gc(t->x, t->gc, t->screen->root, 0, NULL);
	/* A new tray says so on the root window. */
	xcb_change_window_attributes(t->x, t->screen->root, XCB_CW_EVENT_MASK, &mask);
	t->manager = x_owner(t->x, t->atom.selection);
	return 0;
}

static void dock(struct item *i)
{
	struct tray *t = i->tray;
	if (!t->manager)
		return;
	x_ask_to_dock(t->x, t->manager, t->atom.opcode, i->window);
	i->docked = true;
}

static void make_window(struct item *i)
{
	struct tray *t = i->tray;
	const uint32_t info[] = {0, XEMBED_MAPPED};
	const uint32_t values[] = {t->screen->white_pixel, XCB_EVENT_MASK_EXPOSURE |
								   XCB_EVENT_MASK_STRUCTURE_NOTIFY |
								   XCB_EVENT_MASK_BUTTON_PRESS |
								   XCB_EVENT_MASK_BUTTON_RELEASE};

	i->window = xcb_generate_id(t->x);
	i->width = i->height = TRAY_ICON_SIZE;
	xcb_create_window(t->x, XCB_COPY_FROM_PARENT, i->window, t->screen->root, 0, 0,
			  TRAY_ICON_SIZE, TRAY_ICON_SIZE, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
			  XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values);
	xcb_change_property(t->x, XCB_PROP_MODE_REPLACE, i->window, t->atom.xembed_info,
			    t->atom.xembed_info, 32, 2, info);
}

static void draw(struct item *i)
{
	struct tray *t = i->tray;
	_cleanup_free_ uint32_t *pixels = calloc((size_t)i->width * (size_t)i->height, 4);

	if (!pixels)
		return;
	/* Where there is no picture a gray square is better than nothing to click on. */
	image_fit(&i->image, i->image.width ? 0xffffff : 0x808080, i->width, i->height, pixels);
	xcb_put_image(t->x, XCB_IMAGE_FORMAT_Z_PIXMAP, i->window, t->gc, (uint16_t)i->width,
		      (uint16_t)i->height, 0, 0, 0, t->screen->root_depth,
		      (uint32_t)(i->width * i->height * 4), (const uint8_t *)pixels);
}

void xtray_hide(struct item *i)
{
	if (i->window)
		xcb_destroy_window(i->tray->x, i->window);
	i->window = 0;
	i->docked = false;
}

void xtray_update(struct item *i)
{
	const char *title = i->title ? i->title : "";

	if (i->status && strcmp(i->status, "Passive") == 0) {
		xtray_hide(i);
		return;
	}
	if (!i->window)
		make_window(i);
	xcb_change_property(i->tray->x, XCB_PROP_MODE_REPLACE, i->window, i->tray->atom.net_name,
			    i->tray->atom.utf8, 8, (uint32_t)strlen(title), title);
	if (!i->docked)
		dock(i);
	draw(i);
}

static struct item *find(struct tray *t, xcb_window_t window)
{
	for (int i = 0; i < TRAY_ITEMS_MAX; i++)
		if (window && t->items[i].window == window)
			return &t->items[i];
	return NULL;
}

static void tray_came(struct tray *t, xcb_window_t manager)
{
	t->manager = manager;
	for (int i = 0; i < TRAY_ITEMS_MAX; i++)
		if (t->items[i].window)
			dock(&t->items[i]);
}

/* The tray has gone and left the icon to the root window: it waits, unseen, for the next one. */
static void reparented(struct tray *t, const xcb_reparent_notify_event_t *e)
{
	struct item *i = find(t, e->window);

	if (!i || e->parent != t->screen->root)
		return;
	i->docked = false;
	xcb_unmap_window(t->x, i->window);
}

static void resized(struct item *i, const xcb_configure_notify_event_t *e)
{
	if (!e->width || !e->height || e->width > SIDE_MAX || e->height > SIDE_MAX ||
	    (e->width == i->width && e->height == i->height))
		return;
	i->width = e->width;
	i->height = e->height;
	draw(i);
}

/* A click ends with its release: until then the pointer is the icon's, and no menu could have it.
 */
static void released(struct item *i, const xcb_button_release_event_t *e)
{
	if (e->event_x >= 0 && e->event_y >= 0 && e->event_x < i->width && e->event_y < i->height)
		item_clicked(i, e->detail, e->root_x, e->root_y);
}

static void on_event(struct tray *t, const xcb_generic_event_t *e)
{
	const xcb_client_message_event_t *message = (const void *)e;
	const xcb_button_release_event_t *release = (const void *)e;
	const xcb_configure_notify_event_t *configure = (const void *)e;
	struct item *i;

	switch (e->response_type & 0x7f) {
	case XCB_CLIENT_MESSAGE:
		if (message->type == t->atom.manager && message->format == 32 &&
		    message->data.data32[1] == t->atom.selection)
			tray_came(t, message->data.data32[2]);
		break;
	case XCB_REPARENT_NOTIFY:
		reparented(t, (const void *)e);
		break;
	case XCB_EXPOSE:
		i = find(t, ((const xcb_expose_event_t *)e)->window);
		if (i)
			draw(i);
		break;
	case XCB_CONFIGURE_NOTIFY:
		i = find(t, configure->window);
		if (i)
			resized(i, configure);
		break;
	case XCB_BUTTON_RELEASE:
		i = find(t, release->event);
		if (i)
			released(i, release);
		break;
	}
}

static bool take(struct tray *t, xcb_generic_event_t *e)
{
	if (!e)
		return false;
	on_event(t, e);
	free(e);
	return true;
}

bool xtray_step(struct tray *t)
{
	do {
		while (take(t, xcb_poll_for_event(t->x)))
			;
		xcb_flush(t->x);
		/* Sending reads as well: what came with that wakes nobody. */
	} while (take(t, xcb_poll_for_queued_event(t->x)));
	return !xcb_connection_has_error(t->x);
}
