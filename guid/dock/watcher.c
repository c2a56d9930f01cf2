/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the session has a panel for StatusNotifierItems (dock.h): who has the watcher's name, and
 * whether that knows a host. The peers are programs of the same session.
 */
#include <stdlib.h>
#include <string.h>

#include "guid/dock/dock.h"

#define NAME "org.kde.StatusNotifierWatcher"
#define PATH "/StatusNotifierWatcher"
#define BUS "org.freedesktop.DBus"

static void set_host(struct dock *d, bool has_host)
{
	if (has_host == d->has_host)
		return;
	d->has_host = has_host;
	manager_consider(d);
}

static int got_host(sd_bus_message *m, void *data, sd_bus_error *err)
{
	struct dock *d = data;
	int yes = 0;

	if (!sd_bus_message_is_method_error(m, NULL) &&
	    sd_bus_message_enter_container(m, 'v', "b") > 0)
		sd_bus_message_read(m, "b", &yes);
	set_host(d, yes);
	return 0;
}

static void ask_for_host(struct dock *d)
{
	sd_bus_slot_unref(d->asked);
	d->asked = NULL;
	/* By its unique name: nothing is started by asking. */
	if (d->watcher)
		sd_bus_call_method_async(d->bus, &d->asked, d->watcher, PATH, BUS ".Properties",
					 "Get", got_host, d, "ss", NAME,
					 "IsStatusNotifierHostRegistered");
}

static void set_watcher(struct dock *d, const char *owner)
{
	if (d->watcher && strcmp(d->watcher, owner) == 0)
		return;
	free(d->watcher);
	d->watcher = *owner ? strdup(owner) : NULL;
	/* Another one knows nothing of our items. */
	set_host(d, false);
	ask_for_host(d);
}

static int owner_changed(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *name, *old, *now;

	if (sd_bus_message_read(m, "sss", &name, &old, &now) >= 0 && strcmp(name, NAME) == 0)
		set_watcher(data, now);
	return 0;
}

static int got_owner(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *owner;

	if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "s", &owner) > 0)
		set_watcher(data, owner);
	return 0;
}

static int hosts_changed(sd_bus_message *m, void *data, sd_bus_error *err)
{
	struct dock *d = data;
	const char *sender = sd_bus_message_get_sender(m);

	if (sender && d->watcher && strcmp(sender, d->watcher) == 0)
		ask_for_host(d);
	return 0;
}

int watcher_start(struct dock *d)
{
	int r = sd_bus_open_user(&d->bus);

	if (r >= 0)
		r = sd_bus_attach_event(d->bus, d->loop, 0);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(d->bus, 1);
	if (r >= 0)
		r = sd_bus_match_signal_async(d->bus, NULL, BUS, "/org/freedesktop/DBus", BUS,
					      "NameOwnerChanged", owner_changed, NULL, d);
	if (r >= 0)
		r = sd_bus_match_signal_async(d->bus, NULL, NULL, PATH, NAME,
					      "StatusNotifierHostRegistered", hosts_changed, NULL,
					      d);
	if (r >= 0)
		r = sd_bus_match_signal_async(d->bus, NULL, NULL, PATH, NAME,
					      "StatusNotifierHostUnregistered", hosts_changed, NULL,
					      d);
	if (r >= 0)
		r = sd_bus_call_method_async(d->bus, NULL, BUS, "/org/freedesktop/DBus", BUS,
					     "GetNameOwner", got_owner, d, "s", NAME);
	return r < 0 ? r : 0;
}
