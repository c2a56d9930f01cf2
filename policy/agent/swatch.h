/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colors of qubes, drawn: no icon theme is needed to tell one qube from another. */
#ifndef QUBES_POLICY_SWATCH_H
#define QUBES_POLICY_SWATCH_H

#include <gtk/gtk.h>
#include <stdbool.h>
#include <stdint.h>

/* A padlock as high as text, in color (0xrrggbb); open for a disposable. Owned by the caller. */
cairo_surface_t *swatch_new(uint32_t color, bool disposable);

#endif
