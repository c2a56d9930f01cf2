/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The menus of qubes, made of what was received from them and what qubesd says about them (cli.md,
 * qvm-appmenus). A qube without applications of its own has those of what it is based on.
 */
#ifndef QUBES_APPMENUS_MENUS_H
#define QUBES_APPMENUS_MENUS_H

#include <stdint.h>

#include "dom0/admin/vm.h"
#include "dom0/appmenus/entry.h"
#include "dom0/appmenus/picture.h"
#include "dom0/appmenus/store.h"

struct menus {
	struct admin *admin; /* not owned */
	struct store store;
};

bool menus_open(struct menus *ret, struct admin *a, GError **err);
void menus_clear(struct menus *m);

/* An application that a qube has: its file, and the kept form of its entry. */
struct menus_app {
	char *file; /* owned; ID.desktop */
	char *text; /* owned */
};

/*
 * The applications of a qube and of what it is based on, or of template in the latter's place (may
 * be NULL): GPtrArray of struct menus_app, sorted by file.
 */
GPtrArray *menus_available(struct menus *m, const char *qube, const char *template);

/* Which files are to be in the menu: of the qube's own list; NULL when it has none. g_strfreev().
 */
GStrv menus_wanted(struct menus *m, const char *qube);

/*
 * What a new qube starts with: the list of applications that its template has for those, or (source
 * not NULL) copies of what was received from source.
 */
bool menus_init(struct menus *m, const char *qube, const char *source, GError **err);

/* Makes the qube's menu as it should be now; one that should have none loses it. */
bool menus_create(struct menus *m, const char *qube, GError **err);

/* The same, and for a template all qubes that are based on it; menus_init() comes first for a qube
 * that was never here. */
bool menus_update(struct menus *m, const char *qube, GError **err);

/* Takes a qube's menu away, and all that is kept about it. The qube need not exist any more. */
void menus_remove(struct menus *m, const char *qube);

/* Fetches an icon by name from the qube. False: there is none. */
typedef bool (*menus_icon)(void *ctx, const char *name, struct picture *ret);

/* Keeps what a qube told about its applications (received.h) in place of what it had told before.
 */
bool menus_receive(struct menus *m, const char *qube, const GPtrArray *apps, menus_icon icon,
		   void *ctx, GError **err);

#endif
