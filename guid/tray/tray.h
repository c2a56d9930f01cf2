/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-sni-tray: what its files share. Programs that know only StatusNotifierItem
 *(freedesktop.org) get their icons into a tray that knows only XEMBED, as the one of
 *qubes-gui-agent is: this program is the watcher and the host of items on the session bus, and has
 *a window in the tray for each.
 *
 *	program ── session bus ── qubes-sni-tray ── X server ── qubes-gui-agent ══ dom0
 *
 * One process, one loop, no threads, no toolkit. The peers are programs of the same user and qube.
 */
#ifndef QUBES_GUID_TRAY_TRAY_H
#define QUBES_GUID_TRAY_TRAY_H

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <xcb/xcb.h>

#include "guid/tray/image.h"

#define TRAY_ITEMS_MAX 64
/* Before the tray says how large it has its icons. */
#define TRAY_ICON_SIZE 24

struct item {
	struct tray *tray;
	char *name, *path;	      /* owned; on the bus. NULL: the place is free */
	char *owner;		      /* owned; unique name */
	sd_bus_slot *signals, *reply; /* owned */
	bool asked_again;	      /* something changed while the answer was under way */

	/* As it says. */
	char *status, *icon_name, *theme, *menu, *title; /* owned, may be NULL */
	bool is_menu;
	struct image image;

	/* In the tray. */
	xcb_window_t window; /* 0: not shown */
	bool docked;
	int width, height;
	int menu_x, menu_y; /* where it was clicked */
};

struct tray {
	sd_bus *bus;	     /* owned */
	xcb_connection_t *x; /* owned */
	xcb_screen_t *screen;
	xcb_gcontext_t gc;
	xcb_window_t manager; /* the tray's window, 0: there is none now */
	struct {
		xcb_atom_t selection, opcode, manager, xembed_info, utf8, net_name;
	} atom;
	struct item items[TRAY_ITEMS_MAX];
};

/* --- watcher.c: the bus --- */

/* Takes the watcher's name. 0, -EEXIST when somebody has it, or -errno. */
int watcher_start(struct tray *t);
void item_remove(struct item *i);

/* --- item.c: one item --- */

/* Asks the item for what it is. */
void item_ask(struct item *i);
/* What a click means; x, y on the screen. */
void item_clicked(struct item *i, unsigned button, int x, int y);
void item_forget(struct item *i);

/* --- xtray.c: windows --- */

int xtray_start(struct tray *t);
/* Shows or hides an item as it is now. */
void xtray_update(struct item *i);
void xtray_hide(struct item *i);
/* False: the X server is gone. */
bool xtray_step(struct tray *t);

#endif
