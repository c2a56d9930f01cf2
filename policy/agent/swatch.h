/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colors of qubes, drawn: no icon theme is needed to tell one qube from another. */
#ifndef QUBES_POLICY_SWATCH_H
#define QUBES_POLICY_SWATCH_H

#include <gtk/gtk.h>
#include <stdbool.h>
#include <stdint.h>

/* A length in GTK's pixels that goes with text of 96 dpi, for the dpi that the screen's text has:
 * where only the text is larger (Xft.dpi), what belongs to it is, too. */
int swatch_length(int length);

/* A padlock as high as text, in color (0xrrggbb); open for a disposable. Owned by the caller. */
cairo_surface_t *swatch_new(uint32_t color, bool disposable);

/* A bar of color for the top of a window. */
GtkWidget *swatch_bar_new(uint32_t color);

#endif
