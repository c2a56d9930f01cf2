/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbolic icons of the theme in the colors of labels. */
#ifndef QUBES_SESSION_ICONS_H
#define QUBES_SESSION_ICONS_H

#include <gtk/gtk.h>
#include <stdint.h>

#define ICON_QUBE "changes-prevent-symbolic"	 /* a padlock */
#define ICON_DISPOSABLE "changes-allow-symbolic" /* an open one */
#define ICON_CLIPBOARD "edit-paste-symbolic"
#define ICON_SYSTEM "view-app-grid-symbolic"
/* Where nothing has a color: readable on light and on dark. */
#define ICON_NEUTRAL 0x888888u

/* The icon in color (0xrrggbb), size pixels wide. Never NULL; owned by the caller. */
GdkPixbuf *icon_new(const char *name, uint32_t color, int size);

/* The same as an image of size of GTK's pixels beside text of 96 dpi, as sharp as the screen is. */
GtkWidget *icon_image_new(const char *name, uint32_t color, int size);

/* The same as a PNG file, made when it is first asked for, for those who want a path: trays
 * and notification services. NULL when it cannot be written; valid as long as the program. */
const char *icon_path(const char *name, uint32_t color);

#endif
