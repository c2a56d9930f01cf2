/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: a program with a tray item that knows only StatusNotifierItem. `sni-item RRGGBB`
 * registers one of that color and prints what it is told. A line on standard input changes it:
 * "color RRGGBB", "status STATUS", "icon NAME", "title LENGTH", or "wrong N", an answer that is
 * none. With "menu" as the second argument a click cannot activate it, but it has a menu.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SIDE 22
#define ITEM "org.kde.StatusNotifierItem"
#define MENU "com.canonical.dbusmenu"

struct state {
	unsigned color;
	char status[32], icon[256];
	char *title; /* NULL: it has none of its own */
	int wrong;   /* 0: its answers are right */
	bool has_menu;
};

static int get_pixmap(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct state *s = data;
	unsigned char bytes[SIDE * SIDE * 4];

	for (int i = 0; i < SIDE * SIDE; i++) {
		bytes[i * 4] = 0xff;
		bytes[i * 4 + 1] = (unsigned char)(s->color >> 16);
		bytes[i * 4 + 2] = (unsigned char)(s->color >> 8);
		bytes[i * 4 + 3] = (unsigned char)s->color;
	}
	sd_bus_message_open_container(reply, 'a', "(iiay)");
	sd_bus_message_open_container(reply, 'r', "iiay");
	sd_bus_message_append(reply, "ii", SIDE, SIDE);
	sd_bus_message_append_array(reply, 'y', bytes, sizeof(bytes));
	sd_bus_message_close_container(reply);
	return sd_bus_message_close_container(reply);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct state *s = data;

	return sd_bus_message_append(reply, "s",
				     strcmp(property, "Status") == 0	 ? s->status
				     : strcmp(property, "IconName") == 0 ? s->icon
				     : s->title && *property == 'T'	 ? s->title
									 : "sni-item");
}

/* In place of the answer to what it is. */
static int answer_wrongly(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const struct state *s = data;

	if (!s->wrong ||
	    !sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "GetAll"))
		return 0;
	switch (s->wrong) {
	case 1:
		return sd_bus_reply_method_return(m, "i", 7);
	case 2:
		return sd_bus_reply_method_return(m, "");
	case 3:
		return sd_bus_reply_method_return(m, "as", 2, "Title", "Status");
	case 4:
		return sd_bus_reply_method_return(
			m, "a{sv}", 7, "Title", "i", 7, "Status", "as", 1, "Active", "IconPixmap",
			"s", "x", "AttentionIconPixmap", "a(iis)", 1, 1, 1, "x", "Menu", "b", 1,
			"ItemIsMenu", "s", "yes", "IconName", "v", "s", "x");
	default:
		return sd_bus_reply_method_return(m, "a{sv}", 3, "IconPixmap", "a(iiay)", 3, -1, -1,
						  1, 0, 0x7fffffff, 0x7fffffff, 0, 3, 3, 2, 1, 2,
						  "IconThemePath", "s", "/[*]?//..", "Menu", "o",
						  "/");
	}
}

static int get_menu(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *err)
{
	const struct state *s = data;

	return sd_bus_message_append(reply, "o", s->has_menu ? "/Menu" : "/NO_DBUSMENU");
}

static int clicked(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *method = sd_bus_message_get_member(m);
	const struct state *s = data;
	int x, y;

	sd_bus_message_read(m, "ii", &x, &y);
	if (s->has_menu && strcmp(method, "Activate") == 0)
		return sd_bus_error_set(err, SD_BUS_ERROR_UNKNOWN_METHOD, "it has a menu");
	printf("%s %d %d\n", method, x, y);
	return sd_bus_reply_method_return(m, "");
}

static int scrolled(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *orientation;
	int delta;

	sd_bus_message_read(m, "is", &delta, &orientation);
	printf("Scroll %d %s\n", delta, orientation);
	return sd_bus_reply_method_return(m, "");
}

static int about_to_show(sd_bus_message *m, void *data, sd_bus_error *err)
{
	return sd_bus_reply_method_return(m, "b", 0);
}

static int get_layout(sd_bus_message *m, void *data, sd_bus_error *err)
{
	/* The root with two entries. */
	return sd_bus_reply_method_return(m, "u(ia{sv}av)", 1, 0, 0, 2, "(ia{sv}av)", 1, 1, "label",
					  "s", "_First", 0, "(ia{sv}av)", 2, 1, "label", "s",
					  "_Second", 0);
}

static int event(sd_bus_message *m, void *data, sd_bus_error *err)
{
	const char *what;
	int id;

	sd_bus_message_read(m, "is", &id, &what);
	printf("Event %d %s\n", id, what);
	return sd_bus_reply_method_return(m, "");
}

/* clang-format off */
static const sd_bus_vtable item[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Id", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Title", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Category", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Status", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("IconName", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("IconPixmap", "a(iiay)", get_pixmap, 0, 0),
	SD_BUS_PROPERTY("Menu", "o", get_menu, 0, 0),
	SD_BUS_METHOD("Activate", "ii", "", clicked, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SecondaryActivate", "ii", "", clicked, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ContextMenu", "ii", "", clicked, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Scroll", "is", "", scrolled, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("NewIcon", "", 0),
	SD_BUS_SIGNAL("NewTitle", "", 0),
	SD_BUS_SIGNAL("NewStatus", "s", 0),
	SD_BUS_VTABLE_END
};
static const sd_bus_vtable menu[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("AboutToShow", "i", "b", about_to_show, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetLayout", "iias", "u(ia{sv}av)", get_layout, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Event", "isvu", "", event, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END
};
/* clang-format on */

/* A line of standard input. False at its end. */
static bool obey(sd_bus *bus, struct state *s)
{
	char line[300];
	unsigned n;

	if (!fgets(line, sizeof(line), stdin))
		return false;
	if (sscanf(line, "color %x", &s->color) == 1)
		sd_bus_emit_signal(bus, "/StatusNotifierItem", ITEM, "NewIcon", "");
	else if (sscanf(line, "icon %255s", s->icon) == 1 ||
		 sscanf(line, "wrong %d", &s->wrong) == 1)
		sd_bus_emit_signal(bus, "/StatusNotifierItem", ITEM, "NewIcon", "");
	else if (sscanf(line, "title %u", &n) == 1 && (s->title = realloc(s->title, n + 1))) {
		memset(s->title, 'x', n);
		s->title[n] = '\0';
		sd_bus_emit_signal(bus, "/StatusNotifierItem", ITEM, "NewTitle", "");
	} else if (sscanf(line, "status %31s", s->status) == 1)
		sd_bus_emit_signal(bus, "/StatusNotifierItem", ITEM, "NewStatus", "s", s->status);
	return true;
}

int main(int argc, char **argv)
{
	struct state s = {.status = "Active"};
	sd_bus *bus;
	const char *name;

	if (argc < 2 || sd_bus_open_user(&bus) < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	s.color = (unsigned)strtoul(argv[1], NULL, 16);
	s.has_menu = argc > 2;
	sd_bus_add_object_vtable(bus, NULL, "/StatusNotifierItem", ITEM, item, &s);
	sd_bus_add_object_vtable(bus, NULL, "/Menu", MENU, menu, &s);
	sd_bus_add_filter(bus, NULL, answer_wrongly, &s);
	sd_bus_get_unique_name(bus, &name);
	if (sd_bus_call_method(bus, "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher",
			       "org.kde.StatusNotifierWatcher", "RegisterStatusNotifierItem", NULL,
			       NULL, "s", name) < 0)
		return 1;
	for (;;) {
		struct pollfd p[] = {{.fd = 0, .events = POLLIN},
				     {.fd = sd_bus_get_fd(bus), .events = POLLIN}};

		while (sd_bus_process(bus, NULL) > 0)
			;
		sd_bus_flush(bus);
		if (poll(p, 2, -1) > 0 && p[0].revents && !obey(bus, &s))
			return 0;
	}
}
