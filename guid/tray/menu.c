/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-sni-menu NAME PATH X Y: shows the menu of a tray item (com.canonical.dbusmenu) and tells
 * the item's program what was chosen. Started by qubes-sni-tray when an icon is clicked, gone with
 * the menu. The peer is the item's program, of the same user and qube.
 */
#include <gtk/gtk.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define INTERFACE "com.canonical.dbusmenu"
#define CALL_TIMEOUT_MS 10000
/* Another program may have the pointer for a moment: tried so often, and so long. */
#define TRY_EVERY_MS 50
#define TRIES 60
#define DEPTH_MAX 8

/* A menu at a place is deprecated, and there is nothing in its place. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS

struct shown {
	GDBusConnection *bus;
	const char *name, *path;
	int x, y;
	GtkWidget *menu;
	unsigned tries;
};

static GVariant *call(struct shown *s, const char *method, GVariant *arguments)
{
	return g_dbus_connection_call_sync(s->bus, s->name, s->path, INTERFACE, method, arguments,
					   NULL, G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT_MS, NULL,
					   NULL);
}

static void chosen(GtkMenuItem *item, gpointer data)
{
	int id = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(item), "id"));
	g_autoptr(GVariant) answer = NULL;
	struct shown *s = data;

	if (gtk_menu_item_get_submenu(item))
		return;
	answer = call(s, "Event",
		      g_variant_new("(isvu)", id, "clicked", g_variant_new_int32(0),
				    gtk_get_current_event_time()));
}

static bool flag(GVariantDict *properties, const char *key)
{
	gboolean value = TRUE;

	g_variant_dict_lookup(properties, key, "b", &value);
	return value;
}

static GtkWidget *item_new(GVariantDict *properties)
{
	const char *label = "", *type = "", *toggle = "";
	gint32 state = 0;
	GtkWidget *item;

	g_variant_dict_lookup(properties, "type", "&s", &type);
	if (strcmp(type, "separator") == 0)
		return gtk_separator_menu_item_new();
	g_variant_dict_lookup(properties, "label", "&s", &label);
	g_variant_dict_lookup(properties, "toggle-type", "&s", &toggle);
	g_variant_dict_lookup(properties, "toggle-state", "i", &state);
	if (!*toggle)
		return gtk_menu_item_new_with_mnemonic(label);
	item = gtk_check_menu_item_new_with_mnemonic(label);
	gtk_check_menu_item_set_draw_as_radio(GTK_CHECK_MENU_ITEM(item),
					      strcmp(toggle, "radio") == 0);
	gtk_check_menu_item_set_active(GTK_CHECK_MENU_ITEM(item), state == 1);
	return item;
}

static GtkWidget *menu_new(struct shown *s, GVariant *children, int depth);

static void add(struct shown *s, GtkWidget *menu, GVariant *layout, int depth)
{
	g_autoptr(GVariant) values = NULL, children = NULL;
	g_autoptr(GVariantDict) properties = NULL;
	GtkWidget *item;
	gint32 id;

	if (!g_variant_is_of_type(layout, G_VARIANT_TYPE("(ia{sv}av)")))
		return;
	g_variant_get(layout, "(i@a{sv}@av)", &id, &values, &children);
	properties = g_variant_dict_new(values);
	if (!flag(properties, "visible"))
		return;
	item = item_new(properties);
	gtk_widget_set_sensitive(item, flag(properties, "enabled"));
	g_object_set_data(G_OBJECT(item), "id", GINT_TO_POINTER(id));
	if (g_variant_n_children(children) && depth < DEPTH_MAX)
		gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), menu_new(s, children, depth + 1));
	g_signal_connect(item, "activate", G_CALLBACK(chosen), s);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
}

static GtkWidget *menu_new(struct shown *s, GVariant *children, int depth)
{
	GtkWidget *menu = gtk_menu_new();

	for (gsize i = 0; i < g_variant_n_children(children); i++) {
		g_autoptr(GVariant) boxed = g_variant_get_child_value(children, i);
		g_autoptr(GVariant) layout = g_variant_get_variant(boxed);

		add(s, menu, layout, depth);
	}
	return menu;
}

static GtkWidget *fetch(struct shown *s)
{
	g_autoptr(GVariant) about = call(s, "AboutToShow", g_variant_new("(i)", 0));
	g_autoptr(GVariant) answer = NULL, children = NULL;
	const char *const all[] = {NULL};

	answer = call(s, "GetLayout", g_variant_new("(ii^as)", 0, -1, all));
	if (!answer || !g_variant_is_of_type(answer, G_VARIANT_TYPE("(u(ia{sv}av))")))
		return NULL;
	g_variant_get(answer, "(u(i@a{sv}@av))", NULL, NULL, NULL, &children);
	return menu_new(s, children, 0);
}

static void place(GtkMenu *menu, int *x, int *y, gboolean *push_in, gpointer data)
{
	const struct shown *s = data;

	*x = s->x;
	*y = s->y;
	*push_in = TRUE;
}

/* Not at once: what was chosen is told after the menu has gone. */
static gboolean end(gpointer unused)
{
	gtk_main_quit();
	return G_SOURCE_REMOVE;
}

static void gone(GtkWidget *menu, gpointer unused)
{
	g_idle_add_full(G_PRIORITY_LOW, end, NULL, NULL);
}

/* Until it is shown, which it is not while it cannot have the pointer. */
static gboolean show(gpointer data)
{
	struct shown *s = data;

	gtk_menu_popup(GTK_MENU(s->menu), NULL, NULL, place, s, 0, gtk_get_current_event_time());
	if (gtk_widget_get_mapped(s->menu))
		return G_SOURCE_REMOVE;
	if (++s->tries < TRIES)
		return G_SOURCE_CONTINUE;
	g_printerr("qubes-sni-menu: another program keeps the pointer: no menu\n");
	gtk_main_quit();
	return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
	struct shown s = {0};

	if (argc != 5 || !g_dbus_is_name(argv[1]) || !g_variant_is_object_path(argv[2])) {
		g_printerr("Usage: qubes-sni-menu NAME PATH X Y\n");
		return 2;
	}
	if (!gtk_init_check(&argc, &argv))
		return 1;
	s.name = argv[1];
	s.path = argv[2];
	s.x = atoi(argv[3]);
	s.y = atoi(argv[4]);
	s.bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	s.menu = s.bus ? fetch(&s) : NULL;
	if (!s.menu) {
		g_printerr("qubes-sni-menu: %s has no menu at %s\n", s.name, s.path);
		return 1;
	}
	g_signal_connect(s.menu, "selection-done", G_CALLBACK(gone), NULL);
	gtk_widget_show_all(s.menu);
	if (show(&s) == G_SOURCE_CONTINUE)
		g_timeout_add(TRY_EVERY_MS, show, &s);
	gtk_main();
	return 0;
}

G_GNUC_END_IGNORE_DEPRECATIONS
