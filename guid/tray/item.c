/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an item says, and what clicks on it do (tray.h). The peer is the item's program. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guid/tray/find.h"
#include "guid/tray/tray.h"

#define INTERFACE "org.kde.StatusNotifierItem"
/* Longer texts are cut: what X takes in one request has an end. */
#define TEXT_MAX 4096
#define MENU_PROGRAM "/usr/lib/qubes/qubes-sni-menu"

void item_forget(struct item *i)
{
	free(i->status);
	free(i->icon_name);
	free(i->theme);
	free(i->menu);
	free(i->title);
	i->status = i->icon_name = i->theme = i->menu = i->title = NULL;
	i->is_menu = false;
	image_clear(&i->image);
}

static void read_string(sd_bus_message *m, const char *type, char **field)
{
	const char *text;

	if (sd_bus_message_read(m, type, &text) > 0) {
		free(*field);
		*field = strndup(text, TEXT_MAX);
	}
}

/* a(iiay): pictures in several sizes. */
static int read_pictures(sd_bus_message *m, struct image *image)
{
	int r = sd_bus_message_enter_container(m, 'a', "(iiay)");
	int width, height;

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "iiay")) > 0) {
		const void *bytes;
		size_t n;

		r = sd_bus_message_read(m, "ii", &width, &height);
		if (r >= 0)
			r = sd_bus_message_read_array(m, 'y', &bytes, &n);
		if (r >= 0)
			image_offer(image, width, height, bytes, n, TRAY_ICON_SIZE);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

struct properties {
	struct image normal, attention;
	char *attention_name; /* owned */
};

/* The variant of the property key; skipped when it is not known or of another type. */
static int read_property(sd_bus_message *m, struct item *i, const char *key, struct properties *p)
{
	const char *type;
	int yes, r = sd_bus_message_peek_type(m, NULL, &type);
	bool text = r > 0 && (strcmp(type, "s") == 0 || strcmp(type, "o") == 0);
	char **field = !strcmp(key, "Status")		   ? &i->status
		       : !strcmp(key, "IconName")	   ? &i->icon_name
		       : !strcmp(key, "AttentionIconName") ? &p->attention_name
		       : !strcmp(key, "IconThemePath")	   ? &i->theme
		       : !strcmp(key, "Menu")		   ? &i->menu
		       : !strcmp(key, "Title")		   ? &i->title
							   : NULL;
	struct image *image = !strcmp(key, "IconPixmap")	    ? &p->normal
			      : !strcmp(key, "AttentionIconPixmap") ? &p->attention
								    : NULL;
	bool pictures = r > 0 && image && strcmp(type, "a(iiay)") == 0;
	bool is_menu = r > 0 && !strcmp(key, "ItemIsMenu") && strcmp(type, "b") == 0;

	if (r < 0 || !((text && field) || pictures || is_menu))
		return sd_bus_message_skip(m, "v");
	r = sd_bus_message_enter_container(m, 'v', type);
	if (r < 0)
		return r;
	if (pictures) {
		r = read_pictures(m, image);
	} else if (is_menu) {
		r = sd_bus_message_read(m, "b", &yes);
		i->is_menu = r > 0 && yes;
	} else {
		read_string(m, type, field);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_properties(sd_bus_message *m, struct item *i, struct properties *p)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *key;

		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0)
			r = read_property(m, i, key, p);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

/* The picture that counts now. Names come first, as in the specification. */
static void choose_picture(struct item *i, struct properties *p)
{
	bool attention = i->status && strcmp(i->status, "NeedsAttention") == 0;
	bool found = false;

	if (attention && p->attention_name && *p->attention_name)
		found = find_icon(p->attention_name, i->theme, TRAY_ICON_SIZE, &i->image);
	if (!found && attention && p->attention.width) {
		i->image = p->attention;
		p->attention = (struct image){0};
		found = true;
	}
	if (!found && i->icon_name && *i->icon_name)
		found = find_icon(i->icon_name, i->theme, TRAY_ICON_SIZE, &i->image);
	if (!found) {
		i->image = p->normal;
		p->normal = (struct image){0};
	}
}

static int answered(sd_bus_message *m, void *data, sd_bus_error *err)
{
	struct properties p = {0};
	struct item *i = data;

	sd_bus_slot_unref(i->reply);
	i->reply = NULL;
	if (!sd_bus_message_is_method_error(m, NULL)) {
		item_forget(i);
		if (read_properties(m, i, &p) < 0)
			fprintf(stderr, "qubes-sni-tray: %s says what is no item\n", i->name);
		choose_picture(i, &p);
		xtray_update(i);
	}
	image_clear(&p.normal);
	image_clear(&p.attention);
	free(p.attention_name);
	if (i->asked_again)
		item_ask(i);
	return 0;
}

void item_ask(struct item *i)
{
	i->asked_again = i->reply != NULL;
	if (!i->reply)
		sd_bus_call_method_async(i->tray->bus, &i->reply, i->owner, i->path,
					 "org.freedesktop.DBus.Properties", "GetAll", answered, i,
					 "s", INTERFACE);
}

/* The program that shows a menu needs a toolkit, so that it is another one, only there meanwhile.
 */
static bool show_menu(struct item *i)
{
	const char *program = getenv("QUBES_SNI_MENU");
	char x[12], y[12];
	pid_t pid;

	if (!program)
		program = MENU_PROGRAM;
	if (!i->menu || i->menu[0] != '/' || strcmp(i->menu, "/NO_DBUSMENU") == 0 ||
	    access(program, X_OK) != 0)
		return false;
	snprintf(x, sizeof(x), "%d", i->menu_x);
	snprintf(y, sizeof(y), "%d", i->menu_y);
	/* Twice, so that nobody has to wait for it. */
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			execl(program, program, i->owner, i->menu, x, y, (char *)NULL);
			_exit(127);
		}
		_exit(0);
	}
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static void call(struct item *i, const char *method, sd_bus_message_handler_t done)
{
	sd_bus_call_method_async(i->tray->bus, NULL, i->owner, i->path, INTERFACE, method, done, i,
				 "ii", i->menu_x, i->menu_y);
}

/* Not every item can be activated; those that cannot have a menu. */
static int activated(sd_bus_message *m, void *data, sd_bus_error *err)
{
	struct item *i = data;

	if (sd_bus_message_is_method_error(m, NULL) && i->owner)
		show_menu(i);
	return 0;
}

void item_clicked(struct item *i, unsigned button, int x, int y)
{
	i->menu_x = x;
	i->menu_y = y;
	if (button == 1 && !i->is_menu)
		call(i, "Activate", activated);
	else if (button == 2)
		call(i, "SecondaryActivate", NULL);
	else if (button <= 3 && !show_menu(i))
		call(i, "ContextMenu", NULL);
	else if (button >= 4 && button <= 7)
		sd_bus_call_method_async(i->tray->bus, NULL, i->owner, i->path, INTERFACE, "Scroll",
					 NULL, NULL, "is", button % 2 ? 1 : -1,
					 button < 6 ? "vertical" : "horizontal");
}
