/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The StatusNotifierItem of an icon (dock.h). The peer is the panel. Each has a connection of its
 * own: watchers know that an item is gone by its name's leaving the bus.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guid/dock/dock.h"

#define INTERFACE "org.kde.StatusNotifierItem"
#define WATCHER "org.kde.StatusNotifierWatcher"
#define PATH "/StatusNotifierItem"
/* From here on it is an angle, of which a notch of the wheel has 120: panels made with Qt. */
#define SCROLL_ANGLE 15

static int append_picture(sd_bus_message *m, const struct picture *p)
{
	int r = sd_bus_message_open_container(m, 'a', "(iiay)");

	if (r >= 0 && p->width) {
		r = sd_bus_message_open_container(m, 'r', "iiay");
		if (r >= 0)
			r = sd_bus_message_append(m, "ii", p->width, p->height);
		if (r >= 0)
			r = sd_bus_message_append_array(m, 'y', p->argb,
							(size_t)p->width * (size_t)p->height * 4);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int get_picture(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct icon *i = data;

	return append_picture(reply, &i->picture);
}

static int get_no_picture(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply, void *data,
			  sd_bus_error *err)
{
	return append_picture(reply, &(struct picture){0});
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct icon *i = data;
	const char *text = !strcmp(property, "Id")	   ? i->id
			   : !strcmp(property, "Title")	   ? i->title
			   : !strcmp(property, "Status")   ? "Active"
			   : !strcmp(property, "Category") ? "ApplicationStatus"
							   : "";

	return sd_bus_message_append(reply, "s", text);
}

/* Panels take the second text for markup: there is none. */
static int get_tooltip(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct icon *i = data;
	int r = sd_bus_message_open_container(reply, 'r', "sa(iiay)ss");

	if (r >= 0)
		r = sd_bus_message_append(reply, "s", "");
	if (r >= 0)
		r = append_picture(reply, &(struct picture){0});
	if (r >= 0)
		r = sd_bus_message_append(reply, "ss", i->title, "");
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_zero(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *err)
{
	return sd_bus_message_append(reply, "i", 0);
}

static int get_false(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *data, sd_bus_error *err)
{
	return sd_bus_message_append(reply, "b", 0);
}

static int clicked(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *method = sd_bus_message_get_member(m);
	unsigned button = !strcmp(method, "ContextMenu")	 ? 3
			  : !strcmp(method, "SecondaryActivate") ? 2
								 : 1;
	int x, y, r = sd_bus_message_read(m, "ii", &x, &y);

	if (r < 0)
		return r;
	icon_click(data, button, x, y);
	return sd_bus_reply_method_return(m, "");
}

/* Which way is positive is not said: in panels made with Qt up and left, in others down and right.
 */
static int scrolled(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *orientation;
	int delta, r = sd_bus_message_read(m, "is", &delta, &orientation);
	bool angle, second;
	unsigned button;

	if (r < 0)
		return r;
	angle = delta >= SCROLL_ANGLE || delta <= -SCROLL_ANGLE;
	second = angle ? delta < 0 : delta > 0;
	button = strcmp(orientation, "horizontal") == 0 ? 6 : 4;
	if (delta)
		icon_click(data, button + second, 0, 0);
	return sd_bus_reply_method_return(m, "");
}

/* clang-format off */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Activate", "ii", "", clicked, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ContextMenu", "ii", "", clicked, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SecondaryActivate", "ii", "", clicked, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Scroll", "is", "", scrolled, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Category", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Id", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Title", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Status", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("WindowId", "i", get_zero, 0, 0),
	SD_BUS_PROPERTY("IconThemePath", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("IconName", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("IconPixmap", "a(iiay)", get_picture, 0, 0),
	SD_BUS_PROPERTY("OverlayIconName", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("OverlayIconPixmap", "a(iiay)", get_no_picture, 0, 0),
	SD_BUS_PROPERTY("AttentionIconName", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("AttentionIconPixmap", "a(iiay)", get_no_picture, 0, 0),
	SD_BUS_PROPERTY("AttentionMovieName", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("ToolTip", "(sa(iiay)ss)", get_tooltip, 0, 0),
	SD_BUS_PROPERTY("ItemIsMenu", "b", get_false, 0, 0),
	SD_BUS_SIGNAL("NewTitle", "", 0),
	SD_BUS_SIGNAL("NewIcon", "", 0),
	SD_BUS_SIGNAL("NewToolTip", "", 0),
	SD_BUS_VTABLE_END
};
/* clang-format on */

int item_show(struct icon *i)
{
	struct dock *d = i->dock;
	char name[80];
	int r = sd_bus_open_user(&i->bus);

	snprintf(name, sizeof(name), INTERFACE "-%d-%u", (int)getpid(), ++d->items);
	if (r >= 0)
		r = sd_bus_attach_event(i->bus, d->loop, 0);
	if (r >= 0)
		r = sd_bus_add_object_vtable(i->bus, NULL, PATH, INTERFACE, vtable, i);
	if (r >= 0)
		r = sd_bus_request_name_async(i->bus, NULL, name, 0, NULL, NULL);
	/* Sent after that, so that it is done after it. */
	if (r >= 0)
		r = sd_bus_call_method_async(i->bus, NULL, d->watcher, "/StatusNotifierWatcher",
					     WATCHER, "RegisterStatusNotifierItem", NULL, NULL, "s",
					     name);
	if (r < 0) {
		fprintf(stderr, PROGRAM ": the icon \"%s\" is not shown: %s\n", i->title,
			strerror(-r));
		item_hide(i);
	}
	return r < 0 ? r : 0;
}

void item_hide(struct icon *i)
{
	if (i->bus)
		sd_bus_detach_event(i->bus);
	i->bus = sd_bus_close_unref(i->bus);
}

void item_picture_changed(struct icon *i)
{
	if (i->bus)
		sd_bus_emit_signal(i->bus, PATH, INTERFACE, "NewIcon", "");
}

void item_texts_changed(struct icon *i)
{
	if (!i->bus)
		return;
	sd_bus_emit_signal(i->bus, PATH, INTERFACE, "NewTitle", "");
	sd_bus_emit_signal(i->bus, PATH, INTERFACE, "NewToolTip", "");
}
