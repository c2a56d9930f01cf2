/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: the least of a panel for StatusNotifierItems. Prints "item NAME", "gone NAME", and a
 * line for each signal of an item, "NewIcon NAME". Lines on standard input say whether there is a
 * host: "host", "no host"; at first there is none.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME "org.kde.StatusNotifierWatcher"
#define PATH "/StatusNotifierWatcher"
#define ITEMS 256

struct state {
	sd_bus *bus;
	bool host;
	struct {
		char name[128], owner[64];
	} items[ITEMS];
};

static int find(struct state *s, const char *text)
{
	for (int i = 0; i < ITEMS; i++)
		if (strcmp(s->items[i].name, text) == 0 || strcmp(s->items[i].owner, text) == 0)
			return i;
	return -1;
}

static int add(sd_bus_message *m, void *data, sd_bus_error *err)
{
	struct state *s = data;
	const char *name;
	int i = find(s, ""), r = sd_bus_message_read(m, "s", &name);

	if (r < 0 || i < 0)
		return -1;
	snprintf(s->items[i].name, sizeof(s->items[i].name), "%s", name);
	snprintf(s->items[i].owner, sizeof(s->items[i].owner), "%s", sd_bus_message_get_sender(m));
	printf("item %s\n", name);
	return sd_bus_reply_method_return(m, "");
}

static int get_host(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct state *s = data;

	return sd_bus_message_append(reply, "b", s->host);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("RegisterStatusNotifierItem", "s", "", add, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("IsStatusNotifierHostRegistered", "b", get_host, 0, 0), SD_BUS_VTABLE_END};

static int owner_changed(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *name, *old, *now;
	struct state *s = data;
	int i;

	if (sd_bus_message_read(m, "sss", &name, &old, &now) < 0 || *now)
		return 0;
	i = find(s, name);
	if (i >= 0) {
		printf("gone %s\n", s->items[i].name);
		s->items[i].name[0] = s->items[i].owner[0] = '\0';
	}
	return 0;
}

static int item_signal(sd_bus_message *m, void *data, sd_bus_error *err)
{
	struct state *s = data;
	int i = find(s, sd_bus_message_get_sender(m));

	if (i >= 0)
		printf("%s %s\n", sd_bus_message_get_member(m), s->items[i].name);
	return 0;
}

static void on_line(struct state *s, const char *line)
{
	s->host = strcmp(line, "host") == 0;
	sd_bus_emit_signal(
		s->bus, PATH, NAME,
		s->host ? "StatusNotifierHostRegistered" : "StatusNotifierHostUnregistered", "");
}

int main(void)
{
	static struct state s;
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (sd_bus_open_user(&s.bus) < 0 ||
	    sd_bus_add_object_vtable(s.bus, NULL, PATH, NAME, vtable, &s) < 0 ||
	    sd_bus_match_signal(s.bus, NULL, "org.freedesktop.DBus", NULL, "org.freedesktop.DBus",
				"NameOwnerChanged", owner_changed, &s) < 0 ||
	    sd_bus_match_signal(s.bus, NULL, NULL, NULL, "org.kde.StatusNotifierItem", NULL,
				item_signal, &s) < 0 ||
	    sd_bus_request_name(s.bus, NAME, 0) < 0)
		return 1;
	printf("ready\n");
	for (;;) {
		struct pollfd p[] = {{.fd = 0, .events = POLLIN},
				     {.fd = sd_bus_get_fd(s.bus), .events = POLLIN}};
		int r;

		while ((r = sd_bus_process(s.bus, NULL)) > 0)
			;
		if (r < 0)
			return 1;
		sd_bus_flush(s.bus);
		if (poll(p, 2, -1) < 0)
			return 1;
		if (p[0].revents) {
			if (!fgets(line, sizeof(line), stdin))
				return 0;
			line[strcspn(line, "\n")] = '\0';
			on_line(&s, line);
		}
	}
}
