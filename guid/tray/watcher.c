/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.kde.StatusNotifierWatcher (tray.h). The peers are programs of the same session. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/tray/tray.h"

#define NAME "org.kde.StatusNotifierWatcher"
#define PATH "/StatusNotifierWatcher"
#define ITEM_PATH "/StatusNotifierItem"

static struct item *find(struct tray *t, const char *name, const char *path)
{
	for (int i = 0; i < TRAY_ITEMS_MAX; i++) {
		struct item *one = &t->items[i];

		if (one->name && strcmp(one->name, name) == 0 && strcmp(one->path, path) == 0)
			return one;
	}
	return NULL;
}

static void announce(struct item *i, const char *signal)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", i->name, i->path);
	sd_bus_emit_signal(i->tray->bus, PATH, NAME, signal, "s", full);
	sd_bus_emit_properties_changed(i->tray->bus, PATH, NAME, "RegisteredStatusNotifierItems",
				       NULL);
}

void item_remove(struct item *i)
{
	struct tray *t = i->tray;

	announce(i, "StatusNotifierItemUnregistered");
	xtray_hide(i);
	item_forget(i);
	sd_bus_slot_unref(i->signals);
	sd_bus_slot_unref(i->reply);
	free(i->name);
	free(i->path);
	free(i->owner);
	*i = (struct item){.tray = t};
}

/* Something of the item has changed. */
static int on_signal(sd_bus_message *m, void *data, sd_bus_error *err)
{
	item_ask(data);
	return 0;
}

static int add(struct tray *t, const char *name, const char *path, const char *owner)
{
	struct item *i = NULL;

	for (int n = 0; n < TRAY_ITEMS_MAX && !i; n++)
		if (!t->items[n].name)
			i = &t->items[n];
	if (!i)
		return -ENOBUFS;
	i->name = strdup(name);
	i->path = strdup(path);
	i->owner = strdup(owner);
	if (!i->name || !i->path || !i->owner ||
	    sd_bus_match_signal_async(t->bus, &i->signals, i->owner, i->path,
				      "org.kde.StatusNotifierItem", NULL, on_signal, NULL, i) < 0) {
		item_remove(i);
		return -ENOMEM;
	}
	announce(i, "StatusNotifierItemRegistered");
	item_ask(i);
	return 0;
}

/* The argument is a name on the bus, or the path of an object of the caller's. */
static int register_item(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *service, *sender = sd_bus_message_get_sender(m);
	struct tray *t = data;
	const char *name, *path;
	int r = sd_bus_message_read(m, "s", &service);

	if (r < 0)
		return r;
	name = service[0] == '/' ? sender : service;
	path = service[0] == '/' ? service : ITEM_PATH;
	if (!sd_bus_service_name_is_valid(name) || !sd_bus_object_path_is_valid(path) ||
	    strlen(name) + strlen(path) > 400)
		return sd_bus_error_set(err, SD_BUS_ERROR_INVALID_ARGS, "no name of an item");
	if (!find(t, name, path)) {
		r = add(t, name, path, sender);
		if (r < 0)
			return sd_bus_error_set(err, SD_BUS_ERROR_LIMITS_EXCEEDED,
						"there are too many items");
	}
	return sd_bus_reply_method_return(m, "");
}

/* We are the host; others may show the same items. */
static int register_host(sd_bus_message *m, void *data, sd_bus_error *err)
{
	return sd_bus_reply_method_return(m, "");
}

static int get_items(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *data, sd_bus_error *err)
{
	struct tray *t = data;
	int r = sd_bus_message_open_container(reply, 'a', "s");

	for (int i = 0; r >= 0 && i < TRAY_ITEMS_MAX; i++) {
		char full[512];

		if (!t->items[i].name)
			continue;
		snprintf(full, sizeof(full), "%s%s", t->items[i].name, t->items[i].path);
		r = sd_bus_message_append(reply, "s", full);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_true(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *err)
{
	return sd_bus_message_append(reply, "b", 1);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *err)
{
	return sd_bus_message_append(reply, "i", 0);
}

/* clang-format off */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("RegisterStatusNotifierItem", "s", "", register_item, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RegisterStatusNotifierHost", "s", "", register_host, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("RegisteredStatusNotifierItems", "as", get_items, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("IsStatusNotifierHostRegistered", "b", get_true, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("ProtocolVersion", "i", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_SIGNAL("StatusNotifierItemRegistered", "s", 0),
	SD_BUS_SIGNAL("StatusNotifierItemUnregistered", "s", 0),
	SD_BUS_SIGNAL("StatusNotifierHostRegistered", "", 0),
	SD_BUS_VTABLE_END
};
/* clang-format on */

/* A program has left the bus: its items are gone. */
static int owner_changed(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *name, *old, *now;
	struct tray *t = data;

	if (sd_bus_message_read(m, "sss", &name, &old, &now) < 0 || *now)
		return 0;
	for (int i = 0; i < TRAY_ITEMS_MAX; i++) {
		struct item *one = &t->items[i];

		if (one->name && (strcmp(one->owner, name) == 0 || strcmp(one->name, name) == 0))
			item_remove(one);
	}
	return 0;
}

int watcher_start(struct tray *t)
{
	int r = sd_bus_open_user(&t->bus);

	for (int i = 0; i < TRAY_ITEMS_MAX; i++)
		t->items[i].tray = t;
	if (r >= 0)
		r = sd_bus_add_object_vtable(t->bus, NULL, PATH, NAME, vtable, t);
	if (r >= 0)
		r = sd_bus_match_signal(t->bus, NULL, "org.freedesktop.DBus",
					"/org/freedesktop/DBus", "org.freedesktop.DBus",
					"NameOwnerChanged", owner_changed, t);
	if (r >= 0)
		r = sd_bus_request_name(t->bus, NAME, 0);
	if (r >= 0)
		r = sd_bus_emit_signal(t->bus, PATH, NAME, "StatusNotifierHostRegistered", "");
	return r < 0 ? r : 0;
}
