/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colors of qubes in windows of dom0, of the size that their text has. */
#ifndef QUBES_DESKTOP_COLOR_H
#define QUBES_DESKTOP_COLOR_H

#include <gtk/gtk.h>
#include <stdint.h>

/* A length in GTK's pixels that goes with text of 96 dpi, for the dpi that the screen's text has:
 * where only the text is larger (Xft.dpi), what belongs to it is, too. */
int desktop_length(int length);

/* Draws in color (0xrrggbb) from now on. */
void desktop_set_color(cairo_t *cr, uint32_t color);

/* A bar of color for the top of a window. */
GtkWidget *desktop_bar_new(uint32_t color);

#endif
