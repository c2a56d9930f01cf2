/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's state: one connection to one qube, its windows, one X connection. Private to
 * this folder. What each file is for:
 *
 *	worker.c    connecting, the loop         link.c    bytes and messages to and from the agent
 *	agent.c     messages about windows       agentprops.c  titles, hints, flags, cursors
 *	window.c    X windows and frames         props.c   their properties
 *	place.c     where they may be            stack.c   above what
 *	paint.c     pixels and drawn frames   damage.c  what the qube's X server drew
 *	image.c     shared images                fdchan.c  their descriptors
 *	xevents.c   input from X                 xwm.c     what the window manager did
 *	clip.c      clipboard keys and answers   tray.c    docked icons
 *	delay.c     random delay of input        confine.c the sandbox
 *	scale.c     frames of high resolution withdraw.c unmapped and mapped again
 *	hints.c     sizes that they may have  grow.c    and when
 *	timers.c    by the clock              remake.c  destroyed by others
 */
#ifndef QUBES_GUID_GUID_H
#define QUBES_GUID_GUID_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <xcb/shm.h>

#include "guid/daemon/fdchan.h"
#include "guid/daemon/geometry.h"
#include "guid/daemon/grants.h"
#include "guid/daemon/ipc.h"
#include "guid/daemon/options.h"
#include "guid/daemon/xconn.h"
#include "guid/proto/gui-reader.h"
#include "qrexec/base/bytebuf.h"
#include "qrexec/vchan/vchan.h"

/* Frame around managed windows, drawn by a window of ours: pixels, at scale 1. */
#define GUID_FRAME 4
/* Tray icons of a qube. */
#define GUID_DOCK_MAX 20
/* Prompts of dom0 that are kept above the qube's menus. */
#define GUID_PROMPTS_MAX 64
/* What the agent sends is handled for so long, before X's events get their turn: ms. */
#define GUID_READ_MS 5
/* Frame inside override-redirect windows: pixels, at scale 1. */
#define GUID_OR_FRAME 2
/* What may wait for the agent to read it. More: the qube is not responding. */
#define GUID_BACKLOG_MAX 10000000u
/* Pointer motion is dropped while more than this waits. */
#define GUID_BACKLOG_MOTION 65536u
/* Damaged parts of a window that are remembered one by one. */
#define GUID_MAX_DAMAGE 8
/* X need not say that it has got through so many parts, or so many pixels. */
#define GUID_UNSYNCED_PARTS 8
#define GUID_UNSYNCED_PIXELS (64 * 1024)
#define GUID_BUCKETS 256

struct gwin;

/* A window is found by the agent's id, its own X id and its frame's. */
struct gwin_key {
	uint32_t id;
	struct gwin_key *next;
	struct gwin *w; /* NULL: not in the table */
};

struct gimage {
	xcb_shm_seg_t seg; /* 0: none */
	int width, height;
	int fd;			   /* owned: the memfd, read-only, for tray icons; or -1 */
	uint32_t offset;	   /* in the segment */
	struct grant_image grants; /* Xen: where the pixels really are */
};

/* Sides of a window manager's frame. */
enum extent {
	EXTENT_LEFT,
	EXTENT_RIGHT,
	EXTENT_TOP,
	EXTENT_BOTTOM,
};

enum dock_state {
	DOCK_NONE,
	DOCK_WANTED, /* offered to the tray */
	DOCK_DONE,   /* embedded */
};

struct gwin {
	struct gwin *prev, *next;
	struct gwin_key by_remote, by_win, by_top;
	uint32_t remote;
	xcb_window_t win;   /* properties, content, input */
	xcb_window_t top;   /* child of the root or managed: the frame around win, or win */
	int inset;	    /* of win in top on each side: GUID_FRAME times the scale, or 0 */
	struct gui_box box; /* of win, in root coordinates */
	int top_width, top_height;	   /* of top, as X told last */
	int content_width, content_height; /* of win in top, as we asked last */
	int asked_width, asked_height;	   /* of top, as we asked last */
	bool held_small;		   /* win does not grow now, see grow.c; */
	bool held_long;			   /* nor when it has the size that was asked for, */
	int64_t rest_at;		   /* at most till then (io_now_ms) */
	bool override_redirect;
	bool bare;	       /* created, not dressed yet */
	bool mapped;	       /* by the agent's will */
	bool configure_queued; /* sent CONFIGURE, not echoed yet */
	bool reparented;       /* top is inside a window of the window manager */
	bool fresh;	       /* the window manager has placed it, and that was not checked */
	unsigned answers;      /* of the window manager's, so many are still checked, */
	int64_t answers_until; /* until then (io_now_ms): see place_check_answers */
	unsigned looks;	       /* that found it in the wrong place, since the agent did something */
	int64_t timers[3];     /* by enum window_timer: when (io_now_ms), 0: not */
	/* No smallest size that the window manager is told is larger. See hints.c. */
	int room_width, room_height;
	bool hinted;	       /* the agent has given hints */
	bool hints_late;       /* it was not told of the last ones, */
	unsigned hints_count;  /* since there were so many of them, */
	int64_t hints_counted; /* up to that time (io_now_ms) */
	bool zoomed;	       /* maximised or full screen: it goes back to another size */
	int64_t unzoomed_at;   /* when it began to, last (io_now_ms) */
	bool fake_fullscreen;  /* maximised instead; confirm as full screen */
	int64_t unseen_until;  /* 0, or an old window manager has not come to map it (io_now_ms) */
	bool withdrawing;      /* unmapped, and the window manager was not seen to let go of it; */
	bool held;	       /* mapped by the agent's will, but waiting for that */
	int64_t held_until;    /* at most till then (io_now_ms) */
	unsigned asked_again; /* the window manager, to let go of it: times since it was unmapped */
	bool hidden;	      /* top is unmapped, for a prompt of dom0 */
	unsigned sunk;	      /* times that it was put below prompts */
	bool lost;	      /* its X windows are gone, and made anew only when it is mapped; */
	unsigned remade;      /* they were, so many times, */
	int64_t remade_at;    /* up to that time (io_now_ms) */
	xcb_cursor_t cursor;
	unsigned n_damage; /* parts to be painted */
	enum dock_state dock;
	int extents[4];		/* of the window manager's frame: EXTENT_* */
	uint32_t configure_seq; /* our last request that changed top, or win in it: events that */
	uint32_t content_seq;	/* are older tell what is no longer so; */
	uint32_t map_seq;	/* and to map it */
	uint32_t flags;		/* GUI_FLAG_*, as the agent knows them */
	struct gui_box damage[GUID_MAX_DAMAGE];
	struct gimage image;
	struct gui_hints hints;
	struct gwin *transient_for;
	char title[GUI_WMNAME_SIZE]; /* sanitised */
	struct gui_wmclass wmclass;  /* sanitised; "" until known */
	bool has_class;
};

/* A window of dom0 that no menu of the qube's covers. */
struct guid_prompt {
	xcb_window_t win, top; /* as announced; and the root's child that it is in */
};

struct delayed;

struct guid {
	const struct guid_options *o;
	int supervisor; /* ipc.h */
	pid_t pid;	/* its process: the number in the pid file, and the user's */
	struct xconn x;
	char host[HOST_NAME_MAX + 1];
	struct vchan *vchan; /* owned */
	struct gui_reader reader;
	struct bytebuf out;
	uint32_t version;
	struct fdchan fds;
	int damage_sock;       /* owned, or negative: the qube's X server tells no damage */
	bool damage_announced; /* what was read last there says that more comes at once */
	int gntdev;	       /* owned, or -1: not under Xen */
	bool asking; /* the user was asked about the last message: no others until answered */
	bool agent_gone;
	bool warned_size;
	bool sync_pending; /* the X server has not got through our last paintings */
	unsigned sync_seq;
	unsigned unsynced_parts;  /* painted since X was asked to say when it got so far, */
	uint64_t unsynced_pixels; /* and how much */
	struct gwin *windows;	  /* list head */
	int extents[4];	  /* of the window manager's frame, as measured last around a window that
			   * was not maximised */
	int64_t timer_at; /* the first of the windows' timers, 0: none */
	unsigned n_windows, n_bare, n_held;
	struct gwin *screen; /* window 0, or NULL */
	struct gwin_key *by_remote[GUID_BUCKETS], *by_local[GUID_BUCKETS];
	struct guid_prompt prompts[GUID_PROMPTS_MAX];
	unsigned n_prompts;
	bool restacked;		 /* X told of a change that may be one of the stack */
	bool managed;		 /* there was a window manager when prompts were last read */
	xcb_keycode_t swallowed; /* key whose press was ours: so is its release */
	bool clip_wanted;	 /* a copy was requested */
	uint32_t clip_time;	 /* when */
	int scale;		 /* how much larger things are on this screen, from 1 */
	double tint_hue, tint_saturation;
	xcb_generic_event_t *next_event;	/* owned: taken, not dispatched yet */
	struct delayed *delayed, **delayed_end; /* owned list */
	unsigned n_delayed;
	int64_t delay_last_ms;
	/* icon of the windows: ARGB with two leading words, owned, or NULL */
	uint32_t *icon;
	uint32_t icon_words;
	bool icon_from_file;
};

/* The end of the worker: logs and exits. */
_Noreturn void guid_fatal(struct guid *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Same, with a dialog for the user. */
_Noreturn void guid_fatal_dialog(struct guid *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Drops the message and stops listening to the agent until the user has decided. */
void guid_ask(struct guid *g, const char *what);
void guid_notify(struct guid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- link.c --- */
/* Queues a message. Dies when the agent does not read. */
void link_send(struct guid *g, const struct gui_msg *m);
/* Queues a message without a body. */
void link_send_empty(struct guid *g, uint32_t type, uint32_t window);
/* Reads and handles what is there, a bounded amount. True when there may be more. */
bool link_read(struct guid *g);
void link_flush(struct guid *g);
/* The handshake's second half, with the agent's version read. */
void link_greet(struct guid *g);

/* --- damage.c --- */
/* The side channel for damage, when the agent has one. */
void damage_connect(struct guid *g);
/* Reads what is there, a bounded amount; there may be more. */
void damage_read(struct guid *g);
/* Reads, and has X paint what it has time for. */
void damage_paint(struct guid *g);

/* --- agent.c, agentprops.c: messages from the agent, decoded --- */
void agent_handle(struct guid *g, struct gui_msg *untrusted);
void agent_damage(struct guid *g, struct gwin *w, const struct gui_rect *untrusted);
void agent_title(struct guid *g, struct gwin *w, struct gui_wmname *untrusted);
void agent_class(struct guid *g, struct gwin *w, struct gui_wmclass *untrusted);
void agent_hints(struct guid *g, struct gwin *w, struct gui_hints *untrusted);
void agent_flags(struct guid *g, struct gwin *w, const struct gui_flags *untrusted);
void agent_cursor(struct guid *g, struct gwin *w, uint32_t untrusted);
/* An unmapped window's state is a property for the window manager to read when it is mapped. */
void agent_initial_state(struct guid *g, struct gwin *w);

/* --- window.c --- */
struct gwin *window_by_remote(struct guid *g, uint32_t remote);
/* By its X window or its frame's. */
struct gwin *window_by_local(struct guid *g, xcb_window_t id);
struct gwin *window_new(struct guid *g, uint32_t remote, const struct gui_box *box,
			bool override_redirect);
void window_free(struct guid *g, struct gwin *w);
/*
 * Gives a window that was only created what makes it presentable: properties, frame, place.
 * Before anything else happens to it, and by window_dress_all() when what the agent has sent is
 * handled: what comes and goes at once costs the X server next to nothing.
 */
void window_dress(struct guid *g, struct gwin *w);
void window_dress_all(struct guid *g);
/* Gives the window a frame of ours or takes it away, as its kind wants. Unmapped windows. */
void window_update_frame(struct guid *g, struct gwin *w);
/* Applies box to the X windows. */
void window_apply_box(struct guid *g, struct gwin *w);
/*
 * Puts the content where box and inset want it, but never over the frame: it grows when the frame
 * has grown, which the window manager may refuse.
 */
void window_place_content(struct guid *g, struct gwin *w);
void window_set_override(struct guid *g, struct gwin *w, bool on);
/* Destroys w's X windows and makes others, to be dressed. */
void window_renew(struct guid *g, struct gwin *w);
/* Where it may be, and mapped; it has just become so by the agent's will. */
void window_show(struct guid *g, struct gwin *w);

/* --- remake.c --- */
/* An X window is gone, which may be one of ours that somebody else has destroyed. */
void remake_destroyed(struct guid *g, xcb_window_t id);
/* Makes w's X windows when that was given up. True when it did. */
bool remake_lost(struct guid *g, struct gwin *w);

/* --- withdraw.c --- */
/* At once, or when the window manager has let go of it from before. */
void window_map(struct guid *g, struct gwin *w);
void window_unmap(struct guid *g, struct gwin *w);
/* The window manager never had w's present top, or will not have it. */
void withdraw_forget(struct guid *g, struct gwin *w);
/* WM_STATE of w's top has changed, or what it is in. */
void withdraw_changed(struct guid *g, struct gwin *w);
/* Somebody has mapped w's top. True when that was the window manager, which had been asked to let
 * go of it, and is asked again. */
bool withdraw_again(struct guid *g, struct gwin *w);
/* w's top was mapped, by that request of ours or a later one. */
void withdraw_seen(struct guid *g, struct gwin *w, uint32_t seq);
/* Maps what has waited for too long. */
void withdraw_release(struct guid *g);
/* ms until that is due for the next, -1: none. */
int withdraw_timeout(struct guid *g);

/* --- props.c --- */
/* All that is known when a window is created, on w's own window. */
void props_initial(struct guid *g, struct gwin *w);
/* What the window manager needs, on the frame. */
void props_frame(struct guid *g, struct gwin *w);
void props_title(struct guid *g, struct gwin *w);
void props_class(struct guid *g, struct gwin *w);
/* _NET_WM_STATE, on w and its frame. */
void props_state(struct guid *g, struct gwin *w, const uint32_t *atoms, uint32_t n);
void props_transient(struct guid *g, struct gwin *w);
void props_user_time(struct guid *g, struct gwin *w, uint32_t time);

/* --- hints.c --- */
/* WM_NORMAL_HINTS, on w and its frame. */
void hints_write(struct guid *g, struct gwin *w);
/* The agent gave others. */
void hints_changed(struct guid *g, struct gwin *w);
/* w->box has changed: before X is asked for it, or as X says. */
void hints_shrink(struct guid *g, struct gwin *w);
/* What the window manager will make of a size of w, perhaps. */
void hints_constrain(const struct gwin *w, int *width, int *height);
/* w is about to be mapped. */
void hints_mapping(struct guid *g, struct gwin *w);
void hints_due(struct guid *g, struct gwin *w);

/* --- grow.c --- */
/* The agent asked for something that may change the window's size: to asked_width and height, or
 * nobody knows. */
void grow_hold(struct guid *g, struct gwin *w, bool unknown);
/* w is about to be mapped; and was. */
void grow_mapping(struct guid *g, struct gwin *w);
void grow_mapped(struct guid *g, struct gwin *w);
/* Lets the content grow when what was asked for has been done. */
void grow_check(struct guid *g, struct gwin *w);
/* The window manager may make w so small. */
void grow_limit(struct guid *g, struct gwin *w, int width, int height);
void grow_due(struct guid *g, struct gwin *w);

/* --- timers.c --- */
enum window_timer {
	TIMER_LOOK,  /* where it is: place_look() */
	TIMER_HINTS, /* hints_due() */
	TIMER_GROW,  /* grow_due() */
	TIMERS
};
void timer_set(struct guid *g, struct gwin *w, enum window_timer kind, int64_t at);
/* Does what is due. */
void timers_run(struct guid *g);
/* ms until the next is due, -1: none. */
int timers_timeout(const struct guid *g);

/* --- place.c --- */
/* Whether w, of its present size, gets override-redirect when it wants it. */
bool place_override(struct guid *g, struct gwin *w, bool wanted);
/* An override-redirect window becomes the window manager's. */
void place_end_override(struct guid *g, struct gwin *w);
/* So do those that hide the screen, or a monitor, as they are now. */
void place_screen_changed(struct guid *g);
/* Moves the window's box to where its frame can be seen. True when it changed. */
bool place_force(struct guid *g, struct gwin *w);
/* A qube's managed window that asked to be where nobody sees it is put on the screen. */
void place_recall(struct guid *g, struct gwin *w);
/*
 * The agent wants something of the window manager: what that makes of it (a smallest size on top
 * of a place, a size from before it was maximised) is checked as well, for a few seconds and a few
 * times: a window manager may insist, and afterwards it is the user who moves and resizes. One that
 * is late gives answers to what is long past, and those count, too: so when it should be at rest,
 * it is looked where the window is, again and again as long as that is wrong. To look is not
 * enough: a qube that does it on purpose, ten times in a second, has its frame hidden for a third
 * of the time under xfwm4 then, which the check of the answers makes a twelfth.
 */
void place_check_answers(struct guid *g, struct gwin *w);
/* When w should be at rest, it is looked where it is. */
void place_look_later(struct guid *g, struct gwin *w);
void place_look(struct guid *g, struct gwin *w);
/* Finds out how wide the window manager's frame is. */
void place_measure(struct guid *g, struct gwin *w);
/* What is asked for next makes an end of being maximised, and of the narrow frame for that. */
void place_assume(struct guid *g, struct gwin *w);
/* w is about to be mapped, or managed: the window manager's frame will be as wide as it was last.
 */
void place_expect(struct guid *g, struct gwin *w);
/* When w is at rest: some time after what the agent did with its geometry last (io_now_ms). */
int64_t place_calm_at(const struct gwin *w);
/* w's box as X has it, whatever events were told of it. False when it is gone. */
bool place_true_box(struct guid *g, const struct gwin *w, struct gui_box *ret);
/* The root's child that a window is in, or is; 0 when it is gone. */
xcb_window_t place_outermost(struct guid *g, xcb_window_t id);
/* Sends CONFIGURE with the window's box. */
void place_tell(struct guid *g, struct gwin *w, bool wait_for_echo);

/* --- stack.c --- */
/* Puts a window on top, but below screen lockers and prompts of dom0. */
void stack_raise(struct guid *g, struct gwin *w);
/* Does that for a window that is about to be mapped, when no window manager does. */
void stack_mapping(struct guid *g, struct gwin *w);
/* Finds out which prompts there are; windows that no window manager stacks go below them. */
void stack_read_prompts(struct guid *g);
/* When g->restacked: checks that the windows are still below prompts. */
void stack_settle(struct guid *g);
/* Something happened to a window that is not ours: an event of StructureNotify. */
void stack_event(struct guid *g, xcb_window_t id, uint8_t type);

/* --- image.c --- */
void image_dump(struct guid *g, struct gwin *w, const struct gui_window_dump *dump);
void image_release(struct guid *g, struct gwin *w);

/* --- paint.c --- */
/* Remembers that a part of the window (window coordinates) is to be painted. */
void paint_damage(struct guid *g, struct gwin *w, const struct gui_box *part);
/* A part was exposed: like damage, and the drawn frame at once. */
void paint_expose(struct guid *g, struct gwin *w, const struct gui_box *part);
/* Paints what was damaged, unless the X server is still busy with the last time. */
void paint_flush(struct guid *g);
/* Whether X has answered since, and what paint_flush() left may be painted. Sending to X reads from
 * it as well: an answer that came with that wakes nobody. */
bool paint_due(struct guid *g);
/* Where a window's image is: its own, or the screen's. False when there is none. */
bool paint_source(struct guid *g, struct gwin *w, struct gimage **ret, int *ret_x, int *ret_y);

/* --- scale.c --- */
/* Finds out the screen's scale, and fits the frames to it. */
void scale_update(struct guid *g);

/* --- xevents.c, xwm.c --- */
/* Takes events that are there, a bounded number. True when there may be more. */
bool xevents_take(struct guid *g);
/* True when an event was read already, which poll would not tell. */
bool xevents_queued(struct guid *g);
void xevents_dispatch(struct guid *g, const xcb_generic_event_t *e);
void xwm_configure(struct guid *g, const xcb_configure_notify_event_t *e);
void xwm_reparent(struct guid *g, const xcb_reparent_notify_event_t *e);
void xwm_map(struct guid *g, const xcb_map_notify_event_t *e);
void xwm_property(struct guid *g, const xcb_property_notify_event_t *e);
void xwm_client_message(struct guid *g, const xcb_client_message_event_t *e);
void xevents_send_keymap(struct guid *g);
void xevents_send_focus(struct guid *g, struct gwin *w, uint32_t type, uint32_t detail);

/* --- delay.c --- */
/* True when the event was taken, to be dispatched later. */
bool delay_event(struct guid *g, const xcb_generic_event_t *e);
void delay_release(struct guid *g);
/* ms until the next is due, -1: none. */
int delay_timeout(struct guid *g);

/* --- clip.c --- */
/* True when the key belongs to a copy or paste sequence and is not for the qube. */
bool clip_key(struct guid *g, struct gwin *w, const xcb_key_press_event_t *e, bool press);
void clip_data(struct guid *g, const struct gui_clipboard *untrusted);
void clip_paste(struct guid *g, const struct ipc_msg *m, int fd);

/* --- tray.c --- */
void tray_init(struct guid *g);
void tray_dock(struct guid *g, struct gwin *w);
void tray_dock_all(struct guid *g, xcb_window_t tray);
/* Offers an icon whose X window is another one to the tray. */
void tray_dock_again(struct guid *g, struct gwin *w);
void tray_embed_message(struct guid *g, struct gwin *w, const xcb_client_message_event_t *e);
/* The tray let go of an icon: it is shown nowhere else. */
void tray_released(struct guid *g, struct gwin *w);
/* Asks X where the icon is. True when that changed. */
bool tray_update_position(struct guid *g, struct gwin *w);
/* Paints a part of an icon that is tinted or masked. False: to be painted as it is. */
bool tray_paint(struct guid *g, struct gwin *w, const struct gui_box *part);

/* --- confine.c --- */
void confine(struct guid *g);

#endif
