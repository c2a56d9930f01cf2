/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The windows of the qube: children of the root, as the X server reports them, and how
 * much of each the daemon knows. Work is noted when an event comes (win_* below) and done
 * once the queue is empty (windows_settle()), so that a burst costs one message, not many.
 */
#ifndef QUBES_GUID_AGENT_WIN_H
#define QUBES_GUID_AGENT_WIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <xcb/xcb.h>

#include "guid/agent/hints.h"
#include "guid/agent/image.h"
#include "guid/proto/pacer.h"

struct agent;

/* What the daemon knows of an id. It must not be reused before the daemon let go of it. */
enum win_remote {
	REMOTE_NONE,
	REMOTE_CREATED,
	REMOTE_MAPPED,
	REMOTE_DESTROYING, /* DESTROY sent, not acknowledged */
};

/* Properties that changed and are not read yet. */
enum win_prop {
	PROP_NAME = 1,
	PROP_CLASS = 2,
	PROP_SIZE_HINTS = 4,
	PROP_PROTOCOLS = 8,
	PROP_WM_HINTS = 16,
	PROP_TRANSIENT = 32,
	PROP_STATE = 64,
	PROP_ALL = 127,
};

struct win {
	struct win *next;	/* in its bucket */
	TAILQ_ENTRY(win) entry; /* oldest first: owners before their dialogs */
	xcb_window_t id;
	enum win_remote remote;

	/* As the X server has it. */
	bool exists; /* false: only waits for the daemon's acknowledgement */
	bool mapped, override_redirect;
	bool docked; /* a box of our tray */
	int16_t x, y;
	uint16_t width, height;
	uint8_t depth; /* 0: not asked yet */
	bool input_only;

	/* From its properties. */
	bool can_delete, takes_focus, no_input;
	xcb_window_t transient_for;
	uint32_t flags; /* GUI_FLAG_* as the daemon and the window's property have them */

	/* As the daemon was told. */
	struct win_geometry {
		int16_t x, y;
		uint16_t width, height;
	} sent;
	bool echo;		   /* the daemon is to be told that it had this geometry: */
	struct win_geometry asked; /* what the daemon asked for last */
	/* What the client chose last, and the daemon may not have looked at (control.c). */
	struct win_geometry wish;
	uint16_t wish_fields; /* XCB_CONFIG_WINDOW_* of what it changed */
	bool wish_crossed;    /* the daemon has asked for something since: asked */
	bool wish_repeated;   /* once is enough */
	uint32_t cursor_sent;

	/* Pixels; present while mapped. */
	struct image image;
	xcb_pixmap_t pixmap; /* the window's own pixels, redirected */
	uint32_t damage, region;
	struct pacer pacer;
	bool dirty;	    /* something was drawn since the last update */
	bool early;	    /* the daemon was told of a part of that already: */
	int64_t early_due;  /* when the rest follows, monotonic microseconds */
	bool all;	    /* copy everything, not only the damage */
	bool stale;	    /* size changed: needs a new image */
	bool announce;	    /* the daemon does not know the present image */
	bool announced;	    /* the daemon has an image, of now or before */
	unsigned in_flight; /* dumps sent and not acknowledged */

	uint8_t props; /* enum win_prop bits */
};

#define WIN_BUCKETS 256

struct win_table {
	struct win *bucket[WIN_BUCKETS];
	TAILQ_HEAD(win_list, win) list; /* owned */
	unsigned dumps_in_flight;
	bool work; /* windows_settle() has something to do */
};

/* The daemon may hold 64 descriptors; so many dumps wait for acknowledgement at most. */
#define WIN_MAX_DUMPS 32

struct win *win_find(const struct agent *a, xcb_window_t id);
/* The window when it exists and the daemon has it, else NULL. */
struct win *win_find_shown(const struct agent *a, xcb_window_t id);

void windows_init(struct agent *a);
void windows_clear(struct agent *a);

/* Takes over the windows that are there already. */
void windows_adopt(struct agent *a);

/* A new daemon knows nothing; the old one's acknowledgements never come. */
void windows_forget_remote(struct agent *a);

/* The X server tells the daemon no more what is drawn: all of it is told, and what follows. */
void windows_untold(struct agent *a);

/* X events. */
void win_created(struct agent *a, const xcb_create_notify_event_t *e);
void win_destroyed(struct agent *a, xcb_window_t id);
void win_mapped(struct agent *a, xcb_window_t id, bool override_redirect);
void win_unmapped(struct agent *a, xcb_window_t id);
void win_configured(struct agent *a, const xcb_configure_notify_event_t *e);
void win_reparented(struct agent *a, const xcb_reparent_notify_event_t *e);
void win_damaged(struct agent *a, xcb_window_t id, const xcb_rectangle_t *area);
void win_property(struct agent *a, xcb_window_t id, xcb_atom_t atom);

/* Acknowledgements. */
void win_destroy_acked(struct agent *a, xcb_window_t id);
void win_dump_acked(struct agent *a, xcb_window_t id);

/*
 * Brings the daemon up to date. Returns microseconds until it has to be called again,
 * -1 when only an event makes that necessary. The X queue must be drained after it.
 */
int64_t windows_settle(struct agent *a);

/* --- between win.c, present.c and paint.c --- */

/* Sends what is new about w but its pixels: CREATE, properties, CONFIGURE. */
void win_present(struct agent *a, struct win *w);
/* Sends MAP once what belongs before it was sent. */
void win_send_map(struct agent *a, struct win *w);
void win_release_pixels(struct agent *a, struct win *w);
/*
 * Microseconds until w may be painted; 0 now, -1 nothing to paint, WIN_PAINT_HELD as many images as
 * may be wait for acknowledgements. begun: how many new images of others were begun and not ended.
 */
#define WIN_PAINT_HELD (-2)
int64_t win_paint_due(struct agent *a, const struct win *w, int64_t now, unsigned begun);
/* Tells the daemon of damage before the X server was asked what else there is, when that can be. */
void win_paint_early(struct agent *a, struct win *w, const xcb_rectangle_t *area);
/* Two halves, so that the round trips of several windows overlap. */
bool win_paint_begin(struct agent *a, struct win *w, unsigned *ret_cookie);
void win_paint_end(struct agent *a, struct win *w, unsigned cookie);

#endif
