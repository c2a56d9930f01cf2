/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which windows are docked (dock.h). A request names a window and not who asks, and what is docked
 * is gone from the screen: so it must be one that its program means to be an icon. And how many of
 * them there are, and how fast they come, is a hostile qube's to say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/dock/dock.h"
#include "qrexec/base/cleanup.h"

/* Looked at in a tick. */
#define IN_TICK 4
/* Requests of one client that wait. */
#define CLIENT_MAX DOCK_OWN_MAX
/* Until it is said again that icons are left out. Microseconds. */
#define SAY_AGAIN 60000000
#define XEMBED_INFO_LENGTH 2

struct facts {
	xcb_get_window_attributes_reply_t *attributes; /* owned, as all of them; may be NULL */
	xcb_get_geometry_reply_t *geometry;
	xcb_query_tree_reply_t *tree;
	xcb_get_property_reply_t *info, *state;
};

static void facts_clear(struct facts *f)
{
	free(f->attributes);
	free(f->geometry);
	free(f->tree);
	free(f->info);
	free(f->state);
}

/* Asks for all of it at once. */
static void facts_read(struct dock *d, xcb_window_t w, struct facts *ret)
{
	xcb_connection_t *x = d->x;
	xcb_get_window_attributes_cookie_t attributes = xcb_get_window_attributes(x, w);
	xcb_get_geometry_cookie_t geometry = xcb_get_geometry(x, w);
	xcb_query_tree_cookie_t tree = xcb_query_tree(x, w);
	xcb_get_property_cookie_t info = xcb_get_property(
		x, 0, w, d->atom.xembed_info, d->atom.xembed_info, 0, XEMBED_INFO_LENGTH);
	xcb_get_property_cookie_t state =
		xcb_get_property(x, 0, w, d->atom.wm_state, XCB_GET_PROPERTY_TYPE_ANY, 0, 1);

	ret->attributes = xcb_get_window_attributes_reply(x, attributes, NULL);
	ret->geometry = xcb_get_geometry_reply(x, geometry, NULL);
	ret->tree = xcb_query_tree_reply(x, tree, NULL);
	ret->info = xcb_get_property_reply(x, info, NULL);
	ret->state = xcb_get_property_reply(x, state, NULL);
}

static bool all_known(const struct facts *f)
{
	return f->attributes && f->geometry && f->tree && f->info && f->state;
}

/* Old programs do not say that a window may be embedded. Then it must be none of a qube's, which
 * say so, nor one that a window manager has, nor a menu. */
static bool is_icon(const struct dock *d, const struct facts *f, const char *qube)
{
	if (f->attributes->_class != XCB_WINDOW_CLASS_INPUT_OUTPUT ||
	    (f->geometry->depth != 24 && f->geometry->depth != 32))
		return false;
	if (f->info->format == 32 &&
	    xcb_get_property_value_length(f->info) == XEMBED_INFO_LENGTH * 4)
		return true;
	return !*qube && !f->state->type && !f->attributes->override_redirect &&
	       f->tree->parent == d->screen->root;
}

/* Icons of a qube, "": of dom0; NULL: of all qubes. */
static int count(const struct dock *d, const char *qube)
{
	int n = 0;

	for (int i = 0; i < DOCK_ICONS_MAX; i++)
		if (d->icons[i].window &&
		    (qube ? strcmp(d->icons[i].qube, qube) == 0 : *d->icons[i].qube != '\0'))
			n++;
	return n;
}

static bool has_share(const struct dock *d, const char *qube)
{
	if (!*qube)
		return count(d, "") < DOCK_OWN_MAX;
	return count(d, qube) < DOCK_QUBE_MAX && count(d, NULL) < DOCK_QUBES_MAX;
}

static void say_left_out(struct dock *d, const char *qube)
{
	uint64_t now = dock_now(d);

	if (d->said && now - d->said < SAY_AGAIN)
		return;
	d->said = now;
	fprintf(stderr,
		PROGRAM ": %s has %d icons already, and all qubes have %d: what is more than %d of "
			"a qube, %d of all or %d of dom0 is not shown. End programs that have "
			"icons, and start anew what is missing\n",
		*qube ? qube : "dom0", count(d, qube), count(d, NULL), DOCK_QUBE_MAX,
		DOCK_QUBES_MAX, DOCK_OWN_MAX);
}

static void admit(struct dock *d, xcb_window_t window)
{
	char qube[DOCK_PART_MAX];
	struct facts f;

	if (icon_find(d, window))
		return;
	facts_read(d, window, &f);
	text_read(d, window, d->atom.qube, qube);
	if (all_known(&f) && is_icon(d, &f, qube)) {
		if (has_share(d, qube))
			icon_dock(d, window, f.attributes, f.geometry->depth, qube);
		else
			say_left_out(d, qube);
	}
	facts_clear(&f);
}

/* Whose a window is: ids tell. */
static uint32_t client_of(const struct dock *d, xcb_window_t window)
{
	return window & ~xcb_get_setup(d->x)->resource_id_mask;
}

void admit_ask(struct dock *d, xcb_window_t window)
{
	int same = 0;

	if (!window || window == d->screen->root || icon_find(d, window) ||
	    d->n_asked == DOCK_ASKED_MAX)
		return;
	for (int n = 0; n < d->n_asked; n++) {
		if (d->asked_for[n] == window)
			return;
		same += client_of(d, d->asked_for[n]) == client_of(d, window);
	}
	if (same == CLIENT_MAX)
		return;
	d->asked_for[d->n_asked++] = window;
	icon_tick(d);
}

/* The first that waits, if it can be one of another client than the n before. */
static xcb_window_t take_next(struct dock *d, const uint32_t *before, int n)
{
	xcb_window_t window;
	int at = 0;

	for (int i = 0; i < d->n_asked; i++) {
		bool other = true;

		for (int b = 0; b < n; b++)
			other = other && before[b] != client_of(d, d->asked_for[i]);
		if (other) {
			at = i;
			break;
		}
	}
	window = d->asked_for[at];
	d->n_asked--;
	memmove(d->asked_for + at, d->asked_for + at + 1,
		(size_t)(d->n_asked - at) * sizeof(*d->asked_for));
	return window;
}

void admit_some(struct dock *d)
{
	uint32_t clients[IN_TICK];

	for (int n = 0; n < IN_TICK && d->n_asked; n++) {
		xcb_window_t window = take_next(d, clients, n);

		clients[n] = client_of(d, window);
		admit(d, window);
	}
}
