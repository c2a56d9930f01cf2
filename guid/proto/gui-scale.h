/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large things are drawn on a screen: its resolution, and the scale that follows from it. Pure.
 */
#ifndef QUBES_GUID_PROTO_GUI_SCALE_H
#define QUBES_GUID_PROTO_GUI_SCALE_H

#include <stddef.h>

#define GUI_DPI_NORMAL 96 /* where nobody set another */
#define GUI_DPI_MIN 48
#define GUI_DPI_MAX 768

/* Xft.dpi in X resources (not NUL-terminated); GUI_DPI_NORMAL when it is not there or absurd. */
unsigned gui_dpi_of_resources(const char *resources, size_t len);

/* By how much windows are enlarged, a whole number from 1: 2 from 180 DPI on, 3 from 276. What of
 * the resolution is left is for texts. */
unsigned gui_scale_of_dpi(unsigned dpi);

#endif
