/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announces prompts (announce.h). The peers are dom0's X server and its clients, trusted. */
#include "dom0/desktop/announce.h"

#include <gdk/gdkx.h>

/* On the window of a prompt: CARDINAL, 1. */
#define PROMPT "_QUBES_PROMPT"
/* On the root window: WINDOW, the ids of the prompts. */
#define PROMPTS "_QUBES_PROMPTS"
#define PROMPTS_MAX 64

/* Reads 32-bit items, which GDK makes longs. Their number. */
static gsize read_longs(GdkWindow *window, const char *name, const char *type, gulong *ret,
			gsize max)
{
	g_autofree guchar *data = NULL;
	GdkAtom got;
	int format, n;

	if (!gdk_property_get(window, gdk_atom_intern_static_string(name),
			      gdk_atom_intern_static_string(type), 0, max * 4, FALSE, &got, &format,
			      &n, &data) ||
	    format != 32)
		return 0;
	max = MIN(max, (gsize)n / sizeof(*ret));
	memcpy(ret, data, max * sizeof(*ret));
	return max;
}

static void write_longs(GdkWindow *window, const char *name, const char *type, const gulong *v,
			gsize n)
{
	gdk_property_change(window, gdk_atom_intern_static_string(name),
			    gdk_atom_intern_static_string(type), 32, GDK_PROP_MODE_REPLACE,
			    (const guchar *)v, (int)n);
}

/* Programs that were killed took nothing off the list. */
static gboolean is_there(GdkDisplay *display, Window id)
{
	g_autoptr(GdkWindow) w = gdk_x11_window_foreign_new_for_display(display, id);
	gulong one;

	return w && read_longs(w, PROMPT, "CARDINAL", &one, 1) == 1;
}

/* The list without id and those that are gone; with id at its end if wanted. */
static void update_list(GdkDisplay *display, Window id, gboolean wanted)
{
	GdkWindow *root = gdk_screen_get_root_window(gdk_display_get_default_screen(display));
	gulong ids[PROMPTS_MAX], keep[PROMPTS_MAX + 1];
	gsize n, k = 0;

	/* Others change it, too. */
	gdk_x11_display_grab(display);
	n = read_longs(root, PROMPTS, "WINDOW", ids, PROMPTS_MAX);
	for (gsize i = n == PROMPTS_MAX && wanted; i < n; i++)
		if (ids[i] != id && is_there(display, ids[i]))
			keep[k++] = ids[i];
	if (wanted)
		keep[k++] = id;
	write_longs(root, PROMPTS, "WINDOW", keep, k);
	gdk_x11_display_ungrab(display);
	gdk_display_flush(display);
}

static void realized(GtkWidget *widget, gpointer data)
{
	GdkWindow *window = gtk_widget_get_window(widget);
	const gulong one = 1;

	write_longs(window, PROMPT, "CARDINAL", &one, 1);
	update_list(gdk_window_get_display(window), gdk_x11_window_get_xid(window), TRUE);
}

static void unrealized(GtkWidget *widget, gpointer data)
{
	GdkWindow *window = gtk_widget_get_window(widget);

	update_list(gdk_window_get_display(window), gdk_x11_window_get_xid(window), FALSE);
}

void desktop_announce_prompt(GtkWidget *window)
{
	if (!GDK_IS_X11_DISPLAY(gtk_widget_get_display(window)))
		return;
	/* After GTK has made the window, and before it takes it away. */
	g_signal_connect_after(window, "realize", G_CALLBACK(realized), NULL);
	g_signal_connect(window, "unrealize", G_CALLBACK(unrealized), NULL);
}
