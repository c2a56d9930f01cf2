/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colors of qubes in windows of dom0 (color.h). No peer. */
#include "dom0/desktop/color.h"

#define BAR_HEIGHT 8
#define USUAL_DPI 96
#define MAX_DPI (USUAL_DPI * 8)

int desktop_length(int length)
{
	int dpi = -1024;

	g_object_get(gtk_settings_get_default(), "gtk-xft-dpi", &dpi, NULL);
	return dpi <= USUAL_DPI * 1024 ? length
				       : length * MIN(dpi, MAX_DPI * 1024) / (USUAL_DPI * 1024);
}

void desktop_set_color(cairo_t *cr, uint32_t color)
{
	cairo_set_source_rgb(cr, (color >> 16 & 0xff) / 255.0, (color >> 8 & 0xff) / 255.0,
			     (color & 0xff) / 255.0);
}

static gboolean draw_bar(GtkWidget *bar, cairo_t *cr, gpointer data)
{
	desktop_set_color(cr, GPOINTER_TO_UINT(data));
	cairo_paint(cr);
	return TRUE;
}

GtkWidget *desktop_bar_new(uint32_t color)
{
	GtkWidget *bar = gtk_drawing_area_new();

	gtk_widget_set_size_request(bar, -1, desktop_length(BAR_HEIGHT));
	g_signal_connect(bar, "draw", G_CALLBACK(draw_bar), GUINT_TO_POINTER(color));
	return bar;
}
