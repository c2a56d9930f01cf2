/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to dom0's X server: screen, monitors, atoms, colours, work area. The server is
 * trusted.
 */
#ifndef QUBES_GUID_XCONN_H
#define QUBES_GUID_XCONN_H

#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>

#include "guid/daemon/options.h"
#include "guid/proto/gui-sanitize.h"

#define X_ATOMS(A)                                                                                 \
	A(_NET_SYSTEM_TRAY_OPCODE)                                                                 \
	A(_XEMBED)                                                                                 \
	A(_XEMBED_INFO)                                                                            \
	A(MANAGER)                                                                                 \
	A(_NET_WM_STATE)                                                                           \
	A(_NET_WM_STATE_FULLSCREEN)                                                                \
	A(_NET_WM_STATE_DEMANDS_ATTENTION)                                                         \
	A(_NET_WM_STATE_HIDDEN)                                                                    \
	A(_NET_WM_STATE_MAXIMIZED_VERT)                                                            \
	A(_NET_WM_STATE_MAXIMIZED_HORZ)                                                            \
	A(_NET_WORKAREA)                                                                           \
	A(_NET_CURRENT_DESKTOP)                                                                    \
	A(_NET_SUPPORTED)                                                                          \
	A(_NET_FRAME_EXTENTS)                                                                      \
	A(_NET_WM_MOVERESIZE)                                                                      \
	A(_QUBES_LABEL)                                                                            \
	A(_QUBES_LABEL_COLOR)                                                                      \
	A(_QUBES_VMNAME)                                                                           \
	A(_QUBES_VMWINDOWID)                                                                       \
	A(_QUBES_FRAME_OF)                                                                         \
	A(_QUBES_PROMPT)                                                                           \
	A(_QUBES_PROMPTS)                                                                          \
	A(_NET_WM_ICON)                                                                            \
	A(_NET_WM_NAME)                                                                            \
	A(_NET_WM_ICON_NAME)                                                                       \
	A(_NET_WM_PID)                                                                             \
	A(_NET_WM_PING)                                                                            \
	A(_NET_WM_USER_TIME)                                                                       \
	A(_NET_WM_USER_TIME_WINDOW)                                                                \
	A(UTF8_STRING)                                                                             \
	A(WM_STATE)                                                                                \
	A(WM_PROTOCOLS)                                                                            \
	A(WM_DELETE_WINDOW)                                                                        \
	A(WM_CHANGE_STATE)

enum x_atom {
#define A(name) X_##name,
	X_ATOMS(A)
#undef A
	/* _NET_SYSTEM_TRAY_S<screen> */
	X_TRAY_SELECTION,
	X_ATOM_COUNT,
};

#define X_MONITORS_MAX 32
#define X_CURSORS (GUI_CURSOR_END - GUI_CURSOR_X11)

struct x_prop {
	xcb_atom_t name, type;
	uint8_t format;
	uint32_t count;
	void *data; /* owned */
};

struct xconn {
	xcb_connection_t *c; /* owned */
	xcb_window_t root;
	int screen;
	int root_width, root_height;
	struct gui_box monitors[X_MONITORS_MAX]; /* on the screen; may overlap */
	unsigned n_monitors;			 /* 0: the X server does not tell */
	struct gui_box work;			 /* the work area, */
	bool work_told;				 /* by a window manager; else all of the screen */
	xcb_atom_t atoms[X_ATOM_COUNT];
	xcb_gcontext_t gc, frame_gc, back_gc;
	uint32_t label_rgb, background;
	xcb_window_t group;    /* leader of all windows: openbox asks for one to guard the focus */
	xcb_window_t time_win; /* for _NET_WM_USER_TIME: the same, or 0 */
	/* When the user did something with this qube last, or its daemon started. Windows that
	 * open without that are not given the focus while the user types elsewhere. */
	uint32_t user_time;
	xcb_font_t cursor_font;
	xcb_cursor_t cursors[X_CURSORS];
	xcb_keycode_t copy_key, paste_key; /* 0: none */
	struct x_prop props[GUID_MAX_PROPS];
	unsigned n_props;
};

/*
 * Connects to $DISPLAY and prepares all of the above. 0; -EIO when there is no such server;
 * -ENOTSUP when it lacks what is needed; -EINVAL for a bad option. Errors are logged.
 */
int xconn_open(struct xconn *x, const struct guid_options *o);
void xconn_close(struct xconn *x);

/* Reads the root window's size, the monitors and the work area again. Values that make no sense
 * are ignored. */
void xconn_update_screen(struct xconn *x);
void xconn_update_monitors(struct xconn *x);
void xconn_update_work_area(struct xconn *x);
/* After MappingNotify. */
void xconn_update_keys(struct xconn *x, const struct guid_options *o);

/* The cursor of an even glyph of the cursor font, created at first use. */
xcb_cursor_t xconn_cursor(struct xconn *x, int glyph);

void x_set_prop(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint8_t format,
		uint32_t count, const void *data);
void x_set_u32(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint32_t v);
void x_set_text(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type,
		const char *text);

/*
 * Reads up to max 32-bit items of a property of the given type. The number of items, 0 when
 * there is no such property, -ENOENT when the window is gone.
 */
int x_get_u32s(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint32_t *ret,
	       uint32_t max);

/* Sends a 32-bit client message about w: to the root window, as to a window manager. */
void x_send_root(struct xconn *x, xcb_window_t w, xcb_atom_t type, const uint32_t data[5]);

#endif
