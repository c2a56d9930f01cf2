/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colors of qubes, drawn (swatch.h). No peer. */
#include "policy/agent/swatch.h"

#include <math.h>

#include "dom0/desktop/color.h"

#define SIZE 16

static void draw_padlock(cairo_t *cr, uint32_t color, bool disposable)
{
	/* The shackle; that of a disposable stands open. */
	desktop_set_color(cr, color);
	cairo_set_line_width(cr, 2);
	cairo_move_to(cr, 4.5, 8);
	cairo_line_to(cr, 4.5, 5);
	cairo_arc(cr, 8, 5, 3.5, M_PI, 2 * M_PI);
	cairo_line_to(cr, 11.5, disposable ? 5.5 : 8);
	cairo_stroke(cr);
	cairo_rectangle(cr, 2.5, 7.5, 11, 7);
	cairo_fill_preserve(cr);
	cairo_set_source_rgba(cr, 0.5, 0.5, 0.5, 0.8);
	cairo_set_line_width(cr, 1);
	cairo_stroke(cr);
}

/* Real pixels in one of GTK's. */
static int screen_scale(void)
{
	GdkMonitor *m = gdk_display_get_monitor(gdk_display_get_default(), 0);

	return m ? gdk_monitor_get_scale_factor(m) : 1;
}

cairo_surface_t *swatch_new(uint32_t color, bool disposable)
{
	int scale = screen_scale(), size = desktop_length(SIZE);
	cairo_surface_t *surface =
		cairo_image_surface_create(CAIRO_FORMAT_ARGB32, size * scale, size * scale);
	cairo_t *cr;

	cairo_surface_set_device_scale(surface, scale, scale);
	cr = cairo_create(surface);
	cairo_scale(cr, (double)size / SIZE, (double)size / SIZE);
	draw_padlock(cr, color, disposable);
	cairo_destroy(cr);
	return surface;
}
