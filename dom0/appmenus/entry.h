/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a menu of dom0 (freedesktop.org: Desktop Entry Specification 1.5, Desktop Menu
 * Specification 1.1), as text. An application's entry is kept once for its template, with
 * %VMNAME%, %VMDIR% and %XDGICON% where the qubes differ; that form and the names of files are
 * those of Qubes. Pure. All strings that are returned are to g_free().
 */
#ifndef QUBES_APPMENUS_ENTRY_H
#define QUBES_APPMENUS_ENTRY_H

#include <glib.h>
#include <stdbool.h>

#include "dom0/appmenus/received.h"

/* The qube that a menu is for; nothing is owned. */
struct entry_qube {
	const char *name, *klass;
	const char *dir; /* folder of its files */
	bool provides_network, template_for_dispvms;
};

/* A menu of a qube: of itself, or of the disposables that are made of it. */
enum entry_kind { ENTRY_QUBE, ENTRY_DISPOSABLE };

/* Pictures in a qube's folder that stand for the qube, and for disposables made of it. */
#define ENTRY_ICON_QUBE "qube.png"
#define ENTRY_ICON_DISPOSABLE "disposable.png"

/* The entry that starts a qube without an application, and its text. */
#define ENTRY_START "qubes-start.desktop"
extern const char entry_start_template[];
/* The entry of its settings; shown only where there is a program for them. */
extern const char entry_settings_template[];

/*
 * The kept form of a received application. legacy: the qube has no qubes.StartApp, so the command
 * itself goes into the entry. icon: one is there. NULL when a needed value is missing.
 */
char *entry_template(const struct received_app *app, bool legacy, bool icon);

/* A kept form as an entry of a qube's menu. NULL when it does not say how to do that in a
 * disposable. */
char *entry_desktop(const char *template, const struct entry_qube *q, enum entry_kind kind);

/* The value of a key in the group [Desktop Entry] of a kept form; NULL when it is not there. */
char *entry_field(const char *template, const char *key);

/* The folder in the menu, named after the qube. */
char *entry_directory(const struct entry_qube *q, enum entry_kind kind);

/* The menu: folder and entries, names of files ending with NULL; to be merged into the others. */
char *entry_menu(const struct entry_qube *q, enum entry_kind kind, const char *const *files);

/* Names of files. id: with .desktop. */
char *entry_desktop_file(const char *qube, const char *id, enum entry_kind kind);
char *entry_settings_file(const char *qube);
char *entry_directory_file(const char *qube, enum entry_kind kind);
char *entry_menu_file(const char *qube, enum entry_kind kind);

/* Whether a file is one of those that are named above, of this kind. */
bool entry_is_of_kind(const char *file, enum entry_kind kind);

#endif
