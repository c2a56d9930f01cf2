/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Icons in the panel (tray.h). The peer is the desktop's panel. Without a session bus there is
 * no StatusNotifierItem and libayatana-appindicator shows nothing, so XEMBED is used directly.
 */
#include "guid/session/tray.h"

#include <libayatana-appindicator/app-indicator.h>
#include <stdbool.h>

#include "guid/session/icons.h"

/* XEMBED's widget and pictures in menus are deprecated, and there is nothing in their place. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS

struct tray {
	AppIndicator *indicator; /* or */
	GtkStatusIcon *icon;
	GtkWidget *menu;
};

static void popped_up(GtkStatusIcon *icon, guint button, guint time, gpointer data)
{
	struct tray *t = data;

	gtk_menu_popup(GTK_MENU(t->menu), NULL, NULL, gtk_status_icon_position_menu, icon, button,
		       time);
}

static void clicked(GtkStatusIcon *icon, gpointer data)
{
	popped_up(icon, 1, gtk_get_current_event_time(), data);
}

static bool have_bus(void)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);

	return bus != NULL;
}

struct tray *tray_new(const char *id, const char *title, GtkWidget *menu)
{
	struct tray *t = g_new0(struct tray, 1);

	if (have_bus()) {
		t->indicator =
			app_indicator_new(id, ICON_SYSTEM, APP_INDICATOR_CATEGORY_SYSTEM_SERVICES);
		app_indicator_set_title(t->indicator, title);
		app_indicator_set_status(t->indicator, APP_INDICATOR_STATUS_ACTIVE);
	} else {
		t->icon = gtk_status_icon_new();
		gtk_status_icon_set_name(t->icon, id);
		gtk_status_icon_set_title(t->icon, title);
		g_signal_connect(t->icon, "popup-menu", G_CALLBACK(popped_up), t);
		g_signal_connect(t->icon, "activate", G_CALLBACK(clicked), t);
	}
	tray_set_menu(t, menu);
	return t;
}

void tray_free(struct tray *t)
{
	g_clear_object(&t->indicator);
	g_clear_object(&t->icon);
	g_clear_object(&t->menu);
	g_free(t);
}

void tray_set_icon(struct tray *t, const char *icon, uint32_t color, const char *text)
{
	const char *path = icon_path(icon, color);

	if (t->indicator) {
		app_indicator_set_icon_full(t->indicator, path ? path : icon, text);
		app_indicator_set_title(t->indicator, text);
	} else {
		g_autoptr(GdkPixbuf) p = icon_new(icon, color, 24);

		gtk_status_icon_set_from_pixbuf(t->icon, p);
		gtk_status_icon_set_tooltip_text(t->icon, text);
	}
}

void tray_set_menu(struct tray *t, GtkWidget *menu)
{
	g_object_ref_sink(menu);
	gtk_widget_show_all(menu);
	if (t->indicator)
		app_indicator_set_menu(t->indicator, GTK_MENU(menu));
	g_clear_object(&t->menu);
	t->menu = menu;
}

G_GNUC_END_IGNORE_DEPRECATIONS
