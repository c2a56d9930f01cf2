/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of the windows (guid.h; specs/gui.md section 10). The content window carries
 * everything as if there were no frame of ours: scripts and tests look there. The frame, when
 * there is one, carries what a window manager reads. Texts and sizes were sanitised.
 */
#include <stdio.h>
#include <string.h>

#include "guid/daemon/guid.h"

/* WM_HINTS flags. */
#define HINTS_INPUT 1u
#define HINTS_GROUP 64u

static void set_title(struct guid *g, xcb_window_t win, const char *text)
{
	struct xconn *x = &g->x;
	xcb_atom_t utf8 = x->atoms[X_UTF8_STRING], type = XCB_ATOM_STRING;

	/* Old window managers know Latin-1 only. */
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p >= 0x80)
			type = utf8;
	x_set_text(x, win, XCB_ATOM_WM_NAME, type, text);
	x_set_text(x, win, XCB_ATOM_WM_ICON_NAME, type, text);
	x_set_text(x, win, x->atoms[X__NET_WM_NAME], utf8, text);
	x_set_text(x, win, x->atoms[X__NET_WM_ICON_NAME], utf8, text);
}

void props_title(struct guid *g, struct gwin *w)
{
	char prefixed[GUI_WMNAME_SIZE + GUID_NAME_MAX + 4];

	snprintf(prefixed, sizeof(prefixed), "[%s] %s", g->o->name, w->title);
	set_title(g, w->win, g->o->prefix_titles ? prefixed : w->title);
	/* Nobody else puts the qube's name into the title bar. */
	if (w->top != w->win)
		set_title(g, w->top, prefixed);
}

static void set_class(struct guid *g, xcb_window_t win, const char *name, const char *class)
{
	char text[2 * (GUI_WMCLASS_SIZE + GUID_NAME_MAX + 2)];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", name) + 1;

	n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", class) + 1;
	x_set_prop(&g->x, win, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING, 8, (uint32_t)n, text);
}

void props_class(struct guid *g, struct gwin *w)
{
	char name[GUI_WMCLASS_SIZE + GUID_NAME_MAX + 2], class[sizeof(name)];
	const char *initial = g->icon_from_file ? g->o->name : g->o->icon;

	if (w->has_class) {
		snprintf(name, sizeof(name), "%s:%s", g->o->name, w->wmclass.res_name);
		snprintf(class, sizeof(class), "%s:%s", g->o->name, w->wmclass.res_class);
	} else if (initial) {
		snprintf(name, sizeof(name), "%s", initial);
		snprintf(class, sizeof(class), "%s", initial);
	} else {
		return;
	}
	set_class(g, w->win, name, class);
	if (w->top != w->win)
		set_class(g, w->top, name, class);
}

void props_state(struct guid *g, struct gwin *w, const uint32_t *atoms, uint32_t n)
{
	xcb_atom_t state = g->x.atoms[X__NET_WM_STATE];

	for (int i = 0; i < (w->top == w->win ? 1 : 2); i++) {
		xcb_window_t win = i ? w->top : w->win;

		if (n)
			x_set_prop(&g->x, win, state, XCB_ATOM_ATOM, 32, n, atoms);
		else
			xcb_delete_property(g->x.c, win, state);
	}
}

void props_transient(struct guid *g, struct gwin *w)
{
	const struct gwin *t = w->transient_for;

	for (int i = 0; i < (w->top == w->win ? 1 : 2); i++) {
		xcb_window_t win = i ? w->top : w->win;

		if (t)
			x_set_u32(&g->x, win, XCB_ATOM_WM_TRANSIENT_FOR, XCB_ATOM_WINDOW,
				  i || w->top == w->win ? t->top : t->win);
		else
			xcb_delete_property(g->x.c, win, XCB_ATOM_WM_TRANSIENT_FOR);
	}
}

void props_user_time(struct guid *g, struct gwin *w, uint32_t time)
{
	g->x.user_time = time;
	x_set_u32(&g->x, g->x.time_win ? g->x.time_win : w->top, g->x.atoms[X__NET_WM_USER_TIME],
		  XCB_ATOM_CARDINAL, time);
}

/* What both windows carry: who this is, and how to talk to it. */
static void set_identity(struct guid *g, xcb_window_t win)
{
	struct xconn *x = &g->x;
	const xcb_atom_t *a = x->atoms;
	xcb_atom_t protocols[2] = {a[X_WM_DELETE_WINDOW], a[X__NET_WM_PING]};
	uint8_t label = (uint8_t)g->o->label_index;
	uint32_t wm_hints[9] = {HINTS_INPUT | HINTS_GROUP, 1, [8] = x->group};

	x_set_prop(x, win, XCB_ATOM_WM_HINTS, XCB_ATOM_WM_HINTS, 32, 9, wm_hints);
	x_set_text(x, win, XCB_ATOM_WM_CLIENT_MACHINE, XCB_ATOM_STRING, g->host);
	x_set_u32(x, win, a[X__NET_WM_PID], XCB_ATOM_CARDINAL, (uint32_t)g->pid);
	x_set_prop(x, win, a[X_WM_PROTOCOLS], XCB_ATOM_ATOM, 32, 2, protocols);
	if (x->time_win)
		x_set_u32(x, win, a[X__NET_WM_USER_TIME_WINDOW], XCB_ATOM_WINDOW, x->time_win);
	else
		x_set_u32(x, win, a[X__NET_WM_USER_TIME], XCB_ATOM_CARDINAL, x->user_time);
	if (g->icon)
		x_set_prop(x, win, a[X__NET_WM_ICON], XCB_ATOM_CARDINAL, 32, g->icon_words,
			   g->icon);
	x_set_prop(x, win, a[X__QUBES_LABEL], XCB_ATOM_CARDINAL, 8, 1, &label);
	x_set_u32(x, win, a[X__QUBES_LABEL_COLOR], XCB_ATOM_CARDINAL, x->label_rgb);
	x_set_text(x, win, a[X__QUBES_VMNAME], XCB_ATOM_STRING, g->o->name);
	for (unsigned i = 0; i < x->n_props; i++)
		x_set_prop(x, win, x->props[i].name, x->props[i].type, x->props[i].format,
			   x->props[i].count, x->props[i].data);
}

void props_initial(struct guid *g, struct gwin *w)
{
	set_identity(g, w->win);
	x_set_u32(&g->x, w->win, g->x.atoms[X__QUBES_VMWINDOWID], XCB_ATOM_WINDOW, w->remote);
	props_title(g, w);
	props_class(g, w);
	hints_write(g, w);
}

void props_frame(struct guid *g, struct gwin *w)
{
	set_identity(g, w->top);
	x_set_u32(&g->x, w->top, g->x.atoms[X__QUBES_FRAME_OF], XCB_ATOM_WINDOW, w->win);
	props_title(g, w);
	props_class(g, w);
	hints_write(g, w);
	props_transient(g, w);
}
