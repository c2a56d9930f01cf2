/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours of tray icons (specs/gui.md section 11), and of those in menus. Pure. */
#ifndef QUBES_GUI_TINT_H
#define QUBES_GUI_TINT_H

#include <stdbool.h>
#include <stdint.h>

/* Hue and saturation of 0xRRGGBB, both 0 to 1. */
void tint_of(uint32_t rgb, double *ret_hue, double *ret_saturation);

/* rgb with its own lightness and the given hue and saturation. */
uint32_t tint_pixel(uint32_t rgb, double hue, double saturation);

#endif
