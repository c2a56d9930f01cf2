/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An icon in the panel with a menu: as a StatusNotifierItem where the desktop has a host for
 * them, else by XEMBED.
 */
#ifndef QUBES_SESSION_TRAY_H
#define QUBES_SESSION_TRAY_H

#include <gtk/gtk.h>
#include <stdint.h>

struct tray;

/* id: unique in the session. Takes menu. Never NULL. */
struct tray *tray_new(const char *id, const char *title, GtkWidget *menu);
void tray_free(struct tray *t);

/* Shows a themed symbolic icon, which is one of icons.h, in color (0xrrggbb); text describes the
 * state. A docked one is as large as the panel has it, whatever the scale of GTK is. */
void tray_set_icon(struct tray *t, const char *icon, uint32_t color, const char *text);

/* Replaces the menu; takes it. */
void tray_set_menu(struct tray *t, GtkWidget *menu);

#endif
