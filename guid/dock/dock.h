/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-xembed-sni: what its files share. Where dom0's panel shows StatusNotifierItems only
 * (freedesktop.org), this program is the tray in which qubes-guid and others dock their icons
 * (System Tray Protocol, XEMBED), and has an item for each on the session bus.
 *
 *	qubes-guid ── X server ── qubes-xembed-sni ── session bus ── panel
 *
 * One process, one loop, no threads, no toolkit. The peers are dom0's own: the X server and its
 * clients, the panel. But how often an icon changes, how large it wants to be, its pixels and its
 * title are a hostile qube's to say, so there are limits to all of them.
 */
#ifndef QUBES_GUID_DOCK_DOCK_H
#define QUBES_GUID_DOCK_DOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <xcb/damage.h>
#include <xcb/xcb.h>

#include "guid/dock/picture.h"

#define PROGRAM "qubes-xembed-sni"

/* Places: dom0's own programs have theirs, and no qube those of the others. */
#define DOCK_OWN_MAX 64
#define DOCK_QUBE_MAX 8
#define DOCK_QUBES_MAX 96
#define DOCK_ICONS_MAX (DOCK_OWN_MAX + DOCK_QUBES_MAX)
/* Windows that asked to be docked and were not looked at. */
#define DOCK_ASKED_MAX 1024
/* An icon at 96 DPI, pixels: as most panels have items, so that it need not be scaled. */
#define DOCK_SIDE 22
#define DOCK_TITLE_MAX 256
#define DOCK_PART_MAX 128
/* One icon is looked at in a tick, and none again before its interval is over. Microseconds. */
#define DOCK_TICK 50000
#define DOCK_INTERVAL 200000
/* A qube's items appear one after the other: each makes the panel draw anew. Microseconds. */
#define DOCK_SHOW_INTERVAL 250000
/* Of the timers; unasked it would be a quarter of a second. Microseconds. */
#define DOCK_ACCURACY 1000
/*
 * Panels that have both kinds of trays begin with either, and some complain when they find the
 * other one taken: whoever wants it gets that long.
 */
#define DOCK_PATIENCE 2000000

struct icon {
	struct dock *dock;
	xcb_window_t window; /* the program's; 0: the place is free */
	xcb_window_t box;    /* ours, around it */
	xcb_colormap_t colormap;
	xcb_damage_damage_t damage;
	/* Of a free place: whose the last one was. */
	char qube[DOCK_PART_MAX]; /* "": it is dom0's */
	uint64_t shown;		  /* when the qube's last item was made, as far as known here */
	bool mapped;

	/* What is to be done in a tick, and when the last one was. */
	bool changed, renamed, wishes;
	uint64_t looked;

	/* On the bus. */
	struct picture picture;
	char title[DOCK_TITLE_MAX], id[DOCK_TITLE_MAX];
	sd_bus *bus; /* owned; NULL: there is no item */

	/* A click that waits for the buttons to be up. */
	sd_event_source *waiting; /* owned */
	uint64_t give_up;
	unsigned button;
	int x, y;
};

struct dock {
	sd_event *loop; /* owned */

	/* The session bus. */
	sd_bus *bus;	    /* owned */
	sd_bus_slot *asked; /* owned: an answer that is under way */
	char *watcher;	    /* owned; unique name, NULL: there is none */
	bool has_host;	    /* items are shown */
	unsigned items;	    /* so many were made */

	/* The X server. */
	xcb_connection_t *x; /* owned */
	xcb_screen_t *screen;
	xcb_visualid_t argb; /* 0: the screen has none */
	uint8_t xfixes_event, damage_event;
	struct {
		xcb_atom_t selection, opcode, orientation, visual, manager, xembed, xembed_info,
			utf8, net_name, qube, wm_state;
	} atom;
	xcb_window_t owner;		  /* of the selection, 0: nobody */
	xcb_window_t manager;		  /* ours while we are the tray, else 0 */
	sd_event_source *patience, *tick; /* owned */
	sd_event_source *again;		  /* owned: not everything was read */
	int side;
	struct icon icons[DOCK_ICONS_MAX];
	unsigned next; /* whose turn it is in a tick */
	xcb_window_t asked_for[DOCK_ASKED_MAX];
	int n_asked;
	uint64_t said; /* that icons are left out; 0: never */
};

/* Now, CLOCK_MONOTONIC, microseconds. */
uint64_t dock_now(const struct dock *d);

/* --- watcher.c: is there a panel for items --- */

/* 0, or -errno: there is no session bus. */
int watcher_start(struct dock *d);

/* --- manager.c: the tray --- */

/* 0; -ECONNREFUSED: no display; -ENOTSUP: the X server lacks something. */
int manager_start(struct dock *d);
/* Becomes the tray, or ceases to be it, as has_host and the selection are. */
void manager_consider(struct dock *d);
/* Lets go of everything, in time for a program that ends. */
void manager_stop(struct dock *d);

/* --- events.c: what the X server says --- */

/*
 * Does what the X server has said, up to a limit: others have their turn. True in ret_more: there
 * may be more, of which its descriptor does not tell. False: the server is gone.
 */
bool events_take(struct dock *d, bool *ret_more);

/* --- admit.c: which windows become icons --- */

/* Somebody wants this window docked. */
void admit_ask(struct dock *d, xcb_window_t window);
/* Docks some of those. */
void admit_some(struct dock *d);

/* --- icon.c: one window in the tray --- */

/* Embeds a window of a qube, "": of dom0; nothing happens when it cannot be. */
void icon_dock(struct dock *d, xcb_window_t window, const xcb_get_window_attributes_reply_t *a,
	       uint8_t depth, const char *qube);
/* NULL: there is none. */
struct icon *icon_find(struct dock *d, xcb_window_t window);
/* The window was destroyed. */
void icon_forget(struct icon *i);
/* Somebody else has put it elsewhere. */
void icon_taken(struct icon *i);
/* Gives it back to the root window, unmapped. */
void icon_release(struct icon *i);
/* Something of it has changed: it is looked at when it is its turn. */
void icon_touch(struct icon *i);
/* Something is to be done in a tick. */
void icon_tick(struct dock *d);
void icon_mapped(struct icon *i, bool mapped);

/* --- click.c: what is done with the item is done with the window --- */

/* A click at x, y of the screen. */
void icon_click(struct icon *i, unsigned button, int x, int y);

/* --- text.c: what its program says about it --- */

/* Text of a property up to its first NUL, made harmless; "" when there is none. */
void text_read(struct dock *d, xcb_window_t window, xcb_atom_t name, char ret[DOCK_PART_MAX]);
/* Title and id. True: they have changed. */
bool icon_read_texts(struct icon *i);

/* --- confine.c --- */

/* Gives up what is needed at the start only. 0, or -errno: the program must end. */
int confine(void);

/* --- item.c: its item on the bus --- */

/* 0, or -errno: it is not shown. */
int item_show(struct icon *i);
void item_hide(struct icon *i);
void item_picture_changed(struct icon *i);
void item_texts_changed(struct icon *i);

#endif
