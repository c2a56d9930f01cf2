/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Icons in the panel (tray.h). The peer is the desktop's panel. Without a session bus there is
 * no StatusNotifierItem and libayatana-appindicator shows nothing, so XEMBED is used directly; with
 * one, but without a panel for items, libayatana-appindicator asks for a docked icon.
 */
#include "guid/session/tray.h"

#include <gtk/gtkx.h>
#include <libayatana-appindicator/app-indicator.h>
#include <stdbool.h>

#include "guid/session/icons.h"

/* XEMBED's widget and pictures in menus are deprecated, and there is nothing in their place. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS

/* What a docked icon asks for at least; trays decide. GTK's pixels. */
#define LEAST_SIZE 8

struct tray {
	AppIndicator *indicator; /* owned, or NULL */
	GtkStatusIcon *icon;	 /* docked, or NULL; owned if there is no indicator */
	GtkWidget *menu;	 /* owned */
	char *id, *title;	 /* owned */
	const char *shown;	 /* the icon's name */
	uint32_t color;
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

/* --- docked icons ----------------------------------------------------------------- */

/*
 * GtkStatusIcon takes the size of its picture for the least it can have, in a panel that goes by
 * the screen's pixels as well. So it gets a small one, and what is shown is drawn here, as large
 * and as sharp as the window is.
 */

/*
 * Where the background is the panel's, GTK draws into the window itself, and clears so many of the
 * screen's pixels as it has of its own: with a scale of 2, a quarter of them. The rest would keep
 * what was drawn for another size.
 */
static void clear(GtkWidget *widget, cairo_t *cr)
{
	GdkWindow *window = gtk_widget_get_window(widget);

	if (gtk_widget_get_double_buffered(gtk_widget_get_toplevel(widget)))
		return;
	cairo_surface_flush(cairo_get_target(cr));
	XClearWindow(GDK_WINDOW_XDISPLAY(window), GDK_WINDOW_XID(window));
	cairo_surface_mark_dirty(cairo_get_target(cr));
}

static gboolean draw(GtkWidget *widget, cairo_t *cr, gpointer data)
{
	struct tray *t = data;
	int width = gtk_widget_get_allocated_width(widget);
	int height = gtk_widget_get_allocated_height(widget);
	int size = MIN(width, height), scale = gtk_widget_get_scale_factor(widget);
	g_autoptr(GdkPixbuf) p = icon_new(t->shown, t->color, size * scale);
	cairo_surface_t *surface = gdk_cairo_surface_create_from_pixbuf(p, scale, NULL);

	clear(widget, cr);
	cairo_set_source_surface(cr, surface, (width - size) / 2.0, (height - size) / 2.0);
	cairo_paint(cr);
	cairo_surface_destroy(surface);
	return TRUE;
}

/* What a docked icon has in its window. NULL where docking is not known. */
static GtkWidget *content(GtkStatusIcon *icon)
{
	GdkDisplay *display = gdk_display_get_default();
	GdkWindow *window;
	gpointer widget = NULL;

	if (!GDK_IS_X11_DISPLAY(display))
		return NULL;
	window =
		gdk_x11_window_lookup_for_display(display, gtk_status_icon_get_x11_window_id(icon));
	if (window)
		gdk_window_get_user_data(window, &widget);
	return GTK_IS_BIN(widget) ? gtk_bin_get_child(GTK_BIN(widget)) : NULL;
}

/*
 * A panel that ends without letting go of the window takes it along, and GTK would destroy what it
 * goes on to use. As where a panel lets go: another window, for the panel that comes next.
 */
static gboolean window_destroyed(GtkWidget *plug, GdkEvent *event, gpointer data)
{
	gtk_widget_hide(plug);
	gtk_widget_unrealize(plug);
	gtk_widget_show(plug);
	return TRUE;
}

static GtkStatusIcon *docked_new(struct tray *t)
{
	g_autoptr(GdkPixbuf) least =
		gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, LEAST_SIZE, LEAST_SIZE);
	GtkStatusIcon *icon;
	GtkWidget *widget;

	gdk_pixbuf_fill(least, 0);
	icon = gtk_status_icon_new_from_pixbuf(least);
	widget = content(icon);
	if (widget) {
		g_signal_connect(widget, "draw", G_CALLBACK(draw), t);
		g_signal_connect(gtk_widget_get_toplevel(widget), "destroy-event",
				 G_CALLBACK(window_destroyed), NULL);
	}
	gtk_status_icon_set_name(icon, t->id);
	gtk_status_icon_set_title(icon, t->title);
	gtk_status_icon_set_tooltip_text(icon, t->title);
	g_signal_connect(icon, "popup-menu", G_CALLBACK(popped_up), t);
	g_signal_connect(icon, "activate", G_CALLBACK(clicked), t);
	g_set_weak_pointer(&t->icon, icon);
	return icon;
}

/* --- an indicator that docks our icon ------------------------------------------------ */

struct docking {
	AppIndicator parent;
	struct tray *tray;
};
typedef struct docking Docking;
typedef struct {
	AppIndicatorClass parent;
} DockingClass;

static GType docking_get_type(void);
G_DEFINE_TYPE(Docking, docking, APP_INDICATOR_TYPE)

static gboolean is_connected(AppIndicator *indicator)
{
	gboolean connected;

	g_object_get(indicator, "connected", &connected, NULL);
	return connected;
}

/* The library may want it when it is connected again: a panel has followed another at once. */
static GtkStatusIcon *fallback(AppIndicator *indicator)
{
	GtkStatusIcon *icon = docked_new(((struct docking *)indicator)->tray);

	gtk_status_icon_set_visible(icon, !is_connected(indicator));
	return icon;
}

static void connection_changed(AppIndicator *indicator, gboolean connected, gpointer data)
{
	struct tray *t = data;

	if (t->icon)
		gtk_status_icon_set_visible(t->icon, !connected);
}

static void docking_class_init(DockingClass *class)
{
	class->parent.fallback = fallback;
}

static void docking_init(Docking *docking)
{
}

static AppIndicator *indicator_new(struct tray *t)
{
	Docking *d = g_object_new(docking_get_type(), "id", t->id, "category", "SystemServices",
				  "icon-name", ICON_SYSTEM, NULL);
	AppIndicator *indicator = APP_INDICATOR(d);

	d->tray = t;
	g_signal_connect(d, "connection-changed", G_CALLBACK(connection_changed), t);
	app_indicator_set_title(indicator, t->title);
	app_indicator_set_status(indicator, APP_INDICATOR_STATUS_ACTIVE);
	return indicator;
}

/* --- both ----------------------------------------------------------------------------- */

static bool have_bus(void)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);

	return bus != NULL;
}

struct tray *tray_new(const char *id, const char *title, GtkWidget *menu)
{
	struct tray *t = g_new0(struct tray, 1);

	t->id = g_strdup(id);
	t->title = g_strdup(title);
	t->shown = ICON_SYSTEM;
	t->color = ICON_NEUTRAL;
	if (have_bus())
		t->indicator = indicator_new(t);
	else
		docked_new(t);
	tray_set_menu(t, menu);
	return t;
}

void tray_free(struct tray *t)
{
	if (!t->indicator && t->icon)
		g_object_unref(t->icon);
	g_clear_object(&t->indicator);
	g_clear_weak_pointer(&t->icon);
	g_clear_object(&t->menu);
	g_free(t->id);
	g_free(t->title);
	g_free(t);
}

void tray_set_icon(struct tray *t, const char *icon, uint32_t color, const char *text)
{
	GtkWidget *widget = t->icon ? content(t->icon) : NULL;

	t->shown = icon;
	t->color = color;
	if (t->indicator) {
		const char *path = icon_path(icon, color);

		app_indicator_set_icon_full(t->indicator, path ? path : icon, text);
		app_indicator_set_title(t->indicator, text);
	}
	g_free(t->title);
	t->title = g_strdup(text);
	if (t->icon)
		gtk_status_icon_set_tooltip_text(t->icon, text);
	if (widget)
		gtk_widget_queue_draw(widget);
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
