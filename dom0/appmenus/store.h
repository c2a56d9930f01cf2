/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a user's menus are: what was received from the qubes and what was made of it, below
 * $XDG_DATA_HOME/qubes-appmenus/QUBE; and the copies that the desktop reads. Files are replaced as
 * a whole, and only when they change, so that desktops that watch them see no halves and are left
 * in peace.
 *
 *   apps.templates/ID.desktop   kept form of an application's entry (entry.h)
 *   apps.tempicons/ID.rgba      its icon, as it came, made smaller
 *   apps.icons/ID.png           the icon in the qube's color
 *   apps/FILE                   what is in the desktop's folders
 *   qube.png, disposable.png    signs of the qube
 */
#ifndef QUBES_APPMENUS_STORE_H
#define QUBES_APPMENUS_STORE_H

#include <glib.h>
#include <stdbool.h>

#define STORE_TEMPLATES "apps.templates"
#define STORE_RECEIVED_ICONS "apps.tempicons"
#define STORE_ICONS "apps.icons"
#define STORE_APPS "apps"

struct store {
	char *base;	   /* owned; folder with a folder for each qube */
	char *entries;	   /* owned; the desktop's folder for *.desktop, */
	char *directories; /* owned; *.directory */
	char *menus;	   /* owned; and *.menu to be merged */
	bool force;	   /* write also what has not changed */
};

/* The folders of this user: $XDG_DATA_HOME, $XDG_CONFIG_HOME, $HOME. Makes them. */
bool store_open(struct store *ret, GError **err);
void store_clear(struct store *s);

/* Only one program at a time changes menus. A descriptor to close(), -1 with err set. */
int store_lock(const struct store *s, GError **err);

/* The folder of a qube, or below it. g_free(). */
char *store_dir(const struct store *s, const char *qube, const char *below);

/* Names in a folder with a suffix (NULL: all), sorted; empty when there is none. g_strfreev(). */
GStrv store_list(const char *dir, const char *suffix);

/* Writes name in dir, which is made, if it changes something. */
bool store_write(const struct store *s, const char *dir, const char *name, const void *data,
		 gsize n, GError **err);

/* Makes a file of the menu: in the qube's folder, and where the desktop looks for its kind. */
bool store_install(const struct store *s, const char *qube, const char *file, const char *text,
		   GError **err);
/* Takes it away again. */
void store_uninstall(const struct store *s, const char *qube, const char *file);

/* The qubes that have a folder. g_strfreev(). */
GStrv store_qubes(const struct store *s);

/* Removes a qube's folder with all that is in it. */
void store_remove(const struct store *s, const char *qube);

#endif
